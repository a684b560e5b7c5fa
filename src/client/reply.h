/*
 * reply.h: what a Gemini server answers before the page: "STATUS META CRLF"
 * (specification 0.24.1), read strictly.
 *
 * Pure: bytes in, a struct out.  It decides whether the header is one, not
 * what to do about it.
 */
#ifndef CLIENT_REPLY_H
#define CLIENT_REPLY_H

#include "base/slice.h"

enum {
	REPLY_META_MAX = 1024,                 /* bytes */
	REPLY_HEADER_MAX = REPLY_META_MAX + 5, /* bytes, CRLF counted */
};

enum reply_state {
	REPLY_WHOLE,
	REPLY_PART, /* so far fine, more bytes are needed */
	REPLY_BAD,  /* no header whatever follows */
};

struct reply {
	int status;        /* one of the defined codes, 10 to 62 */
	struct slice meta; /* points into the bytes that were parsed */
	size_t len;        /* bytes of the header, CRLF counted */
};

/*
 * Looks for a header at the front of `s`.  Defined codes only; one blank and
 * META for 1x, 2x and 3x; UTF-8 without control characters and without a byte
 * order mark; REPLY_BAD as early as it is certain, and then *why says in a few
 * words what was wrong (static text).
 */
enum reply_state reply_parse(
    struct slice s, struct reply *out, const char **why);

/*
 * The media type in `meta` ("text/gemini" of "text/gemini; lang=ur"), without
 * parameters and blanks.
 */
struct slice reply_media(struct slice meta);

/*
 * The value of parameter `name` (in lower case), unquoted; empty when it is
 * not there.  *found, where not NULL, says whether it is.
 */
struct slice reply_param(struct slice meta, const char *name, bool *found);

#endif
