/*
 * Gemini request bytes: the line is found the same however it is cut up; a path
 * that is accepted begins with a slash and holds no control and no dot segment;
 * a header made of anything is one line.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/gemini.h"

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
check_header(struct slice meta)
{
	char dst[GEMINI_HEADER_MAX];
	size_t n = gemini_header(dst, GEMINI_SUCCESS, meta);

	check(n >= 5 && n <= sizeof(dst));
	check(!memcmp(dst + n - 2, "\r\n", 2));
	for (size_t i = 0; i + 2 < n; i++)
		check((unsigned char)dst[i] >= 0x20);
	n = gemini_page_header(dst, SLICE_LIT("text/gemini"), meta);
	check(n <= sizeof(dst) && !memcmp(dst + n - 2, "\r\n", 2));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum line_state early = LINE_MORE, whole;
	char line[GEMINI_LINE_MAX];
	struct gemini_request req;
	size_t n = 0, m = 0;

	if (size > sizeof(line))
		size = sizeof(line);
	memcpy(line, data, size);
	for (size_t have = 0; have <= size && early == LINE_MORE; have++)
		early = gemini_line(line, have, &n);
	whole = gemini_line(line, size, &m);
	check(early == whole && n == m);
	check_header(slice_make(line, size));
	if (whole == LINE_WHOLE &&
	    gemini_parse(line, n, &req) == GEMINI_SUCCESS)
		check_path(req.path);
	return 0;
}
