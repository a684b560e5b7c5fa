/*
 * sync_publish.c: qasid sync publish: any folder as the tree that mirrors
 * follow, without pages.  `qasid build --sync-key` does the same for a site.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "store/store.h"
#include "sync/place.h"
#include "sync/publish.h"

#include "cmd/sync.h"

enum {
	PEM_MAX = 4096,
};

struct folder {
	const char *store, *key, *next, *name;
	int fd;
	int64_t now_s;
	struct sync_tree tree;
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid sync publish --store DIR --key FILE --name SITE\n"
	    "           [--next FILE] [--now SECONDS] FOLDER\n");
	return EX_USAGE;
}

static int
add_file(void *ctx, const char *path, bool regular, struct err *e)
{
	struct folder *f = ctx;
	struct sync_file file = { .path = slice_cstr(path) };

	if (!regular)
		return err_set(
		    e, ERR_INVALID, "\"%s\" is no regular file", path);
	if (place_hash(f->fd, path, &file.hash, &file.size, e) < 0)
		return -1;
	return sync_tree_add(&f->tree, &file, e);
}

static int
read_file(
    void *ctx, const struct sync_file *file, struct buf *out, struct err *e)
{
	struct folder *f = ctx;

	return io_read_below(
	    f->fd, file->path.ptr, SYNC_CONTENT_MAX, out, NULL, e);
}

static int
read_key(const char *file, struct buf *pem, struct err *e)
{
	int fd, r;

	if (!file)
		return 0;
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) < 0)
		return err_errno(e, "open", file);
	r = io_read_all(fd, file, PEM_MAX, pem, e);
	close(fd);
	return r;
}

static int
publish_tree(struct folder *f, struct store_writer *w, struct err *e)
{
	struct sync_source src = {
		.tree = &f->tree, .read = read_file, .ctx = f
	};
	struct sync_settings set = { .name = slice_cstr(f->name),
		.now_s = f->now_s };
	struct sync_report report;
	struct buf key, next;
	int r = -1;

	buf_init(&key, PEM_MAX + 1);
	buf_init(&next, PEM_MAX + 1);
	if (read_key(f->key, &key, e) == 0 &&
	    read_key(f->next, &next, e) == 0) {
		set.key_pem = buf_slice(&key);
		set.next_pem = buf_slice(&next);
		r = sync_publish(w, &src, &set, &report, e);
	}
	if (r == 0)
		r = store_publish(w, f->now_s, e);
	if (r == 0)
		printf("%s %llu%s\n",
		    report.changed        ? "serial"
			: report.resigned ? "resigned"
					  : "same",
		    (unsigned long long)report.serial,
		    report.snapshot ? " snapshot" : "");
	buf_release(&key);
	buf_release(&next);
	return r;
}

static int
run(struct folder *f, const char *dir, struct err *e)
{
	struct store_writer *w;
	int r = -1;

	f->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0)
		return err_errno(e, "open", dir);
	sync_tree_init(&f->tree);
	if (place_walk(f->fd, add_file, f, e) == 0 &&
	    (w = store_writer_open(f->store, 0, e))) {
		r = publish_tree(f, w, e);
		store_writer_close(w);
	}
	sync_tree_release(&f->tree);
	close(f->fd);
	return r;
}

int
sync_publish_folder(int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "key", required_argument, NULL, 'k' },
		{ "next", required_argument, NULL, 'x' },
		{ "name", required_argument, NULL, 'n' },
		{ "now", required_argument, NULL, 'N' },
		{ NULL, 0, NULL, 0 },
	};
	struct folder f = { .now_s = time(NULL) };
	struct err e = ERR_INIT;
	uint64_t n;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			f.store = optarg;
		else if (c == 'k')
			f.key = optarg;
		else if (c == 'x')
			f.next = optarg;
		else if (c == 'n')
			f.name = optarg;
		else if (c == 'N' &&
		    slice_uint(slice_cstr(optarg), INT64_MAX, &n) == 0)
			f.now_s = (int64_t)n;
		else
			return usage();
	}
	if (!f.store || !f.key || !f.name || argc - optind != 1)
		return usage();
	return run(&f, argv[optind], &e) < 0 ? sync_complain(&e) : EX_OK;
}
