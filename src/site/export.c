#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/marks.h"
#include "base/mem.h"
#include "base/uri.h"
#include "store/store.h"

#include "site/export.h"

#define SIGN ".qasid-export"

enum {
	PATH_BYTES_MAX = 4096,
	SMALL_MAX = 1024 * 1024, /* a page of our own making */
	MENU_MAX = 64 * 1024 * 1024,
	FOLDER_MODE = 0755,
	FILE_MODE = 0644,
	NAME_TRIES = 100,
};

struct export
{
	const struct export_opts *opts;
	struct store_view *view;
	struct buf temp;    /* the folder that is being filled */
	struct buf path;    /* of a file below it */
	struct buf storage; /* of marks */
	struct buf page;
	struct marks marks;
	size_t files;
	struct err *err;
};

/* --- folders ------------------------------------------------------------- */

static const char *
path_in(struct export *x, const char *dir, const char *name)
{
	buf_clear(&x->path);
	buf_addf(&x->path, "%s/%s", dir, name);
	return buf_cstr(&x->path);
}

static bool
is_empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	bool empty = d != NULL;

	while (d && empty && (entry = readdir(d)))
		empty =
		    !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	if (d)
		closedir(d);
	return empty;
}

/* Whether `dir` is there; -1 and the error when it may not be replaced. */
static int
look_at(struct export *x, const char *dir)
{
	const char *sign = path_in(x, dir, SIGN);
	struct stat st;

	if (!sign)
		return err_memory(x->err);
	if (lstat(dir, &st) < 0)
		return errno == ENOENT ? 0 : err_errno(x->err, "stat", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(
		    x->err, ERR_CONFLICT, "\"%s\" is not a folder", dir);
	if (lstat(sign, &st) == 0 && S_ISREG(st.st_mode))
		return 1;
	if (is_empty(dir))
		return 1;
	return err_set(x->err, ERR_CONFLICT,
	    "\"%s\" is neither empty nor an export of ours", dir);
}

static int
remove_tree(const char *dir, struct err *e)
{
	char *roots[] = { mem_strndup(dir, strlen(dir)), NULL };
	FTS *walk = roots[0]
	    ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL)
	    : NULL;
	FTSENT *at;
	int rc = walk ? 0 : err_errno(e, "open folder", dir);

	while (walk && (at = fts_read(walk))) {
		if (at->fts_info == FTS_D)
			continue;
		if (at->fts_info == FTS_DP ? rmdir(at->fts_accpath) < 0
					   : unlink(at->fts_accpath) < 0)
			rc = err_errno(e, "remove", at->fts_path);
	}
	if (walk)
		fts_close(walk);
	mem_free(roots[0]);
	return rc;
}

/* A new folder beside the one that is wanted. */
static int
make_temp(struct export *x)
{
	size_t len = strlen(x->opts->dir);

	while (len > 1 && x->opts->dir[len - 1] == '/')
		len--;
	for (int i = 0; i < NAME_TRIES; i++) {
		const char *name;

		buf_clear(&x->temp);
		buf_addf(&x->temp, "%.*s.new-%ld-%d", (int)len, x->opts->dir,
		    (long)getpid(), i);
		if (!(name = buf_cstr(&x->temp)))
			return err_memory(x->err);
		if (mkdir(name, FOLDER_MODE) == 0)
			return 0;
		if (errno != EEXIST)
			return err_errno(x->err, "make folder", name);
	}
	return err_set(x->err, ERR_CONFLICT, "no name is free beside \"%s\"",
	    x->opts->dir);
}

/* Makes the folders of x->path that are not there. */
static int
make_folders(struct export *x)
{
	char *path = x->path.ptr;

	for (size_t i = x->temp.len + 1; i < x->path.len; i++) {
		int rc;

		if (path[i] != '/')
			continue;
		path[i] = '\0';
		rc = mkdir(path, FOLDER_MODE);
		if (rc < 0 && errno != EEXIST)
			return err_errno(x->err, "make folder", path);
		path[i] = '/';
	}
	return 0;
}

/* --- names --------------------------------------------------------------- */

/*
 * x->path: where what stands at `address` goes.  A menu, and an alias that does
 * not look like a page, is a folder with an index.
 */
static int
set_path(struct export *x, char protocol, struct slice address, bool folder)
{
	bool ends = !address.len || slice_ends(address, SLICE_LIT("/"));

	if (slice_starts(address, SLICE_LIT("/")))
		address = slice_from(address, 1);
	while (slice_ends(address, SLICE_LIT("/")))
		address.len--;
	buf_clear(&x->path);
	buf_add(&x->path, buf_slice(&x->temp));
	buf_add_cstr(&x->path, protocol == 'g' ? "/gemini" : "/gopher");
	if (address.len)
		buf_add_char(&x->path, '/');
	buf_add(&x->path, address);
	if (folder || ends)
		buf_add_cstr(
		    &x->path, protocol == 'g' ? "/index.gmi" : "/gophermap");
	if (!buf_cstr(&x->path))
		return err_memory(x->err);
	return make_folders(x);
}

/* --- files --------------------------------------------------------------- */

static int
open_file(struct export *x)
{
	int fd = open(x->path.ptr,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);

	if (fd < 0)
		return err_errno(x->err, "make", x->path.ptr);
	x->files++;
	return fd;
}

static int
write_small(struct export *x)
{
	int fd, rc;

	if (buf_failed(&x->page))
		return err_memory(x->err);
	if ((fd = open_file(x)) < 0)
		return -1;
	rc = io_write_all(fd, buf_slice(&x->page));
	if (rc < 0)
		err_errno(x->err, "write", x->path.ptr);
	close(fd);
	return rc;
}

/* Calls `take` with the parts of the body; marks are filled in. */
static int
each_part(struct export *x, const struct store_entry *entry,
    int (*take)(struct export *, struct slice, void *), void *ctx)
{
	bool ok = true;

	for (uint64_t at = 0; at < entry->size;) {
		struct slice part = store_view_body(x->view, entry, at, &ok);
		struct buf filled;
		int rc;

		if (!ok || !part.len)
			return err_set(
			    x->err, ERR_CORRUPT, "the store is damaged");
		at += part.len;
		if (!entry->marked) {
			if (take(x, part, ctx) < 0)
				return -1;
			continue;
		}
		buf_init(&filled, (size_t)1 << 30);
		marks_fill(&filled, &x->marks, part);
		rc = buf_failed(&filled) ? err_memory(x->err)
					 : take(x, buf_slice(&filled), ctx);
		buf_release(&filled);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
write_part(struct export *x, struct slice part, void *ctx)
{
	const int *fd = ctx;

	if (io_write_all(*fd, part) < 0)
		return err_errno(x->err, "write", x->path.ptr);
	return 0;
}

static int
keep_part(struct export *x, struct slice part, void *ctx)
{
	struct buf *out = ctx;

	buf_add(out, part);
	return buf_failed(out) ? err_memory(x->err) : 0;
}

static int
write_body(struct export *x, const struct store_entry *entry)
{
	int fd = open_file(x), rc;

	if (fd < 0)
		return -1;
	rc = each_part(x, entry, write_part, &fd);
	close(fd);
	return rc;
}

/* Takes the lines of x->page out that begin with `start`. */
static void
drop_lines(struct export *x, struct slice start)
{
	struct slice rest = buf_slice(&x->page);
	size_t used = 0;

	while (rest.len) {
		struct slice line =
		    slice_upto(rest, slice_find(rest, '\n') + 1);

		rest = slice_from(rest, line.len);
		if (slice_starts(line, start))
			continue;
		memmove(x->page.ptr + used, line.ptr, line.len);
		used += line.len;
	}
	buf_truncate(&x->page, used);
}

/*
 * A home page or its help, without the way to the search: what other servers
 * serve is not searched.
 */
static int
write_home(struct export *x, const struct store_entry *entry)
{
	buf_clear(&x->page);
	if (each_part(x, entry, keep_part, &x->page) < 0)
		return -1;
	drop_lines(x, SLICE_LIT("=> search "));
	return write_small(x);
}

/* "/" and "/lang/ur/" lead to a search, and so does the help below each. */
static bool
is_home(char protocol, struct slice address)
{
	return protocol == 'g' &&
	    (slice_eq_cstr(address, "/") ||
		slice_ends(address, SLICE_LIT("/help.gmi")) ||
		(slice_starts(address, SLICE_LIT("/lang/")) &&
		    slice_ends(address, SLICE_LIT("/"))));
}

/*
 * Whether readers of the article page `address` are asked for replies; *start
 * is how the line that leads to it begins.
 */
static bool
asks_for_reply(
    struct export *x, char protocol, struct slice address, struct buf *start)
{
	static const char folder[] = "/articles/";
	struct slice slug = slice_from(address, sizeof(folder) - 1);
	struct store_entry entry;
	bool is_own;

	if (protocol != 'g' || !slice_starts(address, slice_cstr(folder)) ||
	    !slice_ends(address, SLICE_LIT(".gmi")))
		return false;
	slug.len -= sizeof(".gmi") - 1;
	is_own = slice_find(slug, '/') == slug.len;
	slug = slice_upto(slug, slice_find(slug, '/'));
	buf_addf(start, "g%s%.*s/reply", folder, SLICE_FMT(slug));
	if (buf_failed(start) ||
	    store_view_get(x->view, buf_slice(start), &entry) != STORE_FOUND ||
	    entry.kind != STORE_REPLY)
		return false;
	/* From "/articles/x.gmi", and from a part of it below. */
	buf_clear(start);
	buf_add_cstr(start, "=> ");
	if (is_own)
		buf_addf(start, "%.*s/", SLICE_FMT(slug));
	buf_add_cstr(start, "reply ");
	return !buf_failed(start);
}

/* A page of Gemini, without the way to what other servers cannot answer. */
static int
write_page(struct export *x, char protocol, struct slice address,
    const struct store_entry *entry)
{
	struct buf start;
	int rc;

	buf_init(&start, STORE_KEY_MAX);
	if (asks_for_reply(x, protocol, address, &start)) {
		buf_clear(&x->page);
		rc = each_part(x, entry, keep_part, &x->page);
		if (rc == 0) {
			drop_lines(x, buf_slice(&start));
			rc = write_small(x);
		}
	} else {
		rc = write_body(x, entry);
	}
	buf_release(&start);
	return rc;
}

/* The menu without what only stands on the wire: its final dot. */
static int
write_menu(struct export *x, const struct store_entry *entry)
{
	struct slice end = SLICE_LIT(".\r\n");

	buf_clear(&x->page);
	if (each_part(x, entry, keep_part, &x->page) < 0)
		return -1;
	if (slice_ends(buf_slice(&x->page), end))
		buf_truncate(&x->page, x->page.len - end.len);
	drop_lines(x, SLICE_LIT("7"));
	return write_small(x);
}

/* --- pages that only a server of ours can answer with a status ----------- */

/* `to` as a reference relative to the file at `from`, a path below the root. */
static void
add_relative(struct buf *out, struct slice from, struct slice to)
{
	for (size_t i = 1; i < from.len; i++)
		if (from.ptr[i] == '/')
			buf_add_cstr(out, "../");
	uri_encode(out, slice_from(to, 1));
}

static int
write_alias(
    struct export *x, struct slice address, const struct store_entry *entry)
{
	bool folder = !slice_ends(address, SLICE_LIT(".gmi"));
	struct slice root, to;
	struct buf target;
	int rc;

	if (set_path(x, 'g', address, folder) < 0)
		return -1;
	buf_init(&target, SMALL_MAX);
	rc = each_part(x, entry, keep_part, &target);
	to = buf_slice(&target);
	root = slice_from(
	    buf_slice(&x->path), x->temp.len + sizeof("/gemini") - 1);
	buf_clear(&x->page);
	buf_add_cstr(&x->page, "=> ");
	add_relative(&x->page, root, to);
	buf_add_char(&x->page, ' ');
	buf_add(&x->page, to);
	buf_add_char(&x->page, '\n');
	buf_release(&target);
	return rc < 0 ? -1 : write_small(x);
}

/* Only where readers look: not at each form of the address. */
static int
write_gone(struct export *x, char protocol, struct slice address,
    const struct store_entry *entry)
{
	const char *form = protocol == 'g' ? ".gmi" : ".txt";

	if (!slice_ends(address, slice_cstr(form)))
		return 0;
	if (set_path(x, protocol, address, false) < 0)
		return -1;
	buf_clear(&x->page);
	if (each_part(x, entry, keep_part, &x->page) < 0)
		return -1;
	buf_add_cstr(&x->page, protocol == 'g' ? "\n" : "\r\n");
	return write_small(x);
}

static int
export_one(void *ctx, struct slice key, const struct store_entry *entry)
{
	struct export *x = ctx;
	struct slice address = slice_from(key, 1);
	bool menu =
	    entry->gopher_type == '1' && slice_starts(key, SLICE_LIT("o"));
	char protocol;

	if (!key.len || (key.ptr[0] != 'g' && key.ptr[0] != 'o'))
		return 0;
	protocol = key.ptr[0];
	/* The empty selector is "/" again, "caps.txt" is "/caps.txt". */
	if (!slice_starts(address, SLICE_LIT("/")))
		return 0;
	switch (entry->kind) {
	case STORE_PAGE:
		if (set_path(x, protocol, address, menu) < 0)
			return -1;
		if (is_home(protocol, address))
			return write_home(x, entry);
		return menu ? write_menu(x, entry)
			    : write_page(x, protocol, address, entry);
	case STORE_REDIRECT:
		return write_alias(x, address, entry);
	case STORE_GONE:
		return write_gone(x, protocol, address, entry);
	case STORE_REPLY:
	case STORE_SEARCH:
		break;
	}
	return 0;
}

/* --- all ----------------------------------------------------------------- */

static int
fill(struct export *x)
{
	int rc;

	buf_clear(&x->page);
	buf_addf(&x->page, "edition %llu for %s\n",
	    (unsigned long long)store_view_edition(x->view), x->opts->host);
	if (!path_in(x, x->temp.ptr, SIGN))
		return err_memory(x->err);
	if (write_small(x) < 0)
		return -1;
	x->files = 0;
	*x->err = ERR_INIT;
	rc = store_view_each(x->view, export_one, x);
	if (rc < 0 && x->err->kind == ERR_NONE)
		err_set(x->err, ERR_CORRUPT, "the store cannot be read");
	return rc;
}

/* The new tree in the place of the old one, in one step. */
static int
put_in_place(struct export *x, bool replace)
{
	const char *dir = x->opts->dir, *temp = x->temp.ptr;
	int fd = open(temp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		(void)syncfs(fd);
		close(fd);
	}
	if (renameat2(AT_FDCWD, temp, AT_FDCWD, dir,
		replace ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0)
		return err_errno(x->err, "rename to", dir);
	return replace ? remove_tree(temp, x->err) : 0;
}

static int
run(struct export *x)
{
	int is_there = look_at(x, x->opts->dir);
	struct err ignored;

	if (is_there < 0 || make_temp(x) < 0)
		return -1;
	if (fill(x) == 0 && put_in_place(x, is_there > 0) == 0)
		return 0;
	(void)remove_tree(x->temp.ptr, &ignored);
	return -1;
}

static int
run_view(struct export *x, struct export_result *result)
{
	struct store_reader *reader = store_reader_open(x->opts->store, x->err);
	int rc = -1;

	if (!reader)
		return -1;
	x->view = store_reader_view(reader);
	if (!x->view) {
		err_set(x->err, ERR_MISSING, "no edition in \"%s\"",
		    x->opts->store);
	} else {
		result->edition = store_view_edition(x->view);
		rc = run(x);
		result->files = x->files;
		store_view_drop(x->view);
	}
	store_reader_close(reader);
	return rc;
}

int
export_edition(
    const struct export_opts *opts, struct export_result *result, struct err *e)
{
	struct export x = { .opts = opts, .err = e };
	int rc;

	*result = (struct export_result){ .files = 0 };
	buf_init(&x.temp, PATH_BYTES_MAX);
	buf_init(&x.path, PATH_BYTES_MAX);
	buf_init(&x.storage, PATH_BYTES_MAX);
	buf_init(&x.page, MENU_MAX);
	if (marks_make(&x.marks, &x.storage, opts->host, opts->gemini_port,
		opts->gopher_port) < 0)
		rc = err_memory(e);
	else
		rc = run_view(&x, result);
	buf_release(&x.temp);
	buf_release(&x.path);
	buf_release(&x.storage);
	buf_release(&x.page);
	return rc;
}
