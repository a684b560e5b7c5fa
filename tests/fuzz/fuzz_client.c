/*
 * What a server may send its client: the first byte says what the rest is
 * read as.  A header or item either parses to slices inside the input or is
 * refused; a URL gives a request of one line.
 */
#include <stdlib.h>

#include "base/mem.h"
#include "client/known.h"
#include "client/menu.h"
#include "client/reply.h"
#include "client/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
inside(struct slice part, struct slice whole)
{
	if (part.len &&
	    (part.ptr < whole.ptr ||
		part.ptr + part.len > whole.ptr + whole.len))
		abort();
}

static void
fuzz_reply(struct slice s)
{
	struct reply r;
	const char *why;

	if (reply_parse(s, &r, &why) != REPLY_WHOLE)
		return;
	inside(r.meta, s);
	inside(reply_media(r.meta), s);
	inside(reply_param(r.meta, "lang", NULL), s);
	if (r.len > s.len || r.meta.len > REPLY_META_MAX)
		abort();
}

static void
fuzz_menu(struct slice s)
{
	struct menu_item item;
	struct slice text;
	const char *why;

	(void)menu_is_error(s, &text);
	if (menu_parse(s, &item, &why) < 0)
		return;
	inside(item.name, s);
	inside(item.selector, s);
	inside(item.host, s);
	if (item.port < 0 || item.port > 65535)
		abort();
}

static void
fuzz_target(struct slice s)
{
	struct target t, next;

	if (target_parse(s, &t, NULL) < 0)
		return;
	if (t.request_len < 2 ||
	    slice_find(slice_make(t.request, t.request_len), '\n') !=
		t.request_len - 1)
		abort();
	if (target_redirect(&t, s, &next, NULL) == 0 && !next.host[0])
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make((const char *)data, size);
	struct known_line line;
	bool same;

	if (!size)
		return 0;
	s = slice_from(s, 1);
	switch (data[0] & 3) {
	case 0:
		fuzz_reply(s);
		break;
	case 1:
		fuzz_menu(s);
		break;
	case 2:
		fuzz_target(s);
		break;
	default:
		if (known_parse(s, &line) == 0)
			(void)known_find(s, &line, 0, &same);
	}
	return 0;
}
