#include <stdio.h>

#include "base/buf.h"
#include "base/hash.h"
#include "markdown/sanitise.h"

#include "replies/letter.h"

enum {
	CLEAN_MAX = 4 * LETTER_FILE_MAX,
};

static const char suffix[] = ".md";
/* At a text's beginning it would go the next time; nobody sees it. */
static const char bom[] = "\xef\xbb\xbf";

/* --- text ---------------------------------------------------------------- */

static void
add_line(struct buf *out, struct slice line)
{
	for (size_t i = 0; i < line.len; i++)
		if (slice_starts(slice_from(line, i), slice_cstr(bom)))
			i += sizeof(bom) - 2;
		else if (line.ptr[i] == '\t')
			buf_add_char(out, ' ');
		else
			buf_add_char(out, line.ptr[i]);
	buf_add_char(out, '\n');
}

/* The line without blanks at its end. */
static struct slice
trim_end(struct slice line)
{
	for (;;) {
		if (line.len &&
		    (line.ptr[line.len - 1] == ' ' ||
			line.ptr[line.len - 1] == '\t'))
			line.len--;
		else if (slice_ends(line, slice_cstr(bom)))
			line.len -= sizeof(bom) - 1;
		else
			return line;
	}
}

void
letter_clean(struct buf *out, struct slice raw)
{
	struct buf clean;
	struct slice rest;
	bool gap = false, any = false;

	buf_init(&clean, CLEAN_MAX);
	md_sanitise(&clean, raw, NULL, NULL);
	rest = buf_slice(&clean);
	while (rest.len) {
		struct slice line = trim_end(slice_take(&rest, '\n'));

		if (!line.len) {
			gap = any;
			continue;
		}
		if (gap)
			buf_add_char(out, '\n');
		add_line(out, line);
		gap = false;
		any = true;
	}
	if (buf_failed(&clean))
		out->failed = true;
	buf_release(&clean);
}

/* --- files --------------------------------------------------------------- */

void
letter_write(struct buf *out, const struct letter *r)
{
	char when[DATE_RFC3339_BYTES + 1];

	date_format_rfc3339(&r->date, when);
	buf_addf(out, "---\ndate: %s\n", when);
	if (r->name.len)
		buf_addf(out, "name: %.*s\n", SLICE_FMT(r->name));
	buf_add_cstr(out, "---\n");
	buf_add(out, r->text);
}

/* "key: value" of the head. */
static int
take_key(struct slice line, struct letter *out)
{
	struct slice key = slice_upto(line, slice_find(line, ':'));
	struct slice value = slice_trim(slice_from(line, key.len + 1));

	if (slice_eq_cstr(key, "date"))
		return date_parse(value, &out->date);
	if (!slice_eq_cstr(key, "name"))
		return -1;
	out->name = value;
	return 0;
}

int
letter_parse(struct slice bytes, struct letter *out)
{
	*out = (struct letter){ .text = SLICE_NONE };
	if (!slice_eq_cstr(slice_take(&bytes, '\n'), "---"))
		return -1;
	while (bytes.len) {
		struct slice line = slice_take(&bytes, '\n');

		if (slice_eq_cstr(line, "---")) {
			out->text = bytes;
			return date_is_set(&out->date) && bytes.len ? 0 : -1;
		}
		if (take_key(line, out) < 0)
			return -1;
	}
	return -1;
}

/* --- names --------------------------------------------------------------- */

bool
letter_is_slug(struct slice s)
{
	if (!s.len || s.len > LETTER_SLUG_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    (c == '-' && i && i + 1 < s.len);

		if (!fine)
			return false;
	}
	return true;
}

void
letter_stamp_make(char stamp[LETTER_STAMP_BYTES + 1], const struct date *d)
{
	/* In UTC, whatever zone it was written in, and within its bounds. */
	struct date utc = date_from_unix(date_unix(d));

	snprintf(stamp, LETTER_STAMP_BYTES + 1, "%04u%02u%02uT%02u%02u",
	    (unsigned)utc.year % 10000, utc.month % 100, utc.day % 100,
	    utc.hour % 100, utc.minute % 100);
}

int
letter_name_make(
    char name[LETTER_NAME_MAX], struct slice slug, const struct letter *r)
{
	struct hash hash;
	struct hash_state *h = hash_new();
	char id[2 * sizeof(hash.b) + 1], stamp[LETTER_STAMP_BYTES + 1];
	int n;

	if (!h)
		return -1;
	hash_add(h, slug);
	hash_add(h, SLICE_LIT("\n"));
	hash_add(h, r->text);
	n = hash_end(h, &hash);
	hash_free(h);
	if (n < 0 || !letter_is_slug(slug))
		return -1;
	for (size_t i = 0; i < sizeof(hash.b); i++)
		snprintf(id + 2 * i, 3, "%02x", hash.b[i]);
	letter_stamp_make(stamp, &r->date);
	n = snprintf(name, LETTER_NAME_MAX, "%.*s.%s.%.*s%s", SLICE_FMT(slug),
	    stamp, LETTER_ID_BYTES, id, suffix);
	return n > 0 && n < LETTER_NAME_MAX ? 0 : -1;
}

static bool
is_stamp(struct slice s)
{
	if (s.len != LETTER_STAMP_BYTES)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (i == 8 ? s.ptr[i] != 'T' : s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return true;
}

static bool
is_id(struct slice s)
{
	if (s.len != LETTER_ID_BYTES)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((s.ptr[i] < '0' || s.ptr[i] > '9') &&
		    (s.ptr[i] < 'a' || s.ptr[i] > 'f'))
			return false;
	return true;
}

bool
letter_name_parse(struct slice name, struct letter_name *out)
{
	if (!slice_ends(name, slice_cstr(suffix)))
		return false;
	name.len -= sizeof(suffix) - 1;
	out->slug = slice_take(&name, '.');
	out->stamp = slice_take(&name, '.');
	out->id = name;
	return letter_is_slug(out->slug) && is_stamp(out->stamp) &&
	    is_id(out->id);
}

int
letter_path_make(char path[LETTER_PATH_MAX], const struct letter_name *n)
{
	if (!letter_is_slug(n->slug) || !is_stamp(n->stamp) || !is_id(n->id))
		return -1;
	snprintf(path, LETTER_PATH_MAX, "replies/%.*s/%.*s-%.*s%s",
	    SLICE_FMT(n->slug), SLICE_FMT(n->stamp), SLICE_FMT(n->id), suffix);
	return 0;
}
