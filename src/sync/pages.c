#include <stdio.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

#include "sync/pages.h"

static const char protocols[] = "go";

static struct store_entry
entry_of(const struct hash *hash, uint64_t size)
{
	return (struct store_entry){ .kind = STORE_PAGE,
		.gopher_type = '9',
		.media = SLICE_LIT("application/octet-stream"),
		.size = size,
		.hash = *hash };
}

/* "g/.sync/PATH", NUL-ended; its length, 0 when it is too long. */
static size_t
make_key(char key[STORE_KEY_MAX + 1], char protocol, const char *path)
{
	int n = snprintf(key, STORE_KEY_MAX + 1, "%c/.sync/%s", protocol, path);

	return n > 0 && n <= STORE_KEY_MAX ? (size_t)n : 0;
}

int
sync_page_link(struct store_writer *w, const char *path,
    const struct hash *hash, uint64_t size, struct err *e)
{
	struct store_entry entry = entry_of(hash, size);
	char key[STORE_KEY_MAX + 1];

	for (const char *p = protocols; *p; p++) {
		size_t n = make_key(key, *p, path);

		if (!n)
			return err_set(
			    e, ERR_LIMIT, "\"%s\" is too long", path);
		if (store_put_page(w, slice_make(key, n), &entry, e) < 0)
			return -1;
	}
	return 0;
}

int
sync_page_put(
    struct store_writer *w, const char *path, struct slice body, struct err *e)
{
	struct hash hash;

	if (hash_of(body, &hash) < 0)
		return err_set(e, ERR_SYSTEM, "SHA-256 failed");
	if (store_put_body(w, &hash, body, e) < 0)
		return -1;
	return sync_page_link(w, path, &hash, body.len, e);
}

int
sync_page_delete(struct store_writer *w, const char *path, struct err *e)
{
	char key[STORE_KEY_MAX + 1];

	for (const char *p = protocols; *p; p++) {
		size_t n = make_key(key, *p, path);

		if (n && store_delete_page(w, slice_make(key, n), e) < 0)
			return -1;
	}
	return 0;
}

bool
sync_page_find(struct store_view *v, const char *path, struct store_entry *out)
{
	char key[STORE_KEY_MAX + 1];
	size_t n = make_key(key, protocols[0], path);

	return v && n &&
	    store_view_get(v, slice_make(key, n), out) == STORE_FOUND;
}

int
sync_body_read(struct store_view *v, const struct hash *hash, uint64_t size,
    struct buf *out, struct err *e)
{
	struct store_entry entry = entry_of(hash, size);
	char hex[HASH_HEX_BYTES + 1];
	bool ok = true;

	for (uint64_t at = 0; at < size;) {
		struct slice part =
		    v ? store_view_body(v, &entry, at, &ok) : SLICE_NONE;

		if (!ok || !part.len) {
			hash_hex(hash, hex);
			return err_set(e, ERR_CORRUPT,
			    "the store has lost the content %s", hex);
		}
		buf_add(out, part);
		at += part.len;
	}
	return buf_failed(out) ? err_memory(e) : 0;
}

/* "s/HASH": a key that no protocol asks for. */
static void
keeper_key(char key[HASH_HEX_BYTES + 3], const struct hash *hash)
{
	key[0] = 's';
	key[1] = '/';
	hash_hex(hash, key + 2);
}

int
sync_body_keep(struct store_writer *w, const struct hash *hash, uint64_t size,
    struct err *e)
{
	struct store_entry entry = entry_of(hash, size);
	char key[HASH_HEX_BYTES + 3];

	keeper_key(key, hash);
	return store_put_page(w, slice_cstr(key), &entry, e);
}

int
sync_body_drop(struct store_writer *w, const struct hash *hash, struct err *e)
{
	char key[HASH_HEX_BYTES + 3];

	keeper_key(key, hash);
	return store_delete_page(w, slice_cstr(key), e);
}
