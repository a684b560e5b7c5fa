#include <arpa/inet.h>

#include "base/ip.h"

bool
ip_parse(struct slice text, struct ip *out)
{
	char copy[INET6_ADDRSTRLEN];
	struct ip ip = { .bits = 32 };

	if (!text.ptr || !text.len || text.len >= sizeof(copy) ||
	    memchr(text.ptr, '\0', text.len))
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET, copy, ip.bytes) != 1) {
		ip.bits = 128;
		if (inet_pton(AF_INET6, copy, ip.bytes) != 1)
			return false;
	}
	*out = ip;
	return true;
}

bool
ip_range_parse(struct slice text, struct ip_range *out)
{
	size_t at = slice_find(text, '/');
	uint64_t prefix;
	struct ip ip;

	if (!ip_parse(slice_upto(text, at), &ip))
		return false;
	prefix = ip.bits;
	if (at < text.len &&
	    slice_uint(slice_from(text, at + 1), ip.bits, &prefix) < 0)
		return false;
	*out = (struct ip_range){ ip, (unsigned)prefix };
	return true;
}

bool
ip_range_has(const struct ip_range *range, const struct ip *ip)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	const unsigned char *bytes = ip->bytes;
	unsigned bits = ip->bits, whole = range->prefix / 8;
	unsigned rest = range->prefix % 8;

	if (bits == 128 && range->ip.bits == 32 && !memcmp(bytes, mapped, 12)) {
		bytes += 12;
		bits = 32;
	}
	if (bits != range->ip.bits ||
	    memcmp(bytes, range->ip.bytes, whole) != 0)
		return false;
	return !rest ||
	    (bytes[whole] ^ range->ip.bytes[whole]) >> (8 - rest) == 0;
}
