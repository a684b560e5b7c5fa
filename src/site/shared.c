/*
 * What is published beside documents and indexes: the files that several
 * articles use, and the addresses that are gone.
 */
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/pack.h"
#include "content/gone.h"
#include "store/store.h"

#include "site/site_internal.h"

enum {
	GONE_MAX = 4 * 1024 * 1024
};

/* --- content/files ------------------------------------------------------- */

static void
mark_named(struct site *site)
{
	for (size_t i = 0; i < site->doc_count; i++) {
		struct unit u;
		struct slice dep;

		if (unit_decode(site->docs[i]->source->unit, &u) < 0)
			continue;
		while (unit_next(&u.deps, &dep)) {
			struct source *s;

			if (!slice_starts(dep, SLICE_LIT("/files/")))
				continue;
			s = plan_find_source(site, slice_from(dep, 1));
			if (s && s->kind == SOURCE_FILE)
				s->named = true;
		}
	}
}

static int
put_shared(
    struct site *site, struct source *s, struct output_unit *u, struct err *e)
{
	struct output o = { .protocol = 'g',
		.kind = STORE_PAGE,
		.gopher_type = links_gopher_type(s),
		.media = s->media,
		.path = s->file->path };
	const char *address =
	    arena_printf(&site->arena, "/%.*s", SLICE_FMT(s->file->path));
	struct buf outputs;
	int rc;

	if (!address)
		return err_memory(e);
	buf_init(&outputs, (size_t)64 << 10);
	o.address = slice_cstr(address);
	output_pack(&outputs, &o);
	o.protocol = 'o';
	output_pack(&outputs, &o);
	u->outputs = buf_slice(&outputs);
	rc = buf_failed(&outputs) ? err_memory(e)
				  : output_put(site, u, &s->unit, e);
	s->is_done = rc == 0;
	buf_release(&outputs);
	return rc;
}

static int
digest_of(const struct site *site, const struct source *s, struct hash *out)
{
	struct buf in;
	int rc;

	buf_init(&in, (size_t)64 << 10);
	pack_hash(&in, &site->base_hash);
	pack_slice(&in, s->payload);
	rc = buf_failed(&in) ? -1 : hash_of(buf_slice(&in), out);
	buf_release(&in);
	return rc;
}

static int
make_shared(struct site *site, struct source *s, struct err *e)
{
	const char *name =
	    arena_printf(&site->arena, "f/%.*s", SLICE_FMT(s->file->path));
	struct output_unit u = { .before = s->unit };
	struct unit was;

	if (!name)
		return err_memory(e);
	u.name = slice_cstr(name);
	if (!s->named || !s->payload.len) {
		if (slice_starts(s->file->path, SLICE_LIT("files/")))
			diag_at(site->diag, DIAG_NOTE, s->file->path.ptr, 0, 0,
			    "no page leads to it: left out");
		return s->unit.len ? output_drop(site, u.name, s->unit, e) : 0;
	}
	if (digest_of(site, s, &u.digest) < 0)
		return err_memory(e);
	if (s->unit.len && unit_decode(s->unit, &was) == 0 &&
	    !memcmp(was.digest.b, u.digest.b, sizeof(was.digest.b)))
		return 0;
	return put_shared(site, s, &u, e);
}

int
shared_make(struct site *site, struct err *e)
{
	mark_named(site);
	for (size_t i = 0; i < site->source_count; i++) {
		struct source *s = &site->sources[i];

		if (s->kind == SOURCE_FILE && make_shared(site, s, e) < 0)
			return -1;
	}
	return 0;
}

/* --- content/gone -------------------------------------------------------- */

static void
pack_gone(struct buf *out, struct slice address, const char *suffix,
    struct slice reason)
{
	struct output o = { .kind = STORE_GONE, .body = reason };
	struct buf whole;

	buf_init(&whole, (size_t)STORE_KEY_MAX * 2);
	buf_add(&whole, address);
	buf_add_cstr(&whole, suffix);
	o.address = buf_slice(&whole);
	o.protocol = 'g';
	output_pack(out, &o);
	o.protocol = 'o';
	o.gopher_type = '0';
	output_pack(out, &o);
	buf_release(&whole);
}

/* Of an article's address all its forms are gone. */
static void
pack_all_forms(struct buf *out, const struct gone *g)
{
	static const char *const forms[] = { ".gmi", ".md", ".txt", ".w40.txt",
		".w0.txt" };
	struct slice address = g->address;
	size_t slash;

	if (slice_ends(address, SLICE_LIT(".gmi")))
		address.len -= sizeof(".gmi") - 1;
	slash = address.len;
	pack_gone(out, address, "", g->reason);
	while (slash && address.ptr[slash - 1] != '/')
		slash--;
	if (slash == address.len ||
	    slice_find(slice_from(address, slash), '.') < address.len - slash)
		return;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		pack_gone(out, address, forms[i], g->reason);
}

static bool
is_published(const struct site *site, struct slice address)
{
	const struct doc *d;
	size_t len = address.len;

	while (
	    len && address.ptr[len - 1] != '.' && address.ptr[len - 1] != '/')
		len--;
	d = plan_find_doc(site, address);
	if (!d && len > 1 && address.ptr[len - 1] == '.')
		d = plan_find_doc(site, slice_upto(address, len - 1));
	return (d && !d->is_withdrawn) || pages_find(site, address);
}

/* Whether what is said to be gone is published, which is an error. */
static bool
tell_published(struct site *site, const struct gone *g)
{
	if (!is_published(site, g->address))
		return false;
	diag_at(site->diag, DIAG_ERROR, "gone", g->line, 1, "%.*s is published",
	    SLICE_FMT(g->address));
	return true;
}

static int
make_gone(
    struct site *site, struct slice text, struct output_unit *u, struct err *e)
{
	struct gone_list list;
	struct slice record = SLICE_NONE;
	struct buf outputs;
	struct err why = ERR_INIT;
	int rc;

	if (gone_parse(&site->arena, text, "gone", &list, &why) < 0) {
		diag_err(site->diag, DIAG_ERROR, &why);
		return 0;
	}
	buf_init(&outputs, (size_t)64 << 20);
	for (size_t i = 0; i < list.count; i++)
		if (!tell_published(site, &list.items[i]))
			pack_all_forms(&outputs, &list.items[i]);
	u->outputs = buf_slice(&outputs);
	rc = buf_failed(&outputs) ? err_memory(e)
				  : output_put(site, u, &record, e);
	if (rc == 0)
		pack_slice(&site->put_units, record);
	buf_release(&outputs);
	return rc;
}

int
gone_make(struct site *site, struct err *e)
{
	struct output_unit u = { .name = SLICE_LIT("g") };
	struct err why = ERR_INIT;
	struct buf text;
	struct unit was;
	int rc = 0;

	buf_init(&text, GONE_MAX + 4096);
	if (store_state_get(site->store, SLICE_LIT("u/g"), &u.before) !=
	    STORE_FOUND)
		u.before = SLICE_NONE;
	if (io_read_below(
		site->content_fd, "gone", GONE_MAX, &text, NULL, &why) < 0 &&
	    why.kind != ERR_MISSING) {
		diag_err(site->diag, DIAG_ERROR, &why);
	} else if (hash_of(buf_slice(&text), &u.digest) < 0) {
		rc = err_memory(e);
	} else if (!u.before.len || unit_decode(u.before, &was) < 0 ||
	    memcmp(was.digest.b, u.digest.b, sizeof(was.digest.b)) != 0) {
		if (u.before.len || text.len)
			rc = make_gone(site, buf_slice(&text), &u, e);
	}
	buf_release(&text);
	return rc;
}

int
gone_check(struct site *site, struct err *e)
{
	struct err why = ERR_INIT;
	struct gone_list list = { .count = 0 };
	struct buf text;

	buf_init(&text, GONE_MAX + 4096);
	if (io_read_below(
		site->content_fd, "gone", GONE_MAX, &text, NULL, &why) < 0) {
		if (why.kind != ERR_MISSING)
			diag_err(site->diag, DIAG_ERROR, &why);
	} else if (gone_parse(&site->arena, buf_slice(&text), "gone", &list,
		       &why) < 0) {
		diag_err(site->diag, DIAG_ERROR, &why);
	}
	for (size_t i = 0; i < list.count; i++)
		tell_published(site, &list.items[i]);
	buf_release(&text);
	return why.kind == ERR_MEMORY ? err_memory(e) : 0;
}
