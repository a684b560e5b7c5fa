/*
 * Gopher request bytes: the line is found the same however it is cut up; no
 * selector with a control passes; what a page repeats holds no markup.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "proto/gopher.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool ok)
{
	if (!ok)
		abort();
}

/* The page must be what it is for a harmless URL, but for the URL itself. */
static void
check_page(struct slice url)
{
	struct buf page, harmless;
	size_t marks[2] = { 0, 0 };

	buf_init(&page, 65536);
	buf_init(&harmless, 65536);
	gopher_url_page(&page, url);
	gopher_url_page(&harmless, SLICE_LIT("http://a/"));
	for (size_t i = 0; i < page.len; i++)
		marks[0] += strchr("<>\"'", page.ptr[i]) != NULL;
	for (size_t i = 0; i < harmless.len; i++)
		marks[1] += strchr("<>\"'", harmless.ptr[i]) != NULL;
	check(!buf_failed(&page) && marks[0] == marks[1]);
	buf_release(&page);
	buf_release(&harmless);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make((const char *)data, size);
	enum line_state early = LINE_MORE, whole;
	struct gopher_request req;
	size_t n = 0, m = 0;

	s = slice_upto(s, GOPHER_LINE_MAX);
	for (size_t have = 0; have <= s.len && early == LINE_MORE; have++)
		early = gopher_line(s.ptr, have, &n);
	whole = gopher_line(s.ptr, s.len, &m);
	if (early != LINE_BAD)
		check(early == whole && n == m);
	if (whole != LINE_WHOLE)
		return 0;
	gopher_parse(slice_upto(s, m), &req);
	if (req.kind == GOPHER_BAD)
		return 0;
	for (size_t i = 0; i < req.selector.len; i++)
		check((unsigned char)req.selector.ptr[i] >= 0x20);
	if (req.kind == GOPHER_URL)
		check_page(req.selector);
	return 0;
}
