/*
 * spartan.h: the Spartan protocol without a socket: request bytes in, header
 * bytes out (specification of 2021-07-11, at spartan.mozz.us).
 *
 * A request is a line, "HOST PATH LENGTH", and LENGTH bytes of data: what the
 * reader typed.  It becomes what a Gemini request for the same page would be,
 * and what is answered to that is said in Spartan's four statuses:
 *
 *	2x   2 and the media type     4x   5, it is our fault
 *	3x   3 and the path           5x   4, it is the reader's
 *	10   2 and a page with one "=:" line
 *
 * No allocation, no clock, no input or output.  Whose host it is, is the
 * caller's to know.
 */
#ifndef PROTO_SPARTAN_H
#define PROTO_SPARTAN_H

#include "proto/gemini.h"

struct buf;
struct protocol;

enum {
	SPARTAN_REQUEST_MAX = 1536, /* bytes of line and data together */
	SPARTAN_PORT = 300,
};

extern const struct protocol spartan_protocol;

/*
 * Looks for the end of the request in the first `len` bytes: LINE_WHOLE and
 * *request_len, line, CRLF and data; LINE_BAD when a CR or LF stands alone, a
 * control or a byte that is not ASCII comes, the last word of the line is no
 * number, or line and data are too long, as early as that is certain.
 */
enum line_state spartan_line(
    const char *bytes, size_t len, size_t *request_len);

/*
 * Takes a whole request apart; the path is decoded in place.  GEMINI_SUCCESS
 * and *out, whose slices point into it, or what gemini_parse() would say: 59
 * for what is no request, 51 for a path that can name nothing.  The data is
 * the query and is plain; a query in the path, which clients should have sent
 * as data, counts where there is none.
 */
enum gemini_status spartan_parse(char *request, size_t len,
    struct gemini_request *out) __attribute__((warn_unused_result));

/*
 * Writes "DIGIT TEXT CRLF" to dst, which holds GEMINI_HEADER_MAX bytes, and
 * returns its length; `status` is Gemini's.  A redirect to another server,
 * which Spartan has none of, becomes an error that names it.
 */
size_t spartan_header(char *dst, enum gemini_status status, struct slice text);
/* As gemini_page_header(). */
size_t spartan_page_header(char *dst, struct slice media, struct slice lang);

/* Appends a page that asks for input to `path`, encoded. */
void spartan_ask_page(struct buf *out, struct slice path, struct slice prompt);

#endif
