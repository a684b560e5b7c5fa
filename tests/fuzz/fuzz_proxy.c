/*
 * PROXY header bytes: the header is found the same however it is cut up, is
 * never longer than what came, and names an address of a known size or none.
 */
#include <stdlib.h>

#include "proto/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	enum line_state early = LINE_MORE, whole;
	struct ip a = { .bits = 0 }, b = { .bits = 0 };
	size_t have = 0, n = 0, m = 0;

	for (; have <= size && early == LINE_MORE; have++)
		early = proxy_header(bytes, have, &a, &n);
	whole = proxy_header(bytes, size, &b, &m);
	if (early == LINE_WHOLE &&
	    (whole != LINE_WHOLE || n != m || memcmp(&a, &b, sizeof(a)) != 0))
		abort();
	if (whole == LINE_WHOLE &&
	    (!m || m > size || m > PROXY_HEADER_MAX ||
		(b.bits && b.bits != 32 && b.bits != 128)))
		abort();
	if (whole == LINE_MORE && size >= PROXY_HEADER_MAX)
		abort();
	return 0;
}
