#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/buf.h"
#include "base/err.h"

#include "base/sign.h"

static int
failed(struct err *e, const char *what)
{
	return err_set(e, ERR_SYSTEM, "%s: libcrypto failed", what);
}

int
sign_new_pem(struct buf *out, struct err *e)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long len;
	int r = -1;

	if (key && bio &&
	    PEM_write_bio_PKCS8PrivateKey(
		bio, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	    (len = BIO_get_mem_data(bio, &text)) > 0) {
		buf_add_mem(out, text, (size_t)len);
		r = buf_failed(out) ? err_memory(e) : 0;
	} else {
		failed(e, "make a key");
	}
	BIO_free(bio);
	EVP_PKEY_free(key);
	return r;
}

static EVP_PKEY *
load(struct slice pem, struct err *e)
{
	EVP_PKEY *key = NULL;
	BIO *bio = NULL;

	if (pem.len && pem.len < 65536 &&
	    (bio = BIO_new_mem_buf(pem.ptr, (int)pem.len)))
		key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return key;
	EVP_PKEY_free(key);
	err_set(e, ERR_INVALID, "not an ed25519 private key in PEM");
	return NULL;
}

int
sign_public(struct slice pem, struct sign_key *out, struct err *e)
{
	EVP_PKEY *key = load(pem, e);
	struct sign_key raw;
	size_t len = sizeof(raw.b);
	int r = 0;

	if (!key)
		return -1;
	if (EVP_PKEY_get_raw_public_key(key, raw.b, &len) != 1 ||
	    len != sizeof(raw.b))
		r = failed(e, "read a key");
	else
		*out = raw;
	EVP_PKEY_free(key);
	return r;
}

static const unsigned char *
bytes_of(struct slice s)
{
	return (const unsigned char *)(s.len ? s.ptr : "");
}

int
sign_make(struct slice pem, struct slice message, struct signature *out,
    struct err *e)
{
	EVP_PKEY *key = load(pem, e);
	EVP_MD_CTX *ctx = NULL;
	struct signature sig;
	size_t len = sizeof(sig.b);
	int r = -1;

	if (!key)
		return -1;
	if ((ctx = EVP_MD_CTX_new()) &&
	    EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestSign(ctx, sig.b, &len, bytes_of(message), message.len) ==
		1 &&
	    len == sizeof(sig.b)) {
		*out = sig;
		r = 0;
	} else {
		failed(e, "sign");
	}
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return r;
}

bool
sign_check(const struct sign_key *key, struct slice message,
    const struct signature *sig)
{
	EVP_PKEY *pub = EVP_PKEY_new_raw_public_key(
	    EVP_PKEY_ED25519, NULL, key->b, sizeof(key->b));
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	good = pub && ctx &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pub) == 1 &&
	    EVP_DigestVerify(ctx, sig->b, sizeof(sig->b), bytes_of(message),
		message.len) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pub);
	return good;
}

void
sign_key_text(const struct sign_key *key, char out[SIGN_KEY_TEXT + 1])
{
	EVP_EncodeBlock((unsigned char *)out, key->b, SIGN_KEY_BYTES);
}

void
sign_text(const struct signature *sig, char out[SIGN_TEXT + 1])
{
	EVP_EncodeBlock((unsigned char *)out, sig->b, SIGN_BYTES);
}

/*
 * Decodes `text` to `len` bytes.  One spelling alone is taken: what encodes
 * back to the same characters.
 */
static int
decode(struct slice text, uint8_t *dst, size_t len)
{
	unsigned char raw[SIGN_TEXT], again[SIGN_TEXT + 1];
	size_t want = (len + 2) / 3 * 4;

	if (text.len != want || want > sizeof(raw) ||
	    EVP_DecodeBlock(raw, bytes_of(text), (int)text.len) < (int)len)
		return -1;
	EVP_EncodeBlock(again, raw, (int)len);
	if (memcmp(again, text.ptr, want) != 0)
		return -1;
	memcpy(dst, raw, len);
	return 0;
}

int
sign_key_parse(struct slice text, struct sign_key *out)
{
	return decode(text, out->b, SIGN_KEY_BYTES);
}

int
sign_parse(struct slice text, struct signature *out)
{
	return decode(text, out->b, SIGN_BYTES);
}
