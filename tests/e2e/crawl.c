/*
 * crawl.c: walks a site over Gemini and Gopher and names what is wrong with it.
 *
 *	crawl [--gemini ADDR:PORT] [--gopher ADDR:PORT] [--keys FILE]
 *	      [--allow GLOB]... [--search WORD] [--width N] START-URL...
 *
 * Own links are those to the host of the first start URL; where they connect
 * to is said by --gemini and --gopher, and a protocol without an address is
 * not walked.  Every own link is followed: gemtext link lines, menu items,
 * URLs in texts.  Each page is checked by its kind: gemtext, menu, text.
 *
 * --keys names a file (- for stdin) with lines as `qasid get --store DIR
 * --list` prints them; pages of walked protocols that no link led to are
 * findings, unless a GLOB matches the key or it begins with "g/.sync/" or
 * "o/.sync/".
 *
 * A finding is a line "URL:line: text" on stdout; the last line has counts.
 * Exit 0: nothing found; 1: findings; 2: usage.
 */
#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <unistr.h>
#include <uniwidth.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/uri.h"
#include "base/utf8.h"
#include "client/fetch.h"
#include "client/menu.h"
#include "client/reply.h"

enum {
	PAGE_MAX = 64 << 20,
	GLOBS_MAX = 64,
};

struct page {
	UT_hash_handle hh;
	struct page *next; /* in the queue */
	char *url, *from;  /* from: the page that links here */
	unsigned from_line;
};

struct crawl {
	char host[256];
	char gemini[256], gopher[256]; /* addresses; empty: not walked */
	char gemini_port[8], gopher_port[8];
	const char *search, *keys;
	const char *allow[GLOBS_MAX];
	unsigned allows;
	int width;
	struct page *pages, *first, **last;
	unsigned fetched, findings, outside, gemtexts, menus, texts, files;
	unsigned redirects, indented;
};

static struct crawl c = { .width = 67, .last = &c.first };

/* One answer. */
struct answer {
	const char *url;
	struct fetch_result res;
	struct buf body;
	struct slice path; /* or selector */
};

static void *
must(void *p)
{
	if (!p) {
		fprintf(stderr, "crawl: out of memory\n");
		exit(2);
	}
	return p;
}

static void __attribute__((format(printf, 3, 4)))
found(const char *url, unsigned line, const char *fmt, ...)
{
	char raw[1024], text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	err_escape(text, sizeof(text), raw, strlen(raw));
	printf("%s:%u: %s\n", url, line, text);
	c.findings++;
}

/* --- the queue ----------------------------------------------------------- */

/* Queues an own URL that was not met yet; others are counted. */
static void
follow(struct slice url, const char *from, unsigned line)
{
	struct page *p;
	struct uri u;
	bool gemini, gopher;

	if (uri_parse(url, &u) < 0) {
		found(from, line, "no URI: %.*s", SLICE_FMT(url));
		return;
	}
	gemini = slice_eq_nocase(u.scheme, SLICE_LIT("gemini"));
	gopher = slice_eq_nocase(u.scheme, SLICE_LIT("gopher"));
	if (!uri_host_eq(u.host, slice_cstr(c.host)) ||
	    !((gemini && c.gemini[0]) || (gopher && c.gopher[0]))) {
		c.outside++;
		return;
	}
	if (u.has_fragment)
		url = slice_upto(url, slice_find(url, '#'));
	HASH_FIND(hh, c.pages, url.ptr, url.len, p);
	if (p)
		return;
	p = must(calloc(1, sizeof(*p)));
	p->url = must(strndup(url.ptr, url.len));
	p->from = must(strdup(from));
	p->from_line = line;
	HASH_ADD_KEYPTR(hh, c.pages, p->url, strlen(p->url), p);
	*c.last = p;
	c.last = &p->next;
}

static void
follow_relative(struct slice ref, const char *from, unsigned line)
{
	struct uri base, u;
	struct buf out;

	if (uri_parse(ref, &u) < 0 || uri_parse(slice_cstr(from), &base) < 0) {
		found(from, line, "no URI: %.*s", SLICE_FMT(ref));
		return;
	}
	buf_init(&out, 4096);
	uri_resolve(&out, &base, &u);
	follow(buf_slice(&out), from, line);
	buf_release(&out);
}

static void
follow_item(const struct menu_item *item, const char *from, unsigned line)
{
	struct buf out;

	buf_init(&out, 8192);
	buf_addf(&out, "gopher://%.*s", SLICE_FMT(item->host));
	if (item->port != 70)
		buf_addf(&out, ":%d", item->port);
	buf_addf(&out, "/%c", item->type);
	uri_encode(&out, item->selector);
	follow(buf_slice(&out), from, line);
	buf_release(&out);
}

/* --- checks -------------------------------------------------------------- */

static bool
check_bytes(const char *url, unsigned line, struct slice s)
{
	uint32_t cp;
	size_t n;

	for (size_t i = 0; i < s.len; i += n) {
		n = utf8_decode(s.ptr + i, s.len - i, &cp);
		if (!n) {
			found(url, line, "invalid UTF-8 at byte %zu", i + 1);
			return false;
		}
		if ((cp < 0x20 && cp != '\t') || (cp >= 0x7f && cp < 0xa0)) {
			found(url, line, "control character U+%04X", cp);
			return false;
		}
		if (cp == 0xfeff) {
			found(url, line, "byte order mark");
			return false;
		}
	}
	return true;
}

static int
columns(struct slice s)
{
	return u8_width((const uint8_t *)s.ptr, s.len, "UTF-8");
}

/* Blanks, digits and signs alone: a bullet, a number, a quote mark. */
static bool
is_marker(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.ptr[i] | 0x20) >= 'a' && (s.ptr[i] | 0x20) <= 'z')
			return false;
	return true;
}

/*
 * Over the width, and not for the sake of one word: there is a blank to break
 * at, with more than a marker in front of it.
 */
static void
check_width(const char *url, unsigned line, struct slice s, int width)
{
	size_t blank = 0;

	if (columns(s) <= width)
		return;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == ' ' && columns(slice_upto(s, i)) <= width)
			blank = i;
	if (is_marker(slice_upto(s, blank)))
		return;
	if (slice_starts(s, SLICE_LIT("  "))) {
		c.indented++; /* code is not wrapped */
		return;
	}
	found(url, line, "%d columns: %.*s", columns(s), SLICE_FMT(s));
}

/* Takes a line off *body; *crlf tells how it ended, false at the very end. */
static struct slice
next_line(struct slice *body, bool *lf, bool *crlf)
{
	size_t end = slice_find(*body, '\n');
	struct slice line = slice_upto(*body, end);

	*lf = end < body->len;
	*body = slice_from(*body, end + 1);
	*crlf = *lf && line.len && line.ptr[line.len - 1] == '\r';
	if (*crlf)
		line.len--;
	return line;
}

static void
check_link_line(const char *url, unsigned line, struct slice s)
{
	struct slice ref;
	size_t n = 0;

	s = slice_trim(slice_from(s, 2));
	while (n < s.len && s.ptr[n] != ' ' && s.ptr[n] != '\t')
		n++;
	ref = slice_upto(s, n);
	if (!ref.len)
		found(url, line, "a link without URL");
	else
		follow_relative(ref, url, line);
}

static void
check_gemtext(const char *url, struct slice body, bool crlf_allowed)
{
	unsigned line = 0, titles = 0;
	bool pre = false, lf, crlf;

	c.gemtexts++;
	while (body.len) {
		struct slice s = next_line(&body, &lf, &crlf);

		line++;
		if (!lf)
			found(url, line, "no newline at the end");
		if (crlf && !crlf_allowed)
			found(url, line, "CR LF");
		if (!check_bytes(url, line, s))
			continue;
		if (slice_starts(s, SLICE_LIT("```"))) {
			if (pre && s.len > 3)
				found(
				    url, line, "words behind a closing toggle");
			pre = !pre;
			continue;
		}
		if (pre)
			continue;
		if (slice_starts(s, SLICE_LIT("=>")))
			check_link_line(url, line, s);
		if (slice_starts(s, SLICE_LIT("# ")) && ++titles > 1)
			found(url, line, "a second title");
		if (slice_starts(s, SLICE_LIT("####")))
			found(url, line, "a heading of level 4");
	}
	if (pre)
		found(url, line, "an odd number of toggles");
	if (!titles)
		found(url, 1, "no title");
}

static void
check_item(const char *url, unsigned line, const struct menu_item *item)
{
	static const char types[] = "0179Igshi";
	struct slice target;

	if (item->plus)
		found(url, line, "a Gopher+ field");
	if (!strchr(types, item->type)) {
		found(url, line, "type \"%c\"", item->type);
		return;
	}
	check_width(url, line, item->name, c.width);
	if (item->type == 'i') {
		if (item->selector.len || item->host.len || item->port)
			found(url, line, "an information line that points");
		return;
	}
	if (!item->name.len)
		found(url, line, "an item without a name");
	if (!item->host.len || !item->port)
		found(url, line, "an item without host or port");
	if (item->type != 'h') {
		follow_item(item, url, line);
		return;
	}
	if (!slice_starts(item->selector, SLICE_LIT("URL:"))) {
		found(url, line, "an h item without URL:");
		return;
	}
	target = slice_from(item->selector, 4);
	follow(target, url, line);
}

static void
check_menu(const char *url, struct slice body)
{
	struct menu_item item;
	bool lf, crlf, ended = false;
	unsigned line = 0;
	const char *why;

	c.menus++;
	while (body.len) {
		struct slice s = next_line(&body, &lf, &crlf);

		line++;
		if (!crlf)
			found(url, line, "a line without CR LF");
		if (ended)
			found(url, line, "a line behind the final dot");
		if (slice_eq_cstr(s, ".")) {
			ended = true;
			continue;
		}
		if (!check_bytes(url, line, s))
			continue;
		if (menu_parse(s, &item, &why) < 0)
			found(url, line, "%s: %.*s", why, SLICE_FMT(s));
		else
			check_item(url, line, &item);
	}
	if (!ended)
		found(url, line, "no final dot");
}

/* Follows each gemini:// and gopher:// URL in a line of text. */
static void
follow_in_text(const char *url, unsigned line, struct slice s)
{
	static const char stop[] = " \t<>\"\\^`{|}";

	for (size_t i = 0; i + 9 < s.len; i++) {
		struct slice rest = slice_from(s, i);
		size_t n = 0;

		if (!slice_starts(rest, SLICE_LIT("gopher://")) &&
		    !slice_starts(rest, SLICE_LIT("gemini://")))
			continue;
		while (n < rest.len && (unsigned char)rest.ptr[n] < 0x80 &&
		    !strchr(stop, rest.ptr[n]))
			n++;
		while (n && strchr(".,;:!?)]'", rest.ptr[n - 1]))
			n--;
		follow(slice_upto(rest, n), url, line);
		i += n;
	}
}

/* The width a text was wrapped to; 0: it was not, or is no text of ours. */
static int
text_width(struct slice path)
{
	const char *name = memrchr(path.ptr, '/', path.len);
	struct slice s =
	    name ? slice_from(path, (size_t)(name - path.ptr) + 1) : path;
	unsigned slashes = 0;

	for (size_t i = 0; i < path.len; i++)
		slashes += path.ptr[i] == '/';
	if (!slice_ends(s, SLICE_LIT(".txt")) ||
	    slice_ends(s, SLICE_LIT(".w0.txt")))
		return 0;
	if (slashes > (slice_starts(path, SLICE_LIT("/articles/")) ? 2 : 1) &&
	    !slice_starts(s, SLICE_LIT("part-")) &&
	    !slice_starts(s, SLICE_LIT("all.")))
		return 0;
	return slice_ends(s, SLICE_LIT(".w40.txt")) ? 40 : c.width;
}

static void
check_text(const char *url, struct slice path, struct slice body)
{
	int width = text_width(path);
	unsigned line = 0;
	bool lf, crlf;

	c.texts++;
	while (body.len) {
		struct slice s = next_line(&body, &lf, &crlf);

		line++;
		if (!crlf)
			found(url, line, "a line without CR LF");
		if (slice_eq_cstr(s, "."))
			found(url, line, "a lone dot");
		if (!check_bytes(url, line, s))
			continue;
		if (width)
			check_width(url, line, s, width);
		follow_in_text(url, line, s);
	}
}

/* --- answers ------------------------------------------------------------- */

static void
check_gemini(struct answer *a)
{
	struct slice meta = slice_cstr(a->res.meta);
	bool has_lang;

	if (!slice_eq_nocase(reply_media(meta), SLICE_LIT("text/gemini"))) {
		c.files++;
		return;
	}
	(void)reply_param(meta, "lang", &has_lang);
	if (!has_lang)
		found(a->url, 0, "no lang in \"%s\"", a->res.meta);
	check_gemtext(a->url, buf_slice(&a->body), false);
}

static void
check_gopher(struct answer *a)
{
	char type = a->res.target.gopher_type;
	struct slice path =
	    slice_make(a->res.target.request, a->res.target.request_len - 2);

	if (type == '1' || type == '7') {
		check_menu(a->url, buf_slice(&a->body));
	} else if (type == '0') {
		if (slice_ends(path, SLICE_LIT(".gmi")))
			check_gemtext(a->url, buf_slice(&a->body), true);
		else if (slice_ends(path, SLICE_LIT(".md")) ||
		    slice_ends(path, SLICE_LIT(".csv")))
			c.files++;
		else
			check_text(a->url, path, buf_slice(&a->body));
	} else {
		c.files++;
	}
}

static int
keep_body(void *ctx, struct slice part)
{
	struct buf *b = ctx;

	buf_add(b, part);
	return buf_failed(b) ? -1 : 0;
}

/* Fetches `url`; false when there is no whole answer (said in *e). */
static bool
fetch(const char *url, struct answer *a, struct err *e)
{
	bool gopher = !strncasecmp(url, "gopher:", 7);
	struct fetch_opts opts = { .trust = FETCH_ANY,
		.connect_host = gopher ? c.gopher : c.gemini,
		.connect_port = gopher ? c.gopher_port : c.gemini_port,
		.max_bytes = PAGE_MAX,
		.now_s = time(NULL) };
	struct fetch_sink sink = { .body = keep_body, .ctx = &a->body };

	a->url = url;
	buf_init(&a->body, PAGE_MAX);
	c.fetched++;
	return fetch_url(slice_cstr(url), &opts, &sink, &a->res, e) == 0;
}

/* With --search, what an item that asks for words answers to one. */
static void
try_search(const char *url, bool gopher)
{
	struct answer a;
	struct err e = ERR_INIT;
	struct buf full;

	if (!c.search)
		return;
	buf_init(&full, 4096);
	buf_addf(&full, "%s%s", url, gopher ? "%09" : "?");
	uri_encode(&full, slice_cstr(c.search));
	if (!fetch(must((void *)(uintptr_t)buf_cstr(&full)), &a, &e))
		found(url, 0, "search: %s", e.text);
	else if (gopher)
		check_gopher(&a);
	else if (a.res.status != 20)
		found(url, 0, "search: %d %s", a.res.status, a.res.meta);
	else
		check_gemini(&a);
	buf_release(&a.body);
	buf_release(&full);
}

static void
visit(struct page *p)
{
	struct err e = ERR_INIT;
	struct answer a;
	struct target t;

	if (target_parse(slice_cstr(p->url), &t, &e) == 0 &&
	    t.gopher_type == '7') {
		try_search(p->url, true);
		return;
	}
	if (!fetch(p->url, &a, &e)) {
		found(p->from, p->from_line, "link to %s: %s", p->url, e.text);
	} else if (a.res.target.protocol == TARGET_GOPHER &&
	    a.res.status == 0) {
		check_gopher(&a);
	} else if (a.res.status == 20) {
		check_gemini(&a);
	} else if (a.res.status / 10 == 3) {
		c.redirects++;
		follow_relative(slice_cstr(a.res.meta), p->url, 0);
	} else if (a.res.status == 10) {
		try_search(p->url, false);
	} else {
		found(p->from, p->from_line, "dead link %s: %d %s", p->url,
		    a.res.status, a.res.meta);
	}
	buf_release(&a.body);
}

/* --- keys never reached -------------------------------------------------- */

/* Whether some page that was met stands under the store's `key`. */
static bool
is_reached(struct slice key)
{
	struct slice want = slice_from(key, 1);
	char protocol = key.ptr[0];

	if (slice_eq_cstr(want, "/"))
		want = SLICE_NONE;
	for (struct page *p = c.pages; p; p = p->hh.next) {
		struct slice path;
		char decoded[4096];
		struct uri u;
		long n;

		if (uri_parse(slice_cstr(p->url), &u) < 0 ||
		    (protocol == 'g') !=
			slice_eq_nocase(u.scheme, SLICE_LIT("gemini")))
			continue;
		path = u.path;
		if (protocol == 'o')
			path = slice_from(path, 2);
		if (path.len > sizeof(decoded) ||
		    (n = uri_decode(path, decoded)) < 0)
			continue;
		path = slice_make(decoded, (size_t)n);
		if (slice_eq_cstr(path, "/"))
			path = SLICE_NONE;
		/* A menu's selector may end in a slash, its key does not. */
		if (protocol == 'o' && slice_ends(path, SLICE_LIT("/")))
			path.len--;
		if (slice_eq(path, want))
			return true;
	}
	return false;
}

static bool
is_allowed(const char *key)
{
	if (!strncmp(key + 1, "/.sync/", 7))
		return true;
	for (unsigned i = 0; i < c.allows; i++)
		if (fnmatch(c.allow[i], key, 0) == 0)
			return true;
	return false;
}

static void
check_key(char *line)
{
	char *kind = strchr(line, '\t');

	if (kind) {
		*kind++ = '\0';
		if (strncmp(kind, "page", 4) != 0 &&
		    strncmp(kind, "search", 6) != 0)
			return;
	}
	if (!(line[0] == 'g' && c.gemini[0]) &&
	    !(line[0] == 'o' && c.gopher[0]))
		return;
	if (!is_allowed(line) && !is_reached(slice_cstr(line)))
		found(line, 0, "published, but no link leads there");
}

static int
check_keys(void)
{
	bool in = !strcmp(c.keys, "-");
	FILE *f = in ? stdin : fopen(c.keys, "re");
	unsigned count = 0;
	char line[2048];

	if (!f) {
		perror(c.keys);
		return -1;
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\r\n")] = '\0';
		check_key(line);
		count++;
	}
	if (!in)
		fclose(f);
	if (!count)
		found(c.keys, 0, "an empty list of keys");
	return 0;
}

/* --- options ------------------------------------------------------------- */

static int
parse_address(const char *text, char *host, char *port)
{
	const char *colon = strrchr(text, ':');

	if (!colon || colon == text || strlen(colon + 1) > 5 ||
	    colon - text > 255)
		return -1;
	snprintf(host, 256, "%.*s", (int)(colon - text), text);
	snprintf(port, 8, "%s", colon + 1);
	return 0;
}

static int
usage(void)
{
	fprintf(stderr,
	    "usage: crawl [--gemini ADDR:PORT] [--gopher ADDR:PORT] "
	    "[--keys FILE] [--allow GLOB]\n"
	    "             [--search WORD] [--width N] URL...\n");
	return 2;
}

static int
parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{ "gemini", required_argument, NULL, 'g' },
		{ "gopher", required_argument, NULL, 'o' },
		{ "keys", required_argument, NULL, 'k' },
		{ "allow", required_argument, NULL, 'a' },
		{ "search", required_argument, NULL, 's' },
		{ "width", required_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	int o, bad = 0;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 'g')
			bad |= parse_address(optarg, c.gemini, c.gemini_port);
		else if (o == 'o')
			bad |= parse_address(optarg, c.gopher, c.gopher_port);
		else if (o == 'k')
			c.keys = optarg;
		else if (o == 'a' && c.allows < GLOBS_MAX)
			c.allow[c.allows++] = optarg;
		else if (o == 's')
			c.search = optarg;
		else if (o == 'w')
			c.width = (int)strtol(optarg, NULL, 10);
		else
			bad = -1;
	}
	return bad || optind >= argc ? -1 : 0;
}

static void
release_pages(void)
{
	struct page *p, *next;

	HASH_ITER(hh, c.pages, p, next)
	{
		HASH_DEL(c.pages, p);
		free(p->url);
		free(p->from);
		free(p);
	}
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct target t;

	if (parse_options(argc, argv) < 0)
		return usage();
	signal(SIGPIPE, SIG_IGN);
	if (target_parse(slice_cstr(argv[optind]), &t, &e) < 0) {
		fprintf(stderr, "crawl: %s\n", e.text);
		return 2;
	}
	snprintf(c.host, sizeof(c.host), "%s", t.host);
	for (int i = optind; i < argc; i++)
		follow(slice_cstr(argv[i]), argv[i], 0);
	for (struct page *p = c.first; p; p = p->next)
		visit(p);
	if (c.keys && check_keys() < 0)
		return 2;
	printf("%u findings; %u fetched: %u gemtext, %u menus, %u texts, "
	       "%u files, %u redirects; %u links outside, %u long indented "
	       "lines\n",
	    c.findings, c.fetched, c.gemtexts, c.menus, c.texts, c.files,
	    c.redirects, c.outside, c.indented);
	if (!c.fetched)
		fprintf(stderr, "crawl: nothing was fetched\n");
	release_pages();
	return c.findings || !c.fetched ? 1 : 0;
}
