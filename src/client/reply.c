#include "base/utf8.h"

#include "client/reply.h"

static bool
is_defined(int status)
{
	switch (status) {
	case 10:
	case 11:
	case 20:
	case 30:
	case 31:
	case 40:
	case 41:
	case 42:
	case 43:
	case 44:
	case 50:
	case 51:
	case 52:
	case 53:
	case 59:
	case 60:
	case 61:
	case 62:
		return true;
	default:
		return false;
	}
}

static enum reply_state
bad(const char **why, const char *text)
{
	*why = text;
	return REPLY_BAD;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* UTF-8 without controls; the cut at the end of `s` is the reader's. */
static bool
is_clean(struct slice s)
{
	for (size_t i = 0; i < s.len;) {
		uint32_t cp;
		size_t n = utf8_decode(s.ptr + i, s.len - i, &cp);

		if (!n || cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
		    cp == 0xfeff)
			return false;
		i += n;
	}
	return true;
}

static enum reply_state
parse_meta(struct slice line, int status, struct reply *out, const char **why)
{
	bool must = status < 40;

	if (!line.len && !must) {
		out->meta = line;
		return REPLY_WHOLE;
	}
	if (!line.len || line.ptr[0] != ' ')
		return bad(why, "no blank behind the status");
	out->meta = slice_from(line, 1);
	if (must && status >= 20 && !out->meta.len)
		return bad(why, "nothing behind the status");
	if (out->meta.len > REPLY_META_MAX)
		return bad(why, "a header over 1024 bytes");
	if (!is_clean(out->meta))
		return bad(why, "a header that is no clean UTF-8");
	if (must && status >= 20 &&
	    (out->meta.ptr[0] == ' ' ||
		out->meta.ptr[out->meta.len - 1] == ' '))
		return bad(why, "a blank too many in the header");
	return REPLY_WHOLE;
}

enum reply_state
reply_parse(struct slice s, struct reply *out, const char **why)
{
	size_t end = slice_find(slice_upto(s, REPLY_HEADER_MAX), '\n');
	size_t cr = slice_find(slice_upto(s, REPLY_HEADER_MAX), '\r');

	for (size_t i = 0; i < s.len && i < 2; i++)
		if (!is_digit(s.ptr[i]))
			return bad(why, "no status in front");
	if (s.len >= 2) {
		out->status = (s.ptr[0] - '0') * 10 + (s.ptr[1] - '0');
		if (!is_defined(out->status))
			return bad(why, "a status that is not defined");
	}
	if (end > cr + 1 && cr + 1 < s.len)
		return bad(why, "a CR without LF in the header");
	if (end == slice_upto(s, REPLY_HEADER_MAX).len) {
		if (s.len >= REPLY_HEADER_MAX)
			return bad(why, "a header over 1024 bytes");
		return REPLY_PART;
	}
	if (end < 3 || cr + 1 != end)
		return bad(why, "a header that does not end in CR LF");
	out->len = end + 1;
	return parse_meta(slice_make(s.ptr + 2, cr - 2), out->status, out, why);
}

struct slice
reply_media(struct slice meta)
{
	return slice_trim(slice_upto(meta, slice_find(meta, ';')));
}

/* The end of one parameter in `s`: a semicolon outside quotes, or s.len. */
static size_t
param_end(struct slice s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"')
			quoted = !quoted;
		else if (s.ptr[i] == ';' && !quoted)
			return i;
	}
	return s.len;
}

struct slice
reply_param(struct slice meta, const char *name, bool *found)
{
	struct slice rest = slice_from(meta, slice_find(meta, ';'));

	if (found)
		*found = false;
	while (rest.len) {
		struct slice one, value;
		size_t eq;

		rest = slice_from(rest, 1);
		one = slice_upto(rest, param_end(rest));
		rest = slice_from(rest, one.len);
		eq = slice_find(one, '=');
		if (!slice_eq_nocase(
			slice_trim(slice_upto(one, eq)), slice_cstr(name)))
			continue;
		if (found)
			*found = true;
		value = slice_trim(slice_from(one, eq + 1));
		if (value.len >= 2 && value.ptr[0] == '"' &&
		    value.ptr[value.len - 1] == '"')
			value = slice_make(value.ptr + 1, value.len - 2);
		return value;
	}
	return SLICE_NONE;
}
