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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
