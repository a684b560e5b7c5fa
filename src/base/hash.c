#include <openssl/evp.h>

#include "base/mem.h"

#include "base/hash.h"

struct hash_state {
	EVP_MD_CTX *md;
	bool failed;
};

int
hash_of(struct slice s, struct hash *out)
{
	static const char none[1] = "";
	/* Made once: to fetch and to set up costs more than a page. */
	static EVP_MD *sha256;
	static EVP_MD_CTX *state;
	unsigned len = 0;

	if (!sha256 && !(sha256 = EVP_MD_fetch(NULL, "SHA256", NULL)))
		return -1;
	if (!state && !(state = EVP_MD_CTX_new()))
		return -1;
	if (EVP_DigestInit_ex2(state, sha256, NULL) != 1 ||
	    EVP_DigestUpdate(state, s.len ? s.ptr : none, s.len) != 1 ||
	    EVP_DigestFinal_ex(state, out->b, &len) != 1)
		return -1;
	return len == HASH_BYTES ? 0 : -1;
}

static void
begin(struct hash_state *h)
{
	h->failed = EVP_DigestInit_ex(h->md, EVP_sha256(), NULL) != 1;
}

struct hash_state *
hash_new(void)
{
	struct hash_state *h = mem_calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	if (!(h->md = EVP_MD_CTX_new())) {
		mem_free(h);
		return NULL;
	}
	begin(h);
	return h;
}

void
hash_free(struct hash_state *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->md);
	mem_free(h);
}

void
hash_add(struct hash_state *h, struct slice s)
{
	if (s.len && EVP_DigestUpdate(h->md, s.ptr, s.len) != 1)
		h->failed = true;
}

int
hash_end(struct hash_state *h, struct hash *out)
{
	unsigned len = 0;
	int r = -1;

	if (!h->failed && EVP_DigestFinal_ex(h->md, out->b, &len) == 1 &&
	    len == HASH_BYTES)
		r = 0;
	begin(h);
	return r;
}

void
hash_hex(const struct hash *h, char out[HASH_HEX_BYTES + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < HASH_BYTES; i++) {
		out[2 * i] = digits[h->b[i] >> 4];
		out[2 * i + 1] = digits[h->b[i] & 15];
	}
	out[HASH_HEX_BYTES] = '\0';
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
hash_parse(struct slice hex, struct hash *out)
{
	struct hash h;

	if (hex.len != HASH_HEX_BYTES)
		return -1;
	for (size_t i = 0; i < HASH_BYTES; i++) {
		int high = hex_digit(hex.ptr[2 * i]);
		int low = hex_digit(hex.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		h.b[i] = (uint8_t)(high << 4 | low);
	}
	*out = h;
	return 0;
}
