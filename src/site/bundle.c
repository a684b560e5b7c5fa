#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <archive.h>
#include <archive_entry.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/library.h"
#include "base/mem.h"

#include "site/bundle.h"

/*
 * libarchive, and the XML and Unicode libraries behind it, are loaded by the
 * first bundle alone: they would double the time in which every command starts,
 * and stand in the process that meets the network.
 */
#define LIBRARY "libarchive.so.13"
#define FUNCTIONS(X)                       \
	X(entry_clear)                     \
	X(entry_free)                      \
	X(entry_new)                       \
	X(entry_set_filetype)              \
	X(entry_set_mtime)                 \
	X(entry_set_pathname_utf8)         \
	X(entry_set_perm)                  \
	X(entry_set_size)                  \
	X(error_string)                    \
	X(set_error)                       \
	X(write_add_filter_gzip)           \
	X(write_close)                     \
	X(write_data)                      \
	X(write_free)                      \
	X(write_header)                    \
	X(write_new)                       \
	X(write_open)                      \
	X(write_set_bytes_in_last_block)   \
	X(write_set_filter_option)         \
	X(write_set_format_pax_restricted) \
	X(write_set_format_zip)

#define MEMBER(name) __typeof__(archive_##name) *(name);
static struct {
	bool is_loaded;
	FUNCTIONS(MEMBER)
} ar;

struct bundle {
	struct archive *archive;
	struct archive_entry *entry; /* used again for each file */
	struct buf *out;
	int64_t time_s;
};

static int
load(struct err *e)
{
#define FUNCTION(name) { "archive_" #name, &ar.name },
	static const struct library_function all[] = { FUNCTIONS(FUNCTION) };
#undef FUNCTION
	const char *why;

	if (ar.is_loaded)
		return 0;
	why = library_load(LIBRARY, all, sizeof(all) / sizeof(all[0]));
	if (why)
		return err_set(e, ERR_SYSTEM, "offline copies: %s", why);
	ar.is_loaded = true;
	return 0;
}

static la_ssize_t
on_write(struct archive *a, void *ctx, const void *bytes, size_t len)
{
	struct buf *out = ctx;

	buf_add_mem(out, bytes, len);
	if (!buf_failed(out))
		return (la_ssize_t)len;
	ar.set_error(a, ENOSPC, "no room");
	return -1;
}

static int
fail(struct bundle *b, const char *what, struct err *e)
{
	const char *why = ar.error_string(b->archive);

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
		return ar.write_set_format_zip(a);
	}
	/* A gzip header without the hour of its making. */
	if (ar.write_set_format_pax_restricted(a) != ARCHIVE_OK ||
	    ar.write_add_filter_gzip(a) != ARCHIVE_OK ||
	    ar.write_set_filter_option(a, "gzip", "compression-level", "9") !=
		ARCHIVE_OK)
		return ARCHIVE_FATAL;
	return ar.write_set_filter_option(a, "gzip", "timestamp", NULL);
}

struct bundle *
bundle_begin(
    struct buf *out, enum bundle_format format, int64_t time_s, struct err *e)
{
	struct bundle *b;

	if (load(e) < 0)
		return NULL;
	if (!(b = mem_calloc(1, sizeof(*b)))) {
		err_memory(e);
		return NULL;
	}
	b->out = out;
	b->time_s = time_s;
	b->archive = ar.write_new();
	b->entry = ar.entry_new();
	if (!b->archive || !b->entry) {
		err_memory(e);
		goto err;
	}
	/* No padding to tape blocks behind the last byte. */
	if (set_format(b->archive, format) != ARCHIVE_OK ||
	    ar.write_set_bytes_in_last_block(b->archive, 1) != ARCHIVE_OK ||
	    ar.write_open(b->archive, out, NULL, on_write, NULL) !=
		ARCHIVE_OK) {
		fail(b, "begin archive", e);
		goto err;
	}
	return b;
err:
	ar.entry_free(b->entry);
	ar.write_free(b->archive);
	mem_free(b);
	return NULL;
}

int
bundle_add(
    struct bundle *b, const char *path, struct slice bytes, struct err *e)
{
	ar.entry_clear(b->entry);
	ar.entry_set_pathname_utf8(b->entry, path);
	ar.entry_set_filetype(b->entry, AE_IFREG);
	ar.entry_set_perm(b->entry, 0644);
	ar.entry_set_mtime(b->entry, b->time_s, 0);
	ar.entry_set_size(b->entry, (la_int64_t)bytes.len);
	if (ar.write_header(b->archive, b->entry) != ARCHIVE_OK)
		return fail(b, path, e);
	if (bytes.len &&
	    ar.write_data(b->archive, bytes.ptr, bytes.len) !=
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
	if (ar.write_close(b->archive) != ARCHIVE_OK || buf_failed(b->out))
		r = fail(b, "end archive", e);
	ar.entry_free(b->entry);
	ar.write_free(b->archive);
	mem_free(b);
	return r;
}
