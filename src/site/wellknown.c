/*
 * Files that programs ask for by name: robots.txt, caps.txt, security.txt,
 * favicon.txt (PROTOCOLS.md 71, 77 to 79).
 *
 * security.txt must say when it ends (RFC 9116 §2.5.5).  A date made of the
 * clock would give other bytes each time, one made of the newest article is in
 * the past where nothing is written for a year; so it is a promise that the
 * institute gives, as `security_expires` in capsule.yaml, and without it there
 * is no security.txt.  The clock only decides about a warning.
 */
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "base/pack.h"
#include "base/utf8.h"
#include "site/build.h"
#include "store/store.h"

#include "site/site_internal.h"
#include "site/unchanged.h"

enum {
	FAVICON_MAX = 64, /* bytes: one emoji */
	SOON_S = 60 * 24 * 3600,
};

/* --- the files ----------------------------------------------------------- */

static void
pack(struct buf *out, char protocol, const char *address, struct slice body)
{
	struct output o = { .protocol = protocol,
		.address = slice_cstr(address),
		.kind = STORE_PAGE,
		.gopher_type = '0',
		.media = SLICE_LIT("text/plain"),
		.body = body };

	output_pack(out, &o);
}

/* Over Gopher with and without a slash in front, its lines ended by CR LF. */
static void
pack_gopher(struct buf *out, const char *address, struct slice body)
{
	struct buf lines;

	buf_init(&lines, (size_t)64 << 10);
	output_crlf(&lines, body);
	pack(out, 'o', address, buf_slice(&lines));
	pack(out, 'o', address + 1, buf_slice(&lines));
	if (buf_failed(&lines))
		out->failed = true;
	buf_release(&lines);
}

static void
make_robots(struct buf *out)
{
	struct slice body = SLICE_LIT("# Everything here may be read, kept and "
				      "searched; .sync is for mirrors.\n"
				      "User-agent: *\n"
				      "Disallow: /.sync/\n");

	pack(out, 'g', "/robots.txt", body);
	pack_gopher(out, "/robots.txt", body);
}

static void
make_caps(struct buf *out, const struct catalog *c)
{
	struct slice contact = c->contact;
	struct buf body;

	buf_init(&body, (size_t)16 << 10);
	buf_add_cstr(&body,
	    "CAPS\nCapsVersion=1\nExpireCapsAfter=86400\nPathDelimeter=/\n"
	    "PathIdentity=.\nPathParent=..\nServerSoftware=Qasid\n");
	if (slice_starts(contact, SLICE_LIT("mailto:")))
		contact = slice_from(contact, sizeof("mailto:") - 1);
	if (contact.len)
		buf_addf(&body, "ServerAdmin=%.*s\n", SLICE_FMT(contact));
	buf_add_cstr(&body,
	    "ServerDefaultEncoding=UTF-8\nServerSupportsStdinScripts=FALSE\n");
	pack_gopher(out, "/caps.txt", buf_slice(&body));
	if (buf_failed(&body))
		out->failed = true;
	buf_release(&body);
}

static void
make_security(struct buf *out, const struct catalog *c)
{
	char end[DATE_RFC3339_BYTES + 1];
	bool is_uri = slice_find(c->contact, ':') < c->contact.len;
	struct buf body;

	if (!c->contact.len || !date_is_set(&c->security_expires))
		return;
	buf_init(&body, (size_t)16 << 10);
	date_format_rfc3339(&c->security_expires, end);
	buf_addf(&body, "Contact: %s%.*s\nExpires: %s\n",
	    is_uri ? "" : "mailto:", SLICE_FMT(c->contact), end);
	for (size_t i = 0; i < c->languages.count; i++)
		buf_addf(&body, "%s%.*s", i ? ", " : "Preferred-Languages: ",
		    SLICE_FMT(c->languages.items[i]));
	if (c->languages.count)
		buf_add_char(&body, '\n');
	pack(out, 'g', "/.well-known/security.txt", buf_slice(&body));
	if (buf_failed(&body))
		out->failed = true;
	buf_release(&body);
}

static void
warn_security(struct site *site)
{
	const struct date *end = &site->catalog.security_expires;
	char day[DATE_DAY_BYTES + 1];
	int64_t left;

	if (!date_is_set(end))
		return;
	left = date_unix(end) - site->opts->now_s;
	date_format_day(end, day);
	unchanged_until(site, date_unix(end) - SOON_S);
	if (left < SOON_S)
		diag_at(site->diag, DIAG_WARNING, "capsule.yaml", 0, 0,
		    "security_expires: %s %s; give a later day", day,
		    left < 0 ? "is past" : "is near");
}

/* content/favicon.txt: what it holds, on one line; empty: no such file. */
static int
read_favicon(struct site *site, struct buf *out, struct err *e)
{
	struct err why = ERR_INIT;
	struct slice text;

	if (io_read_below(site->content_fd, "favicon.txt", FAVICON_MAX, out,
		NULL, &why) < 0) {
		if (why.kind == ERR_MISSING)
			return 0;
		diag_err(site->diag, DIAG_ERROR, &why);
		buf_clear(out);
		return 0;
	}
	text = slice_trim(buf_slice(out));
	if (!text.len || !utf8_valid(text) ||
	    slice_find(text, '\n') < text.len) {
		diag_at(site->diag, DIAG_ERROR, "favicon.txt", 1, 1,
		    "one emoji is wanted here, in UTF-8");
		buf_clear(out);
		return 0;
	}
	return buf_failed(out) ? err_memory(e) : 0;
}

/* --- the unit ------------------------------------------------------------ */

static int
put(struct site *site, struct slice favicon, struct output_unit *u,
    struct err *e)
{
	struct slice record = SLICE_NONE;
	struct buf outputs;
	int rc;

	buf_init(&outputs, (size_t)1 << 20);
	make_robots(&outputs);
	make_caps(&outputs, &site->catalog);
	make_security(&outputs, &site->catalog);
	if (favicon.len)
		pack(&outputs, 'g', "/favicon.txt", favicon);
	u->outputs = buf_slice(&outputs);
	rc = buf_failed(&outputs) ? err_memory(e)
				  : output_put(site, u, &record, e);
	if (!rc)
		pack_slice(&site->put_units, record);
	buf_release(&outputs);
	return rc;
}

int
wellknown_make(struct site *site, struct err *e)
{
	struct output_unit u = { .name = SLICE_LIT("w") };
	struct buf in, favicon;
	struct unit was;
	int rc;

	warn_security(site);
	if (store_state_get(site->store, SLICE_LIT("u/w"), &u.before) !=
	    STORE_FOUND)
		u.before = SLICE_NONE;
	buf_init(&in, (size_t)64 << 10);
	buf_init(&favicon, FAVICON_MAX + 4096);
	rc = read_favicon(site, &favicon, e);
	if (!rc) {
		pack_hash(&in, &site->base_hash);
		pack_slice(&in, buf_slice(&favicon));
		if (buf_failed(&in) || hash_of(buf_slice(&in), &u.digest) < 0)
			rc = err_memory(e);
	}
	if (!rc &&
	    (!u.before.len || unit_decode(u.before, &was) < 0 ||
		!hash_eq(&was.digest, &u.digest)))
		rc = put(site, buf_slice(&favicon), &u, e);
	buf_release(&in);
	buf_release(&favicon);
	return rc;
}
