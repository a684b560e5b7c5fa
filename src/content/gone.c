#include "base/arena.h"
#include "base/err.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "content/text.h"

#include "content/gone.h"

/* Without what no path of ours holds. */
static bool
is_address(struct slice s)
{
	if (!s.len || s.ptr[0] != '/')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] <= ' ' || s.ptr[i] == 0x7f ||
		    s.ptr[i] == '?' || s.ptr[i] == '#')
			return false;
	return true;
}

/* As the server asks the store for it: decoded, in the arena. */
static int
decode(struct arena *a, struct slice *address)
{
	char *text = arena_strndup(a, address->ptr, address->len);
	size_t len;

	if (!text || !uri_decode_path(*address, text, &len) ||
	    !utf8_valid(slice_make(text, len)))
		return -1;
	*address = slice_make(text, len);
	return 0;
}

int
gone_parse(struct arena *a, struct slice text, const char *file,
    struct gone_list *out, struct err *e)
{
	size_t lines = 1;
	unsigned n = 0;

	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	out->count = 0;
	if (!(out->items = arena_calloc(a, lines, sizeof(*out->items))))
		return err_memory(e);
	while (text.len) {
		size_t len = slice_find(text, '\n'), at = 0;
		struct slice line = slice_trim(slice_upto(text, len));
		struct gone *g = &out->items[out->count];

		text = slice_from(text, len + 1);
		n++;
		if (!line.len || line.ptr[0] == '#')
			continue;
		while (at < line.len && line.ptr[at] != ' ' &&
		    line.ptr[at] != '\t')
			at++;
		*g =
		    (struct gone){ .address = slice_upto(line, at), .line = n };
		if (!is_address(g->address) || decode(a, &g->address) < 0)
			return err_at(e, file, n, 1,
			    "\"%.*s\" is no address, such as /articles/x",
			    SLICE_FMT(g->address));
		if (text_clean(a, slice_from(line, at), &g->reason) < 0)
			return err_memory(e);
		out->count++;
	}
	return 0;
}
