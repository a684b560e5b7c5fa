/*
 * record.c: the fixed header of a page in the store.
 *
 *	0	kind		1	flags (1: marked)
 *	2	Gopher type	3	bytes of the media type
 *	4	bytes of lang	5-7	zero
 *	8-15	size		16-47	SHA-256
 *	48	media type, lang
 */
#include "store/store_internal.h"

enum {
	FLAG_MARKED = 1
};

uint32_t
store_get_u32(const void *p)
{
	const unsigned char *u = p;

	return (uint32_t)u[0] | (uint32_t)u[1] << 8 | (uint32_t)u[2] << 16 |
	    (uint32_t)u[3] << 24;
}

uint64_t
store_get_u64(const void *p)
{
	const unsigned char *u = p;

	return store_get_u32(u) | (uint64_t)store_get_u32(u + 4) << 32;
}

void
store_set_u32(void *p, uint32_t v)
{
	unsigned char *u = p;

	for (int i = 0; i < 4; i++)
		u[i] = (unsigned char)(v >> 8 * i);
}

void
store_set_u64(void *p, uint64_t v)
{
	unsigned char *u = p;

	for (int i = 0; i < 8; i++)
		u[i] = (unsigned char)(v >> 8 * i);
}

size_t
store_record_encode(
    const struct store_entry *entry, unsigned char out[STORE_RECORD_MAX])
{
	size_t at = STORE_RECORD_FIXED;
	struct slice media = slice_upto(entry->media, 255);
	struct slice lang = slice_upto(entry->lang, 255);

	memset(out, 0, STORE_RECORD_FIXED);
	out[0] = (unsigned char)entry->kind;
	out[1] = entry->marked ? FLAG_MARKED : 0;
	out[2] = (unsigned char)entry->gopher_type;
	out[3] = (unsigned char)media.len;
	out[4] = (unsigned char)lang.len;
	store_set_u64(out + 8, entry->size);
	memcpy(out + 16, entry->hash.b, HASH_BYTES);
	if (media.len)
		memcpy(out + at, media.ptr, media.len);
	at += media.len;
	if (lang.len)
		memcpy(out + at, lang.ptr, lang.len);
	return at + lang.len;
}

int
store_record_decode(struct slice record, struct store_entry *entry)
{
	const unsigned char *u = (const unsigned char *)record.ptr;

	if (record.len < STORE_RECORD_FIXED || u[0] > STORE_REPLY ||
	    record.len != STORE_RECORD_FIXED + (size_t)u[3] + u[4])
		return -1;
	*entry = (struct store_entry){
		.kind = (enum store_kind)u[0],
		.marked = u[1] & FLAG_MARKED,
		.gopher_type = (char)u[2],
		.media = slice_make(record.ptr + STORE_RECORD_FIXED, u[3]),
		.lang =
		    slice_make(record.ptr + STORE_RECORD_FIXED + u[3], u[4]),
		.size = store_get_u64(u + 8),
	};
	memcpy(entry->hash.b, u + 16, HASH_BYTES);
	return 0;
}

void
store_chunk_key(const struct hash *hash, uint32_t number,
    unsigned char key[STORE_CHUNK_KEY_BYTES])
{
	memcpy(key, hash->b, HASH_BYTES);
	for (int i = 0; i < 4; i++)
		key[HASH_BYTES + i] = (unsigned char)(number >> (24 - 8 * i));
}
