#include "base/buf.h"
#include "base/marks.h"
#include "base/utf8.h"

#include "site/atom.h"

/* XML 1.0 section 2.2: what may stand in a document at all. */
static bool
is_xml_char(uint32_t cp)
{
	return cp == '\t' || cp == '\n' || (cp >= 0x20 && cp < 0x7f) ||
	    (cp >= 0xa0 && cp < 0xfffe) || cp > 0xffff;
}

static void
add_escaped(struct buf *out, struct slice s)
{
	while (s.len) {
		uint32_t cp;
		size_t n = utf8_decode(s.ptr, s.len, &cp);

		if (cp == '&')
			buf_add_cstr(out, "&amp;");
		else if (cp == '<')
			buf_add_cstr(out, "&lt;");
		else if (cp == '>')
			buf_add_cstr(out, "&gt;");
		else if (cp == '"')
			buf_add_cstr(out, "&quot;");
		else if (n && is_xml_char(cp))
			buf_add(out, slice_upto(s, n));
		s = slice_from(s, n ? n : 1);
	}
}

static void
add_element(
    struct buf *out, const char *indent, const char *name, struct slice text)
{
	buf_addf(out, "%s<%s>", indent, name);
	add_escaped(out, text);
	buf_addf(out, "</%s>\n", name);
}

static void
add_date(
    struct buf *out, const char *indent, const char *name, const struct date *d)
{
	char text[DATE_RFC3339_BYTES + 1];

	date_format_rfc3339(d, text);
	add_element(out, indent, name, slice_cstr(text));
}

/* A URL may begin with a mark for its scheme and host (base/marks.h). */
static void
add_link(struct buf *out, const char *indent, const char *rel, struct slice url)
{
	buf_addf(out, "%s<link rel=\"%s\" href=\"", indent, rel);
	if (url.len && marks_find(slice_upto(url, 1)) == 0) {
		buf_add_char(out, url.ptr[0]);
		url = slice_from(url, 1);
	}
	add_escaped(out, url);
	buf_add_cstr(out, "\"/>\n");
}

static void
add_author(struct buf *out, const char *indent, struct slice name)
{
	buf_addf(out, "%s<author><name>", indent);
	add_escaped(out, name);
	buf_add_cstr(out, "</name></author>\n");
}

static void
add_lang(struct buf *out, struct slice lang)
{
	if (!lang.len)
		return;
	buf_add_cstr(out, " xml:lang=\"");
	add_escaped(out, lang);
	buf_add_char(out, '"');
}

static const struct date *
changed(const struct atom_entry *e)
{
	return date_is_set(&e->updated) &&
		date_cmp(&e->updated, &e->published) > 0
	    ? &e->updated
	    : &e->published;
}

static void
add_entry(struct buf *out, const struct atom_entry *e)
{
	buf_add_cstr(out, "  <entry");
	add_lang(out, e->lang);
	buf_add_cstr(out, ">\n");
	add_element(out, "    ", "id", e->id);
	add_element(out, "    ", "title", e->title);
	add_date(out, "    ", "published", &e->published);
	add_date(out, "    ", "updated", changed(e));
	for (size_t i = 0; i < e->author_count; i++)
		add_author(out, "    ", e->authors[i]);
	add_link(out, "    ", "alternate", e->url);
	if (e->summary.len)
		add_element(out, "    ", "summary", e->summary);
	buf_add_cstr(out, "  </entry>\n");
}

void
atom_render(struct buf *out, const struct atom_feed *feed)
{
	/* RFC 4287 wants a date even of a feed without entries. */
	struct date newest = date_from_unix(0);

	for (size_t i = 0; i < feed->entry_count; i++)
		if (date_cmp(changed(&feed->entries[i]), &newest) > 0)
			newest = *changed(&feed->entries[i]);
	buf_add_cstr(out,
	    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
	    "<feed xmlns=\"http://www.w3.org/2005/Atom\"");
	add_lang(out, feed->lang);
	buf_add_cstr(out, ">\n");
	add_element(out, "  ", "id", feed->id);
	add_element(out, "  ", "title", feed->title);
	if (feed->subtitle.len)
		add_element(out, "  ", "subtitle", feed->subtitle);
	add_date(out, "  ", "updated", &newest);
	add_author(out, "  ", feed->author);
	add_link(out, "  ", "self", feed->self_url);
	add_link(out, "  ", "alternate", feed->home_url);
	for (size_t i = 0; i < feed->entry_count; i++)
		add_entry(out, &feed->entries[i]);
	buf_add_cstr(out, "</feed>\n");
}
