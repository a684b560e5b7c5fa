#include <zstd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include "sync/frame.h"

struct sync_packer {
	ZSTD_CCtx *ctx;
	char *room;
	size_t room_len;
};

static int
zstd_failed(struct err *e, size_t code)
{
	return err_set(e, ERR_SYSTEM, "zstd: %s", ZSTD_getErrorName(code));
}

/* The least window that holds `bytes`, from 2^10 to the most allowed. */
static int
window_for(uint64_t bytes)
{
	int log = 10;

	while (log < SYNC_WINDOW_LOG && ((uint64_t)1 << log) < bytes)
		log++;
	return log;
}

static size_t
set_up(ZSTD_CCtx *c, struct slice text, struct slice base)
{
	int level = text.len > SYNC_LARGE_BYTES ? SYNC_LEVEL_LARGE : SYNC_LEVEL;
	size_t r;

	r = ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog,
		    window_for((uint64_t)text.len + base.len));
	if (!ZSTD_isError(r) && base.len > 1 << 20)
		r = ZSTD_CCtx_setParameter(
		    c, ZSTD_c_enableLongDistanceMatching, 1);
	if (!ZSTD_isError(r) && base.len)
		r = ZSTD_CCtx_refPrefix(c, base.ptr, base.len);
	return r;
}

int
sync_frame_make(
    struct buf *out, struct slice text, struct slice base, struct err *e)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t bound = ZSTD_compressBound(text.len), n;
	int r = -1;

	if (!c || buf_reserve(out, bound) < 0) {
		err_memory(e);
		goto out;
	}
	n = set_up(c, text, base);
	if (!ZSTD_isError(n))
		n = ZSTD_compress2(c, out->ptr + out->len, bound,
		    text.len ? text.ptr : "", text.len);
	if (ZSTD_isError(n)) {
		zstd_failed(e, n);
		goto out;
	}
	out->len += n;
	r = 0;
out:
	ZSTD_freeCCtx(c);
	return r;
}

struct sync_packer *
sync_packer_new(uint64_t pledged, struct err *e)
{
	struct sync_packer *p = mem_calloc(1, sizeof(*p));
	size_t r;

	if (!p || !(p->ctx = ZSTD_createCCtx()) ||
	    !(p->room = mem_alloc(p->room_len = ZSTD_CStreamOutSize()))) {
		sync_packer_free(p);
		err_memory(e);
		return NULL;
	}
	r = ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_compressionLevel, SYNC_LEVEL);
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setParameter(
		    p->ctx, ZSTD_c_windowLog, SYNC_SNAP_WINDOW_LOG);
	/* Only with threads may the level change inside a frame (zstd.h). */
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setParameter(
		    p->ctx, ZSTD_c_nbWorkers, SYNC_SNAP_THREADS);
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setParameter(
		    p->ctx, ZSTD_c_jobSize, SYNC_SNAP_JOB);
	if (!ZSTD_isError(r))
		r = ZSTD_CCtx_setPledgedSrcSize(p->ctx, pledged);
	if (ZSTD_isError(r)) {
		zstd_failed(e, r);
		sync_packer_free(p);
		return NULL;
	}
	return p;
}

void
sync_packer_free(struct sync_packer *p)
{
	if (!p)
		return;
	ZSTD_freeCCtx(p->ctx);
	mem_free(p->room);
	mem_free(p);
}

static int
drive(struct sync_packer *p, struct slice text, ZSTD_EndDirective how,
    struct buf *out, struct err *e)
{
	ZSTD_inBuffer in = { text.len ? text.ptr : "", text.len, 0 };
	size_t left;

	do {
		ZSTD_outBuffer room = { p->room, p->room_len, 0 };

		left = ZSTD_compressStream2(p->ctx, &room, &in, how);
		if (ZSTD_isError(left))
			return zstd_failed(e, left);
		buf_add_mem(out, p->room, room.pos);
	} while (in.pos < in.size || (how != ZSTD_e_continue && left));
	return buf_failed(out) ? err_memory(e) : 0;
}

int
sync_packer_add(struct sync_packer *p, struct slice text, bool end,
    struct buf *out, struct err *e)
{
	return drive(p, text, end ? ZSTD_e_end : ZSTD_e_continue, out, e);
}

int
sync_packer_hurry(struct sync_packer *p, struct buf *out, struct err *e)
{
	size_t r;

	if (drive(p, SLICE_NONE, ZSTD_e_flush, out, e) < 0)
		return -1;
	r = ZSTD_CCtx_setParameter(
	    p->ctx, ZSTD_c_compressionLevel, SYNC_LEVEL_LARGE);
	return ZSTD_isError(r) ? zstd_failed(e, r) : 0;
}
