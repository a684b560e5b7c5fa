#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include "site/bundle.h"

struct bundle {
	struct archive *archive;
	struct archive_entry *entry; /* used again for each file */
	struct buf *out;
	int64_t time_s;
};

static la_ssize_t
on_write(struct archive *a, void *ctx, const void *bytes, size_t len)
{
	struct buf *out = ctx;

	buf_add_mem(out, bytes, len);
	if (!buf_failed(out))
		return (la_ssize_t)len;
	archive_set_error(a, ENOSPC, "no room");
	return -1;
}

static int
fail(struct bundle *b, const char *what, struct err *e)
{
	const char *why = archive_error_string(b->archive);

	if (buf_failed(b->out))
		return err_set(e, ERR_LIMIT,
		    "%s: larger than the limit of %zu bytes", what,
		    b->out->max);
	return err_set(e, ERR_LIMIT, "%s: %s", what, why ? why : "failed");
}

static int
set_format(struct archive *a, enum bundle_format format)
{
	if (format == BUNDLE_ZIP) {
		/*
		 * Zip writes the hour of the process's time zone.  Nothing
		 * else in a publisher asks for local time.
		 */
		setenv("TZ", "UTC0", 1);
		tzset();
		return archive_write_set_format_zip(a);
	}
	/* A gzip header without the hour of its making. */
	if (archive_write_set_format_pax_restricted(a) != ARCHIVE_OK ||
	    archive_write_add_filter_gzip(a) != ARCHIVE_OK ||
	    archive_write_set_filter_option(
		a, "gzip", "compression-level", "9") != ARCHIVE_OK)
		return ARCHIVE_FATAL;
	return archive_write_set_filter_option(a, "gzip", "timestamp", NULL);
}

struct bundle *
bundle_begin(
    struct buf *out, enum bundle_format format, int64_t time_s, struct err *e)
{
	struct bundle *b = mem_calloc(1, sizeof(*b));

	if (!b) {
		err_memory(e);
		return NULL;
	}
	b->out = out;
	b->time_s = time_s;
	b->archive = archive_write_new();
	b->entry = archive_entry_new();
	if (!b->archive || !b->entry) {
		err_memory(e);
		goto err;
	}
	/* No padding to tape blocks behind the last byte. */
	if (set_format(b->archive, format) != ARCHIVE_OK ||
	    archive_write_set_bytes_in_last_block(b->archive, 1) !=
		ARCHIVE_OK ||
	    archive_write_open(b->archive, out, NULL, on_write, NULL) !=
		ARCHIVE_OK) {
		fail(b, "begin archive", e);
		goto err;
	}
	return b;
err:
	archive_entry_free(b->entry);
	archive_write_free(b->archive);
	mem_free(b);
	return NULL;
}

int
bundle_add(
    struct bundle *b, const char *path, struct slice bytes, struct err *e)
{
	archive_entry_clear(b->entry);
	archive_entry_set_pathname_utf8(b->entry, path);
	archive_entry_set_filetype(b->entry, AE_IFREG);
	archive_entry_set_perm(b->entry, 0644);
	archive_entry_set_mtime(b->entry, b->time_s, 0);
	archive_entry_set_size(b->entry, (la_int64_t)bytes.len);
	if (archive_write_header(b->archive, b->entry) != ARCHIVE_OK)
		return fail(b, path, e);
	if (bytes.len &&
	    archive_write_data(b->archive, bytes.ptr, bytes.len) !=
		(la_ssize_t)bytes.len)
		return fail(b, path, e);
	return 0;
}

int
bundle_end(struct bundle *b, struct err *e)
{
	int r = 0;

	if (!b)
		return 0;
	if (archive_write_close(b->archive) != ARCHIVE_OK || buf_failed(b->out))
		r = fail(b, "end archive", e);
	archive_entry_free(b->entry);
	archive_write_free(b->archive);
	mem_free(b);
	return r;
}
