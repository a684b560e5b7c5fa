#include <string.h>

#include "base/date.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/uri.h"
#include "store/store.h"
#include "sync/publish.h"
#include "sync/relay.h"

#include "site/build.h"
#include "site/site_internal.h"

#include "site/mirrors.h"

static const char capsule_path[] = "capsule.yaml";
static const char gone_path[] = "gone";

enum {
	SMALL_MAX = 16 << 20, /* bytes of capsule.yaml and of gone */
};

struct mirrors {
	struct site *site;
	struct sync_tree tree, before; /* before: of the last serial */
	struct buf gone;               /* with lines for what is withdrawn */
};

static int
add_bytes(
    struct mirrors *m, const char *path, struct slice bytes, struct err *e)
{
	struct sync_file f = { .path = slice_cstr(path), .size = bytes.len };

	if (hash_of(bytes, &f.hash) < 0)
		return err_memory(e);
	return sync_tree_add(&m->tree, &f, e);
}

static int
add_capsule(struct mirrors *m, struct err *e)
{
	struct err why = ERR_INIT;
	struct buf text;
	int r = 0;

	buf_init(&text, SMALL_MAX + 1);
	if (io_read_below(m->site->content_fd, capsule_path, SMALL_MAX, &text,
		NULL, &why) == 0)
		r = add_bytes(m, capsule_path, buf_slice(&text), e);
	buf_release(&text);
	return r;
}

static void
add_withdrawn_at(struct mirrors *m, const struct doc *d, struct slice address)
{
	char day[DATE_DAY_BYTES + 1];

	date_format_day(&d->art.fm.withdrawn, day);
	uri_encode(&m->gone, address);
	buf_addf(&m->gone, " %.*s (%s)\n", SLICE_FMT(d->art.title), day);
}

/* A line for each address of a withdrawn document. */
static void
add_withdrawn(struct mirrors *m, const struct doc *d)
{
	add_withdrawn_at(m, d, d->address);
	for (size_t i = 0; i < d->alias_count; i++)
		add_withdrawn_at(m, d, d->aliases[i]);
}

static int
add_gone(struct mirrors *m, struct err *e)
{
	struct err why = ERR_INIT;

	if (io_read_below(m->site->content_fd, gone_path, SMALL_MAX, &m->gone,
		NULL, &why) < 0 &&
	    why.kind != ERR_MISSING) {
		*e = why;
		return -1;
	}
	if (m->gone.len && m->gone.ptr[m->gone.len - 1] != '\n')
		buf_add_char(&m->gone, '\n');
	for (size_t i = 0; i < m->site->doc_count; i++)
		if (m->site->docs[i]->is_withdrawn)
			add_withdrawn(m, m->site->docs[i]);
	if (buf_failed(&m->gone))
		return err_memory(e);
	return m->gone.len ? add_bytes(m, gone_path, buf_slice(&m->gone), e)
			   : 0;
}

/* A source whose last good state is published must be held by the store. */
static bool
is_held(const struct mirrors *m, const struct sync_file *f)
{
	const struct sync_file *was = sync_tree_find(&m->before, f->path);

	return was && hash_eq(&was->hash, &f->hash);
}

static int
add_source(struct mirrors *m, const struct source *s, struct err *e)
{
	struct sync_file f = { .path = s->file->path, .size = s->stamp.size };

	if (s->kind == SOURCE_FILE) {
		if (!s->named)
			return 0;
		f.hash = s->hash;
	} else {
		if (!s->doc || s->doc->is_withdrawn)
			return 0;
		f.hash = s->doc->art.source;
	}
	if (s->is_old && !is_held(m, &f)) {
		diag_at(m->site->diag, DIAG_WARNING, s->file->path.ptr, 0, 0,
		    "mirrors do not get it: its last good source is lost");
		return 0;
	}
	return sync_tree_add(&m->tree, &f, e);
}

/* Marks the files beside documents that a published one leads to. */
static void
mark_files(struct mirrors *m)
{
	struct buf address;

	buf_init(&address, 65536);
	for (size_t i = 0; i < m->site->doc_count; i++) {
		struct doc *d = m->site->docs[i];
		struct slice dep;
		struct unit u;

		for (size_t k = 0; k < d->reply_count; k++)
			d->replies[k]->named = true;
		if (d->is_withdrawn || unit_decode(d->source->unit, &u) < 0)
			continue;
		while (unit_next(&u.deps, &dep)) {
			struct source *s;

			buf_clear(&address);
			if ((s = links_file(m->site, d, dep, &address)))
				s->named = true;
		}
	}
	buf_release(&address);
}

static int
collect(struct mirrors *m, struct err *e)
{
	mark_files(m);
	if (add_capsule(m, e) < 0 || add_gone(m, e) < 0)
		return -1;
	for (size_t i = 0; i < m->site->source_count; i++)
		if (add_source(m, &m->site->sources[i], e) < 0)
			return -1;
	return 0;
}

static int
read_content(
    void *ctx, const struct sync_file *f, struct buf *out, struct err *e)
{
	struct mirrors *m = ctx;

	if (slice_eq_cstr(f->path, gone_path) && m->gone.len) {
		buf_add(out, buf_slice(&m->gone));
		return buf_failed(out) ? err_memory(e) : 0;
	}
	return io_read_below(
	    m->site->content_fd, f->path.ptr, SITE_FILE_MAX, out, NULL, e);
}

static int
sign(struct mirrors *m, struct site_result *result, struct err *e)
{
	const struct site_opts *opts = m->site->opts;
	struct sync_source src = {
		.tree = &m->tree, .read = read_content, .ctx = m
	};
	struct sync_settings set = { .name = m->site->catalog.host,
		.key_pem = opts->sync_key,
		.next_pem = opts->sync_next,
		.least_serial = opts->sync_serial,
		.now_s = opts->now_s };
	struct sync_report report;

	if (sync_published(m->site->store, &m->before, e) < 0 ||
	    collect(m, e) < 0 ||
	    sync_publish(m->site->store, &src, &set, &report, e) < 0)
		return -1;
	result->serial = report.serial;
	return 0;
}

int
mirrors_make(struct site *site, struct site_result *result, struct err *e)
{
	struct mirrors m = { .site = site };
	int r;

	if (site->opts->sync_from)
		return sync_relay(
		    site->store, site->opts->sync_from, &result->serial, e);
	if (!site->opts->sync_key.len)
		return 0;
	sync_tree_init(&m.tree);
	sync_tree_init(&m.before);
	buf_init(&m.gone, (size_t)2 * SMALL_MAX);
	r = sign(&m, result, e);
	buf_release(&m.gone);
	sync_tree_release(&m.before);
	sync_tree_release(&m.tree);
	return r;
}
