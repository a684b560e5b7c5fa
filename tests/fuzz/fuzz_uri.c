/*
 * URIs: parts lie inside the text; text encoded is a path that parses and
 * decodes to itself; what is resolved parses and holds no dot segment.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool ok)
{
	if (!ok)
		abort();
}

static void
check_inside(struct slice part, struct slice all)
{
	check(!part.len ||
	    (part.ptr >= all.ptr && part.ptr + part.len <= all.ptr + all.len));
}

static void
check_round_trip(struct slice s)
{
	struct buf b;
	struct uri u;
	long n;

	buf_init(&b, 1 << 20);
	buf_add_char(&b, '/');
	uri_encode(&b, s);
	check(!buf_failed(&b));
	if (!slice_starts(s, SLICE_LIT("/")))
		check(uri_parse(buf_slice(&b), &u) == 0);
	n = uri_decode(buf_slice(&b), b.ptr);
	check(n == (long)s.len + 1);
	check(!s.len || !memcmp(b.ptr + 1, s.ptr, s.len));
	buf_clear(&b);
	uri_repair(&b, s);
	for (size_t i = 0; i < b.len; i++)
		check((unsigned char)b.ptr[i] > 0x20 &&
		    (unsigned char)b.ptr[i] < 0x7f);
	buf_release(&b);
}

static void
check_resolved(const struct uri *ref)
{
	struct uri base, got;
	struct buf b;

	check(uri_parse(SLICE_LIT("gemini://h.test/a/b;c?d"), &base) == 0);
	buf_init(&b, 1 << 20);
	uri_resolve(&b, &base, ref);
	check(!buf_failed(&b) && uri_parse(buf_slice(&b), &got) == 0);
	if (!ref->scheme.len && !ref->has_authority) {
		struct slice p = got.path;

		check(slice_eq_cstr(got.host, "h.test"));
		while (p.len) {
			struct slice seg;

			p = slice_from(p, 1);
			seg = slice_upto(p, slice_find(p, '/'));
			check(!slice_eq_cstr(seg, ".."));
			p = slice_from(p, seg.len);
		}
	}
	buf_release(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make((const char *)data, size);
	struct uri u;

	if (size > 8192)
		return 0;
	check_round_trip(s);
	if (uri_parse(s, &u) < 0)
		return 0;
	check_inside(u.scheme, s);
	check_inside(u.host, s);
	check_inside(u.path, s);
	check_inside(u.query, s);
	check_inside(u.fragment, s);
	check(uri_port(&u, 0) <= 65535);
	check_resolved(&u);
	return 0;
}
