#include <unictype.h>
#include <unilbrk.h>
#include <uniwidth.h>

#include "base/utf8.h"

#include "render/wrap.h"

enum {
	MAX_TEXT_BYTES = 64 * 1024 * 1024
};

/* --- characters ---------------------------------------------------------- */

/* What a character is to the breaking of lines, in scripts we know by heart. */
enum kind {
	KIND_OTHER,
	KIND_LETTER,
	KIND_DIGIT,
	KIND_SPACE,
	KIND_HYPHEN,
	KIND_DASH,
	KIND_OPEN,    /* UAX #14: OP */
	KIND_CLOSE,   /* CL, CP, EX, IS, SY: never begins a line */
	KIND_QUOTE,   /* QU */
	KIND_STRANGE, /* ask the library */
};

static const unsigned char ascii_kinds[128] = {
	[' '] = KIND_SPACE,
	['\t'] = KIND_SPACE,
	['-'] = KIND_HYPHEN,
	['('] = KIND_OPEN,
	['['] = KIND_OPEN,
	['{'] = KIND_OPEN,
	[')'] = KIND_CLOSE,
	[']'] = KIND_CLOSE,
	['}'] = KIND_CLOSE,
	['!'] = KIND_CLOSE,
	['?'] = KIND_CLOSE,
	['/'] = KIND_CLOSE,
	[';'] = KIND_CLOSE,
	[','] = KIND_CLOSE,
	['.'] = KIND_CLOSE,
	[':'] = KIND_CLOSE,
	['"'] = KIND_QUOTE,
	['\''] = KIND_QUOTE,
};

static enum kind
kind_of_ascii(char c)
{
	char low = (char)(c | 0x20);

	if (low >= 'a' && low <= 'z')
		return KIND_LETTER;
	if (c >= '0' && c <= '9')
		return KIND_DIGIT;
	return (enum kind)ascii_kinds[(unsigned char)c];
}

static enum kind
kind_of_latin(uint32_t c)
{
	if (c == 0xa1 || c == 0xbf)
		return KIND_OPEN;
	if (c == 0xab || c == 0xbb)
		return KIND_QUOTE;
	if (c == 0xa0)
		return KIND_OTHER;
	if (c < 0xc0 && c != 0xaa && c != 0xb5 && c != 0xba)
		return KIND_OTHER;
	return c == 0xd7 || c == 0xf7 ? KIND_OTHER : KIND_LETTER;
}

static enum kind
kind_of_arabic(uint32_t c)
{
	if (c == 0x60c || c == 0x61b || c == 0x61f || c == 0x6d4)
		return KIND_CLOSE;
	if ((c >= 0x660 && c <= 0x669) || (c >= 0x6f0 && c <= 0x6f9))
		return KIND_DIGIT;
	if ((c >= 0x620 && c <= 0x64a) || (c >= 0x671 && c <= 0x6d3))
		return KIND_LETTER;
	return KIND_OTHER;
}

static enum kind
kind_of_punctuation(uint32_t c)
{
	switch (c) {
	case 0x2010:
		return KIND_HYPHEN;
	case 0x2013:
	case 0x2014:
		return KIND_DASH;
	case 0x2018:
	case 0x2019:
	case 0x201c:
	case 0x201d:
		return KIND_QUOTE;
	case 0x201a:
	case 0x201e:
		return KIND_OPEN;
	case 0x200e:
	case 0x200f:
	case 0x2022:
	case 0x2026:
		return KIND_OTHER;
	default:
		return KIND_STRANGE;
	}
}

static enum kind
kind_of(uint32_t c)
{
	if (c < 0x80)
		return kind_of_ascii((char)c);
	if (c < 0x2b0)
		return kind_of_latin(c);
	/* Greek has a question mark and a stop of its own. */
	if (c >= 0x380 && c < 0x500)
		return c == 0x387 ? KIND_CLOSE : KIND_LETTER;
	if (c >= 0x600 && c < 0x700)
		return kind_of_arabic(c);
	if (c >= 0x2000 && c < 0x2070)
		return kind_of_punctuation(c);
	return KIND_STRANGE;
}

/* What uc_width() says of U+0600 to U+06FF, without asking it. */
static int
width_of_arabic(uint32_t c)
{
	if ((c >= 0x620 && c <= 0x64a) || (c >= 0x671 && c <= 0x6d5))
		return 1;
	if ((c >= 0x64b && c <= 0x65f) || c == 0x670)
		return 0;
	return uc_width(c, "UTF-8");
}

static int
width_of(uint32_t c)
{
	int n;

	if (c < 0x300)
		return 1;
	if (c >= 0x600 && c < 0x700)
		return width_of_arabic(c);
	n = uc_width(c, "UTF-8");
	return n < 0 ? 0 : n;
}

static uint32_t
char_at(struct slice s, size_t at, size_t *len)
{
	uint32_t c;

	*len = utf8_decode(s.ptr + at, s.len - at, &c);
	if (!*len)
		*len = 1;
	return c;
}

static uint32_t
char_before(struct slice s, size_t at)
{
	size_t len;

	do
		at--;
	while (at && ((unsigned char)s.ptr[at] & 0xc0) == 0x80);
	return char_at(s, at, &len);
}

static size_t
ascii_run(struct slice s, size_t from)
{
	for (; from + 8 <= s.len; from += 8) {
		uint64_t w;

		memcpy(&w, s.ptr + from, 8);
		if (w & 0x8080808080808080u)
			break;
	}
	while (from < s.len && (unsigned char)s.ptr[from] < 0x80)
		from++;
	return from;
}

unsigned
wrap_width(struct slice s)
{
	unsigned width = 0;
	size_t at = 0, n;

	while (at < s.len) {
		n = ascii_run(s, at);
		width += (unsigned)(n - at);
		at = n;
		if (at < s.len) {
			width += (unsigned)width_of(char_at(s, at, &n));
			at += n;
		}
	}
	return width;
}

size_t
wrap_fit(struct slice s, unsigned columns)
{
	unsigned width = 0;
	size_t at = 0, n;

	while (at < s.len) {
		width += (unsigned)width_of(char_at(s, at, &n));
		if (width > columns)
			break;
		at += n;
	}
	return at;
}

/* --- where a line may end ------------------------------------------------ */

void
wrap_init(struct wrap *w)
{
	*w = (struct wrap){ 0 };
	buf_init(&w->breaks, MAX_TEXT_BYTES);
}

void
wrap_release(struct wrap *w)
{
	buf_release(&w->breaks);
}

/*
 * Whether the library must be asked about `s`.  Latin, Greek, Cyrillic and
 * Arabic letters never decide where a line ends; of the rest only common
 * punctuation is known here.  Finds NO-BREAK SPACE on the way.
 */
static bool
is_strange(struct slice s, bool *nbsp)
{
	size_t at = 0, n;

	*nbsp = false;
	while ((at = ascii_run(s, at)) < s.len) {
		unsigned char c = (unsigned char)s.ptr[at];

		if ((c >= 0xc2 && c <= 0xca) || (c >= 0xce && c <= 0xd3) ||
		    (c >= 0xd8 && c <= 0xdb)) {
			*nbsp = *nbsp ||
			    (c == 0xc2 && (unsigned char)s.ptr[at + 1] == 0xa0);
			at += 2;
			continue;
		}
		if (kind_of(char_at(s, at, &n)) == KIND_STRANGE)
			return true;
		at += n;
	}
	return false;
}

int
wrap_start(struct wrap *w, struct slice text)
{
	w->text = text;
	w->at = w->token_start = w->token_end = 0;
	w->library = w->nbsp = false;
	w->ascii = ascii_run(text, 0) == text.len;
	if (w->ascii || !is_strange(text, &w->nbsp))
		return 0;
	w->nbsp = true;
	w->library = true;
	buf_clear(&w->breaks);
	if (buf_reserve(&w->breaks, text.len) < 0)
		return -1;
	u8_possible_linebreaks(
	    (const uint8_t *)text.ptr, text.len, "UTF-8", w->breaks.ptr);
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Whether the token around `at` is an address, to be kept whole. */
static bool
in_address(struct wrap *w, size_t at)
{
	struct slice t;

	if (at >= w->token_start && at < w->token_end)
		return w->token_whole;
	w->token_start = w->token_end = at;
	while (w->token_start && !is_blank(w->text.ptr[w->token_start - 1]))
		w->token_start--;
	while (
	    w->token_end < w->text.len && !is_blank(w->text.ptr[w->token_end]))
		w->token_end++;
	t = slice_make(
	    w->text.ptr + w->token_start, w->token_end - w->token_start);
	w->token_whole = memchr(t.ptr, '@', t.len) ||
	    memmem(t.ptr, t.len, "://", 3) ||
	    slice_starts(t, SLICE_LIT("www.")) ||
	    slice_starts(t, SLICE_LIT("(www."));
	return w->token_whole;
}

static bool
is_wide(uint32_t c)
{
	return c >= 0x1100 && width_of(c) == 2;
}

/* After the blanks that end at `at` (there is text on both sides). */
static bool
breaks_after_blank(const struct wrap *w, size_t at)
{
	enum kind before, after;
	size_t n, end = at;
	uint32_t left, right;

	if (w->library)
		return w->breaks.ptr[at] == UC_BREAK_POSSIBLE;
	right = char_at(w->text, at, &n);
	after = kind_of(right);
	if (after == KIND_CLOSE)
		return false;
	while (end && is_blank(w->text.ptr[end - 1]))
		end--;
	if (!end)
		return false;
	left = char_before(w->text, end);
	before = kind_of(left);
	if (before == KIND_OPEN || (before == KIND_QUOTE && after == KIND_OPEN))
		return false;
	/* Em dashes stay together (LB17). */
	return left != 0x2014 || right != 0x2014;
}

/* Between two characters that stand together. */
static bool
breaks_between(struct wrap *w, size_t at, uint32_t before)
{
	size_t n;
	uint32_t after = char_at(w->text, at, &n);
	enum kind left = kind_of(before), right = kind_of(after);
	bool letter;

	if (w->library && w->breaks.ptr[at] != UC_BREAK_POSSIBLE)
		return false;
	if (is_wide(before) || is_wide(after))
		return w->library;
	if (left != KIND_HYPHEN && left != KIND_DASH)
		return false;
	letter = right == KIND_LETTER ||
	    (right == KIND_STRANGE && uc_is_alpha(after));
	if (left == KIND_HYPHEN) {
		size_t start = at - (before < 0x80 ? 1 : 3);

		if (!letter || !start)
			return false;
		before = char_before(w->text, start);
		if (!uc_is_alnum(before))
			return false;
	} else if (!letter && right != KIND_DIGIT) {
		return false;
	}
	return !in_address(w, at);
}

/* --- lines --------------------------------------------------------------- */

static struct slice
without_blanks(struct slice s)
{
	while (s.len && is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

/* Whether a line may begin at `at`. */
static bool
is_chance(struct wrap *w, size_t at)
{
	const unsigned char *p = (const unsigned char *)w->text.ptr + at;
	size_t n = 1;

	if (is_blank((char)*p) || (*p & 0xc0) == 0x80)
		return false;
	if (is_blank((char)p[-1]))
		return breaks_after_blank(w, at);
	if (w->library)
		return breaks_between(w, at, char_before(w->text, at));
	if (p[-1] == '-')
		return breaks_between(w, at, '-');
	/* Other hyphens and dashes are U+2010 to U+2014: E2 80 9x. */
	if (p[-1] < 0x80 || at < w->at + 3 || p[-3] != 0xe2)
		return false;
	return breaks_between(w, at, char_at(w->text, at - 3, &n));
}

/* The first character from `at` on that does not fit in `columns`, or `end`. */
static size_t
first_over(const struct wrap *w, size_t at, size_t end, unsigned columns)
{
	const unsigned char *p = (const unsigned char *)w->text.ptr;
	unsigned width = 0;
	size_t n;

	if (w->ascii)
		return end - at > columns ? at + columns : end;
	for (; at < end; at += n) {
		n = 1;
		if (p[at] < 0x80) {
			width++;
		} else if (p[at] < 0xcc) {
			n = 2;
			width++;
		} else if (p[at] >= 0xd8 && p[at] < 0xdc) {
			n = 2;
			width += (unsigned)width_of_arabic(
			    (p[at] & 0x1fu) << 6 | (p[at + 1] & 0x3fu));
		} else {
			width += (unsigned)width_of(char_at(w->text, at, &n));
		}
		if (width > columns)
			return at;
	}
	return end;
}

/*
 * Where the line from `w->at` ends and the next begins; its text runs to `end`
 * (an LF, or the end of all).
 */
static size_t
fill(struct wrap *w, size_t end, unsigned columns)
{
	const char *p = w->text.ptr;
	size_t last = end, over, i;

	while (last > w->at && is_blank(p[last - 1]))
		last--;
	over = first_over(w, w->at, last, columns);
	if (over == last)
		return end;
	/* Backward for the last chance, then forward for the first. */
	for (i = over; is_blank(p[i]);)
		i++;
	for (; i > w->at; i--)
		if (is_chance(w, i))
			return i;
	for (i = over + 1; i < last; i++)
		if (is_chance(w, i))
			return i;
	return end;
}

bool
wrap_take(struct wrap *w, unsigned columns, struct slice *line)
{
	const char *lf;
	size_t end, next;

	if (w->at >= w->text.len)
		return false;
	lf = memchr(w->text.ptr + w->at, '\n', w->text.len - w->at);
	end = lf ? (size_t)(lf - w->text.ptr) : w->text.len;
	next = columns ? fill(w, end, columns) : end;
	*line = without_blanks(slice_make(w->text.ptr + w->at, next - w->at));
	w->at = next;
	if (next == end && lf)
		w->at++;
	else
		while (w->at < end && is_blank(w->text.ptr[w->at]))
			w->at++;
	return true;
}
