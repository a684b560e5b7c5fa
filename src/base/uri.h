/*
 * uri.h: URIs as RFC 3986 has them: taken apart, encoded, resolved.
 *
 * Parsing is strict: what no URI may hold (blanks, controls, bytes above 127,
 * `"<>\^`{|}`, a percent sign without two hexadecimal digits) is refused, not
 * repaired.  uri_encode() and uri_repair() make URIs of foreign text.
 *
 * What it does not do: it knows no scheme's rules, resolves no names, and
 * folds no case (uri_host_eq() compares without it).
 */
#ifndef BASE_URI_H
#define BASE_URI_H

#include <stdbool.h>

#include "base/slice.h"

struct buf;

/*
 * A URI reference, each part as it stands, not decoded; the slices point into
 * the text that was parsed.  "Has" tells an empty part from none.
 */
struct uri {
	struct slice scheme; /* empty: a relative reference */
	struct slice userinfo, host, port;
	struct slice path, query, fragment; /* without '?' and '#' */
	bool has_authority, has_userinfo, has_port, has_query, has_fragment;
};

/*
 * Takes apart the URI reference `s`; 0, or -1 when it is none (*out is then
 * undefined).  An IP literal's host keeps its brackets and is checked.
 */
int uri_parse(struct slice s, struct uri *out)
    __attribute__((warn_unused_result));

/* The port's number, `none` when it is absent or empty, -1 above 65535. */
int uri_port(const struct uri *u, int none);

/* Whether two hosts are the same name: ASCII letters without case. */
bool uri_host_eq(struct slice a, struct slice b);

/*
 * Decodes each %XX in `s` once into dst, which holds at least s.len bytes and
 * may be s.ptr itself; returns the bytes written, or -1 at a broken %XX.
 */
long uri_decode(struct slice s, char *dst);

/*
 * The same of a path, segment by segment, so that an encoded slash never
 * becomes a separator; false at a broken %XX and where a segment would hold a
 * slash or a control character.
 */
bool uri_decode_path(struct slice raw, char *dst, size_t *len)
    __attribute__((warn_unused_result));

/*
 * Appends `s` as the path of a URI: all but unreserved characters,
 * sub-delimiters, ':', '@' and '/' become %XX, '%' too.
 */
void uri_encode(struct buf *out, struct slice s);
/*
 * Appends `s`, a URI as people write them: what stands in no URI becomes %XX,
 * whole %XX and everything else stays.
 */
void uri_repair(struct buf *out, struct slice s);

/*
 * Removes "." and ".." segments (RFC 3986 §5.2.4) from the path in place and
 * returns its new length.  *above, where not NULL, says whether a ".." was met
 * at the root, which the RFC just drops.
 */
size_t uri_remove_dots(char *path, size_t len, bool *above);

/*
 * Appends `ref` resolved against `base` (RFC 3986 §5.3, strict); the base has
 * a scheme or at least a path.
 */
void uri_resolve(
    struct buf *out, const struct uri *base, const struct uri *ref);

#endif
