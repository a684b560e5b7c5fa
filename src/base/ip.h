/*
 * ip.h: IP addresses and ranges of them as bytes, without a socket.
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <stdbool.h>

#include "base/slice.h"

struct ip {
	unsigned char bytes[16]; /* the first 4 of an IPv4 address */
	unsigned bits;           /* 32 or 128; 0: not known */
};

/* The addresses whose first `prefix` bits are those of `ip`. */
struct ip_range {
	struct ip ip;
	unsigned prefix;
};

/* "192.0.2.1" or "2001:db8::1"; false, and *out untouched, for other text. */
bool ip_parse(struct slice text, struct ip *out)
    __attribute__((warn_unused_result));
/* An address, or one with "/BITS" behind it; bits below are ignored. */
bool ip_range_parse(struct slice text, struct ip_range *out)
    __attribute__((warn_unused_result));
/* An IPv6 address that holds an IPv4 one counts as that (RFC 4291). */
bool ip_range_has(const struct ip_range *range, const struct ip *ip);

#endif
