#include <string.h>

#include "base/err.h"
#include "cert/cert.h"

#include "test.h"

static struct buf crt, key;
static struct err e;

static int
make(const char *host)
{
	buf_init(&crt, CERT_PEM_MAX);
	buf_init(&key, CERT_PEM_MAX);
	return cert_create(host, 1790000000, &crt, &key, &e);
}

static void
drop(void)
{
	buf_release(&crt);
	buf_release(&key);
}

static void
makes_small_lasting_ones(void **state)
{
	struct cert c;

	(void)state;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(make("nineteen-chars.test"), 0);
		assert_int_equal(
		    cert_parse(&c, buf_slice(&crt), buf_slice(&key), "x", &e),
		    0);
		if (c.chain_der_bytes > 350)
			fail_msg("%zu bytes", c.chain_der_bytes);
		assert_true(c.not_before == 1790000000);
		assert_true(
		    c.not_after - c.not_before > (int64_t)50 * 365 * 86400);
		assert_true(cert_covers(&c, "nineteen-chars.test"));
		assert_true(cert_covers(&c, "NINETEEN-chars.test"));
		assert_false(cert_covers(&c, "other.test"));
		assert_false(cert_covers(&c, "x.nineteen-chars.test"));
		cert_release(&c);
		cert_release(&c);
		drop();
	}
}

static void
names_addresses_too(void **state)
{
	struct cert c;

	(void)state;
	assert_int_equal(make("2001:db8::1"), 0);
	assert_int_equal(
	    cert_parse(&c, buf_slice(&crt), buf_slice(&key), "x", &e), 0);
	assert_true(cert_covers(&c, "2001:db8::1"));
	assert_false(cert_covers(&c, "2001:db8::2"));
	cert_release(&c);
	drop();
}

static void
takes_long_names(void **state)
{
	static const char host[] = "a-host-name-that-is-longer-than-a-common-"
				   "name-may-be.example.institute.test";
	struct cert c;

	(void)state;
	assert_true(strlen(host) > 64);
	assert_int_equal(make(host), 0);
	assert_int_equal(
	    cert_parse(&c, buf_slice(&crt), buf_slice(&key), "x", &e), 0);
	assert_true(cert_covers(&c, host));
	cert_release(&c);
	drop();
}

static void
refuses_another_key(void **state)
{
	struct buf other_key;
	struct cert c;

	(void)state;
	assert_int_equal(make("a.test"), 0);
	other_key = key;
	buf_release(&crt);
	assert_int_equal(make("a.test"), 0);
	assert_int_equal(
	    cert_parse(&c, buf_slice(&crt), buf_slice(&other_key), "x", &e),
	    -1);
	assert_non_null(strstr(e.text, "does not match"));
	buf_release(&other_key);
	drop();
}

static void
refuses_what_is_none(void **state)
{
	struct cert c;

	(void)state;
	assert_int_equal(make("a.test"), 0);
	assert_int_equal(
	    cert_parse(&c, SLICE_LIT("x"), buf_slice(&key), "x", &e), -1);
	assert_int_equal(
	    cert_parse(&c, buf_slice(&crt), SLICE_LIT("x"), "x", &e), -1);
	assert_int_equal(
	    cert_parse(&c, buf_slice(&crt), SLICE_NONE, "x", &e), -1);
	assert_int_equal(cert_parse(&c, SLICE_NONE, SLICE_NONE, "x", &e), -1);
	/* Half a certificate. */
	assert_int_equal(cert_parse(&c, slice_upto(buf_slice(&crt), 200),
			     buf_slice(&key), "x", &e),
	    -1);
	assert_int_equal(cert_load(&c, "/nonexistent", "/nonexistent", &e), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	drop();
}

static void
counts_the_chain(void **state)
{
	struct buf chain;
	struct cert c;
	size_t one;

	(void)state;
	assert_int_equal(make("a.test"), 0);
	assert_int_equal(
	    cert_parse(&c, buf_slice(&crt), buf_slice(&key), "x", &e), 0);
	one = c.chain_der_bytes;
	cert_release(&c);
	buf_init(&chain, CERT_PEM_MAX);
	buf_add(&chain, buf_slice(&crt));
	buf_add(&chain, buf_slice(&crt));
	assert_int_equal(
	    cert_parse(&c, buf_slice(&chain), buf_slice(&key), "x", &e), 0);
	assert_int_equal(c.chain_der_bytes, 2 * one);
	cert_release(&c);
	buf_release(&chain);
	drop();
}

/* `crt` and `key`, loaded. */
static void
load(struct cert *c)
{
	assert_int_equal(
	    cert_parse(c, buf_slice(&crt), buf_slice(&key), "x", &e), 0);
}

static void
renews_with_the_same_key(void **state)
{
	struct cert_span span = { 1800000000, 1900000000 };
	struct cert was, is;
	struct buf next;

	(void)state;
	assert_int_equal(make("a.test"), 0);
	load(&was);
	assert_true(was.self_signed);
	assert_true(was.not_after == CERT_NEVER);
	buf_init(&next, CERT_PEM_MAX);
	assert_int_equal(cert_renew(&was, "a.test", &span, &next, &e), 0);
	assert_int_equal(
	    cert_parse(&is, buf_slice(&next), buf_slice(&key), "x", &e), 0);
	assert_true(hash_eq(&is.spki, &was.spki));
	assert_false(hash_eq(&is.fingerprint, &was.fingerprint));
	assert_true(is.not_before == span.from_s);
	assert_true(is.not_after == span.until_s);
	assert_true(cert_covers(&is, "a.test"));
	cert_release(&is);
	cert_release(&was);
	buf_release(&next);
	drop();
}

static void
succeeds_with_another_key(void **state)
{
	struct cert_span span = { 1800000000, CERT_NEVER };
	struct buf next, next_key;
	struct cert was, is;

	(void)state;
	assert_int_equal(make("a.test"), 0);
	assert_int_equal(cert_parse_public(&was, buf_slice(&crt), "x", &e), 0);
	assert_int_equal(was.key_pem.len, 0);
	buf_init(&next, CERT_PEM_MAX);
	buf_init(&next_key, CERT_PEM_MAX);
	/* The names come from the certificate, not from the argument. */
	assert_int_equal(
	    cert_succeed(&was, "other.test", &span, &next, &next_key, &e), 0);
	assert_int_equal(
	    cert_parse(&is, buf_slice(&next), buf_slice(&next_key), "x", &e),
	    0);
	assert_false(hash_eq(&is.spki, &was.spki));
	assert_true(is.not_after == CERT_NEVER);
	assert_true(cert_covers(&is, "a.test"));
	assert_false(cert_covers(&is, "other.test"));
	cert_release(&is);
	/* What an authority has signed is not ours to follow. */
	was.self_signed = false;
	assert_int_equal(
	    cert_succeed(&was, "a.test", &span, &next, &next_key, &e), -1);
	assert_non_null(strstr(e.text, "authority"));
	assert_int_equal(cert_renew(&was, "a.test", &span, &next, &e), -1);
	assert_non_null(strstr(e.text, "authority"));
	cert_release(&was);
	buf_release(&next_key);
	buf_release(&next);
	drop();
}

/* Key and certificate in either order, and what stands around them. */
static void
splits_what_others_made(void **state)
{
	struct buf pem, out, out_key;
	struct cert c;

	(void)state;
	assert_int_equal(make("a.test"), 0);
	buf_init(&pem, CERT_PEM_MAX);
	buf_init(&out, CERT_PEM_MAX);
	buf_init(&out_key, CERT_PEM_MAX);
	for (int i = 0; i < 2; i++) {
		buf_clear(&pem);
		buf_clear(&out);
		buf_clear(&out_key);
		buf_add_cstr(&pem, "Bag Attributes: none\r\n");
		buf_add(&pem, buf_slice(i ? &key : &crt));
		buf_add_cstr(&pem, "in between\n");
		buf_add(&pem, buf_slice(i ? &crt : &key));
		buf_add(&pem, buf_slice(&crt));
		assert_int_equal(
		    cert_split(buf_slice(&pem), "f", &out, &out_key, &e), 0);
		assert_int_equal(cert_parse(&c, buf_slice(&out),
				     buf_slice(&out_key), "x", &e),
		    0);
		assert_int_equal(out.len, 2 * crt.len);
		assert_int_equal(out_key.len, key.len);
		cert_release(&c);
	}
	buf_clear(&out);
	assert_int_equal(
	    cert_split(buf_slice(&crt), "f", &out, &out_key, &e), -1);
	assert_non_null(strstr(e.text, "\"f\" holds no unencrypted PEM key"));
	assert_int_equal(
	    cert_split(buf_slice(&key), "f", &out, &out_key, &e), -1);
	assert_non_null(strstr(e.text, "\"f\" holds no PEM certificate"));
	assert_int_equal(cert_split(SLICE_NONE, "f", &out, &out_key, &e), -1);
	buf_release(&out_key);
	buf_release(&out);
	buf_release(&pem);
	drop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_small_lasting_ones),
		cmocka_unit_test(names_addresses_too),
		cmocka_unit_test(takes_long_names),
		cmocka_unit_test(refuses_another_key),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(counts_the_chain),
		cmocka_unit_test(renews_with_the_same_key),
		cmocka_unit_test(succeeds_with_another_key),
		cmocka_unit_test(splits_what_others_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
