#include <limits.h>
#include <string.h>

#include <libxml/parser.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/library.h"
#include "markdown/sanitise.h"

#include "import/wxr.h"

/*
 * Linked, libxml2 and the ICU behind it would double the time in which every
 * command starts.
 */
#define LIBRARY "libxml2.so.2"
#define FUNCTIONS(X)            \
	X(CreatePushParserCtxt) \
	X(CtxtUseOptions)       \
	X(CtxtGetLastError)     \
	X(FreeParserCtxt)       \
	X(ParseChunk)           \
	X(StopParser)

#define MEMBER(name) __typeof__(xml##name) *(name);
static struct {
	bool is_loaded;
	FUNCTIONS(MEMBER)
} xml;

enum {
	CHUNK = 64 * 1024,
	DEPTH_MAX = 64,
};

enum where {
	IN_CHANNEL,
	IN_AUTHOR,
	IN_ITEM,
	IN_COMMENT,
	IN_META,
};

struct reader {
	struct arena *arena;
	const char *file;
	struct wxr *out;
	struct err *err;
	xmlParserCtxtPtr ctx;
	unsigned depth;
	enum where where;
	struct buf text, clean; /* of the element that is open */
	unsigned text_line;
	struct slice meta_key, nicename;
	bool is_tag, is_term;
	struct slice login, author_name;
	bool failed;
};

/* --- the library --------------------------------------------------------------- */

static int
load(struct err *e)
{
#define FUNCTION(name) { "xml" #name, &xml.name },
	static const struct library_function all[] = { FUNCTIONS(FUNCTION) };
#undef FUNCTION
	const char *why;

	if (xml.is_loaded)
		return 0;
	why = library_load(LIBRARY, all, sizeof(all) / sizeof(all[0]));
	if (why)
		return err_set(e, ERR_SYSTEM, "reading XML: %s", why);
	xml.is_loaded = true;
	return 0;
}

/* --- elements ------------------------------------------------------------------ */

static void
stop(struct reader *r, const char *why)
{
	if (!r->failed)
		err_at(r->err, r->file, (unsigned)r->ctx->input->line, 0, "%s",
		    why);
	r->failed = true;
	xml.StopParser(r->ctx);
}

static struct slice
take_text(struct reader *r)
{
	struct slice s = SLICE_NONE;

	buf_clear(&r->clean);
	md_sanitise(&r->clean, buf_slice(&r->text), NULL, NULL);
	if (buf_failed(&r->text) || buf_failed(&r->clean) ||
	    arena_copy(r->arena, buf_slice(&r->clean), &s) < 0)
		stop(r, "out of memory");
	return s;
}

static void *
new_object(struct reader *r, size_t size)
{
	void *p = arena_calloc(r->arena, 1, size);

	if (!p)
		stop(r, "out of memory");
	return p;
}

#define APPEND(first, last, new)              \
	do {                                  \
		if (last)                     \
			(last)->next = (new); \
		else                          \
			(first) = (new);      \
		(last) = (new);               \
	} while (0)

static void
open_item(struct reader *r)
{
	struct wxr_item *item = new_object(r, sizeof(*item));

	if (!item)
		return;
	item->line = (unsigned)r->ctx->input->line;
	APPEND(r->out->items, r->out->last_item, item);
	r->where = IN_ITEM;
}

static void
open_comment(struct reader *r)
{
	struct wxr_item *item = r->out->last_item;
	struct wxr_comment *c = new_object(r, sizeof(*c));

	if (!c)
		return;
	APPEND(item->comments, item->last_comment, c);
	r->where = IN_COMMENT;
}

static const char *
xml_attribute(const xmlChar **attributes, const char *name)
{
	for (; attributes && attributes[0] && attributes[1]; attributes += 2)
		if (!strcmp((const char *)attributes[0], name))
			return (const char *)attributes[1];
	return "";
}

static void
on_start(void *ctx, const xmlChar *xml_name, const xmlChar **attributes)
{
	struct reader *r = ctx;
	const char *name = (const char *)xml_name, *domain;

	if (++r->depth > DEPTH_MAX) {
		stop(r, "elements nested too deep");
		return;
	}
	buf_clear(&r->text);
	r->text_line = (unsigned)r->ctx->input->line;
	if (r->where == IN_CHANNEL && !strcmp(name, "item"))
		open_item(r);
	else if (r->where == IN_CHANNEL && !strcmp(name, "wp:author")) {
		r->where = IN_AUTHOR;
		r->login = r->author_name = SLICE_NONE;
	} else if (r->where == IN_ITEM && !strcmp(name, "wp:comment"))
		open_comment(r);
	else if (r->where == IN_ITEM && !strcmp(name, "wp:postmeta"))
		r->where = IN_META;
	else if (r->where == IN_ITEM && !strcmp(name, "category")) {
		domain = xml_attribute(attributes, "domain");
		r->is_tag = !strcmp(domain, "post_tag");
		r->is_term =
		    r->is_tag || !strcmp(domain, "category") || !*domain;
		buf_clear(&r->clean);
		buf_add_cstr(&r->clean, xml_attribute(attributes, "nicename"));
		if (arena_copy(r->arena, buf_slice(&r->clean), &r->nicename) <
		    0)
			stop(r, "out of memory");
	}
}

static void
on_text(void *ctx, const xmlChar *text, int len)
{
	struct reader *r = ctx;

	if (len > 0)
		buf_add_mem(&r->text, text, (size_t)len);
}

struct field {
	const char *name;
	size_t offset;
};
#define ITEM(name, member)                              \
	{                                               \
		name, offsetof(struct wxr_item, member) \
	}
#define COMMENT(name, member)                              \
	{                                                  \
		name, offsetof(struct wxr_comment, member) \
	}

static const struct field item_fields[] = {
	ITEM("title", title),
	ITEM("link", link),
	ITEM("dc:creator", creator),
	ITEM("content:encoded", content),
	ITEM("excerpt:encoded", excerpt),
	ITEM("wp:post_id", id),
	ITEM("wp:post_parent", parent),
	ITEM("wp:post_date", date),
	ITEM("wp:post_date_gmt", date_gmt),
	ITEM("wp:post_modified_gmt", modified_gmt),
	ITEM("wp:post_name", slug),
	ITEM("wp:status", status),
	ITEM("wp:post_type", type),
	ITEM("wp:attachment_url", attachment_url),
	{ NULL, 0 },
};
static const struct field comment_fields[] = {
	COMMENT("wp:comment_id", id),
	COMMENT("wp:comment_author", author),
	COMMENT("wp:comment_author_url", url),
	COMMENT("wp:comment_date_gmt", date_gmt),
	COMMENT("wp:comment_date", date),
	COMMENT("wp:comment_content", content),
	COMMENT("wp:comment_approved", approved),
	COMMENT("wp:comment_type", type),
	{ NULL, 0 },
};

/* Whether it is one of the fields of `object`, which then has it. */
static bool
set_field(struct reader *r, const struct field *fields, void *object,
    const char *name)
{
	for (; fields->name; fields++)
		if (!strcmp(name, fields->name)) {
			struct slice s = take_text(r);

			memcpy((char *)object + fields->offset, &s, sizeof(s));
			return true;
		}
	return false;
}

static void
end_term(struct reader *r, struct wxr_item *item)
{
	struct wxr_term *t;

	if (!r->is_term || !(t = new_object(r, sizeof(*t))))
		return;
	t->name = slice_trim(take_text(r));
	t->slug = r->nicename;
	t->is_tag = r->is_tag;
	APPEND(item->terms, item->last_term, t);
}

static void
end_in_item(struct reader *r, const char *name)
{
	struct wxr_item *item = r->out->last_item;

	if (!strcmp(name, "item"))
		r->where = IN_CHANNEL;
	else if (!strcmp(name, "category"))
		end_term(r, item);
	else if (set_field(r, item_fields, item, name)) {
		if (!strcmp(name, "content:encoded"))
			item->content_line = r->text_line;
		if (!strcmp(name, "excerpt:encoded"))
			item->excerpt_line = r->text_line;
	}
}

static void
end_in_comment(struct reader *r, const char *name)
{
	struct wxr_comment *c = r->out->last_item->last_comment;

	if (!strcmp(name, "wp:comment"))
		r->where = IN_ITEM;
	else if (set_field(r, comment_fields, c, name) &&
	    !strcmp(name, "wp:comment_content"))
		c->line = r->text_line;
}

static void
end_in_author(struct reader *r, const char *name)
{
	struct wxr_author *a;

	if (!strcmp(name, "wp:author_login"))
		r->login = slice_trim(take_text(r));
	else if (!strcmp(name, "wp:author_display_name"))
		r->author_name = slice_trim(take_text(r));
	else if (!strcmp(name, "wp:author")) {
		r->where = IN_CHANNEL;
		if (!(a = new_object(r, sizeof(*a))))
			return;
		a->login = r->login;
		a->name = r->author_name;
		APPEND(r->out->authors, r->out->last_author, a);
	}
}

static void
end_in_meta(struct reader *r, const char *name)
{
	if (!strcmp(name, "wp:postmeta"))
		r->where = IN_ITEM;
	else if (!strcmp(name, "wp:meta_key"))
		r->meta_key = take_text(r);
	else if (!strcmp(name, "wp:meta_value") &&
	    slice_eq_cstr(r->meta_key, "_thumbnail_id"))
		r->out->last_item->thumbnail = slice_trim(take_text(r));
}

static void
end_in_channel(struct reader *r, const char *name)
{
	if (!strcmp(name, "title") && !r->out->title.len)
		r->out->title = slice_trim(take_text(r));
	else if (!strcmp(name, "language"))
		r->out->language = slice_trim(take_text(r));
	else if (!strcmp(name, "wp:base_site_url"))
		r->out->site = slice_trim(take_text(r));
	else if (!strcmp(name, "wp:base_blog_url"))
		r->out->blog = slice_trim(take_text(r));
}

static void
on_end(void *ctx, const xmlChar *xml_name)
{
	struct reader *r = ctx;
	const char *name = (const char *)xml_name;

	r->depth--;
	if (r->where == IN_CHANNEL)
		end_in_channel(r, name);
	else if (r->where == IN_ITEM)
		end_in_item(r, name);
	else if (r->where == IN_COMMENT)
		end_in_comment(r, name);
	else if (r->where == IN_AUTHOR)
		end_in_author(r, name);
	else
		end_in_meta(r, name);
	buf_clear(&r->text);
}

/* --- the whole ----------------------------------------------------------------- */

static void
on_doctype(
    void *ctx, const xmlChar *name, const xmlChar *external, const xmlChar *id)
{
	(void)name;
	(void)external;
	(void)id;
	stop(ctx, "a document type, which no export of WordPress has");
}

/* Nothing is printed: what is wrong is asked for in the end. */
static void
on_message(void *ctx, const char *fmt, ...)
{
	(void)ctx;
	(void)fmt;
}

static int
parse(struct reader *r, struct slice text)
{
	const xmlError *why;

	while (text.len && !r->failed) {
		struct slice part = slice_upto(text, CHUNK);

		text = slice_from(text, part.len);
		if (xml.ParseChunk(
			r->ctx, part.ptr, (int)part.len, !text.len) != 0)
			break;
	}
	if (r->failed)
		return -1;
	why = xml.CtxtGetLastError(r->ctx);
	if (r->ctx->wellFormed)
		return 0;
	return err_at(r->err, r->file,
	    why && why->line > 0 ? (unsigned)why->line : 1, 0, "not XML: %.*s",
	    why && why->message ? (int)strcspn(why->message, "\n") : 7,
	    why && why->message ? why->message : "no end");
}

int
wxr_read(struct arena *a, struct slice bytes, const char *file, struct wxr *out,
    struct err *e)
{
	xmlSAXHandler sax = { .startElement = on_start,
		.endElement = on_end,
		.characters = on_text,
		.cdataBlock = on_text,
		.internalSubset = on_doctype,
		.warning = on_message,
		.error = on_message };
	struct reader r = { .arena = a, .file = file, .out = out, .err = e };
	int rc = -1;

	*out = (struct wxr){ .items = NULL };
	if (!bytes.len || bytes.len > WXR_MAX)
		return err_at(e, file, 0, 0,
		    bytes.len ? "larger than %d bytes" : "empty", WXR_MAX);
	if (load(e) < 0)
		return -1;
	buf_init(&r.text, bytes.len + 1);
	buf_init(&r.clean, 3 * bytes.len + 64);
	r.ctx = xml.CreatePushParserCtxt(&sax, &r, NULL, 0, NULL);
	if (!r.ctx)
		err_memory(e);
	else {
		xml.CtxtUseOptions(r.ctx, XML_PARSE_NONET);
		rc = parse(&r, bytes);
	}
	if (rc == 0 && !out->items)
		rc = err_at(
		    e, file, 1, 0, "no articles: not an export of WordPress");
	if (r.ctx)
		xml.FreeParserCtxt(r.ctx);
	buf_release(&r.clean);
	buf_release(&r.text);
	return rc;
}
