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

/* RFC 5280 §4.1.2.5: "no well-defined expiration date". */
#define NEVER "99991231235959Z"

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

static X509 *
make_certificate(EVP_PKEY *key, const char *host, int64_t now)
{
	X509 *x = X509_new();

	if (x && X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
	    set_subject(x, host) &&
	    ASN1_TIME_adj(X509_getm_notBefore(x), (time_t)now, 0, 0) &&
	    ASN1_TIME_set_string(X509_getm_notAfter(x), NEVER) &&
	    X509_set_pubkey(x, key) && set_alt_name(x, host) &&
	    X509_sign(x, key, EVP_sha256()))
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

int
cert_create(const char *host, int64_t now, struct buf *crt_pem,
    struct buf *key_pem, struct err *e)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = key ? make_certificate(key, host, now) : NULL;
	BIO *crt = BIO_new(BIO_s_mem()), *sec = BIO_new(BIO_s_secmem());
	int r = -1;

	if (!x)
		fail(e, "make a certificate");
	else if (!crt || !sec || !PEM_write_bio_X509(crt, x) ||
	    !PEM_write_bio_PrivateKey(sec, key, NULL, NULL, 0, NULL, NULL) ||
	    bio_to_buf(crt, crt_pem) < 0 || bio_to_buf(sec, key_pem) < 0)
		fail(e, "write a certificate");
	else
		r = 0;
	BIO_free(sec);
	BIO_free(crt);
	X509_free(x);
	EVP_PKEY_free(key);
	return r;
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
	c->not_before = seconds_of(X509_get0_notBefore(x));
	c->not_after = seconds_of(X509_get0_notAfter(x));
	return r < 0 ? fail(e, "read a certificate") : 0;
}

int
cert_parse(struct cert *c, struct slice crt_pem, struct slice key_pem,
    const char *name, struct err *e)
{
	X509 *x = first_certificate(crt_pem);
	EVP_PKEY *key = NULL;
	BIO *bio = NULL;
	int r = -1;

	*c = (struct cert){ 0 };
	buf_init(&c->chain_pem, CERT_PEM_MAX);
	buf_init(&c->key_pem, CERT_PEM_MAX);
	if (!x) {
		ERR_clear_error();
		err_set(e, ERR_SYNTAX, "\"%s\" holds no PEM certificate", name);
		goto out;
	}
	bio = BIO_new_mem_buf(key_pem.ptr, (int)key_pem.len);
	key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL)
		  : NULL;
	if (!key) {
		ERR_clear_error();
		err_set(e, ERR_SYNTAX,
		    "the key for \"%s\" is no unencrypted PEM key", name);
		goto out;
	}
	if (X509_check_private_key(x, key) != 1) {
		ERR_clear_error();
		err_set(e, ERR_INVALID,
		    "the key does not match the certificate \"%s\"", name);
		goto out;
	}
	buf_add(&c->chain_pem, crt_pem);
	buf_add(&c->key_pem, key_pem);
	if (buf_failed(&c->chain_pem) || buf_failed(&c->key_pem)) {
		err_memory(e);
		goto out;
	}
	c->chain_der_bytes = chain_bytes(crt_pem);
	r = describe(c, x, e);
out:
	if (r < 0)
		cert_release(c);
	BIO_free(bio);
	EVP_PKEY_free(key);
	X509_free(x);
	return r;
}

static int
read_file(const char *path, struct buf *out, struct err *e)
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

static void
wipe(struct buf *b)
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
	if (read_file(crt_path, &crt, e) == 0 &&
	    read_file(key_path, &key, e) == 0)
		r = cert_parse(
		    c, buf_slice(&crt), buf_slice(&key), crt_path, e);
	buf_release(&crt);
	wipe(&key);
	return r;
}

void
cert_release(struct cert *c)
{
	buf_release(&c->chain_pem);
	wipe(&c->key_pem);
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
