#include <stdlib.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/marks.h"
#include "base/pack.h"
#include "base/uri.h"
#include "markdown/node.h"
#include "render/render.h"
#include "site/mime.h"
#include "store/store.h"

#include "site/site_internal.h"

enum {
	HREF_MAX = 16 * 1024 /* bytes; a longer target is none */
};

enum found_kind {
	FOUND_NOTHING,
	FOUND_UNPUBLISHED,
	FOUND_WITHDRAWN,
	FOUND_ELSEWHERE, /* a file of another folder */
	FOUND_UNSAYABLE, /* a file whose name no address can hold */
	FOUND_DOC,
	FOUND_FILE,
	FOUND_INDEX,
};

/* What a local target is. */
struct found {
	enum found_kind kind;
	const struct doc *doc; /* DOC, WITHDRAWN */
	struct source *source; /* FILE, ELSEWHERE, UNSAYABLE */
	struct index *index;   /* INDEX */
	struct slice suffix;   /* DOC: ".txt" when asked for so; else empty */
	struct slice rest;     /* FILE: the address behind the owner's */
};

static const char *const why_not[] = {
	[FOUND_NOTHING] = "leads nowhere: no such file or address",
	[FOUND_UNPUBLISHED] = "is not published: a draft, not yet due, or "
			      "refused",
	[FOUND_WITHDRAWN] = "is withdrawn",
	[FOUND_ELSEWHERE] = "stands outside the folder of this file; put it "
			    "there, or into files/",
	[FOUND_UNSAYABLE] = "has a name that no address can hold: ASCII only",
};

void
links_init(struct links *l, const struct site *site, const struct doc *d,
    struct slice address, const struct words *words)
{
	*l = (struct links){
		.site = site, .doc = d, .address = address, .words = words
	};
	buf_init(&l->path, (size_t)HREF_MAX * 2);
	buf_init(&l->uri, (size_t)HREF_MAX * 4);
	buf_init(&l->menu, (size_t)HREF_MAX * 2);
	buf_init(&l->text, (size_t)HREF_MAX * 2);
}

void
links_release(struct links *l)
{
	buf_release(&l->path);
	buf_release(&l->uri);
	buf_release(&l->menu);
	buf_release(&l->text);
}

/* --- what a target is ---------------------------------------------------- */

/* `path` up to and with its last slash. */
static struct slice
folder_of(struct slice path)
{
	size_t len = path.len;

	while (len && path.ptr[len - 1] != '/')
		len--;
	return slice_upto(path, len);
}

static bool
is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

static void
found_source(const struct doc *d, struct source *s, struct found *out)
{
	struct slice path = s->file->path;
	struct slice folder = d ? folder_of(d->source->file->path) : SLICE_NONE;

	out->source = s;
	/* A draft being checked leads to itself. */
	out->doc = d && d->source == s ? d : s->doc;
	if (s->kind != SOURCE_FILE) {
		out->kind = !out->doc        ? FOUND_UNPUBLISHED
		    : out->doc->is_withdrawn ? FOUND_WITHDRAWN
					     : FOUND_DOC;
		return;
	}
	out->doc = NULL;
	if (!s->payload.len)
		out->kind = FOUND_UNPUBLISHED;
	else if (slice_starts(path, SLICE_LIT("files/")))
		out->kind = FOUND_FILE;
	else if (d && slice_starts(path, folder)) {
		out->kind = FOUND_FILE;
		out->doc = d;
		out->rest = slice_from(path, folder.len);
	} else
		out->kind = FOUND_ELSEWHERE;
	if (out->kind == FOUND_FILE && !is_ascii(path))
		out->kind = FOUND_UNSAYABLE;
}

static void
found_address(const struct site *site, struct slice address, struct found *out)
{
	static const char *const suffixes[] = { "", "/", ".gmi", ".w40.txt",
		".w0.txt", ".txt", ".md" };

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		struct slice suffix = slice_cstr(suffixes[i]);
		const struct doc *d = NULL;

		if (slice_ends(address, suffix))
			d = plan_find_doc(site,
			    slice_upto(address, address.len - suffix.len));
		if (!d)
			continue;
		out->kind = d->is_withdrawn ? FOUND_WITHDRAWN : FOUND_DOC;
		out->doc = d;
		out->suffix = i > 1 ? suffix : SLICE_NONE;
		return;
	}
}

/* A file of `d` by its address: "/articles/x/report.pdf". */
static void
found_own_file(const struct site *site, const struct doc *d,
    struct slice address, struct found *out)
{
	struct slice folder = folder_of(d->source->file->path);
	struct slice rest = slice_from(address, d->address.len + 1);
	struct source *s;
	struct buf path;

	buf_init(&path, (size_t)HREF_MAX * 2);
	buf_add(&path, folder);
	buf_add(&path, rest);
	s = buf_failed(&path) ? NULL : plan_find_source(site, buf_slice(&path));
	buf_release(&path);
	if (s && s->kind == SOURCE_FILE)
		found_source(d, s, out);
}

/* An index or a document by its address. */
static struct found
find_page(const struct site *site, struct slice address)
{
	struct found out = { .kind = FOUND_NOTHING };

	if ((out.index = pages_find(site, address)))
		out.kind = FOUND_INDEX;
	else
		found_address(site, address, &out);
	return out;
}

/* What `local` (absolute, decoded, without dots) is to the document `d`. */
static struct found
find(const struct site *site, const struct doc *d, struct slice local)
{
	struct source *s = plan_find_source(site, slice_from(local, 1));
	struct found out = { .kind = FOUND_NOTHING };

	if (s)
		found_source(d, s, &out);
	else
		out = find_page(site, local);
	if (out.kind == FOUND_NOTHING && d && slice_starts(local, d->address) &&
	    local.len > d->address.len && local.ptr[d->address.len] == '/')
		found_own_file(site, d, local, &out);
	return out;
}

/* --- what an href is ----------------------------------------------------- */

static size_t
scheme_len(struct slice href)
{
	for (size_t i = 0; i < href.len; i++) {
		char c = href.ptr[i];
		bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (c == ':' && i)
			return i;
		if (!alpha &&
		    (!i ||
			!((c >= '0' && c <= '9') || c == '+' || c == '-' ||
			    c == '.')))
			return 0;
	}
	return 0;
}

static bool
is_dangerous(struct slice scheme)
{
	return slice_eq_nocase(scheme, SLICE_LIT("javascript")) ||
	    slice_eq_nocase(scheme, SLICE_LIT("data")) ||
	    slice_eq_nocase(scheme, SLICE_LIT("vbscript")) ||
	    slice_eq_nocase(scheme, SLICE_LIT("file"));
}

enum href_kind {
	HREF_NONE,
	HREF_OUTSIDE,
	HREF_LOCAL, /* l->path holds it: absolute, decoded, without dots */
	HREF_OWN,   /* the program's: l->path holds an address */
	HREF_SEARCH,
	HREF_PAGE, /* the same, not looked up */
	HREF_GEMINI_URL,
	HREF_GOPHER_URL,
};

static enum href_kind
local_path(struct links *l, struct slice href)
{
	struct slice path = slice_upto(href, slice_find(href, '#'));
	struct buf *out = &l->path;
	size_t start;
	long len;

	path = slice_upto(path, slice_find(path, '?'));
	if (!path.len)
		return HREF_NONE;
	buf_clear(out);
	if (path.ptr[0] != '/') {
		buf_add_char(out, '/');
		buf_add(out,
		    folder_of(l->doc ? l->doc->source->file->path
				     : slice_from(l->address, 1)));
	}
	start = out->len;
	buf_add(out, path);
	if (buf_failed(out))
		return HREF_NONE;
	/* A broken %XX is what the file is called. */
	len = uri_decode(path, out->ptr + start);
	if (len >= 0)
		buf_truncate(out, start + (size_t)len);
	else
		memcpy(out->ptr + start, path.ptr, path.len);
	buf_truncate(out, uri_remove_dots(out->ptr, out->len, NULL));
	if (!out->len || memchr(out->ptr, '\0', out->len))
		return HREF_NONE;
	return HREF_LOCAL;
}

static enum href_kind
classify_own(struct links *l, struct slice href)
{
	static const struct {
		struct slice scheme;
		enum href_kind kind;
	} schemes[] = {
		{ SLICE_LIT(LINKS_OWN), HREF_OWN },
		{ SLICE_LIT(LINKS_SEARCH), HREF_SEARCH },
		{ SLICE_LIT(LINKS_PAGE), HREF_PAGE },
		{ SLICE_LIT(LINKS_GEMINI_URL), HREF_GEMINI_URL },
		{ SLICE_LIT(LINKS_GOPHER_URL), HREF_GOPHER_URL },
	};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		struct slice scheme = schemes[i].scheme;

		if (!slice_starts(href, scheme))
			continue;
		buf_clear(&l->path);
		buf_add(&l->path, slice_from(href, scheme.len));
		return l->path.len ? schemes[i].kind : HREF_NONE;
	}
	return HREF_NONE;
}

static enum href_kind
classify(struct links *l, struct slice href)
{
	enum href_kind own;
	size_t scheme;

	href = slice_trim(href);
	if (!href.len || href.len > HREF_MAX || href.ptr[0] == '#')
		return HREF_NONE;
	scheme = scheme_len(href);
	if (scheme && (own = classify_own(l, href)) != HREF_NONE)
		return own;
	if (scheme)
		return is_dangerous(slice_upto(href, scheme)) ? HREF_NONE
							      : HREF_OUTSIDE;
	if (slice_starts(href, SLICE_LIT("//")))
		return HREF_OUTSIDE;
	return local_path(l, href);
}

/* --- where it leads ------------------------------------------------------ */

/* Appends `to` (an address) as a reference relative to the page. */
static void
add_relative(struct links *l, struct slice to)
{
	struct slice from = folder_of(l->address), rest;
	size_t same = 0;

	for (size_t i = 0; i < from.len && i < to.len; i++) {
		if (from.ptr[i] != to.ptr[i])
			break;
		if (from.ptr[i] == '/')
			same = i + 1;
	}
	rest = slice_from(to, same);
	for (size_t i = same; i < from.len; i++)
		if (from.ptr[i] == '/')
			buf_add_cstr(&l->uri, "../");
	/* "" would be the page itself, and "a:b" a scheme. */
	if (!l->uri.len &&
	    (!rest.len ||
		slice_find(slice_upto(rest, slice_find(rest, '/')), ':') <
		    slice_find(rest, '/')))
		buf_add_cstr(&l->uri, "./");
	uri_encode(&l->uri, rest);
}

static void
add_gopher(struct links *l, char type, struct slice selector)
{
	buf_add_char(&l->uri, MARK_GOPHER);
	buf_add_char(&l->uri, '/');
	buf_add_char(&l->uri, type);
	uri_encode(&l->uri, selector);
}

/* l->menu and l->text hold the selectors already. */
static void
finish_own(
    struct links *l, struct render_target *out, bool in_gemini, bool is_gemtext)
{
	out->kind = RENDER_OWN;
	out->menu_selector = buf_slice(&l->menu);
	out->text_selector = buf_slice(&l->text);
	/*
	 * A menu and its gemtext are one address over Gemini; what leads to the
	 * one must not be taken for the other.
	 */
	if (!in_gemini || l->form == LINKS_GOPHER ||
	    (l->form == LINKS_GEMTEXT_ON_GOPHER && !is_gemtext)) {
		buf_clear(&l->uri);
		add_gopher(l, out->menu_type, buf_slice(&l->menu));
	}
	out->uri = buf_slice(&l->uri);
	if (buf_failed(&l->uri) || buf_failed(&l->menu) || buf_failed(&l->text))
		out->kind = RENDER_NO_TARGET;
}

/* What has `address` and, as given or by form, an extension. */
static void
resolve_page(struct links *l, struct slice address, struct slice suffix,
    struct render_target *out)
{
	/* Other widths than the usual one are Gopher's alone. */
	bool is_width = slice_ends(suffix, SLICE_LIT("0.txt"));
	bool is_page = !suffix.len || slice_eq_cstr(suffix, ".gmi");

	buf_add(&l->menu, address);
	buf_add(&l->menu, suffix.len ? suffix : SLICE_LIT(".gmi"));
	add_relative(l, buf_slice(&l->menu));
	buf_clear(&l->menu);
	buf_add(&l->menu, address);
	buf_add(&l->menu, suffix);
	buf_add(&l->text, address);
	buf_add(&l->text, suffix.len ? suffix : SLICE_LIT(".txt"));
	out->menu_type = suffix.len ? '0' : '1';
	out->text_type = '0';
	finish_own(l, out, !is_width, is_page);
}

/* "/articles/x.w40.txt": "/articles/x" and its extension. */
static void
resolve_address(struct links *l, struct render_target *out)
{
	static const char *const suffixes[] = { ".w40.txt", ".w0.txt", ".txt",
		".md", ".gmi" };
	struct buf whole = l->path;
	struct slice address = buf_slice(&whole), suffix = SLICE_NONE;

	for (size_t i = 0;
	     !suffix.len && i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (slice_ends(address, slice_cstr(suffixes[i])))
			suffix = slice_cstr(suffixes[i]);
	address.len -= suffix.len;
	resolve_page(l, address, suffix, out);
}

/* A full URL of ours, over the other protocol too. */
static void
resolve_url(struct links *l, char mark, struct render_target *out)
{
	buf_add_char(&l->uri, mark);
	uri_encode(&l->uri, buf_slice(&l->path));
	out->uri = buf_slice(&l->uri);
	out->kind = buf_failed(&l->uri) ? RENDER_NO_TARGET : RENDER_OUTSIDE;
}

static void
resolve_file(struct links *l, const struct found *f, struct render_target *out)
{
	struct source *s = f->source;

	if (f->doc) {
		buf_add(&l->menu, f->doc->address);
		buf_add_char(&l->menu, '/');
		buf_add(&l->menu, f->rest);
	} else {
		buf_add_char(&l->menu, '/');
		buf_add(&l->menu, s->file->path);
	}
	buf_add(&l->text, buf_slice(&l->menu));
	add_relative(l, buf_slice(&l->menu));
	out->menu_type = out->text_type = mime_gopher_type(s->media);
	out->file_kind = slice_starts(s->media, SLICE_LIT("image/"))
	    ? slice_cstr(l->words->word[WORD_IMAGE])
	    : mime_kind(s->media);
	out->size_bytes = s->stamp.size;
	out->has_size = true;
	finish_own(l, out, true, slice_eq_cstr(s->media, "text/gemini"));
}

static void
resolve_index(struct links *l, const struct index *x, struct render_target *out)
{
	struct slice address = x->address;
	bool in_gemini = true;

	add_relative(l, address);
	out->menu_type = out->text_type = '1';
	switch (x->form) {
	case FORM_FOLDER:
		buf_add(&l->menu, address);
		break;
	case FORM_PAGE:
		address.len -= sizeof(".gmi") - 1;
		buf_add(&l->menu, address);
		break;
	case FORM_FEED:
		address.len -= sizeof(".gmi") - 1;
		buf_add(&l->menu, address);
		buf_add_cstr(&l->menu, ".txt");
		out->menu_type = out->text_type = '0';
		break;
	case FORM_GEMINI:
		in_gemini = l->form == LINKS_GEMINI;
		break;
	}
	buf_add(&l->text, buf_slice(&l->menu));
	if (in_gemini) {
		finish_own(l, out, true, false);
		return;
	}
	/* Gopher has none of it. */
	buf_clear(&l->uri);
	buf_clear(&l->path);
	buf_add(&l->path, address);
	resolve_url(l, MARK_GEMINI, out);
}

static void
resolve_search(struct links *l, struct render_target *out)
{
	buf_add(&l->menu, buf_slice(&l->path));
	buf_add(&l->text, buf_slice(&l->path));
	add_relative(l, buf_slice(&l->path));
	out->menu_type = out->text_type = '7';
	finish_own(l, out, true, false);
}

static void
resolve_outside(struct links *l, struct slice href, struct render_target *out)
{
	href = slice_trim(href);
	if (href.ptr[0] == '/')
		buf_add_cstr(&l->uri, "https:");
	render_url(&l->uri, href);
	out->kind = buf_failed(&l->uri) ? RENDER_NO_TARGET : RENDER_OUTSIDE;
	out->uri = buf_slice(&l->uri);
}

void
links_resolve(
    void *ctx, struct slice href, bool image, struct render_target *out)
{
	struct links *l = ctx;
	struct found f = { .kind = FOUND_NOTHING };

	(void)image; /* what a file is decides how it is shown */
	*out = (struct render_target){ .kind = RENDER_NO_TARGET };
	buf_clear(&l->uri);
	buf_clear(&l->menu);
	buf_clear(&l->text);
	switch (classify(l, href)) {
	case HREF_NONE:
		return;
	case HREF_OUTSIDE:
		resolve_outside(l, href, out);
		return;
	case HREF_PAGE:
		resolve_address(l, out);
		return;
	case HREF_GEMINI_URL:
		resolve_url(l, MARK_GEMINI, out);
		return;
	case HREF_GOPHER_URL:
		resolve_url(l, MARK_GOPHER, out);
		return;
	case HREF_SEARCH:
		resolve_search(l, out);
		return;
	case HREF_LOCAL:
		f = find(l->site, l->doc, buf_slice(&l->path));
		/* Written for Gemini; over Gopher its menu does as well. */
		if (slice_eq_cstr(f.suffix, ".gmi"))
			f.suffix = SLICE_NONE;
		break;
	case HREF_OWN:
		f = find_page(l->site, buf_slice(&l->path));
		break;
	}
	if (f.kind == FOUND_INDEX)
		resolve_index(l, f.index, out);
	else if (f.kind == FOUND_DOC)
		resolve_page(l, f.doc->address, f.suffix, out);
	else if (f.kind == FOUND_FILE)
		resolve_file(l, &f, out);
}

struct doc *
links_doc(struct links *l, struct slice href)
{
	struct found f;

	if (classify(l, href) != HREF_LOCAL)
		return NULL;
	f = find(l->site, l->doc, buf_slice(&l->path));
	if (f.kind != FOUND_DOC && f.kind != FOUND_WITHDRAWN)
		return NULL;
	return plan_find_doc(l->site, f.doc->address);
}

/* --- what a document depends on ------------------------------------------ */

void
links_find(struct links *l, struct slice href, struct links_target *out)
{
	enum href_kind kind = classify(l, href);
	struct slice trimmed = slice_trim(href);
	struct found f = { .kind = FOUND_NOTHING };

	*out = (struct links_target){ .doc = NULL };
	if (trimmed.len && trimmed.ptr[0] == '#')
		out->doc = l->doc;
	else if (kind == HREF_LOCAL)
		f = find(l->site, l->doc, buf_slice(&l->path));
	if (f.kind == FOUND_DOC || f.kind == FOUND_WITHDRAWN)
		out->doc = f.doc;
	if (f.kind == FOUND_FILE)
		out->file = f.source;
	if (out->doc)
		out->fragment =
		    slice_from(trimmed, slice_find(trimmed, '#') + 1);
}

static int
by_bytes(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void
tell_dead(struct links *l, const struct md_node *n, enum found_kind kind,
    struct diag *diag)
{
	if (kind >= FOUND_DOC || !diag)
		return;
	diag->code = "dead-link";
	diag_at(diag, DIAG_WARNING,
	    l->doc ? l->doc->source->file->path.ptr : NULL, n->line, n->column,
	    "\"%.*s\" %s", SLICE_FMT(n->text), why_not[kind]);
	diag->code = NULL;
}

int
links_check(struct links *l, const struct md_node *tree, struct diag *diag,
    struct buf *deps, struct err *e)
{
	struct slice *all, before = SLICE_NONE;
	struct arena arena;
	size_t count = 0, room = 0;
	int rc = -1;

	for (const struct md_node *n = tree; n; n = md_next(n, tree, true))
		room += n->type == MD_LINK || n->type == MD_IMAGE;
	arena_init(&arena, (size_t)64 << 20);
	if (!(all = arena_calloc(&arena, room + 1, sizeof(*all))))
		goto out;
	for (const struct md_node *n = tree; n; n = md_next(n, tree, true)) {
		enum href_kind kind;

		if (n->type != MD_LINK && n->type != MD_IMAGE)
			continue;
		kind = classify(l, n->text);
		/* A query of this page itself: no page of ours has one. */
		if (kind == HREF_NONE && slice_starts(n->text, SLICE_LIT("?")))
			tell_dead(l, n, FOUND_NOTHING, diag);
		if (kind != HREF_LOCAL)
			continue;
		if (arena_copy(&arena, buf_slice(&l->path), &all[count]) < 0)
			goto out;
		tell_dead(l, n, find(l->site, l->doc, all[count]).kind, diag);
		count++;
	}
	qsort(all, count, sizeof(*all), by_bytes);
	for (size_t i = 0; i < count; i++) {
		if (!i || !slice_eq(all[i], before))
			pack_slice(deps, all[i]);
		before = all[i];
	}
	rc = 0;
out:
	arena_release(&arena);
	return rc < 0 ? err_memory(e) : 0;
}

void
links_digest(const struct site *site, const struct doc *d, struct slice dep,
    struct buf *out)
{
	struct found f = find(site, d, dep);

	pack_number(out, f.kind);
	if (f.kind == FOUND_DOC)
		pack_slice(out, f.doc->address);
	if (f.kind == FOUND_FILE) {
		pack_hash(out, &f.source->hash);
		pack_number(out, f.source->stamp.size);
		pack_slice(out, f.source->media);
	}
}

struct source *
links_file(const struct site *site, const struct doc *d, struct slice dep,
    struct buf *address)
{
	struct found f = find(site, d, dep);

	if (f.kind != FOUND_FILE)
		return NULL;
	buf_clear(address);
	if (f.doc) {
		buf_add(address, f.doc->address);
		buf_add_char(address, '/');
		buf_add(address, f.rest);
	} else {
		buf_add_char(address, '/');
		buf_add(address, f.source->file->path);
	}
	return f.source;
}

char
links_gopher_type(const struct source *s)
{
	return mime_gopher_type(s->media);
}
