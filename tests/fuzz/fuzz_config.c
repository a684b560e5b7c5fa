/*
 * Settings: any bytes are read or refused with a message; what was read prints
 * as settings that read back the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_print(const struct config *c)
{
	struct err e = ERR_INIT;
	struct buf first, again;
	struct config back;

	buf_init(&first, 1 << 20);
	buf_init(&again, 1 << 20);
	config_print(&first, c);
	if (config_init(&back, &e) < 0)
		abort();
	if (config_parse(&back, buf_slice(&first), "printed", &e) < 0)
		abort();
	config_print(&again, &back);
	if (!slice_eq(buf_slice(&first), buf_slice(&again)))
		abort();
	config_release(&back);
	buf_release(&first);
	buf_release(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct config c;

	if (size > 16384 || config_init(&c, &e) < 0)
		return 0;
	if (config_parse(&c, slice_make((const char *)data, size), "f", &e) <
	    0) {
		if (e.kind == ERR_NONE || !e.text[0])
			abort();
	} else {
		check_print(&c);
	}
	config_release(&c);
	return 0;
}
