#include <unictype.h>

#include "base/err.h"
#include "base/utf8.h"

#include "render/render_internal.h"

enum {
	MAX_BLOCK_BYTES = 64 * 1024 * 1024
};

void
render_begin(struct render *r, struct buf *out, enum format format,
    const struct render_opts *opts, const struct md_node *doc)
{
	*r = (struct render){ .out = out,
		.opts = opts,
		.format = format,
		.rtl = words_is_rtl(opts->lang),
		.block = 1 };
	for (const struct md_node *n = doc->first; n; n = n->next)
		if (n->type == MD_HEADING && !n->level)
			r->has_title = true;
	arena_init(&r->arena, MAX_BLOCK_BYTES);
	buf_init(&r->labels, MAX_BLOCK_BYTES);
	buf_init(&r->text, MAX_BLOCK_BYTES);
	buf_init(&r->line, MAX_BLOCK_BYTES);
	buf_init(&r->prefix, MAX_BLOCK_BYTES);
	buf_init(&r->lead, MAX_BLOCK_BYTES);
	wrap_init(&r->wrap);
}

int
render_end(struct render *r, struct err *e)
{
	bool failed = r->failed || buf_failed(r->out) ||
	    buf_failed(&r->labels) || buf_failed(&r->text) ||
	    buf_failed(&r->line) || buf_failed(&r->prefix) ||
	    buf_failed(&r->lead);

	HASH_CLEAR(hh, r->targets);
	mem_free(r->items);
	arena_release(&r->arena);
	buf_release(&r->labels);
	buf_release(&r->text);
	buf_release(&r->line);
	buf_release(&r->prefix);
	buf_release(&r->lead);
	wrap_release(&r->wrap);
	if (r->too_deep)
		return err_set(e, ERR_LIMIT, "nodes nested over %d deep",
		    RENDER_MAX_DEPTH);
	if (!failed)
		return 0;
	return err_set(e, ERR_LIMIT,
	    "out of memory, or of the %zu bytes a page may have", r->out->max);
}

struct slice
render_word(const struct render *r, enum word w)
{
	return slice_cstr(r->opts->words->word[w]);
}

bool
render_deeper(struct render *r, unsigned depth)
{
	if (depth < RENDER_MAX_DEPTH)
		return !r->failed;
	r->failed = r->too_deep = true;
	return false;
}

unsigned
render_level(const struct render *r, const struct md_node *heading)
{
	if (!heading->level)
		return 1;
	return heading->level + (r->has_title ? 1 : 0);
}

void
render_admonition(struct render *r, struct slice kind)
{
	static const char *const kinds[] = { "NOTE", "TIP", "IMPORTANT",
		"WARNING", "CAUTION" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (slice_eq_cstr(kind, kinds[i]))
			kind = render_word(r, (enum word)(WORD_NOTE + i));
	buf_add(&r->lead, kind);
	buf_add(&r->lead, SLICE_LIT(": "));
	r->lead_pending = r->lead_matters = r->lead_word = true;
	r->lead_task = false;
}

enum direction
render_direction(struct slice s)
{
	size_t n;

	for (size_t at = 0; at < s.len; at += n) {
		unsigned char c = (unsigned char)s.ptr[at];
		uint32_t cp;
		int bidi;

		n = 1;
		if (c < 0x80) {
			if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
				return DIRECTION_LTR;
			continue;
		}
		if (!(n = utf8_decode(s.ptr + at, s.len - at, &cp)))
			n = 1;
		bidi = uc_bidi_category(cp);
		if (bidi == UC_BIDI_L)
			return DIRECTION_LTR;
		if (bidi == UC_BIDI_R || bidi == UC_BIDI_AL)
			return DIRECTION_RTL;
	}
	return DIRECTION_NONE;
}

/* Characters beside letters and digits that a URI may hold (RFC 3986). */
static const bool uri_marks[256] = { ['-'] = true,
	['.'] = true,
	['_'] = true,
	['~'] = true,
	[':'] = true,
	['/'] = true,
	['?'] = true,
	['#'] = true,
	['@'] = true,
	['!'] = true,
	['$'] = true,
	['&'] = true,
	['\''] = true,
	['('] = true,
	[')'] = true,
	['*'] = true,
	['+'] = true,
	[','] = true,
	[';'] = true,
	['='] = true };

static bool
is_uri_char(unsigned char c)
{
	unsigned char low = c | 0x20;

	return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') ||
	    uri_marks[c];
}

/* The offset behind the authority of `url`, where brackets may stand. */
static size_t
authority_end(struct slice url)
{
	const char *p = url.len ? memmem(url.ptr, url.len, "//", 2) : NULL;
	size_t at = p ? (size_t)(p - url.ptr) + 2 : 0;

	while (at && at < url.len && !strchr("/?#", url.ptr[at]))
		at++;
	return at;
}

static int
hex_value(char c)
{
	char low = (char)(c | 0x20);

	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* As the sanitiser leaves text, without tabs and line ends. */
static bool
is_line(struct slice s)
{
	uint32_t c;

	for (size_t at = 0, n; at < s.len; at += n) {
		if (!(n = utf8_decode(s.ptr + at, s.len - at, &c)))
			return false;
		if (c < ' ' || (c >= 0x7f && c < 0xa0) ||
		    (c >= 0x2028 && c <= 0x202e) ||
		    (c >= 0x2066 && c <= 0x2069))
			return false;
	}
	return true;
}

bool
render_decode(struct buf *out, struct slice s)
{
	size_t start = out->len;

	for (size_t i = 0; i < s.len; i++) {
		int high = -1, low = -1;

		if (s.ptr[i] == '%' && i + 2 < s.len) {
			high = hex_value(s.ptr[i + 1]);
			low = hex_value(s.ptr[i + 2]);
		}
		if (high < 0 || low < 0) {
			buf_add_char(out, s.ptr[i]);
		} else {
			buf_add_char(out, (char)(high * 16 + low));
			i += 2;
		}
	}
	if (!buf_failed(out) && is_line(slice_from(buf_slice(out), start)))
		return true;
	buf_truncate(out, start);
	return false;
}

void
render_url(struct buf *out, struct slice url)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t host_end = authority_end(url);
	bool fragment = false;

	for (size_t i = 0; i < url.len; i++) {
		unsigned char c = (unsigned char)url.ptr[i];
		bool sound = c == '%' && i + 2 < url.len &&
		    hex_value(url.ptr[i + 1]) >= 0 &&
		    hex_value(url.ptr[i + 2]) >= 0;

		/* Only the first # begins a fragment. */
		if (sound || (is_uri_char(c) && !(c == '#' && fragment)) ||
		    ((c == '[' || c == ']') && i < host_end)) {
			buf_add_char(out, (char)c);
		} else {
			buf_add_char(out, '%');
			buf_add_char(out, digits[c >> 4]);
			buf_add_char(out, digits[c & 15]);
		}
		fragment = fragment || c == '#';
	}
}
