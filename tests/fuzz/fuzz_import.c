/*
 * Imports: any bytes as an export are refused with words or read; any text as
 * an article's HTML becomes Markdown that is clean and that we read.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "import/html.h"
#include "import/wxr.h"
#include "markdown/sanitise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
picture(void *ctx, struct slice id, size_t n, struct slice *target,
    struct slice *title)
{
	(void)ctx;
	*target = SLICE_LIT("/files/a.png");
	*title = id;
	return id.len ? id.ptr[0] != '9' : n < 3;
}

static void
check_html(struct slice html, bool line_breaks)
{
	struct import_html opts = { .file = "a.xml",
		.first_line = 1,
		.line_breaks = line_breaks,
		.picture = picture };
	struct err e = ERR_INIT;
	struct buf clean, out;

	buf_init(&clean, 1 << 24);
	buf_init(&out, 1 << 26);
	md_sanitise(&clean, html, NULL, NULL);
	if (import_html(&out, buf_slice(&clean), &opts, &e) == 0) {
		if (!utf8_valid(buf_slice(&out)))
			abort();
		if (out.len && out.ptr[out.len - 1] != '\n')
			abort();
	} else if (!e.text[0]) {
		abort();
	}
	buf_release(&out);
	buf_release(&clean);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_make((const char *)data, size);
	struct arena arena;
	struct wxr wxr;
	struct err e = ERR_INIT;

	arena_init(&arena, (size_t)64 << 20);
	if (wxr_read(&arena, text, "a.xml", &wxr, &e) == 0) {
		for (struct wxr_item *i = wxr.items; i; i = i->next)
			check_html(i->content, true);
	} else if (!e.text[0]) {
		abort();
	}
	check_html(text, size & 1);
	arena_release(&arena);
	return 0;
}
