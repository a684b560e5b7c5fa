/*
 * gemini.h: the Gemini protocol without a socket: request bytes in, header
 * bytes out (specification 0.24.1, and PROTOCOLS.md sections 2 and 3).
 *
 * No allocation, no clock, no input or output.  It decides what a request is,
 * not whether it is ours: hosts and ports are compared by the caller, pages
 * looked up by the caller.
 */
#ifndef PROTO_GEMINI_H
#define PROTO_GEMINI_H

#include <stdbool.h>

#include "base/slice.h"
#include "proto/line.h"

struct protocol;

enum {
	GEMINI_URI_MAX = 1024,                   /* bytes, CRLF not counted */
	GEMINI_LINE_MAX = GEMINI_URI_MAX + 2,    /* bytes */
	GEMINI_META_MAX = 1024,                  /* bytes we send */
	GEMINI_HEADER_MAX = GEMINI_META_MAX + 5, /* bytes */
	GEMINI_PORT = 1965,
};

enum gemini_status {
	GEMINI_INPUT = 10,
	GEMINI_SUCCESS = 20,
	GEMINI_ELSEWHERE = 30, /* for now */
	GEMINI_MOVED = 31,
	GEMINI_FAILED_FOR_NOW = 40,
	GEMINI_UNAVAILABLE = 41,
	GEMINI_SLOW_DOWN = 44,
	GEMINI_NOT_FOUND = 51,
	GEMINI_GONE = 52,
	GEMINI_PROXY_REFUSED = 53,
	GEMINI_BAD_REQUEST = 59,
};

/*
 * A request for a page, over any protocol that serves the same pages.  The
 * slices point into the line that was parsed.
 */
struct gemini_request {
	struct slice host;  /* as sent; compare without case */
	int port;           /* GEMINI_PORT_NONE where requests name none */
	struct slice path;  /* decoded once, dot segments removed; "/..." */
	struct slice query; /* as sent */
	bool has_query;
	bool is_plain; /* the query is no part of a URI: not encoded */
};

#define GEMINI_PORT_NONE (-1)

extern const struct protocol gemini_protocol;

/*
 * Looks for the end of the request in the first `len` bytes: LINE_WHOLE and
 * *line_len without CRLF; LINE_BAD when a CR or LF stands alone or the URI is
 * too long, as early as that is certain.
 */
enum line_state gemini_line(const char *bytes, size_t len, size_t *line_len);

/*
 * Takes the request line (without CRLF) apart; the path is decoded in place,
 * so `line` is changed.  GEMINI_SUCCESS and *out, or the status to answer: 59
 * for what is no request, 53 for another scheme, 51 for a path that can name
 * nothing (an encoded slash or control, a step above the root).
 */
enum gemini_status gemini_parse(char *line, size_t len,
    struct gemini_request *out) __attribute__((warn_unused_result));

/*
 * The path of a URI, decoded in place and without dot segments: GEMINI_SUCCESS
 * and *out in it, or GEMINI_NOT_FOUND as above.
 */
enum gemini_status gemini_path(char *path, size_t len, struct slice *out)
    __attribute__((warn_unused_result));

/*
 * Writes "STATUS META CRLF" to dst, which holds GEMINI_HEADER_MAX bytes, and
 * returns its length.  Control characters are left out of `meta`, and what is
 * over GEMINI_META_MAX is cut.
 */
size_t gemini_header(char *dst, enum gemini_status status, struct slice meta);

/*
 * As above for a page: media type, and lang where the type is text/gemini and
 * lang is not empty.
 */
size_t gemini_page_header(char *dst, struct slice media, struct slice lang);

/* What a status without a page says to the reader. */
struct slice gemini_reason(enum gemini_status status);

#endif
