#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "base/yaml.h"
#include "content/slug.h"

#include "import/capsule.h"
#include "import/comments.h"
#include "import/front.h"
#include "import/html.h"
#include "import/import.h"
#include "import/place.h"
#include "import/wxr.h"

enum {
	ARENA_MAX = 1 << 30,
	FILE_MAX = 100 * 1000 * 1000,
	ARTICLE_MAX = 64 * 1024 * 1024,
	PATH_ROOM = 1024,
	URL_MAX = 64 * 1024,
};

static const char uploads[] = "wp-content/uploads/";

/* A post or page that becomes a file, by its old address and by its slug. */
struct article {
	struct wxr_item *item;
	struct slice path; /* of the old address, without slashes at its end */
	char slug[SLUG_MAX + 1];
	bool page;
};

/* Where an old address leads. */
struct known {
	struct slice path;
	const struct article *article;
};

struct wp {
	const struct import_opts *opts;
	struct import_result *result;
	const char *file; /* the export, for messages */
	struct arena arena;
	struct wxr wxr;
	struct slice host; /* of the site, without www. */
	struct article *articles;
	struct known *by_path; /* sorted */
	size_t count;
	struct slice *wanted; /* told already, sorted when looked for */
	size_t wanted_count, wanted_room;
	struct place *place;
	int files_fd;
	const struct article *current;
	bool failed;
	struct err err;
};

/* --- addresses ------------------------------------------------------------------ */

static struct slice
without_www(struct slice host)
{
	return slice_starts(host, SLICE_LIT("www.")) ? slice_from(host, 4)
						     : host;
}

static struct slice
without_end_slash(struct slice s)
{
	while (s.len && s.ptr[s.len - 1] == '/')
		s.len--;
	return s;
}

/*
 * Whether `url` leads to the site itself; *path is then all after the host,
 * without a fragment.
 */
static bool
is_own(const struct wp *wp, struct slice url, struct slice *path)
{
	struct slice rest = SLICE_NONE, host;

	if (slice_starts(url, SLICE_LIT("http://")))
		rest = slice_from(url, 7);
	else if (slice_starts(url, SLICE_LIT("https://")))
		rest = slice_from(url, 8);
	else if (slice_starts(url, SLICE_LIT("//")))
		rest = slice_from(url, 2);
	else if (url.len && url.ptr[0] == '/') {
		*path = slice_upto(url, slice_find(url, '#'));
		return true;
	}
	host = slice_upto(rest, slice_find(rest, '/'));
	if (!host.len || !wp->host.len ||
	    !slice_eq_nocase(without_www(host), wp->host))
		return false;
	rest = slice_from(rest, host.len);
	*path = slice_upto(rest, slice_find(rest, '#'));
	return true;
}

static int
compare_paths(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return slice_cmp(x->path, y->path);
}

static const struct article *
find_article(const struct wp *wp, struct slice path)
{
	struct known key = { .path = without_end_slash(path) };
	const struct known *found;
	struct slice id = slice_from(path, slice_find(path, '?'));

	/* "/?p=12" and "/?page_id=12" are as good as the address. */
	if (slice_starts(id, SLICE_LIT("?p=")) ||
	    slice_starts(id, SLICE_LIT("?page_id="))) {
		id = slice_from(id, slice_find(id, '=') + 1);
		id = slice_upto(id, slice_find(id, '&'));
		for (size_t i = 0; i < wp->count; i++)
			if (slice_eq(slice_trim(wp->articles[i].item->id), id))
				return &wp->articles[i];
	}

	if (!key.path.len || !wp->count)
		return NULL;
	found = bsearch(&key, wp->by_path, wp->count, sizeof(wp->by_path[0]),
	    compare_paths);
	return found ? found->article : NULL;
}

/* --- files ---------------------------------------------------------------------- */

/* The part of an own path below wp-content/uploads/, or an empty slice. */
static struct slice
upload_name(struct slice path)
{
	const char *p = path.len
	    ? memmem(path.ptr, path.len, uploads, strlen(uploads))
	    : NULL;
	struct slice name;

	if (!p)
		return SLICE_NONE;
	name = slice_from(path, (size_t)(p - path.ptr) + strlen(uploads));
	return slice_upto(name, slice_find(name, '?'));
}

/* A path that an address may have and that stays below its folder. */
static bool
is_sound_name(struct slice name)
{
	if (!name.len || name.len > 400 || name.ptr[0] == '/' ||
	    memmem(name.ptr, name.len, "..", 2) ||
	    memmem(name.ptr, name.len, "//", 2) ||
	    name.ptr[name.len - 1] == '/')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];

		if (c <= ' ' || c >= 0x7f || strchr("\\%?#\"<>", c))
			return false;
		if ((c == '.' || c == '-') && (!i || name.ptr[i - 1] == '/'))
			return false;
	}
	return true;
}

/* The file `name` of the folder given into files/uploads/; whether it's there. */
static bool
take_file(struct wp *wp, struct slice name)
{
	char from[PATH_ROOM], to[PATH_ROOM];
	struct err e = ERR_INIT;
	struct buf bytes;
	bool taken;

	snprintf(to, sizeof(to), "files/uploads/%.*s", SLICE_FMT(name));
	if (wp->files_fd < 0)
		return place_has(wp->place, to);
	snprintf(from, sizeof(from), "%.*s", SLICE_FMT(name));
	buf_init(&bytes, FILE_MAX + 1);
	taken =
	    io_read_below(wp->files_fd, from, FILE_MAX, &bytes, NULL, &e) == 0;
	if (!taken && e.kind != ERR_MISSING)
		diag_err(wp->opts->diag, DIAG_WARNING, &e);
	if (taken && place_put(wp->place, to, buf_slice(&bytes), &wp->err) < 0)
		wp->failed = true;
	wp->result->files += taken;
	buf_release(&bytes);
	return taken || place_has(wp->place, to);
}

static void
want_file(struct wp *wp, struct slice url, struct slice name)
{
	char *text = arena_strndup(&wp->arena, url.ptr, url.len), *path;

	for (size_t i = 0; i < wp->wanted_count; i++)
		if (slice_eq(wp->wanted[i], url))
			return;
	if (wp->wanted_count == wp->wanted_room) {
		size_t room = wp->wanted_room * 2 + 64;
		struct slice *more =
		    arena_calloc(&wp->arena, room, sizeof(*more));

		if (!more)
			return;
		for (size_t i = 0; i < wp->wanted_count; i++)
			more[i] = wp->wanted[i];
		wp->wanted = more;
		wp->wanted_room = room;
	}
	path = arena_strndup(&wp->arena, name.ptr, name.len);
	if (!text || !path)
		return;
	wp->wanted[wp->wanted_count++] = slice_make(text, url.len);
	wp->result->wanted++;
	if (wp->opts->wanted)
		wp->opts->wanted(wp->opts->ctx, text, path);
}

/* --- links ---------------------------------------------------------------------- */

static void
add_site(const struct wp *wp, struct slice path, struct buf *out)
{
	struct slice site = wp->wxr.site.len ? wp->wxr.site : wp->wxr.blog;

	buf_add(out, without_end_slash(site));
	buf_add(out, path);
}

static void
resolve(void *ctx, struct slice target, struct buf *out)
{
	struct wp *wp = ctx;
	const struct article *a;
	struct slice path, name;
	struct buf url;

	if (!is_own(wp, target, &path)) {
		uri_repair(out, target);
		return;
	}
	if ((a = find_article(wp, path))) {
		if (a->page != wp->current->page)
			buf_add_cstr(
			    out, a->page ? "../pages/" : "../articles/");
		buf_addf(out, "%s.md", a->slug);
		return;
	}
	buf_init(&url, URL_MAX);
	if (target.ptr[0] == '/' && !slice_starts(target, SLICE_LIT("//")))
		add_site(wp, target, &url);
	else
		buf_add(&url, target);
	name = upload_name(path);
	if (name.len && is_sound_name(name)) {
		if (take_file(wp, name)) {
			buf_addf(out, "/files/uploads/%.*s", SLICE_FMT(name));
			buf_release(&url);
			return;
		}
		want_file(wp, buf_slice(&url), name);
	} else if (name.len) {
		diag_at(wp->opts->diag, DIAG_WARNING, wp->file,
		    wp->current->item->line, 0,
		    "a name that no file here can have: %.*s; fetch it by "
		    "hand, or the link leads to the old site",
		    SLICE_FMT(buf_slice(&url)));
	}
	uri_repair(out, buf_slice(&url));
	buf_release(&url);
}

static bool
is_type(const struct wxr_item *i, const char *type)
{
	return slice_eq_cstr(i->type, type);
}

static bool
picture(void *ctx, struct slice id, size_t n, struct slice *target,
    struct slice *title)
{
	struct wp *wp = ctx;

	for (struct wxr_item *i = wp->wxr.items; i; i = i->next) {
		if (!is_type(i, "attachment"))
			continue;
		if (id.len ? !slice_eq(slice_trim(i->id), id)
			   : !slice_eq(i->parent, wp->current->item->id))
			continue;
		if (!id.len && n--)
			continue;
		*target = slice_trim(i->attachment_url);
		*title = i->excerpt.len ? i->excerpt : i->title;
		return true;
	}
	return false;
}

/* --- front matter ----------------------------------------------------------------- */

static void
add_date(struct buf *out, const char *key, struct slice gmt, struct slice local)
{
	char text[DATE_RFC3339_BYTES + 1];
	struct date d;

	if (date_parse(slice_trim(gmt), &d) < 0 &&
	    date_parse(slice_trim(local), &d) < 0)
		return;
	date_format_rfc3339(&d, text);
	buf_addf(out, "%s: %s\n", key, text);
}

static void
add_terms(struct buf *out, const struct wxr_item *item, bool tags)
{
	bool first = true;

	for (const struct wxr_term *t = item->terms; t; t = t->next) {
		if (t->is_tag != tags || !t->name.len)
			continue;
		if (first)
			buf_add_cstr(out, tags ? "tags: [" : "categories: [");
		else
			buf_add_cstr(out, ", ");
		yaml_add_scalar(out, t->name);
		first = false;
	}
	if (!first)
		buf_add_cstr(out, "]\n");
}

static struct slice
author_name(const struct wp *wp, struct slice login)
{
	for (const struct wxr_author *a = wp->wxr.authors; a; a = a->next)
		if (slice_eq(a->login, login) && a->name.len)
			return a->name;
	return login;
}

static void
add_front_matter(struct wp *wp, const struct article *a, struct buf *out)
{
	const struct wxr_item *i = a->item;
	struct slice summary = front_plain(&wp->arena, i->excerpt);
	struct slice title = front_plain(&wp->arena, i->title);
	char own[SLUG_MAX + 16];

	buf_add_cstr(out, "---\n");
	if (title.len)
		front_add(out, "title", title);
	else
		buf_addf(out, "title: \"%s\"\n", a->slug);
	if (i->creator.len)
		front_add(
		    out, "author", author_name(wp, slice_trim(i->creator)));
	if (!a->page)
		add_date(out, "date", i->date_gmt, i->date);
	if (i->modified_gmt.len && !a->page)
		add_date(out, "updated", i->modified_gmt, SLICE_NONE);
	add_terms(out, i, false);
	add_terms(out, i, true);
	buf_addf(out, "lang: %s\nslug: %s\n",
	    front_language(wp->opts->lang, i->title, i->content), a->slug);
	snprintf(
	    own, sizeof(own), "%s/%s", a->page ? "" : "/articles", a->slug);
	if (a->path.len && slice_find(a->path, '?') == a->path.len &&
	    !slice_eq_cstr(a->path, own)) {
		buf_add_cstr(out, "aliases: [");
		yaml_add_scalar(out, a->path);
		buf_add_cstr(out, "]\n");
	}
	if (summary.len)
		front_add(out, "summary", summary);
	if (!slice_eq_cstr(i->status, "publish"))
		buf_add_cstr(out, "draft: true\n");
	buf_add_cstr(out, "---\n\n");
}

/* --- articles ------------------------------------------------------------------- */

static bool
has_blocks(struct slice s)
{
	return s.len && memmem(s.ptr, s.len, "<!-- wp:", 8);
}

static struct import_html
html_opts(struct wp *wp, unsigned line)
{
	return (struct import_html){ .file = wp->file,
		.first_line = line,
		.line_breaks = true,
		.diag = wp->opts->diag,
		.resolve = resolve,
		.picture = picture,
		.ctx = wp };
}

/* The picture that stands above the article. */
static void
add_thumbnail(struct wp *wp, const struct wxr_item *item, struct buf *out)
{
	struct slice target, title;
	struct buf url;

	if (!item->thumbnail.len ||
	    !picture(wp, item->thumbnail, 0, &target, &title))
		return;
	buf_init(&url, URL_MAX);
	resolve(wp, target, &url);
	title = front_plain(&wp->arena, title);
	buf_add_cstr(out, "![");
	for (size_t i = 0; i < title.len; i++) {
		if (strchr("\\`*[]<|_&", title.ptr[i]))
			buf_add_char(out, '\\');
		buf_add_char(out, title.ptr[i]);
	}
	buf_addf(out, "](<%.*s>)\n\n", SLICE_FMT(buf_slice(&url)));
	buf_release(&url);
}

static int
put_comments(struct wp *wp, const struct article *a, struct err *e)
{
	struct comments c = { .place = wp->place,
		.arena = &wp->arena,
		.diag = wp->opts->diag,
		.file = wp->file,
		.site = wp->wxr.site.len ? wp->wxr.site : wp->wxr.blog,
		.slug = a->slug,
		.is_page = a->page };

	return comments_put(&c, a->item, &wp->result->comments, e);
}

static int
put_article(struct wp *wp, const struct article *a, struct err *e)
{
	const struct wxr_item *i = a->item;
	struct import_html opts = html_opts(wp, i->content_line);
	char path[PATH_ROOM];
	struct buf out;
	int rc;

	wp->current = a;
	opts.line_breaks = !has_blocks(i->content);
	buf_init(&out, ARTICLE_MAX);
	add_front_matter(wp, a, &out);
	add_thumbnail(wp, i, &out);
	rc = import_html(&out, i->content, &opts, e);
	snprintf(path, sizeof(path), "%s/%s.md", a->page ? "pages" : "articles",
	    a->slug);
	if (rc == 0 && buf_failed(&out))
		rc = err_set(e, ERR_LIMIT, "%s: too long", path);
	if (rc == 0)
		rc = place_put(wp->place, path, buf_slice(&out), e);
	buf_release(&out);
	if (rc == 0)
		rc = put_comments(wp, a, e);
	if (a->page)
		wp->result->pages++;
	else
		wp->result->articles++;
	return rc;
}

/* --- capsule.yaml --------------------------------------------------------------- */

static int
put_capsule(struct wp *wp, struct err *e)
{
	struct slice title = front_plain(&wp->arena, wp->wxr.title);
	struct buf out;
	int rc;

	buf_init(&out, ARTICLE_MAX);
	front_add(
	    &out, "title", title.len ? title : SLICE_LIT("Our institute"));
	capsule_add(&out, &wp->wxr, wp->opts->lang);
	rc = buf_failed(&out)
	    ? err_memory(e)
	    : place_put(wp->place, "capsule.yaml", buf_slice(&out), e);
	buf_release(&out);
	return rc;
}

/* --- the list ------------------------------------------------------------------- */

static bool
is_taken(const struct wp *wp, const struct article *a)
{
	for (size_t i = 0; i < wp->count; i++)
		if (wp->articles[i].page == a->page &&
		    !strcmp(wp->articles[i].slug, a->slug))
			return true;
	return false;
}

static void
choose_slug(const struct wp *wp, struct article *a)
{
	struct slice own = slice_trim(a->item->slug);
	char base[SLUG_MAX + 1];

	if (slug_is_valid(own))
		snprintf(a->slug, sizeof(a->slug), "%.*s", SLICE_FMT(own));
	else if (!slug_of_title(a->item->title, a->slug))
		snprintf(a->slug, sizeof(a->slug), "%s-%.*s",
		    a->page ? "page" : "post",
		    SLICE_FMT(slice_upto(slice_trim(a->item->id), 20)));
	if (!slug_is_valid(slice_cstr(a->slug)))
		snprintf(a->slug, sizeof(a->slug), "post-%u", a->item->line);
	snprintf(base, sizeof(base), "%.70s", a->slug);
	for (unsigned n = 2; is_taken(wp, a); n++)
		snprintf(a->slug, sizeof(a->slug), "%.70s-%u", base, n);
}

/* Whether the item becomes a file; tells of what does not. */
static bool
is_wanted(struct wp *wp, const struct wxr_item *i)
{
	bool text = is_type(i, "post") || is_type(i, "page");

	if (text && !slice_eq_cstr(i->status, "trash") &&
	    !slice_eq_cstr(i->status, "auto-draft"))
		return true;
	if (text || (i->content.len && !is_type(i, "attachment"))) {
		wp->result->skipped++;
		diag_at(wp->opts->diag, DIAG_WARNING, wp->file, i->line, 0,
		    "not imported: \"%.*s\", type %.*s, status %.*s",
		    SLICE_FMT(slice_upto(i->title, 60)),
		    SLICE_FMT(slice_upto(i->type, 40)),
		    SLICE_FMT(slice_upto(i->status, 40)));
	}
	return false;
}

static int
list_articles(struct wp *wp, struct err *e)
{
	size_t items = 0;

	for (struct wxr_item *i = wp->wxr.items; i; i = i->next)
		items++;
	wp->articles = arena_calloc(&wp->arena, items, sizeof(*wp->articles));
	wp->by_path = arena_calloc(&wp->arena, items, sizeof(*wp->by_path));
	if (!wp->articles || !wp->by_path)
		return err_memory(e);
	for (struct wxr_item *i = wp->wxr.items; i; i = i->next) {
		struct article *a = &wp->articles[wp->count];

		if (!is_wanted(wp, i))
			continue;
		*a = (struct article){ .item = i, .page = is_type(i, "page") };
		if (is_own(wp, slice_trim(i->link), &a->path))
			a->path = without_end_slash(a->path);
		choose_slug(wp, a);
		wp->by_path[wp->count++] = (struct known){ a->path, a };
	}
	qsort(wp->by_path, wp->count, sizeof(wp->by_path[0]), compare_paths);
	return 0;
}

static int
run(struct wp *wp, struct slice bytes, struct err *e)
{
	struct slice site;

	if (wxr_read(&wp->arena, bytes, wp->file, &wp->wxr, e) < 0)
		return -1;
	site = wp->wxr.site.len ? wp->wxr.site : wp->wxr.blog;
	site =
	    slice_from(site, slice_starts(site, SLICE_LIT("https://")) ? 8 : 7);
	wp->host = without_www(slice_upto(site, slice_find(site, '/')));
	if (list_articles(wp, e) < 0 || put_capsule(wp, e) < 0)
		return -1;
	for (size_t i = 0; i < wp->count; i++) {
		if (put_article(wp, &wp->articles[i], e) < 0)
			return -1;
		if (wp->failed) {
			*e = wp->err;
			return -1;
		}
	}
	return 0;
}

int
import_wordpress(const char *export, const struct import_opts *opts,
    struct import_result *result, struct err *e)
{
	struct wp wp = {
		.opts = opts, .result = result, .file = export, .files_fd = -1
	};
	struct place_counts counts = { .written = 0 };
	struct buf bytes;
	int fd = open(export, O_RDONLY | O_CLOEXEC), rc = -1;

	*result = (struct import_result){ .articles = 0 };
	if (fd < 0)
		return err_errno(e, "open", export);
	arena_init(&wp.arena, ARENA_MAX);
	buf_init(&bytes, (size_t)WXR_MAX + 1);
	if (opts->files &&
	    (wp.files_fd =
		    open(opts->files, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		err_errno(e, "open folder", opts->files);
	else if (io_read_all(fd, export, WXR_MAX, &bytes, e) == 0 &&
	    (wp.place = place_open(opts->content, opts->force, opts->diag, e)))
		rc = run(&wp, buf_slice(&bytes), e);
	/* What was written is noted, whatever came after it. */
	if (wp.place && place_close(wp.place, &counts, rc < 0 ? NULL : e) < 0)
		rc = -1;
	result->written = counts.written;
	result->same = counts.same;
	result->kept = counts.kept;
	place_free(wp.place);
	if (wp.files_fd >= 0)
		close(wp.files_fd);
	buf_release(&bytes);
	arena_release(&wp.arena);
	close(fd);
	return rc;
}
