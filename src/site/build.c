#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/date.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/pack.h"
#include "store/store.h"

#include "site/build.h"
#include "site/mirrors.h"
#include "site/offline.h"
#include "site/site_internal.h"
#include "site/unchanged.h"

enum {
	REPLANS_MAX = 1000,
	CLOCK_SLACK_S = 3600,
	COPY_TRIES = 3, /* while the content goes on changing */
};

void
build_progress(const struct site_opts *opts, const char *what, size_t done)
{
	if (opts->progress)
		opts->progress(opts->progress_ctx, what, done);
}

void
site_init(struct site *site, const struct site_opts *opts)
{
	*site =
	    (struct site){ .opts = opts, .content_fd = -1, .diag = opts->diag };
	arena_init(&site->arena, (size_t)8 << 30);
	tree_init(&site->tree);
	buf_init(&site->dropped, (size_t)1 << 30);
	buf_init(&site->put_units, (size_t)1 << 30);
	searching_init(&site->searching);
}

void
site_release(struct site *site)
{
	if (site->content_fd >= 0)
		close(site->content_fd);
	searching_release(&site->searching);
	store_writer_close(site->store);
	terms_release(site);
	tree_release(&site->tree);
	buf_release(&site->dropped);
	buf_release(&site->put_units);
	arena_release(&site->arena);
}

static int
open_folder(struct site *site, struct err *e)
{
	site->content_fd =
	    open(site->opts->content, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (site->content_fd < 0)
		return err_errno(e, "open folder", site->opts->content);
	return 0;
}

int
site_open(struct site *site, struct err *e)
{
	return open_folder(site, e) < 0 ? -1 : capsule_load(site, e);
}

int
site_scan(struct site *site, struct err *e)
{
	static const char *const folders[] = { "articles", "pages", "files",
		"replies" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (tree_scan(&site->tree, site->content_fd, folders[i],
			site->diag, e) < 0)
			return -1;
	tree_sort(&site->tree);
	return 0;
}

/* A source that is refused while it is converted changes the plan. */
static int
convert(struct site *site, struct err *e)
{
	for (int i = 0; i < REPLANS_MAX; i++) {
		bool again = false;

		if (plan_documents(site, e) < 0)
			return -1;
		if (capsule_must_stay(site)) {
			site->wants_old_capsule = true;
			return -1;
		}
		if (!site->doc_count)
			return err_set(e, ERR_MISSING,
			    "\"%s\": nothing to publish in articles/ or "
			    "pages/",
			    site->opts->content);
		if (convert_documents(site, &again, e) < 0)
			return -1;
		if (!again)
			return 0;
	}
	return err_set(e, ERR_LIMIT, "too many files are refused one by one");
}

static void
tell_messages(struct site *site)
{
	for (size_t i = 0; i < site->source_count; i++)
		messages_tell(site->diag, site->sources[i].file->path.ptr,
		    site->sources[i].messages);
}

static int
tell_edition(struct site *site, struct site_result *result, struct err *e)
{
	struct store_view *v = store_writer_view(site->store, e);

	if (!v)
		return -1;
	result->edition = store_view_edition(v);
	store_view_drop(v);
	return 0;
}

static int
publish(struct site *site, struct site_result *result, struct err *e)
{
	int64_t now_s = site->opts->now_s;

	if (mirrors_make(site, result, e) < 0 || unchanged_note(site, e) < 0)
		return -1;
	build_progress(site->opts, "publishing", store_pending(site->store));
	if (store_publish(site->store,
		now_s < site->last_s ? site->last_s : now_s, e) < 0)
		return -1;
	searching_sweep(site);
	result->articles = site->article_count;
	result->pages = site->page_count;
	result->converted = site->converted;
	for (size_t i = 0; i < site->source_count; i++)
		result->refused += site->sources[i].refused;
	return tell_edition(site, result, e);
}

/* The copies, and whether a run of its own should make them. */
static int
copy(struct site *site, struct err *e)
{
	int wanted;

	if (site->is_copying && offline_make(site, e) < 0)
		return -1;
	if ((wanted = offline_wanted(site, e)) < 0)
		return -1;
	site->wants_copies = wanted && (!site->is_copying || site->converted);
	return offline_page(site, e);
}

static int
look_at_last(struct site *site, struct err *e)
{
	struct store_view *v = store_writer_view(site->store, e);

	if (!v)
		return -1;
	site->last_s = store_view_time(v);
	store_view_drop(v);
	return 0;
}

static void
warn_of_clock(struct site *site)
{
	struct date now = date_from_unix(site->opts->now_s);
	struct date last = date_from_unix(site->last_s);
	char said[DATE_RFC3339_BYTES + 1], was[DATE_RFC3339_BYTES + 1];

	if (site->last_s - site->opts->now_s < CLOCK_SLACK_S)
		return;
	date_format_rfc3339(&now, said);
	date_format_rfc3339(&last, was);
	diag_at(site->diag, DIAG_WARNING, NULL, 0, 0,
	    "this machine's clock says %s, and the last edition is of %s: what "
	    "is published stays, whatever its publishDate",
	    said, was);
}

static int
run(struct site *site, struct site_result *result, struct err *e)
{
	int unchanged;

	if (open_folder(site, e) < 0)
		return -1;
	site->store = store_writer_open(site->opts->store, 0, e);
	if (!site->store || capsule_load(site, e) < 0)
		return -1;
	store_clear_stale_readers(site->store);
	if (look_at_last(site, e) < 0)
		return -1;
	site->looked_ns = records_now_ns();
	if (site_scan(site, e) < 0 || searching_load(site, e) < 0 ||
	    (unchanged = unchanged_look(site, result, e)) < 0)
		return -1;
	if (unchanged && searching_is_sound(site))
		return tell_edition(site, result, e);
	warn_of_clock(site);
	if (records_load(site, e) < 0 || offline_load(site, e) < 0 ||
	    read_sources(site, e) < 0 || convert(site, e) < 0 ||
	    shared_make(site, e) < 0 || pages_make(site, e) < 0 ||
	    wellknown_make(site, e) < 0 || gone_make(site, e) < 0 ||
	    copy(site, e) < 0 || searching_finish(site, e) < 0 ||
	    output_finish(site, e) < 0 || plan_keep_map(site, e) < 0 ||
	    capsule_keep(site, e) < 0)
		return -1;
	return publish(site, result, e);
}

static int
run_with(const struct site_opts *opts, bool *copies, bool *old_capsule,
    struct site_result *result, struct err *e)
{
	struct site site;
	int rc;

	site_init(&site, opts);
	site.is_copying = *copies;
	site.wants_old_capsule = *old_capsule;
	rc = run(&site, result, e);
	tell_messages(&site);
	*copies = site.wants_copies;
	*old_capsule = site.wants_old_capsule;
	site_release(&site);
	return rc;
}

static int
run_once(const struct site_opts *opts, bool *copies, struct site_result *result,
    struct err *e)
{
	bool old_capsule = false, first = *copies;
	int rc = run_with(opts, copies, &old_capsule, result, e);

	/* It stopped before anything was made. */
	if (rc < 0 && old_capsule) {
		*copies = first;
		rc = run_with(opts, copies, &old_capsule, result, e);
	}
	return rc;
}

int
site_build(
    const struct site_opts *opts, struct site_result *result, struct err *e)
{
	struct diag silent = { .sink = NULL };
	struct site_opts again = *opts;
	struct site_result of_copies;
	bool copies = false;
	int rc;

	*result = (struct site_result){ .articles = 0 };
	rc = run_once(opts, &copies, result, e);
	/* All was told; what is said of what changed since comes again. */
	again.diag = &silent;
	for (int i = 0; !rc && copies && i < COPY_TRIES; i++) {
		of_copies = *result;
		rc = run_once(&again, &copies, &of_copies, e);
		result->edition = of_copies.edition;
		result->serial = of_copies.serial;
	}
	return rc;
}
