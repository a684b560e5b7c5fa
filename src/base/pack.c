#include "base/buf.h"

#include "base/pack.h"

void
pack_number(struct buf *out, uint64_t n)
{
	while (n >= 0x80) {
		buf_add_char(out, (char)(n | 0x80));
		n >>= 7;
	}
	buf_add_char(out, (char)n);
}

void
pack_signed(struct buf *out, int64_t n)
{
	pack_number(out, (uint64_t)n << 1 ^ (n < 0 ? UINT64_MAX : 0));
}

void
pack_slice(struct buf *out, struct slice s)
{
	pack_number(out, s.len);
	buf_add(out, s);
}

void
pack_hash(struct buf *out, const struct hash *h)
{
	buf_add_mem(out, h->b, sizeof(h->b));
}

uint64_t
unpack_number(struct unpack *in)
{
	uint64_t n = 0;

	for (unsigned shift = 0; shift < 64 && in->rest.len; shift += 7) {
		unsigned char c = (unsigned char)in->rest.ptr[0];

		in->rest = slice_from(in->rest, 1);
		n |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return n;
	}
	in->failed = true;
	in->rest = SLICE_NONE;
	return 0;
}

int64_t
unpack_signed(struct unpack *in)
{
	uint64_t n = unpack_number(in);

	return (int64_t)(n >> 1 ^ (n & 1 ? UINT64_MAX : 0));
}

struct slice
unpack_slice(struct unpack *in)
{
	uint64_t len = unpack_number(in);
	struct slice s;

	if (len > in->rest.len) {
		in->failed = true;
		in->rest = SLICE_NONE;
		return SLICE_NONE;
	}
	s = slice_upto(in->rest, (size_t)len);
	in->rest = slice_from(in->rest, (size_t)len);
	return s;
}

struct hash
unpack_hash(struct unpack *in)
{
	struct hash h = { { 0 } };

	if (in->rest.len < sizeof(h.b)) {
		in->failed = true;
		in->rest = SLICE_NONE;
		return h;
	}
	memcpy(h.b, in->rest.ptr, sizeof(h.b));
	in->rest = slice_from(in->rest, sizeof(h.b));
	return h;
}

size_t
unpack_count(struct unpack *in)
{
	uint64_t n = unpack_number(in);

	if (n <= in->rest.len)
		return (size_t)n;
	in->failed = true;
	in->rest = SLICE_NONE;
	return 0;
}
