#include <stdlib.h>

#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/marks.h"
#include "base/mem.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "site/build.h"
#include "store/store.h"

#include "site/job.h"

enum {
	MEDIA_MAX = 256, /* bytes of a media type, or of languages */
};

/* --- packing ------------------------------------------------------------- */

void
output_pack(struct buf *out, const struct output *o)
{
	pack_number(out, (unsigned char)o->protocol);
	pack_slice(out, o->address);
	pack_number(out, o->kind);
	pack_number(out, (unsigned char)o->gopher_type);
	pack_slice(out, o->media);
	pack_slice(out, o->lang);
	pack_slice(out, o->path);
	if (o->path.len)
		return;
	pack_slice(out, o->body);
	pack_number(out, !o->is_raw && marks_find(o->body) < o->body.len);
}

void
output_crlf(struct buf *out, struct slice text)
{
	while (text.len) {
		size_t len = slice_find(text, '\n');
		struct slice line = slice_upto(text, len);

		if (line.len && line.ptr[line.len - 1] == '\r')
			line.len--;
		buf_add(out, line);
		/* A client would take it for the end of the text. */
		if (slice_eq_cstr(line, "."))
			buf_add_char(out, ' ');
		buf_add_cstr(out, "\r\n");
		text = slice_from(text, len + 1);
	}
}

/* --- what a helper says -------------------------------------------------- */

/* All in printable ASCII: it becomes a key, or part of a line. */
static bool
is_plain(struct slice s, size_t max)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= 0x20 || s.ptr[i] >= 0x7f)
			return false;
	return s.len <= max;
}

/* A key: a file's own name may hold blanks and letters of any script. */
static bool
is_key(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
			return false;
	return s.len <= STORE_KEY_MAX && utf8_valid(s);
}

/* "/articles/x" itself, and what begins with "/articles/x." or ".../x/". */
static bool
is_below(struct slice address, struct slice stem)
{
	return stem.len > 1 && slice_starts(address, stem) &&
	    (address.len == stem.len || address.ptr[stem.len] == '.' ||
		address.ptr[stem.len] == '/');
}

static bool
is_of(const struct doc *d, struct slice address)
{
	if (is_below(address, d->address))
		return true;
	for (size_t i = 0; i < d->alias_count; i++)
		if (slice_eq(address, d->aliases[i]) ||
		    is_below(address, plan_alias_stem(d->aliases[i])))
			return true;
	return false;
}

/* `d` NULL: it is the parent's own, made of what helpers have read. */
static bool
is_sound(const struct doc *d, const struct output *o)
{
	if ((o->protocol != 'g' && o->protocol != 'o') ||
	    o->kind > STORE_REPLY || !is_plain(o->media, MEDIA_MAX) ||
	    !is_plain(o->lang, MEDIA_MAX) ||
	    !is_plain(slice_make(&o->gopher_type, o->gopher_type != 0), 1))
		return false;
	return !d ||
	    (o->kind != STORE_SEARCH && is_key(o->address) &&
		is_of(d, o->address));
}

/* --- putting ------------------------------------------------------------- */

static void
make_key(struct buf *key, const struct output *o)
{
	buf_clear(key);
	buf_add_char(key, o->protocol);
	buf_add(key, o->address);
	/* Over Gopher a menu stands without its last slash. */
	if (o->protocol == 'o' && key->len > 2 && key->ptr[key->len - 1] == '/')
		buf_truncate(key, key->len - 1);
}

/* The bytes of a file, if they are still those that were read before. */
static int
read_again(const struct site *site, const struct source *s, struct buf *bytes,
    struct err *e)
{
	struct hash hash;

	if (io_read_below(site->content_fd, s->file->path.ptr, SITE_FILE_MAX,
		bytes, NULL, e) < 0)
		return -1;
	if (hash_of(buf_slice(bytes), &hash) < 0)
		return err_memory(e);
	if (memcmp(hash.b, s->hash.b, sizeof(hash.b)) != 0)
		return err_at(
		    e, s->file->path.ptr, 0, 0, "changed during the build");
	return 0;
}

/* 0 when the store has the body that `s` had the last time, 1, or -1. */
static int
has_old_body(struct site *site, const struct source *s, struct err *e)
{
	struct store_entry old = { .size = s->stamp.size, .hash = s->hash };
	struct store_view *v = store_writer_view(site->store, e);
	bool ok = false;

	if (!v)
		return -1;
	(void)store_view_body(v, &old, 0, &ok);
	store_view_drop(v);
	return ok ? 0 : 1;
}

/*
 * Puts the body of a file, once a build.  1 when there is none: the file went
 * or changed under our hands, and the store has not what it was.
 */
static int
put_file(struct site *site, struct source *s, struct err *e)
{
	struct err why = ERR_INIT;
	struct buf bytes;
	int rc;

	if (s->stored)
		return 0;
	buf_init(&bytes, SITE_FILE_MAX + 4096);
	if (s->refused || read_again(site, s, &bytes, &why) < 0)
		rc = 1;
	else
		rc =
		    store_put_body(site->store, &s->hash, buf_slice(&bytes), e);
	buf_release(&bytes);
	if (rc < 0)
		return -1;
	s->stored = rc == 0;
	if (rc == 0)
		return 0;
	if (!s->refused)
		plan_say(site, s, &why);
	s->refused = true;
	return has_old_body(site, s, e);
}

/*
 * A text file goes out over Gopher as texts do: CR LF.  Where it cannot be read
 * again, as it lies in the store.
 */
static int
put_text_file(struct site *site, struct source *s, struct store_entry *entry,
    struct err *e)
{
	struct buf bytes, text;
	int rc = 0;

	buf_init(&bytes, SITE_FILE_MAX + 4096);
	buf_init(&text, (size_t)SITE_FILE_MAX * 2);
	if (!s->refused && read_again(site, s, &bytes, NULL) == 0) {
		output_crlf(&text, buf_slice(&bytes));
		entry->size = text.len;
		if (buf_failed(&text) ||
		    hash_of(buf_slice(&text), &entry->hash) < 0)
			rc = err_memory(e);
		else
			rc = store_put_body(
			    site->store, &entry->hash, buf_slice(&text), e);
	}
	buf_release(&bytes);
	buf_release(&text);
	return rc;
}

static int
damaged(struct err *e)
{
	return err_set(e, ERR_CORRUPT, "a helper's reply is damaged");
}

/* 0, 1 when this output has to be left out, -1. */
static int
put_one(struct site *site, const struct doc *doc, struct unpack *in,
    struct buf *key, struct err *e)
{
	struct store_entry entry = { .kind = STORE_PAGE };
	struct output o = { .protocol = 0 };

	o.protocol = (char)unpack_number(in);
	o.address = unpack_slice(in);
	o.kind = (unsigned)unpack_number(in);
	o.gopher_type = (char)unpack_number(in);
	o.media = unpack_slice(in);
	o.lang = unpack_slice(in);
	o.path = unpack_slice(in);
	if (in->failed || !is_sound(doc, &o))
		return damaged(e);
	entry.kind = (enum store_kind)o.kind;
	entry.gopher_type = o.gopher_type;
	entry.media = o.media;
	entry.lang = o.lang;
	make_key(key, &o);
	if (buf_failed(key) || key->len > STORE_KEY_MAX)
		return err_set(e, ERR_LIMIT,
		    "the address \"%.*s\" is longer than %d bytes",
		    SLICE_FMT(o.address), STORE_KEY_MAX - 1);
	if (o.path.len) {
		struct source *s;
		int rc;

		if (!(s = plan_find_source(site, o.path)))
			return 1;
		if (s->kind != SOURCE_FILE)
			return damaged(e);
		if ((rc = put_file(site, s, e)))
			return rc;
		entry.hash = s->hash;
		entry.size = s->stamp.size;
		if (o.protocol == 'o' && entry.gopher_type == '0' &&
		    put_text_file(site, s, &entry, e) < 0)
			return -1;
	} else {
		struct slice body = unpack_slice(in);

		entry.marked = unpack_number(in) != 0;
		entry.size = body.len;
		if (in->failed)
			return damaged(e);
		/* Never a helper's word: bodies are shared by their hash. */
		if (hash_of(body, &entry.hash) < 0)
			return err_memory(e);
		if (store_put_body(site->store, &entry.hash, body, e) < 0)
			return -1;
	}
	return store_put_page(site->store, buf_slice(key), &entry, e);
}

static int
put_record(
    struct site *site, struct slice name, struct slice record, struct err *e)
{
	struct buf key;
	int rc;

	buf_init(&key, STORE_KEY_MAX);
	buf_add_cstr(&key, "u/");
	buf_add(&key, name);
	rc = buf_failed(&key)
	    ? err_set(e, ERR_LIMIT, "\"%.*s\" is too long", SLICE_FMT(name))
	    : store_state_put(site->store, buf_slice(&key), record, e);
	buf_release(&key);
	return rc;
}

/* Notes the keys of `old` that are not in `keys`. */
static void
note_dropped(struct site *site, struct slice old, struct slice keys)
{
	struct slice was, is;

	while (unit_next(&old, &was)) {
		struct slice rest = keys;
		bool kept = false;

		while (!kept && unit_next(&rest, &is))
			kept = slice_eq(was, is);
		if (!kept)
			pack_slice(&site->dropped, was);
	}
}

int
output_put(struct site *site, const struct output_unit *u, struct slice *record,
    struct err *e)
{
	struct unit now = { .digest = u->digest,
		.deps_digest = u->deps_digest,
		.size = u->size,
		.words = u->words };
	struct unit old;
	struct unpack in = { .rest = u->outputs };
	struct buf key, keys, bytes;
	int rc = 0;

	buf_init(&key, (size_t)STORE_KEY_MAX * 2);
	buf_init(&keys, (size_t)16 << 20);
	buf_init(&bytes, (size_t)64 << 20);
	while (in.rest.len && rc >= 0) {
		rc = put_one(site, u->doc, &in, &key, e);
		if (rc == 0)
			pack_slice(&keys, buf_slice(&key));
	}
	if (rc < 0)
		goto out;
	now.deps = u->deps;
	now.keys = buf_slice(&keys);
	unit_encode(&bytes, &now);
	if (u->before.len && unit_decode(u->before, &old) == 0)
		note_dropped(site, old.keys, now.keys);
	if (buf_failed(&keys) || buf_failed(&bytes) ||
	    buf_failed(&site->dropped) ||
	    arena_copy(&site->arena, buf_slice(&bytes), record) < 0)
		rc = err_memory(e);
	else
		rc = put_record(site, u->name, *record, e);
out:
	buf_release(&key);
	buf_release(&keys);
	buf_release(&bytes);
	return rc < 0 ? -1 : 0;
}

int
output_drop(
    struct site *site, struct slice name, struct slice before, struct err *e)
{
	struct unit old;

	if (unit_decode(before, &old) == 0)
		buf_add(&site->dropped, old.keys);
	if (buf_failed(&site->dropped))
		return err_memory(e);
	return put_record(site, name, SLICE_NONE, e);
}

/* --- what is no longer planned ------------------------------------------- */

struct dropped {
	struct slice key;
	bool is_kept; /* put again, by another unit */
};

static int
by_key(const void *a, const void *b)
{
	const struct dropped *x = a, *y = b;

	return slice_cmp(x->key, y->key);
}

/* `all` is sorted; two units may have dropped one key. */
static void
keep(struct dropped *all, size_t count, struct slice record)
{
	struct unit u;
	struct slice key;

	if (unit_decode(record, &u) < 0)
		return;
	while (unit_next(&u.keys, &key)) {
		struct dropped want = { .key = key }, *d;

		d = bsearch(&want, all, count, sizeof(*all), by_key);
		while (d && d > all && slice_eq(d[-1].key, key))
			d--;
		for (; d && d < all + count && slice_eq(d->key, key); d++)
			d->is_kept = true;
	}
}

static void
keep_all(struct site *site, struct dropped *all, size_t count)
{
	struct slice rest = buf_slice(&site->put_units), record;

	for (size_t i = 0; i < site->source_count; i++)
		if (site->sources[i].is_done)
			keep(all, count, site->sources[i].unit);
	while (unit_next(&rest, &record))
		keep(all, count, record);
}

/* The program's own lists come and go with what they list, parts with length. */
static bool
is_passing(struct slice address)
{
	static const char *const folders[] = { "/archive/", "/author/",
		"/category/", "/lang/", "/series/", "/tag/", "/new.gmi" };
	size_t at = address.len;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (slice_starts(address, slice_cstr(folders[i])))
			return true;
	while (at && address.ptr[at - 1] != '/')
		at--;
	return at > sizeof("/articles/") - 1 &&
	    sheets_is_part(slice_from(address, at));
}

/* An address that was given out should lead somewhere for ever. */
static void
tell_lost(struct site *site, struct slice key)
{
	struct slice end = SLICE_LIT(".gmi"), stem;

	if (!slice_starts(key, SLICE_LIT("g/")) || !slice_ends(key, end))
		return;
	key = slice_from(key, 1);
	if (is_passing(key))
		return;
	stem = slice_upto(key, key.len - end.len);
	diag_at(site->diag, DIAG_WARNING, NULL, 0, 0,
	    "%.*s is no longer published; if it was renamed, add \"aliases: "
	    "[%.*s]\" to the new file, or add to content/gone: %.*s REASON",
	    SLICE_FMT(key), SLICE_FMT(stem), SLICE_FMT(stem));
}

int
output_finish(struct site *site, struct err *e)
{
	struct slice rest = buf_slice(&site->dropped), key;
	struct dropped *all;
	size_t count = 0, at = 0;
	int rc = 0;

	while (unit_next(&rest, &key))
		count++;
	if (!count)
		return 0;
	if (!(all = mem_calloc(count, sizeof(*all))))
		return err_memory(e);
	rest = buf_slice(&site->dropped);
	while (unit_next(&rest, &key))
		all[at++].key = key;
	qsort(all, count, sizeof(*all), by_key);
	keep_all(site, all, count);
	for (size_t i = 0; i < count && !rc; i++) {
		if (all[i].is_kept ||
		    (i && slice_eq(all[i].key, all[i - 1].key)))
			continue;
		tell_lost(site, all[i].key);
		rc = store_delete_page(site->store, all[i].key, e);
	}
	mem_free(all);
	return rc;
}
