/*
 * fetch.h: fetches one URL over Gemini or Gopher.
 *
 * Strict: a broken header, a cut answer or one that is too long is a failure,
 * never a shorter page.  Over Gopher a cut by the network is seen, one by the
 * server is not: the protocol cannot tell it.
 *
 * Trust: a Gemini server's public key is held on first use (known.h).  A
 * changed one is refused, or warned of, as the caller wishes; a pin decides
 * alone.
 */
#ifndef CLIENT_FETCH_H
#define CLIENT_FETCH_H

#include <stdint.h>

#include "base/hash.h"
#include "base/slice.h"
#include "client/target.h"

struct err;

enum fetch_trust {
	FETCH_REFUSE, /* a changed, expired or misnamed certificate ends it */
	FETCH_WARN,   /* it is told of through `note`, and the fetch goes on */
	FETCH_ANY,    /* certificates are not looked at */
};

struct fetch_opts {
	const char *connect_host; /* NULL: the URL's; IPv6 without brackets */
	const char *connect_port;
	const char *known_path; /* NULL: nothing is remembered */
	enum fetch_trust trust;
	const struct hash *pin; /* NULL, or the SHA-256 of key or certificate */
	uint64_t max_bytes;     /* of a body; 0: no limit */
	uint64_t bytes_per_s;   /* 0: as fast as it goes */
	int connect_ms, idle_ms; /* 0: 30 s and 60 s */
	unsigned max_redirects;  /* 0: none is followed */
	bool cross_protocol;     /* redirects may change the protocol */
	int64_t now_s;           /* the clock, for certificates */
	/* Told of what went on in spite of a doubt; may be NULL. */
	void (*note)(void *ctx, const char *text);
	void *note_ctx;
};

/* Where an answer goes; each may be NULL, a negative return ends the fetch. */
struct fetch_sink {
	/* A Gemini header, not for redirects that are followed. */
	int (*header)(void *ctx, int status, struct slice meta);
	/* The body in order; for Gemini of status 20 alone. */
	int (*body)(void *ctx, struct slice part);
	void *ctx;
};

enum fetch_end {
	FETCH_DONE,
	FETCH_BAD_URL,
	FETCH_NETWORK,     /* unreachable, silent or cut: worth another try */
	FETCH_BAD_ANSWER,  /* breaks the protocol, or redirects without end */
	FETCH_CERTIFICATE, /* refused */
	FETCH_TOO_LONG,    /* over max_bytes */
	FETCH_SINK,        /* the sink ended it */
	FETCH_LOCAL,       /* memory, or the known hosts */
};

struct fetch_result {
	enum fetch_end end;
	/*
	 * Gemini's; 0 before a header.  Over Gopher 0, or 51 when the whole
	 * answer was one error item, whose text is then in `meta`.
	 */
	int status;
	char meta[1025];
	uint64_t bytes;       /* of the body */
	struct target target; /* what was asked for in the end */
};

/*
 * Fetches `url` into `sink`.  0 when the whole answer was received, whatever
 * its status; -1 and *e otherwise.  *out is filled in both cases.  Ignores no
 * signal: the caller does so with SIGPIPE.
 */
int fetch_url(struct slice url, const struct fetch_opts *opts,
    const struct fetch_sink *sink, struct fetch_result *out, struct err *e);

#endif
