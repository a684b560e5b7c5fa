#include <errno.h>
#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "base/err.h"

#include "cert/cert.h"

enum {
	BITS_MIN = 112 /* of security: OpenSSL's level 2, which Debian asks */
};

static int
fail(struct err *e, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return err_set(
	    e, ERR_INVALID, "%s: %s", what, reason ? reason : "failed");
}

static int
set_subject(X509 *x, const char *host)
{
	X509_NAME *name = X509_NAME_new();
	/* X.520 allows a common name of 64 bytes; SAN alone names longer. */
	int ok = name &&
	    (strlen(host) > 64 ||
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		    (const unsigned char *)host, -1, -1, 0)) &&
	    X509_set_subject_name(x, name) && X509_set_issuer_name(x, name);

	X509_NAME_free(name);
	return ok;
}

static int
set_alt_name(X509 *x, const char *host)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *gen = NULL;
	int ok = 0;

	if (!names)
		return 0;
	gen = a2i_GENERAL_NAME(
	    NULL, NULL, NULL, strchr(host, ':') ? GEN_IPADD : GEN_DNS, host, 0);
	if (gen && sk_GENERAL_NAME_push(names, gen)) {
		gen = NULL;
		ok = X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0);
	}
	GENERAL_NAME_free(gen);
	GENERAL_NAMES_free(names);
	return ok;
}

/* A random serial of four bytes: enough to tell two of one name apart. */
static int
set_serial(X509 *x)
{
	uint32_t n;

	if (RAND_bytes((unsigned char *)&n, sizeof(n)) != 1)
		return 0;
	return ASN1_INTEGER_set_uint64(
	    X509_get_serialNumber(x), (n & 0x7fffffff) | 0x40000000);
}

/* The names of `old` where there is one and it has any, else `host`. */
static int
set_names(X509 *x, X509 *old, const char *host)
{
	GENERAL_NAMES *names;
	int ok;

	if (!old)
		return set_subject(x, host) && set_alt_name(x, host);
	if (!X509_set_subject_name(x, X509_get_subject_name(old)) ||
	    !X509_set_issuer_name(x, X509_get_subject_name(old)))
		return 0;
	names = X509_get_ext_d2i(old, NID_subject_alt_name, NULL, NULL);
	if (!names)
		return set_alt_name(x, host);
	ok = X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0);
	GENERAL_NAMES_free(names);
	return ok;
}

/* Those of Edwards' curves hash for themselves. */
static const EVP_MD *
digest_for(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448")
	    ? NULL
	    : EVP_sha256();
}

static X509 *
make_certificate(
    EVP_PKEY *key, X509 *old, const char *host, const struct cert_span *span)
{
	X509 *x = X509_new();

	if (x && X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
	    ASN1_TIME_adj(X509_getm_notBefore(x), (time_t)span->from_s, 0, 0) &&
	    ASN1_TIME_adj(X509_getm_notAfter(x), (time_t)span->until_s, 0, 0) &&
	    X509_set_pubkey(x, key) && set_names(x, old, host) &&
	    X509_sign(x, key, digest_for(key)))
		return x;
	X509_free(x);
	return NULL;
}

static int
bio_to_buf(BIO *bio, struct buf *out)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	if (len <= 0)
		return -1;
	buf_add_mem(out, data, (size_t)len);
	return buf_failed(out) ? -1 : 0;
}

static int
write_certificate(const X509 *x, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int r = bio && PEM_write_bio_X509(bio, x) ? bio_to_buf(bio, out) : -1;

	BIO_free(bio);
	return r;
}

static int
write_key(const EVP_PKEY *key, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	int r =
	    bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)
	    ? bio_to_buf(bio, out)
	    : -1;

	BIO_free(bio);
	return r;
}

/* With a new key; the names are of `old`, or NULL: of `host`. */
static int
create(X509 *old, const char *host, const struct cert_span *span,
    struct buf *crt_pem, struct buf *key_pem, struct err *e)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = key ? make_certificate(key, old, host, span) : NULL;
	int r = -1;

	if (!x)
		fail(e, "make a certificate");
	else if (write_certificate(x, crt_pem) < 0 ||
	    write_key(key, key_pem) < 0)
		fail(e, "write a certificate");
	else
		r = 0;
	X509_free(x);
	EVP_PKEY_free(key);
	return r;
}

int
cert_create_for(const char *host, const struct cert_span *span,
    struct buf *crt_pem, struct buf *key_pem, struct err *e)
{
	return create(NULL, host, span, crt_pem, key_pem, e);
}

int
cert_create(const char *host, int64_t now, struct buf *crt_pem,
    struct buf *key_pem, struct err *e)
{
	struct cert_span span = { now, CERT_NEVER };

	return create(NULL, host, &span, crt_pem, key_pem, e);
}

/* Clients' own passphrase prompt would hang a server: none is asked. */
static int
no_passphrase(char *buf, /* NOLINT: OpenSSL's type */
    int size, int writing, void *ctx)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static X509 *
first_certificate(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	X509 *x =
	    bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	return x;
}

static size_t
chain_bytes(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	size_t sum = 0;
	X509 *x;

	while (bio && (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		int n = i2d_X509(x, NULL);

		sum += n > 0 ? (size_t)n : 0;
		X509_free(x);
	}
	BIO_free(bio);
	ERR_clear_error();
	return sum;
}

static int64_t
seconds_of(const ASN1_TIME *t)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, secs = 0;

	if (epoch)
		ASN1_TIME_diff(&days, &secs, epoch, t);
	ASN1_TIME_free(epoch);
	return (int64_t)days * 86400 + secs;
}

static int
describe(struct cert *c, const X509 *x, struct err *e)
{
	unsigned char *der = NULL;
	int n = i2d_X509(x, &der);
	int r = -1;

	if (n > 0)
		r = hash_of(
		    slice_make((const char *)der, (size_t)n), &c->fingerprint);
	OPENSSL_free(der);
	der = NULL;
	if (r == 0) {
		n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der);
		r = n <= 0 ? -1
			   : hash_of(slice_make((const char *)der, (size_t)n),
				 &c->spki);
		OPENSSL_free(der);
	}
	c->self_signed =
	    !X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x));
	c->not_before = seconds_of(X509_get0_notBefore(x));
	c->not_after = seconds_of(X509_get0_notAfter(x));
	return r < 0 ? fail(e, "read a certificate") : 0;
}

static EVP_PKEY *
first_key(struct slice pem)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	EVP_PKEY *key = bio
	    ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)
	    : NULL;

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

/* The key of `pem`, if it is x's; NULL and *e. */
static EVP_PKEY *
key_of(X509 *x, struct slice pem, const char *name, struct err *e)
{
	EVP_PKEY *key = first_key(pem);

	if (!key) {
		err_set(e, ERR_SYNTAX,
		    "the key for \"%s\" is no unencrypted PEM key", name);
		return NULL;
	}
	if (X509_check_private_key(x, key) != 1) {
		ERR_clear_error();
		err_set(e, ERR_INVALID,
		    "the key does not match the certificate \"%s\"", name);
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

/* With the key where there is one to be looked at. */
static int
parse(struct cert *c, struct slice crt_pem, const struct slice *key_pem,
    const char *name, struct err *e)
{
	X509 *x = first_certificate(crt_pem);
	EVP_PKEY *key = NULL;
	int r = -1;

	*c = (struct cert){ 0 };
	buf_init(&c->chain_pem, CERT_PEM_MAX);
	buf_init(&c->key_pem, CERT_PEM_MAX);
	if (!x) {
		ERR_clear_error();
		err_set(e, ERR_SYNTAX, "\"%s\" holds no PEM certificate", name);
		goto out;
	}
	if (key_pem && !(key = key_of(x, *key_pem, name, e)))
		goto out;
	buf_add(&c->chain_pem, crt_pem);
	if (key_pem)
		buf_add(&c->key_pem, *key_pem);
	if (buf_failed(&c->chain_pem) || buf_failed(&c->key_pem)) {
		err_memory(e);
		goto out;
	}
	c->chain_der_bytes = chain_bytes(crt_pem);
	r = describe(c, x, e);
out:
	if (r < 0)
		cert_release(c);
	EVP_PKEY_free(key);
	X509_free(x);
	return r;
}

int
cert_parse(struct cert *c, struct slice crt_pem, struct slice key_pem,
    const char *name, struct err *e)
{
	return parse(c, crt_pem, &key_pem, name, e);
}

int
cert_parse_public(
    struct cert *c, struct slice crt_pem, const char *name, struct err *e)
{
	return parse(c, crt_pem, NULL, name, e);
}

int
cert_read_file(const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 1;

	if (fd < 0)
		return err_errno(e, "open", path);
	while (n > 0 && buf_reserve(out, 1) == 0) {
		n = read(fd, out->ptr + out->len, out->cap - out->len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			out->len += (size_t)n;
	}
	if (n < 0)
		err_errno(e, "read", path);
	else if (buf_failed(out))
		err_set(e, ERR_LIMIT, "\"%s\" is over %d KB", path,
		    CERT_PEM_MAX / 1024);
	close(fd);
	return n < 0 || buf_failed(out) ? -1 : 0;
}

void
cert_wipe(struct buf *b)
{
	if (b->ptr)
		OPENSSL_cleanse(b->ptr, b->cap);
	buf_release(b);
}

int
cert_load(
    struct cert *c, const char *crt_path, const char *key_path, struct err *e)
{
	struct buf crt, key;
	int r = -1;

	/* One byte more than allowed would hold: a full buffer is too long. */
	buf_init(&crt, CERT_PEM_MAX);
	buf_init(&key, CERT_PEM_MAX);
	if (cert_read_file(crt_path, &crt, e) == 0 &&
	    cert_read_file(key_path, &key, e) == 0)
		r = cert_parse(
		    c, buf_slice(&crt), buf_slice(&key), crt_path, e);
	buf_release(&crt);
	cert_wipe(&key);
	return r;
}

int
cert_load_public(struct cert *c, const char *crt_path, struct err *e)
{
	struct buf crt;
	int r = -1;

	buf_init(&crt, CERT_PEM_MAX);
	if (cert_read_file(crt_path, &crt, e) == 0)
		r = cert_parse_public(c, buf_slice(&crt), crt_path, e);
	buf_release(&crt);
	return r;
}

void
cert_release(struct cert *c)
{
	buf_release(&c->chain_pem);
	cert_wipe(&c->key_pem);
	buf_init(&c->chain_pem, 0);
	buf_init(&c->key_pem, 0);
}

bool
cert_covers(const struct cert *c, const char *host)
{
	X509 *x = first_certificate(buf_slice(&c->chain_pem));
	bool ok;

	if (!x)
		return false;
	ok = X509_check_host(x, host, 0, 0, NULL) == 1 ||
	    X509_check_ip_asc(x, host, 0) == 1;
	ERR_clear_error();
	X509_free(x);
	return ok;
}

/* --- the next one -------------------------------------------------------- */

/* The certificate of `old` itself, if it is ours to follow; NULL and *e. */
static X509 *
followed(const struct cert *old, const char *host, struct err *e)
{
	X509 *x;

	if (!old->self_signed) {
		err_set(e, ERR_INVALID,
		    "the certificate for \"%s\" is signed by an authority: "
		    "have the next one made there, and import it",
		    host);
		return NULL;
	}
	x = first_certificate(buf_slice(&old->chain_pem));
	if (!x)
		fail(e, "read a certificate");
	return x;
}

int
cert_renew(const struct cert *old, const char *host,
    const struct cert_span *span, struct buf *crt_pem, struct err *e)
{
	EVP_PKEY *key = first_key(buf_slice(&old->key_pem));
	X509 *was = followed(old, host, e), *x = NULL;
	int r = -1;

	if (was && key)
		x = make_certificate(key, was, host, span);
	if (was && (!x || write_certificate(x, crt_pem) < 0))
		fail(e, "make a certificate");
	else if (was)
		r = 0;
	X509_free(x);
	X509_free(was);
	EVP_PKEY_free(key);
	return r;
}

int
cert_succeed(const struct cert *old, const char *host,
    const struct cert_span *span, struct buf *crt_pem, struct buf *key_pem,
    struct err *e)
{
	X509 *was = followed(old, host, e);
	int r = was ? create(was, host, span, crt_pem, key_pem, e) : -1;

	X509_free(was);
	return r;
}

/* --- what others made ---------------------------------------------------- */

static int
split_chain(struct slice pem, struct buf *out)
{
	BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	int r = bio ? 0 : -1;
	X509 *x;

	while (
	    r == 0 && (x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL))) {
		r = write_certificate(x, out);
		X509_free(x);
	}
	ERR_clear_error();
	BIO_free(bio);
	return r;
}

int
cert_split(struct slice pem, const char *name, struct buf *crt_pem,
    struct buf *key_pem, struct err *e)
{
	EVP_PKEY *key = first_key(pem);
	int r = -1;

	if (!key)
		err_set(
		    e, ERR_SYNTAX, "\"%s\" holds no unencrypted PEM key", name);
	else if (EVP_PKEY_get_security_bits(key) < BITS_MIN)
		err_set(e, ERR_INVALID,
		    "the key in \"%s\" is too weak: programs refuse it", name);
	else if (split_chain(pem, crt_pem) < 0 || write_key(key, key_pem) < 0)
		fail(e, "write a certificate");
	else if (!crt_pem->len)
		err_set(e, ERR_SYNTAX, "\"%s\" holds no PEM certificate", name);
	else
		r = 0;
	EVP_PKEY_free(key);
	return r;
}
