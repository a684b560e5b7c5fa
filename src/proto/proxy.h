/*
 * proxy.h: the PROXY protocol, versions 1 and 2: the few bytes in which a
 * proxy in front of us says who the reader is (HAProxy's proxy-protocol.txt).
 *
 * No socket: bytes in, an address out.  Who may send such a header is the
 * caller's to know; from anybody else it is a lie.
 */
#ifndef PROTO_PROXY_H
#define PROTO_PROXY_H

#include "base/ip.h"
#include "proto/line.h"

enum {
	PROXY_V1_MAX = 107,      /* bytes with CR LF */
	PROXY_HEADER_MAX = 1536, /* bytes; version 2 could say 65,551 */
};

/*
 * Looks at the first `len` bytes of a connection.  LINE_WHOLE: *header_len
 * bytes are the header and *from the reader (bits 0 where the header names
 * none: the proxy itself asks, or over no IP).  LINE_MORE: it is not whole.
 * LINE_BAD: it is none, or too long.
 */
enum line_state proxy_header(
    const char *bytes, size_t len, struct ip *from, size_t *header_len);

#endif
