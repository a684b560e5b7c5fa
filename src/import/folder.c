#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/uri.h"
#include "base/yaml.h"
#include "content/slug.h"
#include "markdown/sanitise.h"

#include "import/front.h"
#include "import/html_internal.h"
#include "import/import.h"
#include "import/place.h"

enum {
	ARENA_MAX = 1 << 30,
	FILE_MAX = 100 * 1000 * 1000,
	OUT_MAX = 64 * 1024 * 1024,
	PATH_ROOM = 1024,
	URL_MAX = 64 * 1024,
};

struct page {
	struct page *next;
	struct slice path; /* below the folder, NUL behind it */
	char slug[SLUG_MAX + 1];
};

struct folder {
	const struct import_opts *opts;
	struct import_result *result;
	struct arena arena;
	int fd;
	struct page *first, *last;
	const struct page *current;
	struct place *place;
	bool failed;
	struct err err;
};

/* --- what there is -------------------------------------------------------------- */

static bool
is_page(struct slice path)
{
	return slice_ends(path, SLICE_LIT(".html")) ||
	    slice_ends(path, SLICE_LIT(".htm"));
}

static struct slice
without_end(struct slice path)
{
	return slice_upto(
	    path, path.len - (slice_ends(path, SLICE_LIT(".html")) ? 5 : 4));
}

/* The part of `path` after its last slash; *dir is what stands before. */
static struct slice
last_part(struct slice path, struct slice *dir)
{
	size_t i = path.len;

	while (i && path.ptr[i - 1] != '/')
		i--;
	*dir = slice_upto(path, i ? i - 1 : 0);
	return slice_from(path, i);
}

static bool
is_taken(const struct folder *f, const struct page *page)
{
	for (const struct page *p = f->first; p; p = p->next)
		if (p != page && !strcmp(p->slug, page->slug))
			return true;
	return false;
}

static void
choose_slug(const struct folder *f, struct page *page)
{
	struct slice dir, name = last_part(without_end(page->path), &dir);
	char base[SLUG_MAX + 1];

	if (slice_eq_cstr(name, "index") && dir.len)
		name = last_part(dir, &dir);
	if (!slug_of_title(name, page->slug))
		snprintf(page->slug, sizeof(page->slug), "article");
	snprintf(base, sizeof(base), "%.70s", page->slug);
	for (unsigned n = 2; is_taken(f, page); n++)
		snprintf(page->slug, sizeof(page->slug), "%.70s-%u", base, n);
}

static int
add_page(struct folder *f, const char *path, struct err *e)
{
	struct page *page = arena_calloc(&f->arena, 1, sizeof(*page));

	if (!page || arena_copy(&f->arena, slice_cstr(path), &page->path) < 0)
		return err_memory(e);
	choose_slug(f, page);
	if (f->last)
		f->last->next = page;
	else
		f->first = page;
	f->last = page;
	return 0;
}

static int
compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* In the order of their names, so that the slugs are always the same. */
static int
list_pages(struct folder *f, const char *dir, struct err *e)
{
	char *path = arena_strndup(&f->arena, dir, strlen(dir));
	char *roots[] = { path, NULL };
	FTS *tree = path
	    ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_names)
	    : NULL;
	const FTSENT *entry;
	int rc = 0;

	if (!tree)
		return err_errno(e, "read folder", dir);
	while (rc == 0 && (entry = fts_read(tree))) {
		const char *below = entry->fts_path + strlen(dir);

		while (*below == '/')
			below++;
		if (entry->fts_info == FTS_F && is_page(slice_cstr(below)))
			rc = add_page(f, below, e);
	}
	fts_close(tree);
	return rc;
}

/* --- links ---------------------------------------------------------------------- */

static const struct page *
find_page(const struct folder *f, struct slice path)
{
	for (const struct page *p = f->first; p; p = p->next)
		if (slice_eq(p->path, path))
			return p;
	return NULL;
}

/* The path below the folder that `target` means in the current page. */
static void
own_path(const struct folder *f, struct slice target, struct buf *out)
{
	struct slice dir;
	long n;

	target = slice_upto(target, slice_find(target, '#'));
	target = slice_upto(target, slice_find(target, '?'));
	(void)last_part(f->current->path, &dir);
	if (!target.len || target.ptr[0] != '/')
		buf_add_char(out, '/');
	if (dir.len && target.len && target.ptr[0] != '/') {
		buf_add(out, dir);
		buf_add_char(out, '/');
	}
	buf_add(out, target);
	if (!buf_cstr(out))
		return;
	n = uri_decode(buf_slice(out), out->ptr);
	buf_truncate(out, n > 0 ? (size_t)n : 0);
	buf_truncate(out, uri_remove_dots(out->ptr, out->len, NULL));
	if (out->len && out->ptr[out->len - 1] == '/')
		buf_add_cstr(out, "index.html");
}

/* The file `path` of the folder into files/import/; whether it is there. */
static bool
take_file(struct folder *f, const char *path)
{
	char to[PATH_ROOM];
	struct err e = ERR_INIT;
	struct buf bytes;
	bool taken;

	if (snprintf(to, sizeof(to), "files/import/%s", path) >= PATH_ROOM)
		return false;
	buf_init(&bytes, FILE_MAX + 1);
	taken = io_read_below(f->fd, path, FILE_MAX, &bytes, NULL, &e) == 0;
	if (!taken && e.kind != ERR_MISSING)
		diag_err(f->opts->diag, DIAG_WARNING, &e);
	if (taken && place_put(f->place, to, buf_slice(&bytes), &f->err) < 0)
		f->failed = true;
	f->result->files += taken;
	buf_release(&bytes);
	return taken;
}

/* Whether it has a scheme or a host of its own, or is a place in the page. */
static bool
is_outside(struct slice target)
{
	size_t colon = slice_find(target, ':');

	return !target.len || target.ptr[0] == '#' ||
	    slice_starts(target, SLICE_LIT("//")) ||
	    (colon < target.len && colon < slice_find(target, '/'));
}

static void
resolve(void *ctx, struct slice target, struct buf *out)
{
	struct folder *f = ctx;
	const struct page *page = NULL;
	struct slice path;
	struct buf own;

	buf_init(&own, URL_MAX);
	if (!is_outside(target))
		own_path(f, target, &own);
	path = slice_from(buf_slice(&own), 1);
	if (path.len)
		page = find_page(f, path);
	if (page) {
		buf_addf(out, "%s.md", page->slug);
	} else if (path.len && buf_cstr(&own) && take_file(f, own.ptr + 1)) {
		buf_add_cstr(out, "/files/import/");
		uri_encode(out, slice_from(buf_slice(&own), 1));
	} else {
		uri_repair(out, target);
	}
	buf_release(&own);
}

/* --- pages ---------------------------------------------------------------------- */

/* What is known of a page before its text. */
struct head {
	struct slice title, lang, author, date, summary, body;
	size_t body_at;
};

/* The text up to the end tag of `name`. */
static struct slice
inside(struct slice s, const char *name)
{
	struct tag t;

	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '<' && html_tag(slice_from(s, i), &t) &&
		    t.closing && html_named(&t, name))
			return slice_upto(s, i);
	return s;
}

static void
read_meta(struct head *h, struct slice attributes)
{
	struct slice name = html_attribute(attributes, "name");
	struct slice content = html_attribute(attributes, "content");

	if (!name.len)
		name = html_attribute(attributes, "property");
	if (slice_eq_nocase(name, SLICE_LIT("author")))
		h->author = content;
	else if (slice_eq_nocase(name, SLICE_LIT("description")))
		h->summary = content;
	else if (slice_eq_nocase(name, SLICE_LIT("date")) ||
	    slice_eq_nocase(name, SLICE_LIT("dc.date")) ||
	    slice_eq_nocase(name, SLICE_LIT("dcterms.date")) ||
	    slice_eq_nocase(name, SLICE_LIT("article:published_time")))
		h->date = content;
}

static void
read_head(struct head *h, struct slice html)
{
	struct tag t;
	size_t n;

	*h = (struct head){ .body = html };
	for (size_t i = 0; i < html.len; i += n) {
		struct slice s = slice_from(html, i), rest;

		n = 1;
		if (s.ptr[0] != '<')
			continue;
		if ((n = html_comment(s)))
			continue;
		n = html_tag(s, &t);
		rest = slice_from(s, n);
		n = n ? n : 1;
		if (n == 1 || t.closing)
			continue;
		if (html_named(&t, "html"))
			h->lang = html_attribute(t.attributes, "lang");
		else if (html_named(&t, "title") && !h->title.len)
			h->title = slice_trim(inside(rest, "title"));
		else if (html_named(&t, "meta"))
			read_meta(h, t.attributes);
		else if (html_named(&t, "body")) {
			h->body = inside(rest, "body");
			h->body_at = i + n;
			return;
		}
	}
}

static void
add_plain(
    struct folder *f, struct buf *out, const char *key, struct slice value)
{
	if (value.len)
		front_add(out, key, front_plain(&f->arena, value));
}

static void
add_front_matter(struct folder *f, const struct head *h, struct buf *out)
{
	const struct page *page = f->current;
	struct buf alias;
	struct date d;

	buf_add_cstr(out, "---\n");
	add_plain(
	    f, out, "title", h->title.len ? h->title : slice_cstr(page->slug));
	add_plain(f, out, "author", h->author);
	if (date_parse(h->date, &d) == 0) {
		char date[DATE_RFC3339_BYTES + 1];

		date_format_rfc3339(&d, date);
		buf_addf(out, "date: %s\n", date);
	}
	if (h->lang.len && slug_is_valid(h->lang))
		front_add(out, "lang", h->lang);
	else
		buf_addf(out, "lang: %s\n",
		    front_language(f->opts->lang, h->title, h->body));
	buf_addf(out, "slug: %s\n", page->slug);
	buf_init(&alias, URL_MAX);
	buf_add_char(&alias, '/');
	uri_encode(&alias, page->path);
	buf_add_cstr(out, "aliases: [");
	yaml_add_scalar(out, buf_slice(&alias));
	buf_add_cstr(out, "]\n");
	buf_release(&alias);
	add_plain(f, out, "summary", h->summary);
	buf_add_cstr(out, "---\n\n");
}

static int
put_page(struct folder *f, struct slice html, struct err *e)
{
	struct import_html opts = { .file = f->current->path.ptr,
		.first_line = 1,
		.diag = f->opts->diag,
		.resolve = resolve,
		.ctx = f };
	char path[PATH_ROOM];
	struct head head;
	struct buf out;
	int rc;

	read_head(&head, html);
	for (size_t i = 0; i < head.body_at; i++)
		opts.first_line += html.ptr[i] == '\n';
	buf_init(&out, OUT_MAX);
	add_front_matter(f, &head, &out);
	rc = import_html(&out, head.body, &opts, e);
	snprintf(path, sizeof(path), "articles/%s.md", f->current->slug);
	if (rc == 0)
		rc = place_put(f->place, path, buf_slice(&out), e);
	buf_release(&out);
	if (rc == 0 && f->failed) {
		*e = f->err;
		return -1;
	}
	return rc;
}

static int
read_page(struct folder *f, struct err *e)
{
	const char *path = f->current->path.ptr;
	struct buf bytes, clean;
	int rc;

	buf_init(&bytes, (size_t)IMPORT_HTML_MAX + 1);
	buf_init(&clean, (size_t)IMPORT_HTML_MAX * 3);
	rc = io_read_below(f->fd, path, IMPORT_HTML_MAX, &bytes, NULL, e);
	if (rc == 0) {
		md_sanitise(&clean, buf_slice(&bytes), path, f->opts->diag);
		rc = put_page(f, buf_slice(&clean), e);
	}
	buf_release(&clean);
	buf_release(&bytes);
	f->result->articles++;
	return rc;
}

int
import_folder(const char *dir, const struct import_opts *opts,
    struct import_result *result, struct err *e)
{
	struct folder f = { .opts = opts, .result = result };
	struct place_counts counts = { .written = 0 };
	int rc;

	*result = (struct import_result){ .articles = 0 };
	f.fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f.fd < 0)
		return err_errno(e, "open folder", dir);
	arena_init(&f.arena, ARENA_MAX);
	rc = list_pages(&f, dir, e);
	if (rc == 0 && !f.first)
		rc = err_set(e, ERR_MISSING, "\"%s\": no .html files", dir);
	if (rc == 0 &&
	    !(f.place = place_open(opts->content, opts->force, opts->diag, e)))
		rc = -1;
	for (f.current = f.first; rc == 0 && f.current;
	     f.current = f.current->next)
		rc = read_page(&f, e);
	if (f.place && place_close(f.place, &counts, rc < 0 ? NULL : e) < 0)
		rc = -1;
	result->written = counts.written;
	result->same = counts.same;
	result->kept = counts.kept;
	place_free(f.place);
	arena_release(&f.arena);
	close(f.fd);
	return rc;
}
