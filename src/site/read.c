/*
 * New and changed files, read in helpers: of a document its head, of any other
 * file its hash and media type.  What a helper replies:
 *
 *	0 or 1 (sound), the stamp of what was read, when, payload, messages
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/pack.h"
#include "markdown/markdown.h"
#include "site/build.h"
#include "site/mime.h"
#include "site/pool.h"

#include "site/site_internal.h"

enum {
	HEAD_MAX = 128 * 1024, /* a source is its body and this */
	STEP_BYTES = 256 * 1024,
	PAYLOAD_MAX = 4 * 1024 * 1024,
};

struct reading {
	struct site *site;
	struct source **stale;
	/* Only in a helper: */
	struct mime *mime;
	struct arena arena;
	struct buf bytes, payload, messages;
	bool is_ready;
};

/* --- in a helper --------------------------------------------------------- */

static int
read_document(struct reading *r, const struct source *s, struct io_stamp *stamp,
    struct diag *d, struct err *e)
{
	struct document_opts opts = {
		.file = s->file->path.ptr, .diag = d, .promote = PROMOTE_ALWAYS
	};
	struct document doc;

	if (io_read_below(r->site->content_fd, s->file->path.ptr,
		MD_MAX_BYTES + HEAD_MAX, &r->bytes, stamp, e) < 0 ||
	    document_parse(&r->arena, buf_slice(&r->bytes), &opts, &doc, e) < 0)
		return -1;
	if (hash_of(buf_slice(&r->bytes), &doc.art.source) < 0)
		return err_memory(e);
	article_encode(&r->payload, &doc.art);
	return 0;
}

/* The file's hash, and the first bytes of it in r->bytes. */
static int
hash_file(struct reading *r, int fd, const struct source *s, uint64_t size,
    struct hash *out, struct err *e)
{
	struct hash_state *h = hash_new();
	char *step = mem_alloc(STEP_BYTES);
	uint64_t total = 0;
	ssize_t n = h && step ? 1 : -1;
	int rc = -1;

	if (n < 0)
		err_memory(e);
	while (n > 0) {
		n = read(fd, step, STEP_BYTES);
		if (n < 0 && errno == EINTR) {
			n = 1;
			continue;
		}
		if (n < 0) {
			err_errno(e, "read", s->file->path.ptr);
			break;
		}
		if (!total)
			buf_add_mem(&r->bytes, step, (size_t)n);
		total += (uint64_t)n;
		hash_add(h, slice_make(step, (size_t)n));
		if (total > size)
			break;
	}
	if (n == 0 && total == size)
		rc = hash_end(h, out);
	else if (n >= 0)
		err_at(e, s->file->path.ptr, 0, 0, "changed while it was read");
	mem_free(step);
	hash_free(h);
	return rc;
}

static int
read_file(
    struct reading *r, struct source *s, struct io_stamp *stamp, struct err *e)
{
	struct io_stamp after;
	struct stat st;
	int fd = io_open_below(r->site->content_fd, s->file->path.ptr, &st, e);
	int rc = -1;

	if (fd < 0)
		return -1;
	io_stamp_of(&st, stamp);
	if (stamp->size > SITE_FILE_MAX)
		err_at(e, s->file->path.ptr, 0, 0,
		    "larger than %zu MB, the most a reader is sent at once",
		    (size_t)SITE_FILE_MAX / 1000000);
	else
		rc = hash_file(r, fd, s, stamp->size, &s->hash, e);
	if (!rc && fstat(fd, &st) < 0)
		rc = err_errno(e, "stat", s->file->path.ptr);
	close(fd);
	if (rc < 0)
		return -1;
	io_stamp_of(&st, &after);
	if (!io_stamp_eq(stamp, &after))
		return err_at(
		    e, s->file->path.ptr, 0, 0, "changed while it was read");
	if (!r->mime && !(r->mime = mime_new(e)))
		return -1;
	s->media = mime_of(r->mime, buf_slice(&r->bytes), s->file->path);
	records_pack_file(&r->payload, s);
	return 0;
}

static void
prepare(struct reading *r)
{
	if (!r->is_ready) {
		arena_init(&r->arena, (size_t)256 << 20);
		buf_init(&r->bytes, (size_t)64 << 20);
		buf_init(&r->payload, PAYLOAD_MAX);
		buf_init(&r->messages, PAYLOAD_MAX);
		r->is_ready = true;
	}
	arena_reset(&r->arena);
	buf_clear(&r->bytes);
	buf_clear(&r->payload);
	buf_clear(&r->messages);
}

static void
work(void *ctx, size_t job, struct slice given, struct buf *reply)
{
	struct reading *r = ctx;
	struct source *s = r->stale[job];
	struct diag d = { .sink = messages_pack, .ctx = &r->messages };
	struct io_stamp stamp = s->file->stamp;
	struct err e = ERR_INIT;
	int64_t looked_ns = records_now_ns();
	int rc;

	(void)given;
	prepare(r);
	if (s->kind == SOURCE_FILE)
		rc = read_file(r, s, &stamp, &e);
	else
		rc = read_document(r, s, &stamp, &d, &e);
	if (rc < 0)
		diag_err(&d, DIAG_ERROR, &e);
	r->messages.failed = false;
	pack_number(reply, rc == 0 && !buf_failed(&r->payload));
	pack_number(reply, stamp.size);
	pack_number(reply, stamp.inode);
	pack_signed(reply, stamp.mtime_ns);
	pack_signed(reply, stamp.ctime_ns);
	pack_signed(reply, looked_ns);
	pack_slice(reply, buf_slice(&r->payload));
	pack_slice(reply, buf_slice(&r->messages));
}

/* --- in the parent ------------------------------------------------------- */

static int
refuse(
    struct site *site, struct source *s, struct slice messages, struct err *e)
{
	s->refused = s->is_old = true;
	s->payload = s->old_payload;
	if (s->kind == SOURCE_FILE && records_open_file(s) < 0)
		s->payload = SLICE_NONE;
	if (arena_copy(&site->arena, messages, &s->messages) < 0)
		return err_memory(e);
	return 0;
}

static int
take(void *ctx, size_t job, struct slice reply, struct err *e)
{
	struct reading *r = ctx;
	struct source *s = r->stale[job];
	struct unpack in = { .rest = reply };
	bool sound = unpack_number(&in) == 1;
	struct io_stamp stamp;
	struct slice payload, messages;
	int64_t looked_ns;

	stamp.size = unpack_number(&in);
	stamp.inode = unpack_number(&in);
	stamp.mtime_ns = unpack_signed(&in);
	stamp.ctime_ns = unpack_signed(&in);
	looked_ns = unpack_signed(&in);
	payload = unpack_slice(&in);
	messages = unpack_slice(&in);
	if (in.failed)
		return err_set(e, ERR_CORRUPT, "a helper's reply is damaged");
	build_progress(r->site->opts, "reading", job + 1);
	if (!sound)
		return refuse(r->site, s, messages, e);
	if (arena_copy(&r->site->arena, messages, &s->messages) < 0 ||
	    arena_copy(&r->site->arena, payload, &s->payload) < 0)
		return err_memory(e);
	if (s->kind == SOURCE_FILE && records_open_file(s) < 0)
		return err_set(e, ERR_CORRUPT, "a helper's reply is damaged");
	/* The same bytes in the same state, looked at only to be sure. */
	if (slice_eq(s->payload, s->old_payload) &&
	    io_stamp_eq(&stamp, &s->stamp))
		return 0;
	s->stamp = stamp;
	s->looked_ns = looked_ns;
	return records_put_source(r->site, s, e);
}

static int
lost(void *ctx, size_t job, const char *why, struct err *e)
{
	struct reading *r = ctx;
	struct source *s = r->stale[job];
	struct buf messages;
	struct diag d = { .sink = messages_pack, .ctx = &messages };
	int rc;

	buf_init(&messages, PAYLOAD_MAX);
	diag_at(&d, DIAG_ERROR, s->file->path.ptr, 0, 0, "%s", why);
	rc = refuse(r->site, s, buf_slice(&messages), e);
	buf_release(&messages);
	return rc;
}

int
read_sources(struct site *site, struct err *e)
{
	static const struct pool_ops ops = {
		.work = work, .take = take, .lost = lost
	};
	struct pool_opts opts = { .helpers = site->opts->jobs };
	struct reading r = { .site = site };
	size_t count = 0;

	r.stale = arena_calloc(
	    &site->arena, site->source_count + 1, sizeof(struct source *));
	if (!r.stale)
		return err_memory(e);
	for (size_t i = 0; i < site->source_count; i++)
		if (site->sources[i].stale)
			r.stale[count++] = &site->sources[i];
	return pool_run(&opts, &ops, &r, count, e);
}
