/*
 * The store's index: a record of any bytes either decodes to slices inside it
 * or is refused.
 */
#include <stdlib.h>

#include "store/store_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice record = slice_make((const char *)data, size);
	unsigned char again[STORE_RECORD_MAX];
	struct store_entry entry;

	if (store_record_decode(record, &entry) < 0)
		return 0;
	if (store_record_encode(&entry, again) != size)
		abort();
	for (size_t i = 16; i < size; i++)
		if (again[i] != data[i])
			abort();
	return 0;
}
