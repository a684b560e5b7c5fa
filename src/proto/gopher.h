/*
 * gopher.h: the Gopher protocol without a socket: a selector line in, errors
 * and small pages out (RFC 1436 and PROTOCOLS.md section 5).
 *
 * No allocation, no clock, no input or output.  Pages are looked up by the
 * caller; selectors are bytes and are not decoded here.
 */
#ifndef PROTO_GOPHER_H
#define PROTO_GOPHER_H

#include <stdbool.h>

#include "base/slice.h"
#include "proto/line.h"

struct buf;
struct protocol;

enum {
	GOPHER_SELECTOR_MAX = 1024,                /* bytes */
	GOPHER_LINE_MAX = GOPHER_SELECTOR_MAX + 2, /* bytes */
	GOPHER_ERROR_MAX = 1024,                   /* bytes */
	GOPHER_PORT = 70,
	GOPHER_ELSEWHERE = 7070, /* where port 70 is not allowed */
};

extern const struct protocol gopher_protocol;

enum gopher_kind {
	GOPHER_ITEM, /* a selector to look up */
	GOPHER_INFO, /* Gopher+ asks about the root menu */
	GOPHER_URL,  /* "URL:..." of an allowed scheme */
	GOPHER_HTTP, /* a web browser */
	GOPHER_BAD,  /* control characters, or a URL we do not repeat */
};

/* The slices point into the line that was parsed. */
struct gopher_request {
	enum gopher_kind kind;
	struct slice selector; /* GOPHER_URL: the URL alone */
	struct slice search;   /* what stood behind the first TAB */
	bool has_search;
};

/*
 * Looks for the end of the request in the first `len` bytes: LF, or CR LF;
 * *line_len is without it.  LINE_BAD when the selector is too long.
 */
enum line_state gopher_line(const char *bytes, size_t len, size_t *line_len);

/* Takes the line (without its end) apart. */
void gopher_parse(struct slice line, struct gopher_request *out);

/*
 * Writes the one-item menu that tells of an error to dst, which holds
 * GOPHER_ERROR_MAX bytes, and returns its length.  `text` is ours, under 200
 * bytes; `host_port` is "host TAB port".
 */
size_t gopher_error(char *dst, struct slice text, struct slice host_port);

/* Appends the answer to GOPHER_INFO. */
void gopher_info(struct buf *out, struct slice host_port);
/* Appends the HTML page that leads to `url` (of a GOPHER_URL), escaped. */
void gopher_url_page(struct buf *out, struct slice url);
/* Appends an HTTP answer that names our addresses ("gopher://host"...). */
void gopher_http_page(
    struct buf *out, struct slice gopher_url, struct slice gemini_url);

#endif
