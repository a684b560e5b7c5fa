/*
 * target.h: what a gemini://, gopher:// or gophers:// URL asks for, and of whom.
 *
 * Pure.  URLs are read as people give them: what cannot stand in a URI is
 * percent-encoded (uri_repair()), a fragment is dropped; user names, empty
 * hosts and ports out of range are refused.
 */
#ifndef CLIENT_TARGET_H
#define CLIENT_TARGET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

struct err;

enum {
	TARGET_URL_MAX = 1024, /* bytes: all that Gemini can ask for */
};

enum target_protocol {
	TARGET_GEMINI,
	TARGET_GOPHER,
};

struct target {
	enum target_protocol protocol;
	bool tls;                     /* Gemini always, Gopher as gophers:// */
	char url[TARGET_URL_MAX + 1]; /* as asked for */
	char host[256];               /* lower case; IPv6 without brackets */
	char port[6];                 /* decimal */
	int port_number;
	char gopher_type;                 /* '1' where the URL has none */
	char request[TARGET_URL_MAX + 3]; /* the line sent, with its CRLF */
	size_t request_len;
};

/* 0, or -1 and *e (ERR_INVALID). */
int target_parse(struct slice url, struct target *out, struct err *e)
    __attribute__((warn_unused_result));

/*
 * The target of redirect `meta` (a URI reference) from `from`; as above.
 * `out` may be `from`.
 */
int target_redirect(const struct target *from, struct slice meta,
    struct target *out, struct err *e) __attribute__((warn_unused_result));

#endif
