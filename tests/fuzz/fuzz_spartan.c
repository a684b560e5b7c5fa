/*
 * Spartan request bytes: the end is found the same however they are cut up; a
 * request that is accepted has a host and a path that begins with a slash and
 * holds no control and no dot segment, and its data is what stood behind the
 * line; a header made of anything is one line.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/spartan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool ok)
{
	if (!ok)
		abort();
}

static void
check_path(struct slice path)
{
	check(path.len > 0 && path.ptr[0] == '/');
	while (path.len) {
		struct slice seg;

		path = slice_from(path, 1);
		seg = slice_upto(path, slice_find(path, '/'));
		check(!slice_eq_cstr(seg, ".") && !slice_eq_cstr(seg, ".."));
		for (size_t i = 0; i < seg.len; i++)
			check((unsigned char)seg.ptr[i] >= 0x20);
		path = slice_from(path, seg.len);
	}
}

static void
check_header(struct slice text)
{
	static const enum gemini_status all[] = { GEMINI_INPUT, GEMINI_MOVED,
		GEMINI_FAILED_FOR_NOW, GEMINI_GONE };
	char dst[GEMINI_HEADER_MAX];

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		size_t n = spartan_header(dst, all[k], text);

		check(n >= 4 && n <= sizeof(dst));
		check(dst[0] >= '3' && dst[0] <= '5' && dst[1] == ' ');
		check(!memcmp(dst + n - 2, "\r\n", 2));
		check(dst[0] != '3' || (dst[2] == '/' && dst[3] != '/'));
		for (size_t i = 0; i + 2 < n; i++)
			check((unsigned char)dst[i] >= 0x20);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum line_state early = LINE_MORE, whole;
	char request[SPARTAN_REQUEST_MAX];
	struct gemini_request req;
	size_t n = 0, m = 0;

	if (size > sizeof(request))
		size = sizeof(request);
	memcpy(request, data, size);
	for (size_t have = 0; have <= size && early == LINE_MORE; have++)
		early = spartan_line(request, have, &n);
	whole = spartan_line(request, size, &m);
	check(early == whole && n == m);
	check_header(slice_make(request, size));
	if (whole != LINE_WHOLE)
		return 0;
	check(n <= size);
	if (spartan_parse(request, n, &req) != GEMINI_SUCCESS)
		return 0;
	check(req.host.len > 0);
	check_path(req.path);
	if (req.is_plain)
		check(req.query.ptr + req.query.len == request + n);
	return 0;
}
