#include <string.h>

#include "base/buf.h"
#include "base/uri.h"

#include "test.h"

static void
parses_each_part(void **state)
{
	struct uri u;

	(void)state;
	assert_int_equal(
	    uri_parse(SLICE_LIT("gemini://me@Host.Test:1965/a/b?q?#f/"), &u),
	    0);
	assert_slice(u.scheme, "gemini");
	assert_slice(u.userinfo, "me");
	assert_slice(u.host, "Host.Test");
	assert_slice(u.port, "1965");
	assert_slice(u.path, "/a/b");
	assert_slice(u.query, "q?");
	assert_slice(u.fragment, "f/");
	assert_int_equal(uri_port(&u, 7), 1965);
	assert_true(uri_host_eq(u.host, SLICE_LIT("hOST.tEST")));
}

static void
tells_empty_from_absent(void **state)
{
	struct uri u;

	(void)state;
	assert_int_equal(uri_parse(SLICE_LIT("g://@h:?#"), &u), 0);
	assert_true(u.has_userinfo && u.has_port && u.has_query &&
	    u.has_fragment && u.has_authority);
	assert_int_equal(uri_port(&u, 70), 70);
	assert_int_equal(uri_parse(SLICE_LIT("g:p"), &u), 0);
	assert_false(u.has_userinfo || u.has_port || u.has_query ||
	    u.has_fragment || u.has_authority);
	assert_slice(u.path, "p");
	assert_int_equal(uri_parse(SLICE_LIT(""), &u), 0);
}

static void
accepts(void **state)
{
	static const char *const good[] = { "a", "/", "//h", "//h/", "?q", "#f",
		"../x", "./a:b", "a/b:c", "mailto:a@b.test", "urn:isbn:1",
		"g://[::1]/", "g://[2001:db8::7]:70/", "g://[v1.a:b]/",
		"g://1.2.3.4/", "g://%41/", "g://h/%2F%ff", "tel:+92-42",
		"g://h/a//b", "A+1.-:x", "g://h/;=,!$&'()*~_" };
	struct uri u;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (uri_parse(slice_cstr(good[i]), &u) < 0)
			fail_msg("refused: %s", good[i]);
}

static void
refuses(void **state)
{
	static const char *const bad[] = { " ", "a b", "g://h/<", "g://h/>",
		"g://h/\"", "g://h/\\", "g://h/^", "g://h/`", "g://h/{",
		"g://h/|", "g://h/}", "g://h/\t", "g://h/\x7f", "g://h/\x01",
		"g://h/\xd9\xbe", "g://h/%", "g://h/%2", "g://h/%zz",
		"g://h/%g1", "1a:b", ":x", "g://h:x/", "g://h:1 /", "g://[::1",
		"g://::1]/", "g://[]/", "g://[g]/", "g://[::1]x/", "g://[v.a]/",
		"g://[v1.]/", "g://[1:2]/", "g://[::1%25lo]/", "g://a@b@c/",
		"g://h/[", "g://h?[", "g://h#a#b", "g://h#%", "g://h?%4" };
	struct uri u;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (uri_parse(slice_cstr(bad[i]), &u) == 0)
			fail_msg("accepted: %s", bad[i]);
	assert_int_equal(uri_parse(slice_make("g://h/\0x", 8), &u), -1);
}

static void
bounds_ports(void **state)
{
	struct uri u;

	(void)state;
	assert_int_equal(uri_parse(SLICE_LIT("g://h:65535"), &u), 0);
	assert_int_equal(uri_port(&u, 1), 65535);
	assert_int_equal(uri_parse(SLICE_LIT("g://h:65536"), &u), 0);
	assert_int_equal(uri_port(&u, 1), -1);
	assert_int_equal(
	    uri_parse(SLICE_LIT("g://h:99999999999999999999999"), &u), 0);
	assert_int_equal(uri_port(&u, 1), -1);
	assert_int_equal(uri_parse(SLICE_LIT("g://h:00070"), &u), 0);
	assert_int_equal(uri_port(&u, 1), 70);
}

static void
decodes_once(void **state)
{
	char out[32];

	(void)state;
	assert_int_equal(uri_decode(SLICE_LIT("a%2Fb%252e%00"), out), 7);
	assert_memory_equal(out, "a/b%2e\0", 7);
	assert_int_equal(uri_decode(SLICE_LIT("%4"), out), -1);
	assert_int_equal(uri_decode(SLICE_LIT("%"), out), -1);
	assert_int_equal(uri_decode(SLICE_LIT("%4g"), out), -1);
	assert_int_equal(uri_decode(SLICE_LIT(""), out), 0);
}

static void
encodes(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	uri_encode(&b, SLICE_LIT("/a b%?#\xd9\xbe:@~"));
	assert_slice(buf_slice(&b), "/a%20b%25%3F%23%D9%BE:@~");
	buf_clear(&b);
	uri_repair(&b, SLICE_LIT("http://h/a b%20c%zz?x=\xc3\xa9#f[1]"));
	assert_slice(buf_slice(&b), "http://h/a%20b%20c%25zz?x=%C3%A9#f[1]");
	buf_release(&b);
}

static void
removes_dots(void **state)
{
	static const struct {
		const char *in, *out;
		bool above;
	} cases[] = {
		{ "/a/b/c/./../../g", "/a/g", false },
		{ "mid/content=5/../6", "mid/6", false },
		{ "/", "/", false },
		{ "", "", false },
		{ "/.", "/", false },
		{ "/..", "/", true },
		{ "/a/..", "/", false },
		{ "/a/.", "/a/", false },
		{ "/../x", "/x", true },
		{ "/a/../../x", "/x", true },
		{ "//..//x", "//x", false },
		{ "/...", "/...", false },
		{ "/..a/.b", "/..a/.b", false },
		{ "..", "", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[64];
		bool above;
		size_t n = strlen(cases[i].in);

		memcpy(path, cases[i].in, n);
		n = uri_remove_dots(path, n, &above);
		if (!slice_eq_cstr(slice_make(path, n), cases[i].out) ||
		    above != cases[i].above)
			fail_msg("%s -> %.*s", cases[i].in, (int)n, path);
	}
}

/* RFC 3986 §5.4, whole. */
static void
resolves_as_the_rfc(void **state)
{
	static const char *const cases[][2] = {
		{ "g:h", "g:h" }, { "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" }, { "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" }, { "//g", "http://g" },
		{ "?y", "http://a/b/c/d;p?y" }, { "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q#s" }, { "g#s", "http://a/b/c/g#s" },
		{ "g?y#s", "http://a/b/c/g?y#s" }, { ";x", "http://a/b/c/;x" },
		{ "g;x", "http://a/b/c/g;x" },
		{ "g;x?y#s", "http://a/b/c/g;x?y#s" },
		{ "", "http://a/b/c/d;p?q" }, { ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" }, { "..", "http://a/b/" },
		{ "../", "http://a/b/" }, { "../g", "http://a/b/g" },
		{ "../..", "http://a/" }, { "../../", "http://a/" },
		{ "../../g", "http://a/g" }, { "../../../g", "http://a/g" },
		{ "../../../../g", "http://a/g" }, { "/./g", "http://a/g" },
		{ "/../g", "http://a/g" }, { "g.", "http://a/b/c/g." },
		{ ".g", "http://a/b/c/.g" }, { "g..", "http://a/b/c/g.." },
		{ "..g", "http://a/b/c/..g" }, { "./../g", "http://a/b/g" },
		{ "./g/.", "http://a/b/c/g/" }, { "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" },
		{ "g;x=1/./y", "http://a/b/c/g;x=1/y" },
		{ "g;x=1/../y", "http://a/b/c/y" },
		{ "g?y/./x", "http://a/b/c/g?y/./x" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "g#s/./x", "http://a/b/c/g#s/./x" },
		{ "g#s/../x", "http://a/b/c/g#s/../x" }, { "http:g", "http:g" },
		{ "c:/..//x", "c:/.//x" }, /* §5.3's own would be a host */
	};
	struct uri base, ref;
	struct buf out;

	(void)state;
	buf_init(&out, 1024);
	assert_int_equal(uri_parse(SLICE_LIT("http://a/b/c/d;p?q"), &base), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(uri_parse(slice_cstr(cases[i][0]), &ref), 0);
		buf_clear(&out);
		uri_resolve(&out, &base, &ref);
		assert_slice(buf_slice(&out), cases[i][1]);
	}
	/* A base with a path alone, and one with no path. */
	assert_int_equal(uri_parse(SLICE_LIT("/articles/x.gmi"), &base), 0);
	assert_int_equal(uri_parse(SLICE_LIT("../tag/water/"), &ref), 0);
	buf_clear(&out);
	uri_resolve(&out, &base, &ref);
	assert_slice(buf_slice(&out), "/tag/water/");
	assert_int_equal(uri_parse(SLICE_LIT("g://h"), &base), 0);
	assert_int_equal(uri_parse(SLICE_LIT("x"), &ref), 0);
	buf_clear(&out);
	uri_resolve(&out, &base, &ref);
	assert_slice(buf_slice(&out), "g://h/x");
	buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_each_part),
		cmocka_unit_test(tells_empty_from_absent),
		cmocka_unit_test(accepts),
		cmocka_unit_test(refuses),
		cmocka_unit_test(bounds_ports),
		cmocka_unit_test(decodes_once),
		cmocka_unit_test(encodes),
		cmocka_unit_test(removes_dots),
		cmocka_unit_test(resolves_as_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
