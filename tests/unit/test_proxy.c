/*
 * Addresses, the PROXY protocol's header, and the counts of addresses.
 */
#include <stdio.h>
#include <string.h>

#include "base/ip.h"
#include "net/peers.h"
#include "proto/proxy.h"

#include "test.h"

static struct ip
ip(const char *text)
{
	struct ip out = { .bits = 0 };

	if (!ip_parse(slice_cstr(text), &out))
		fail_msg("no address: %s", text);
	return out;
}

static bool
in(const char *range, const char *address)
{
	struct ip_range r;
	struct ip a = ip(address);

	if (!ip_range_parse(slice_cstr(range), &r))
		fail_msg("no range: %s", range);
	return ip_range_has(&r, &a);
}

static void
knows_ranges(void **state)
{
	static const char *const bad[] = { "", "/", "1.2.3", "1.2.3.4/33",
		"1.2.3.4/", "1.2.3.4/x", "::/129", "localhost", "[::1]" };
	struct ip_range r;

	(void)state;
	assert_true(in("192.0.2.1", "192.0.2.1"));
	assert_false(in("192.0.2.1", "192.0.2.2"));
	assert_true(in("192.0.2.0/25", "192.0.2.127"));
	assert_false(in("192.0.2.0/25", "192.0.2.128"));
	assert_true(in("0.0.0.0/0", "203.0.113.9"));
	assert_false(in("0.0.0.0/0", "2001:db8::1"));
	assert_true(in("10.0.0.0/8", "::ffff:10.1.2.3"));
	assert_true(in("2001:db8::/33", "2001:db8:7fff::1"));
	assert_false(in("2001:db8::/33", "2001:db8:8000::1"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ip_range_parse(slice_cstr(bad[i]), &r));
}

/* What each header comes to, whole; before that it is "more" at every cut. */
static enum line_state
header(struct slice s, struct ip *from, size_t *len)
{
	enum line_state state = LINE_MORE;

	for (size_t n = 0; n <= s.len && state == LINE_MORE; n++)
		state = proxy_header(s.ptr, n, from, len);
	return state;
}

static void
reads_version_1(void **state)
{
	static const struct {
		const char *text;
		enum line_state state;
		const char *from; /* NULL: none named */
	} rows[] = {
		{ "PROXY TCP4 192.0.2.1 192.0.2.2 1 65535\r\nrest", LINE_WHOLE,
		    "192.0.2.1" },
		{ "PROXY TCP6 2001:db8::1 ::1 1 2\r\n", LINE_WHOLE,
		    "2001:db8::1" },
		{ "PROXY UNKNOWN\r\n", LINE_WHOLE, NULL },
		{ "PROXY UNKNOWN what ever\r\n", LINE_WHOLE, NULL },
		{ "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", LINE_BAD, NULL },
		{ "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", LINE_BAD,
		    NULL },
		{ "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", LINE_BAD, NULL },
		{ "PROXY TCP4 2001:db8::1 ::1 1 2\r\n", LINE_BAD, NULL },
		{ "PROXY TCP4 192.0.2.1 ::1 1 2\r\n", LINE_BAD, NULL },
		{ "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n", LINE_BAD, NULL },
		{ "PROXY \r\n", LINE_BAD, NULL },
		{ "GET / HTTP/1.0\r\n", LINE_BAD, NULL },
		{ "\r\n", LINE_MORE, NULL },
		{ "\r\n\r\nx", LINE_BAD, NULL },
		{ "PROXY UNKNOWN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
		    LINE_BAD, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip from = { .bits = 99 }, want = { .bits = 0 };
		size_t len = 0;

		assert_int_equal(header(slice_cstr(rows[i].text), &from, &len),
		    rows[i].state);
		if (rows[i].state != LINE_WHOLE)
			continue;
		if (rows[i].from)
			want = ip(rows[i].from);
		assert_memory_equal(&from, &want, sizeof(want));
		assert_int_equal(rows[i].text[len - 1], '\n');
	}
}

static struct slice
version_2(char *bytes, char command, char family, unsigned length)
{
	static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";

	memcpy(bytes, signature, 12);
	bytes[12] = command;
	bytes[13] = family;
	bytes[14] = (char)(length >> 8);
	bytes[15] = (char)length;
	for (unsigned i = 0; i < length && i < 2000; i++)
		bytes[16 + i] = (char)(i + 1);
	return slice_make(bytes, 16 + (length < 2000 ? length : 2000));
}

static void
reads_version_2(void **state)
{
	char bytes[2100];
	struct ip from, v4 = ip("1.2.3.4");
	struct ip v6 = ip("102:304:506:708:90a:b0c:d0e:f10");
	size_t len;

	(void)state;
	assert_int_equal(
	    header(version_2(bytes, 0x21, 0x11, 12), &from, &len), LINE_WHOLE);
	assert_memory_equal(&from, &v4, sizeof(v4));
	assert_int_equal(len, 28);
	assert_int_equal(
	    header(version_2(bytes, 0x21, 0x21, 40), &from, &len), LINE_WHOLE);
	assert_memory_equal(&from, &v6, sizeof(v6));
	assert_int_equal(len, 56);
	assert_int_equal(
	    header(version_2(bytes, 0x20, 0x00, 0), &from, &len), LINE_WHOLE);
	assert_int_equal(from.bits, 0);
	assert_int_equal(
	    header(version_2(bytes, 0x21, 0x31, 216), &from, &len), LINE_WHOLE);
	assert_int_equal(from.bits, 0);
	assert_int_equal(
	    header(version_2(bytes, 0x21, 0x11, 11), &from, &len), LINE_BAD);
	assert_int_equal(
	    header(version_2(bytes, 0x22, 0x11, 12), &from, &len), LINE_BAD);
	assert_int_equal(
	    header(version_2(bytes, 0x21, 0x11, 65535), &from, &len), LINE_BAD);
}

static void
counts_addresses(void **state)
{
	struct peers *p = peers_new(4);
	struct ip a = ip("192.0.2.1"), b = ip("192.0.2.2"), none = { 0 };
	struct ip c = ip("2001:db8::1"), d = ip("2001:db8::ffff:1");
	struct ip e = ip("2001:db8:0:1::1");
	uint64_t key;

	(void)state;
	assert_non_null(p);
	key = peers_key(p, &a);
	assert_int_equal(peers_key(p, &none), 0);
	assert_true(key != peers_key(p, &b));
	assert_true(peers_key(p, &c) == peers_key(p, &d));
	assert_true(peers_key(p, &c) != peers_key(p, &e));
	assert_int_equal(peers_enter(p, 0, key), 1);
	assert_int_equal(peers_enter(p, 3, key), 2);
	assert_int_equal(peers_enter(p, 0, key), 3);
	assert_int_equal(peers_enter(p, 1, peers_key(p, &b)), 1);
	peers_leave(p, 0, key);
	assert_int_equal(peers_enter(p, 1, key), 3);
	peers_clear(p, 3); /* its worker died */
	assert_int_equal(peers_enter(p, 2, key), 3);
	peers_free(p);
	peers_free(NULL);
}

/* Far more addresses than there is room for: what is counted stays right. */
static void
survives_a_crowd(void **state)
{
	struct peers *p = peers_new(1);
	struct ip a = { .bits = 32 };

	(void)state;
	assert_non_null(p);
	for (int round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 100000; i++) {
			memcpy(a.bytes, &i, sizeof(i));
			assert_true(peers_enter(p, 0, peers_key(p, &a)) <= 1);
		}
		for (unsigned i = 0; i < 100000; i++) {
			memcpy(a.bytes, &i, sizeof(i));
			peers_leave(p, 0, peers_key(p, &a));
		}
	}
	assert_int_equal(peers_enter(p, 0, peers_key(p, &a)), 1);
	peers_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_ranges),
		cmocka_unit_test(reads_version_1),
		cmocka_unit_test(reads_version_2),
		cmocka_unit_test(counts_addresses),
		cmocka_unit_test(survives_a_crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
