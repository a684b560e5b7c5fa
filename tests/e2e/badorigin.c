/*
 * badorigin.c: an origin whose signature is good and that is hostile all the
 * same: by a stolen key, say.
 *
 *	badorigin KEY SITE FROM LIST CONTENT TREE FILES BYTES
 *
 * Writes to stdout an answer for since/FROM: a head of serial FROM + 1 and a
 * delta to it, both signed with the key in the file KEY.  The file LIST is the
 * delta's list, CONTENT its contents; the head promises a tree of the hash
 * TREE, FILES files and BYTES bytes.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "sync/frame.h"
#include "sync/head.h"

enum {
	VALID_S = 3600
};

static void
check(int r, const struct err *e)
{
	if (r >= 0)
		return;
	fprintf(stderr, "badorigin: %s\n", e->text);
	exit(1);
}

static void
load(const char *path, struct buf *out)
{
	struct err e = ERR_INIT;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		exit(1);
	}
	check(io_read_all(fd, path, out->max - 1, out, &e), &e);
	close(fd);
}

int
main(int argc, char **argv)
{
	struct buf pem, list, content, frames[2], out;
	struct err e = ERR_INIT;
	struct sync_head h = { .snap = 0 };
	struct sync_delta d = { .from = 0 };

	if (argc != 9 || slice_uint(slice_cstr(argv[3]), 1000, &d.from) < 0 ||
	    hash_parse(slice_cstr(argv[6]), &h.tree) < 0 ||
	    slice_uint(slice_cstr(argv[7]), 1000, &h.files) < 0 ||
	    slice_uint(slice_cstr(argv[8]), 1 << 20, &h.bytes) < 0) {
		fprintf(stderr,
		    "usage: badorigin KEY SITE FROM LIST CONTENT TREE FILES "
		    "BYTES\n");
		return 2;
	}
	buf_init(&pem, 4096);
	buf_init(&list, 1 << 20);
	buf_init(&content, 128 << 20);
	buf_init(&frames[0], 128 << 20);
	buf_init(&frames[1], 128 << 20);
	buf_init(&out, 64 << 20);
	load(argv[1], &pem);
	load(argv[4], &list);
	load(argv[5], &content);
	h.name = slice_cstr(argv[2]);
	h.serial = d.from + 1;
	h.time_s = time(NULL);
	h.until_s = h.time_s + VALID_S;
	d.to = h.serial;
	d.tree = h.tree;
	check(
	    sync_frame_make(&frames[0], buf_slice(&list), SLICE_NONE, &e), &e);
	check(sync_frame_make(&frames[1], buf_slice(&content), SLICE_NONE, &e),
	    &e);
	d.list = buf_slice(&frames[0]);
	d.content = buf_slice(&frames[1]);
	check(sync_head_write(&out, &h, buf_slice(&pem), &e), &e);
	check(sync_delta_write(&out, &d, buf_slice(&pem), &e), &e);
	if (io_write_all(STDOUT_FILENO, buf_slice(&out)) < 0) {
		perror("stdout");
		return 1;
	}
	buf_release(&pem);
	buf_release(&list);
	buf_release(&content);
	buf_release(&frames[0]);
	buf_release(&frames[1]);
	buf_release(&out);
	return 0;
}
