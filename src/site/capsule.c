/*
 * capsule.yaml, a source like the others: the last good one stays in use while
 * what is there now is none, or would take published articles away.
 *
 *	capsule	  record in the store: the text that the edition was made with
 */
#include <fcntl.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/pack.h"
#include "site/build.h"
#include "store/store.h"

#include "site/site_internal.h"

static const char path[] = "capsule.yaml";

#define RECORD SLICE_LIT("capsule")

static int
read_file(struct site *site, struct err *e)
{
	struct buf text;
	int rc;

	buf_init(&text, CATALOG_BYTES_MAX + 4096);
	rc = io_read_below(
	    site->content_fd, path, CATALOG_BYTES_MAX, &text, NULL, e);
	if (!rc && !slice_trim(buf_slice(&text)).len)
		rc = err_set(e, ERR_MISSING, "empty");
	if (!rc && arena_copy(&site->arena, buf_slice(&text), &site->capsule))
		rc = err_memory(e);
	buf_release(&text);
	return rc;
}

static int
parse(struct site *site, struct slice text, struct err *e)
{
	return catalog_parse(&site->arena, text, path, &site->catalog, e);
}

/* That of the last edition; empty where there is none. */
static struct slice
kept(struct site *site)
{
	struct slice text;

	if (!site->store ||
	    store_state_get(site->store, RECORD, &text) != STORE_FOUND)
		return SLICE_NONE;
	return text;
}

static int
use_kept(struct site *site, struct slice text, struct err *e)
{
	site->capsule_is_old = true;
	if (arena_copy(&site->arena, text, &site->capsule) < 0)
		return err_memory(e);
	return parse(site, site->capsule, e);
}

/*
 * What every digest begins with: another capsule.yaml or another program may
 * make other pages of the same source.
 */
static int
hash_base(struct site *site, struct err *e)
{
	struct hash program;
	struct buf in;
	int rc;

	if (program_hash(&program, e) < 0)
		return -1;
	buf_init(&in, (size_t)CATALOG_BYTES_MAX * 2);
	pack_slice(&in, SLICE_LIT(QASID_VERSION));
	pack_hash(&in, &program);
	pack_slice(&in, site->capsule);
	rc = buf_failed(&in) || hash_of(buf_slice(&in), &site->base_hash) < 0
	    ? err_memory(e)
	    : 0;
	buf_release(&in);
	return rc;
}

static int
load(struct site *site, struct err *e)
{
	struct slice last = kept(site);
	struct err why = ERR_INIT;

	if (site->wants_old_capsule && last.len)
		return use_kept(site, last, e);
	if (read_file(site, &why) == 0 && parse(site, site->capsule, &why) == 0)
		return 0;
	if (last.len) {
		if (why.kind == ERR_MISSING)
			diag_at(site->diag, DIAG_ERROR, path, 0, 0,
			    "not there, or empty: that of the last edition "
			    "stays in use; to do without, write {} in it");
		else
			diag_err(site->diag, DIAG_ERROR, &why);
		return use_kept(site, last, e);
	}
	if (why.kind != ERR_MISSING) {
		*e = why;
		return -1;
	}
	diag_at(site->diag, DIAG_WARNING, path, 0, 0,
	    "not there, or empty: the capsule has no title, no host name");
	site->capsule = SLICE_LIT("");
	return parse(site, site->capsule, e);
}

int
capsule_load(struct site *site, struct err *e)
{
	if (load(site, e) < 0 || hash_base(site, e) < 0)
		return -1;
	return words_load(site, e);
}

void
capsule_note_loss(struct site *site, const struct source *s)
{
	/* What it holds was published: not it has changed. */
	if (s->unit.len && slice_eq(s->payload, s->old_payload))
		site->capsule_losses++;
}

bool
capsule_must_stay(struct site *site)
{
	struct slice last = kept(site);

	if (!site->capsule_losses || site->capsule_is_old || !last.len ||
	    slice_eq(last, site->capsule))
		return false;
	for (size_t i = 0; i < site->source_count; i++)
		if (!site->sources[i].refused)
			site->sources[i].messages = SLICE_NONE;
	diag_at(site->diag, DIAG_ERROR, path, 0, 0,
	    "as it is now, %zu published article%s could not stay: that of the "
	    "last edition stays in use",
	    site->capsule_losses, site->capsule_losses == 1 ? "" : "s");
	return true;
}

int
capsule_keep(struct site *site, struct err *e)
{
	if (site->capsule_is_old || !site->capsule.len ||
	    slice_eq(kept(site), site->capsule))
		return 0;
	return store_state_put(site->store, RECORD, site->capsule, e);
}
