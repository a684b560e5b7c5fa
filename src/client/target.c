#include <stdio.h>

#include "base/err.h"
#include "base/uri.h"

#include "client/target.h"

enum {
	GEMINI_DEFAULT_PORT = 1965,
	GOPHER_DEFAULT_PORT = 70,
};

static int
set_host(struct target *t, const struct uri *u, struct err *e)
{
	struct slice host = u->host;
	int port;

	if (host.len && host.ptr[0] == '[')
		host = slice_make(host.ptr + 1, host.len - 2);
	if (!host.len || host.len >= sizeof(t->host))
		return err_set(e, ERR_INVALID, "no host in \"%s\"", t->url);
	for (size_t i = 0; i < host.len; i++) {
		char c = host.ptr[i];

		if (c == '%')
			return err_set(e, ERR_INVALID,
			    "the host in \"%s\" is not in ASCII", t->url);
		t->host[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	t->host[host.len] = '\0';
	port = uri_port(u,
	    t->protocol == TARGET_GEMINI ? GEMINI_DEFAULT_PORT
					 : GOPHER_DEFAULT_PORT);
	if (port < 1)
		return err_set(
		    e, ERR_INVALID, "no such port in \"%s\"", t->url);
	t->port_number = port;
	snprintf(t->port, sizeof(t->port), "%u", (unsigned)port & 0xffff);
	return 0;
}

/* "gemini://host/path?query" CRLF */
static int
gemini_request(struct target *t, struct slice url, const struct uri *u)
{
	struct buf out;
	struct slice path = u->path;
	int r = -1;

	if (!path.len)
		path = SLICE_LIT("/");
	buf_init(&out, TARGET_URL_MAX);
	buf_add(&out, slice_upto(url, (size_t)(u->path.ptr - url.ptr)));
	buf_add(&out, path);
	if (u->has_query) {
		buf_add_char(&out, '?');
		buf_add(&out, u->query);
	}
	if (!buf_failed(&out)) {
		memcpy(t->url, out.ptr, out.len);
		t->url[out.len] = '\0';
		memcpy(t->request, out.ptr, out.len);
		t->request_len = out.len;
		r = 0;
	}
	buf_release(&out);
	return r;
}

/* The decoded selector; a query is part of it (RFC 4266 knows none). */
static int
gopher_request(struct target *t, struct slice url, const struct uri *u)
{
	struct slice s = url;
	long n;

	t->gopher_type = '1';
	s = slice_from(s, (size_t)(u->path.ptr - url.ptr));
	s = slice_upto(s, slice_find(s, '#'));
	s = slice_from(s, 1); /* the slash */
	if (!s.len)
		return 0;
	t->gopher_type = s.ptr[0];
	s = slice_from(s, 1);
	if (t->gopher_type == '%')
		return -1;
	if ((n = uri_decode(s, t->request)) < 0)
		return -1;
	t->request_len = (size_t)n;
	for (size_t i = 0; i < t->request_len; i++)
		if (t->request[i] == '\r' || t->request[i] == '\n' ||
		    !t->request[i])
			return -1;
	return 0;
}

static int
parse_repaired(struct slice url, struct target *t, struct err *e)
{
	struct uri u;
	int r;

	snprintf(t->url, sizeof(t->url), "%.*s", SLICE_FMT(url));
	if (uri_parse(url, &u) < 0 || !u.has_authority)
		return err_set(e, ERR_INVALID, "\"%s\" is no URL", t->url);
	if (slice_eq_nocase(u.scheme, SLICE_LIT("gemini")))
		t->protocol = TARGET_GEMINI;
	else if (slice_eq_nocase(u.scheme, SLICE_LIT("gopher")) ||
	    slice_eq_nocase(u.scheme, SLICE_LIT("gophers")))
		t->protocol = TARGET_GOPHER;
	else
		return err_set(e, ERR_INVALID,
		    "\"%s\" is neither gemini:// nor gopher://", t->url);
	t->tls = !slice_eq_nocase(u.scheme, SLICE_LIT("gopher"));
	if (u.has_userinfo)
		return err_set(e, ERR_INVALID, "a user name in \"%s\"", t->url);
	if (set_host(t, &u, e) < 0)
		return -1;
	if (t->protocol == TARGET_GEMINI)
		r = gemini_request(t, url, &u);
	else
		r = gopher_request(t, url, &u);
	if (r < 0)
		return err_set(
		    e, ERR_INVALID, "\"%s\" cannot be asked for", t->url);
	memcpy(t->request + t->request_len, "\r\n", 2);
	t->request_len += 2;
	return 0;
}

int
target_parse(struct slice url, struct target *out, struct err *e)
{
	struct target t = { .gopher_type = 0 };
	struct buf whole;
	int r;

	buf_init(&whole, TARGET_URL_MAX);
	uri_repair(&whole, url);
	if (buf_failed(&whole))
		r = err_set(
		    e, ERR_INVALID, "a URL over %d bytes", TARGET_URL_MAX);
	else
		r = parse_repaired(buf_slice(&whole), &t, e);
	buf_release(&whole);
	if (r == 0)
		*out = t;
	return r;
}

int
target_redirect(const struct target *from, struct slice meta,
    struct target *out, struct err *e)
{
	struct uri base, ref;
	struct buf whole;
	int r;

	if (uri_parse(slice_cstr(from->url), &base) < 0 ||
	    uri_parse(meta, &ref) < 0)
		return err_set(e, ERR_INVALID, "redirected to no URL");
	buf_init(&whole, TARGET_URL_MAX);
	uri_resolve(&whole, &base, &ref);
	if (buf_failed(&whole))
		r = err_set(e, ERR_INVALID, "redirected to a URL over %d bytes",
		    TARGET_URL_MAX);
	else
		r = target_parse(buf_slice(&whole), out, e);
	buf_release(&whole);
	return r;
}
