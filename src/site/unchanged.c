#include <fcntl.h>
#include <sys/stat.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/pack.h"
#include "site/build.h"
#include "store/store.h"

#include "site/site_internal.h"
#include "site/unchanged.h"

#define RECORD SLICE_LIT("n")

enum {
	RECORD_VERSION = 1,
	RECORD_BYTES = 128
};

/* Sources outside the tree; capsule.yaml is in base_hash. */
static const char *const beside[] = { "gone", "favicon.txt" };

static void
pack_file(struct site *site, struct buf *out, const struct io_stamp *stamp)
{
	pack_number(out, stamp->size);
	pack_number(out, stamp->inode);
	pack_signed(out, stamp->mtime_ns);
	pack_signed(out, stamp->ctime_ns);
	if (records_is_racy(stamp, site->looked_ns))
		site->is_doubtful = true;
}

static int
digest(struct site *site, struct hash *out)
{
	struct io_stamp stamp;
	struct stat st;
	struct buf in;
	int rc;

	buf_init(&in, (size_t)1 << 32);
	pack_hash(&in, &site->base_hash);
	pack_number(&in, site->opts->all_dates);
	pack_number(&in, site->opts->drafts);
	for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
		bool is_there = fstatat(site->content_fd, beside[i], &st,
				    AT_SYMLINK_NOFOLLOW) == 0;

		pack_number(&in, is_there);
		if (!is_there)
			continue;
		io_stamp_of(&st, &stamp);
		pack_file(site, &in, &stamp);
	}
	for (size_t i = 0; i < site->tree.count; i++) {
		pack_slice(&in, site->tree.files[i].path);
		pack_file(site, &in, &site->tree.files[i].stamp);
	}
	rc = buf_failed(&in) ? -1 : hash_of(buf_slice(&in), out);
	buf_release(&in);
	return rc;
}

/* Signatures age, and a mirror's folder changes beside the content. */
static bool
is_plain(const struct site_opts *opts)
{
	return !opts->offline && !opts->sync_key.len && !opts->sync_from;
}

int
unchanged_look(struct site *site, struct site_result *result, struct err *e)
{
	struct site_result was = *result;
	struct slice record;
	struct unpack in;
	struct hash then;

	site->told = site->diag->warnings + site->diag->errors;
	site->until_s = INT64_MAX;
	if (digest(site, &site->tree_hash) < 0)
		return err_memory(e);
	if (!is_plain(site->opts) || site->is_copying || site->capsule_is_old ||
	    store_state_get(site->store, RECORD, &record) != STORE_FOUND)
		return 0;
	in = (struct unpack){ .rest = record };
	if (unpack_number(&in) != RECORD_VERSION)
		return 0;
	then = unpack_hash(&in);
	if (site->opts->now_s >= unpack_signed(&in))
		return 0;
	was.articles = unpack_number(&in);
	was.pages = unpack_number(&in);
	if (in.failed || !hash_eq(&then, &site->tree_hash))
		return 0;
	*result = was;
	return 1;
}

void
unchanged_until(struct site *site, int64_t time_s)
{
	if (time_s < site->until_s)
		site->until_s = time_s;
}

static bool
is_sure(const struct site *site)
{
	if (!is_plain(site->opts) || site->capsule_is_old ||
	    site->is_doubtful || site->wants_copies ||
	    site->told != site->diag->warnings + site->diag->errors)
		return false;
	for (size_t i = 0; i < site->source_count; i++)
		if (site->sources[i].refused || site->sources[i].messages.len)
			return false;
	return true;
}

int
unchanged_note(struct site *site, struct err *e)
{
	struct slice before;
	struct buf record;
	int rc = 0;

	buf_init(&record, RECORD_BYTES);
	if (is_sure(site)) {
		pack_number(&record, RECORD_VERSION);
		pack_hash(&record, &site->tree_hash);
		pack_signed(&record, site->until_s);
		pack_number(&record, site->article_count);
		pack_number(&record, site->page_count);
	}
	if (store_state_get(site->store, RECORD, &before) != STORE_FOUND)
		before = SLICE_NONE;
	if (buf_failed(&record))
		rc = err_memory(e);
	else if (!slice_eq(before, buf_slice(&record)))
		rc =
		    store_state_put(site->store, RECORD, buf_slice(&record), e);
	buf_release(&record);
	return rc;
}
