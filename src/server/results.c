#include <stdio.h>
#include <unictype.h>

#include "base/buf.h"
#include "base/marks.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "search/excerpt.h"

#include "server/results.h"

enum {
	COLUMNS = 67, /* RENDERING.md: of menus */
	INDENT = 2,
	ECHO_LETTERS = 100, /* of what the reader typed */
	LINE_MAX_BYTES = 4096,
};

#define RLM "\xe2\x80\x8f"

/* --- lines --------------------------------------------------------------- */

/* Whether the first strong letter of `s` is written from left to right. */
static bool
begins_right(struct slice s)
{
	while (s.len) {
		uint32_t cp;
		size_t n = utf8_decode(s.ptr, s.len, &cp);
		int bidi = uc_bidi_category(cp);

		if (n && (bidi == UC_BIDI_R || bidi == UC_BIDI_AL))
			return false;
		if (n && bidi == UC_BIDI_L)
			return true;
		s = slice_from(s, n ? n : 1);
	}
	return false;
}

/* In a page that runs leftwards a line may not turn round. */
static void
add_mark(struct buf *out, const struct results *r, struct slice line)
{
	if (r->texts.text[SEARCH_RTL].len && begins_right(line))
		buf_add_cstr(out, RLM);
}

/* The first `letters` characters of `s`, in bytes. */
static size_t
letters(struct slice s, size_t count)
{
	size_t at = 0;

	while (at < s.len && count--) {
		uint32_t cp;
		size_t n = utf8_decode(s.ptr + at, s.len - at, &cp);

		at += n ? n : 1;
	}
	return at;
}

/* "Search: WORDS" */
static void
add_title(struct buf *out, const struct results *r)
{
	size_t n = letters(r->words, ECHO_LETTERS);

	buf_add(out, r->texts.text[SEARCH_TITLE]);
	if (!r->words.len)
		return;
	buf_add_cstr(out, ": ");
	excerpt_add_clean(out, slice_upto(r->words, n));
	if (n < r->words.len)
		buf_add_cstr(out, "…");
}

/* "Results: 34 (11-20)" */
static void
add_count(struct buf *out, const struct results *r)
{
	size_t from = (size_t)(r->page - 1) * FIND_PAGE;

	if (!r->found->total) {
		buf_add(out, r->texts.text[SEARCH_NONE]);
		return;
	}
	buf_add(out, r->texts.text[SEARCH_RESULTS]);
	buf_addf(out, ": %zu", r->found->total);
	if (r->found->total > FIND_PAGE && r->found->count)
		buf_addf(out, " (%zu-%zu)", from + 1, from + r->found->count);
}

/* The page that the search is of: "/", or that of its language. */
static struct slice
home(const struct results *r)
{
	size_t at = r->stem.len;

	while (at && r->stem.ptr[at - 1] != '/')
		at--;
	return slice_upto(r->stem, at);
}

/* "2026-01-31 " */
static void
add_day(struct buf *out, unsigned day)
{
	if (day)
		buf_addf(out, "%04u-%02u-%02u ", day / 10000 % 10000,
		    day / 100 % 100, day % 100);
}

/* Whether the article is in the edition that is shown. */
static bool
is_there(const struct results *r, char protocol, struct slice address)
{
	char key[STORE_KEY_MAX + 8];
	struct store_entry entry;
	int n = snprintf(key, sizeof(key), "%c%.*s%s", protocol,
	    SLICE_FMT(address), protocol == 'g' ? ".gmi" : "");

	return n > 0 && n <= STORE_KEY_MAX &&
	    store_view_get(r->view, slice_make(key, (size_t)n), &entry) ==
	    STORE_FOUND &&
	    entry.kind == STORE_PAGE;
}

static bool
has_next(const struct results *r)
{
	return r->page < FIND_PAGES_MAX &&
	    r->found->total > (size_t)r->page * FIND_PAGE;
}

/* Appends all of `s` so that it stands in a query or a selector. */
static void
add_encoded(struct buf *out, struct slice s)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		bool plain = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '.' ||
		    c == '_' || c == '~';

		if (plain) {
			buf_add_char(out, s.ptr[i]);
			continue;
		}
		buf_add_char(out, '%');
		buf_add_char(out, hex[c >> 4]);
		buf_add_char(out, hex[c & 15]);
	}
}

/* --- gemtext ------------------------------------------------------------- */

/* A text line may not look like another kind of line. */
static void
gem_text(struct buf *out, const struct results *r, struct slice line)
{
	static const char *const marks[] = { "#", ">", "=>", "```", "* " };
	size_t before = out->len;

	add_mark(out, r, line);
	for (size_t i = 0;
	     before == out->len && i < sizeof(marks) / sizeof(marks[0]); i++)
		if (slice_starts(line, slice_cstr(marks[i])))
			buf_add_char(out, ' ');
	buf_add(out, line);
	buf_add_char(out, '\n');
}

static void
gem_hit(struct buf *out, const struct results *r, const struct find_hit *h)
{
	buf_add_cstr(out, "\n=> ");
	uri_encode(out, h->address);
	buf_add_cstr(out, ".gmi ");
	add_day(out, h->day);
	excerpt_add_clean(out, h->title);
	buf_add_cstr(out, " (");
	excerpt_add_clean(out, h->size);
	buf_add_cstr(out, ")\n");
	if (h->excerpt.len)
		gem_text(out, r, h->excerpt);
}

static void
gem_page_link(struct buf *out, const struct results *r, unsigned page,
    enum search_text label)
{
	buf_add_cstr(out, "=> ");
	buf_add(out, r->stem);
	if (page > 1)
		buf_addf(out, "/%u", page);
	buf_add_char(out, '?');
	add_encoded(out, r->words);
	buf_add_char(out, ' ');
	buf_add(out, r->texts.text[label]);
	buf_add_char(out, '\n');
}

void
results_gemtext(struct buf *out, const struct results *r)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	add_title(&line, r);
	buf_add_cstr(out, "# ");
	add_mark(out, r, buf_slice(&line));
	buf_add(out, buf_slice(&line));
	buf_add_cstr(out, "\n\n");
	add_count(out, r);
	buf_add_char(out, '\n');
	for (size_t i = 0; i < r->found->count; i++)
		if (is_there(r, 'g', r->found->hits[i].address))
			gem_hit(out, r, &r->found->hits[i]);
	buf_add_char(out, '\n');
	if (!r->found->total)
		gem_text(out, r, r->texts.text[SEARCH_HELP]);
	if (has_next(r))
		gem_page_link(out, r, r->page + 1, SEARCH_NEXT);
	if (r->page > 1)
		gem_page_link(out, r, r->page - 1, SEARCH_PREVIOUS);
	buf_addf(out, "=> %.*s %.*s\n", SLICE_FMT(r->stem),
	    SLICE_FMT(r->texts.text[SEARCH_AGAIN]));
	if (r->texts.text[SEARCH_LANG].len) {
		buf_add_cstr(out, "=> /search?");
		add_encoded(out, r->words);
		buf_addf(out, " %.*s\n", SLICE_FMT(r->texts.text[SEARCH_ALL]));
	}
	buf_addf(out, "=> %.*s %.*s\n", SLICE_FMT(home(r)),
	    SLICE_FMT(r->texts.text[SEARCH_HOME]));
	buf_release(&line);
}

/* --- the menu ------------------------------------------------------------ */

static void
menu_info(struct buf *out, const struct results *r, struct slice line)
{
	buf_add_char(out, 'i');
	add_mark(out, r, line);
	buf_add(out, line);
	buf_add_cstr(out, "\t\t\t0\r\n");
}

/* `text` in lines, each `indent` columns in. */
static void
menu_fill(
    struct buf *out, const struct results *r, struct slice text, size_t indent)
{
	while (text.len) {
		size_t fits = letters(text, COLUMNS - indent), end = fits;
		struct slice line;

		while (fits < text.len && end && text.ptr[end] != ' ')
			end--;
		if (!end)
			end = fits;
		line = slice_trim(slice_upto(text, end));
		text = slice_trim(slice_from(text, end));
		buf_add_char(out, 'i');
		add_mark(out, r, line);
		buf_add_repeat(out, ' ', indent);
		buf_add(out, line);
		buf_add_cstr(out, "\t\t\t0\r\n");
	}
}

/* `label` in the columns of an item, cut at a blank with an ellipsis. */
static void
menu_label(struct buf *out, const struct results *r, struct slice label,
    struct slice end)
{
	size_t room = COLUMNS - utf8_count(end), fits = letters(label, room);

	add_mark(out, r, label);
	if (fits < label.len) {
		size_t at = fits = letters(label, room - 1);

		while (at && label.ptr[at] != ' ')
			at--;
		buf_add(out, slice_upto(label, at ? at : fits));
		buf_add_cstr(out, "…");
	} else {
		buf_add(out, label);
	}
	buf_add(out, end);
}

static void
menu_end(struct buf *out, const struct results *r)
{
	buf_add_char(out, '\t');
	buf_add(out, r->marks->host_port);
	buf_add_cstr(out, "\r\n");
}

static void
menu_hit(struct buf *out, const struct results *r, const struct find_hit *h)
{
	struct buf label, end;

	buf_init(&label, LINE_MAX_BYTES);
	buf_init(&end, LINE_MAX_BYTES);
	add_day(&label, h->day);
	excerpt_add_clean(&label, h->title);
	buf_add_cstr(&end, " (");
	excerpt_add_clean(&end, slice_upto(h->size, COLUMNS / 2));
	buf_add_char(&end, ')');
	buf_add_char(out, '1');
	menu_label(out, r, buf_slice(&label), buf_slice(&end));
	buf_add_char(out, '\t');
	buf_add(out, h->address);
	menu_end(out, r);
	menu_fill(out, r, h->excerpt, INDENT);
	buf_release(&label);
	buf_release(&end);
}

static void
menu_item(struct buf *out, const struct results *r, char type,
    enum search_text label, struct slice selector)
{
	buf_add_char(out, type);
	menu_label(out, r, r->texts.text[label], SLICE_NONE);
	buf_add_char(out, '\t');
	buf_add(out, selector);
	menu_end(out, r);
}

/* Another page, or another search, of the same words. */
static void
menu_page(struct buf *out, const struct results *r, struct slice stem,
    unsigned page, enum search_text label)
{
	struct buf selector;

	buf_init(&selector, LINE_MAX_BYTES);
	buf_add(&selector, stem);
	buf_addf(&selector, "/%u/", page);
	add_encoded(&selector, r->words);
	menu_item(out, r, '1', label, buf_slice(&selector));
	buf_release(&selector);
}

static void
menu_begin(struct buf *out, const struct results *r)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	add_title(&line, r);
	menu_fill(out, r, buf_slice(&line), 0);
	menu_info(out, r, SLICE_NONE);
	buf_release(&line);
}

static void
menu_finish(struct buf *out, const struct results *r)
{
	menu_item(out, r, '7', SEARCH_AGAIN, r->stem);
	if (r->texts.text[SEARCH_LANG].len && r->words.len)
		menu_page(out, r, SLICE_LIT("/search"), 1, SEARCH_ALL);
	menu_item(out, r, '1', SEARCH_HOME, home(r));
	buf_add_cstr(out, ".\r\n");
}

void
results_menu(struct buf *out, const struct results *r)
{
	struct buf line;

	buf_init(&line, LINE_MAX_BYTES);
	menu_begin(out, r);
	add_count(&line, r);
	menu_fill(out, r, buf_slice(&line), 0);
	menu_info(out, r, SLICE_NONE);
	buf_release(&line);
	for (size_t i = 0; i < r->found->count; i++)
		if (is_there(r, 'o', r->found->hits[i].address))
			menu_hit(out, r, &r->found->hits[i]);
	if (r->found->count)
		menu_info(out, r, SLICE_NONE);
	else
		menu_fill(out, r, r->texts.text[SEARCH_HELP], 0);
	if (has_next(r))
		menu_page(out, r, r->stem, r->page + 1, SEARCH_NEXT);
	if (r->page > 1)
		menu_page(out, r, r->stem, r->page - 1, SEARCH_PREVIOUS);
	menu_finish(out, r);
}

void
results_menu_empty(struct buf *out, const struct results *r)
{
	menu_begin(out, r);
	menu_fill(out, r, r->texts.text[SEARCH_HELP], 0);
	menu_info(out, r, SLICE_NONE);
	menu_finish(out, r);
}
