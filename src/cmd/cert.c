#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/date.h"
#include "base/err.h"
#include "cert/cert.h"
#include "cert/folder.h"
#include "cmd/cmd.h"
#include "cmd/owner.h"
#include "server/tickets.h"

#include "cmd/cert.h"

#define TAKEN_UP "a running server takes it up at SIGHUP"

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid cert --host NAME [--dir DIR] [--until DATE]\n"
	    "       qasid cert list [--host NAME] [--dir DIR]\n"
	    "       qasid cert renew --host NAME [--dir DIR] [--at DATE] "
	    "[--until DATE]\n"
	    "       qasid cert rollover --host NAME [--dir DIR] [--at DATE]\n"
	    "           [--until DATE] [--page FILE [CONTENT]]\n"
	    "       qasid cert rollover --host NAME [--dir DIR] --cancel\n"
	    "       qasid cert announce [--host NAME ...] [--dir DIR] "
	    "[--page FILE] [CONTENT]\n"
	    "       qasid cert export --host NAME [--dir DIR] FILE\n"
	    "       qasid cert import --host NAME [--dir DIR] FILE [FILE]\n"
	    "       qasid cert --ticket-keys FILE\n");
	return CMD_USAGE;
}

/* Letters a host name or address has; above all no slash. */
static bool
is_host(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < 254 && *s != '.' && *s != '-' &&
	    strspn(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789.-_:") == n;
}

/* A certificate and its key on their way to a folder. */
struct pair {
	struct buf crt, key;
};

static void
pair_init(struct pair *p)
{
	buf_init(&p->crt, CERT_PEM_MAX);
	buf_init(&p->key, CERT_PEM_MAX);
}

static void
pair_release(struct pair *p)
{
	buf_release(&p->crt);
	cert_wipe(&p->key);
}

/* Both fingerprints of what was just written. */
static int
print(const struct pair *p, const char *host, struct err *e)
{
	struct cert c;

	if (cert_parse_public(&c, buf_slice(&p->crt), host, e) < 0)
		return -1;
	cert_print_prints(stdout, "", &c);
	cert_release(&c);
	return 0;
}

/* --- the first one ------------------------------------------------------- */

static int
make_folder(const char *dir, struct err *e)
{
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_errno(e, "mkdir", dir);
	return 0;
}

static int
add(const char *dir, const char *host, const struct pair *p, struct err *e)
{
	if (make_folder(dir, e) < 0 ||
	    cert_folder_add(
		dir, host, buf_slice(&p->crt), buf_slice(&p->key), e) < 0)
		return -1;
	fprintf(stderr, "wrote %s/%s.crt and %s/%s.key: back both up\n", dir,
	    host, dir, host);
	return 0;
}

/* Valid up to its last second, which is the one before --until. */
static struct cert_span
span_of(const struct cert_args *a)
{
	return (struct cert_span){ a->now_s,
		a->until_s ? a->until_s - 1 : CERT_NEVER };
}

static int
make(const struct cert_args *a, struct err *e)
{
	struct cert_span span = span_of(a);
	const char *host = a->hosts[0];
	struct pair p;
	int r = -1;

	pair_init(&p);
	if (cert_create_for(host, &span, &p.crt, &p.key, e) == 0 &&
	    add(a->dir, host, &p, e) == 0)
		r = print(&p, host, e);
	pair_release(&p);
	return r;
}

/* --- the same key -------------------------------------------------------- */

/*
 * What is in use, where it is ours to change; what has come meanwhile is put
 * in order first.
 */
static int
find_ours(const struct cert_args *a, struct cert_files *f, struct err *e)
{
	const char *host = a->hosts[0];

	if (cert_folder_settle(a->dir, host, a->now_s, e) < 0 ||
	    cert_folder_find(a->dir, host, a->now_s, f, e) < 0)
		return -1;
	if (!f->is_ours)
		return err_set(e, ERR_INVALID,
		    "\"%s\" is another program's to renew", f->crt);
	return 0;
}

static int
renew_cert(const struct cert_args *a, const struct cert_files *f,
    const struct cert *old, struct err *e)
{
	struct cert_span span = span_of(a);
	const char *host = a->hosts[0];
	struct pair p;
	int r = -1;

	if (f->next_s && span.until_s + 1 < f->next_s) {
		char next[CERT_WHEN_BYTES];

		cert_when(f->next_s, next);
		return err_set(e, ERR_INVALID,
		    "the next certificate comes %s, after --until", next);
	}
	pair_init(&p);
	if (cert_renew(old, host, &span, &p.crt, e) == 0 &&
	    cert_folder_renew(a->dir, host, buf_slice(&p.crt), e) == 0) {
		fprintf(stderr,
		    "renewed %s, with the same key; the old one is kept as "
		    "%s.old; " TAKEN_UP "\n",
		    f->crt, f->crt);
		r = print(&p, host, e);
	}
	pair_release(&p);
	return r;
}

/* --- the next key -------------------------------------------------------- */

/*
 * When the next one comes: as asked for, else in the second after the last one
 * of `old`, which is when clients that know its end take another for new.
 */
static int
choose_time(const struct cert_args *a, const struct cert *old, int64_t *at_s,
    struct err *e)
{
	char end[CERT_WHEN_BYTES];

	cert_when(old->not_after, end);
	*at_s = a->at_s;
	if (!a->at_s && old->not_after >= CERT_NEVER)
		return err_set(e, ERR_INVALID,
		    "the certificate has no end: say with --at when the next "
		    "one is to come");
	if (!a->at_s)
		*at_s =
		    old->not_after >= a->now_s ? old->not_after + 1 : a->now_s;
	else if (a->at_s <= a->now_s)
		return err_set(e, ERR_INVALID, "--at is past");
	else if (a->at_s > old->not_after + 1 && old->not_after > a->now_s)
		return err_set(e, ERR_INVALID,
		    "the certificate ends %s, before --at", end);
	if (a->until_s && a->until_s <= *at_s)
		return err_set(e, ERR_INVALID,
		    "--until is before the next certificate comes");
	return 0;
}

static int
prepare(const struct cert_args *a, const struct cert *old, int64_t at_s,
    struct err *e)
{
	struct cert_span span = span_of(a);
	const char *host = a->hosts[0];
	struct pair p;
	int r;

	pair_init(&p);
	r = cert_succeed(old, host, &span, &p.crt, &p.key, e);
	if (r == 0)
		r = cert_folder_prepare(a->dir, host, buf_slice(&p.crt),
		    buf_slice(&p.key), at_s, e);
	pair_release(&p);
	return r;
}

static int
tell_next(const struct cert_args *a, struct err *e)
{
	const char *host = a->hosts[0];
	char at[CERT_WHEN_BYTES];
	struct cert_files f;
	struct cert next;

	if (cert_folder_find_next(a->dir, host, &f, e) < 0 ||
	    cert_load_public(&next, f.crt, e) < 0)
		return -1;
	cert_when(f.next_s, at);
	fprintf(stderr,
	    "the next certificate for %s comes %s; a running server sees that "
	    "within a minute, or at SIGHUP; back up %s and %s\n",
	    host, at, f.crt, f.key);
	cert_print_prints(stdout, "next ", &next);
	cert_release(&next);
	return 0;
}

/* A certificate of the old one's key, for later. */
static int
renew_later(const struct cert_args *a, const struct cert *old, struct err *e)
{
	struct cert_span span = span_of(a);
	const char *host = a->hosts[0];
	int64_t at_s;
	struct pair p;
	int r;

	pair_init(&p);
	r = choose_time(a, old, &at_s, e);
	if (r == 0)
		r = cert_renew(old, host, &span, &p.crt, e);
	if (r == 0)
		r = cert_folder_prepare(a->dir, host, buf_slice(&p.crt),
		    buf_slice(&old->key_pem), at_s, e);
	pair_release(&p);
	return r < 0 ? -1 : tell_next(a, e);
}

static int
renew(const struct cert_args *a, struct err *e)
{
	struct cert_files f;
	struct cert old;
	int r;

	if (find_ours(a, &f, e) < 0 || cert_load(&old, f.crt, f.key, e) < 0)
		return -1;
	r = a->at_s ? renew_later(a, &old, e) : renew_cert(a, &f, &old, e);
	cert_release(&old);
	return r;
}

/* The page names every host of the folder, not only this one. */
static int
announce_all(const struct cert_args *a, bool check, struct err *e)
{
	struct cert_args all = *a;

	all.host_count = 0;
	all.only_check = check;
	if (a->page)
		return cert_announce(&all, e);
	if (!check)
		fprintf(stderr,
		    "announce it: qasid cert announce --dir %s --page "
		    "CONTENT/pages/certificate.md CONTENT\n",
		    a->dir);
	return 0;
}

static int
rollover(const struct cert_args *a, struct err *e)
{
	const char *host = a->hosts[0];
	struct cert_files f;
	struct cert old;
	int64_t at_s;
	int r;

	if (find_ours(a, &f, e) < 0)
		return -1;
	if (a->cancel) {
		if (cert_folder_cancel(a->dir, host, e) < 0)
			return -1;
		fprintf(stderr,
		    "the next certificate for %s is taken back, its files end "
		    "in .old; a page that announces it is made anew by: qasid "
		    "cert announce\n",
		    host);
		return 0;
	}
	if (f.next_s && !a->at_s)
		return err_set(e, ERR_CONFLICT,
		    "the next certificate for \"%s\" is prepared already: --at gives "
		    "it another time, --cancel takes it back",
		    host);
	if (announce_all(a, true, e) < 0 ||
	    cert_load_public(&old, f.crt, e) < 0)
		return -1;
	r = choose_time(a, &old, &at_s, e);
	if (r == 0)
		r = f.next_s ? cert_folder_move(a->dir, host, at_s, e)
			     : prepare(a, &old, at_s, e);
	cert_release(&old);
	return r < 0 || tell_next(a, e) < 0 ? -1 : announce_all(a, false, e);
}

/* --- in and out ---------------------------------------------------------- */

static int export(const struct cert_args *a, struct err *e)
{
	const char *host = a->hosts[0], *to = a->rest[0];
	struct cert_files f;
	struct cert c;
	struct buf pem;
	int r;

	if (cert_folder_find(a->dir, host, a->now_s, &f, e) < 0 ||
	    cert_load(&c, f.crt, f.key, e) < 0)
		return -1;
	buf_init(&pem, (size_t)2 * CERT_PEM_MAX);
	buf_add(&pem, buf_slice(&c.key_pem));
	buf_add(&pem, buf_slice(&c.chain_pem));
	r = buf_failed(&pem) ? err_memory(e)
			     : cert_folder_put(to, 0600, buf_slice(&pem), e);
	if (r == 0) {
		fprintf(stderr, "wrote %s: whoever has it can pass for %s\n",
		    to, host);
		cert_print_prints(stdout, "", &c);
	}
	if (r == 0 && f.next_s && !f.is_next)
		fprintf(stderr,
		    "it is without the next key: back up %s as well\n", a->dir);
	cert_wipe(&pem);
	cert_release(&c);
	return r;
}

static int
check_import(const struct cert_args *a, const struct cert *c, struct err *e)
{
	const char *name = a->rest[0];
	char when[CERT_WHEN_BYTES];

	if (!cert_covers(c, a->hosts[0]))
		return err_set(e, ERR_INVALID,
		    "the certificate \"%s\" does not name \"%s\"", name,
		    a->hosts[0]);
	cert_when(c->not_after, when);
	if (c->not_after <= a->now_s)
		return err_set(e, ERR_INVALID,
		    "the certificate \"%s\" has expired: %s", name, when);
	cert_when(c->not_before, when);
	if (c->not_before > a->now_s)
		return err_set(e, ERR_INVALID,
		    "the certificate \"%s\" is not valid before %s", name,
		    when);
	return 0;
}

/* In place of what is in use, of which nothing is lost. */
static int
replace(const struct cert_args *a, const struct cert_files *f,
    const struct pair *p, const struct cert *new, struct err *e)
{
	const char *host = a->hosts[0];
	bool same_cert, same_key;
	struct cert old;

	if (!f->is_ours)
		return err_set(
		    e, ERR_CONFLICT, "\"%s\" is another program's", f->crt);
	if (f->next_s)
		return err_set(e, ERR_CONFLICT,
		    "the next certificate for \"%s\" is prepared: take it back first, "
		    "with qasid cert rollover --cancel",
		    host);
	if (cert_load_public(&old, f->crt, e) < 0)
		return -1;
	same_cert = hash_eq(&old.fingerprint, &new->fingerprint);
	same_key = hash_eq(&old.spki, &new->spki);
	cert_release(&old);
	if (same_cert) {
		fprintf(stderr, "%s is that certificate already\n", f->crt);
		return 0;
	}
	if (cert_folder_replace(
		a->dir, host, buf_slice(&p->crt), buf_slice(&p->key), e) < 0)
		return -1;
	fprintf(stderr,
	    "wrote %s and %s, the old ones are kept as .old; " TAKEN_UP "\n",
	    f->crt, f->key);
	if (!same_key)
		fprintf(stderr,
		    "it is another key: to readers who know the old one it "
		    "looks like an attack\n");
	return 0;
}

static int
put_import(const struct cert_args *a, const struct pair *p,
    const struct cert *c, struct err *e)
{
	const char *host = a->hosts[0];
	struct cert_files f;
	struct err why = ERR_INIT;

	if (check_import(a, c, e) < 0 || make_folder(a->dir, e) < 0 ||
	    cert_folder_settle(a->dir, host, a->now_s, e) < 0)
		return -1;
	if (cert_folder_find(a->dir, host, a->now_s, &f, &why) == 0)
		return replace(a, &f, p, c, e);
	if (why.kind == ERR_MISSING)
		return add(a->dir, host, p, e);
	*e = why;
	return -1;
}

static int
import(const struct cert_args *a, struct err *e)
{
	struct cert c;
	struct pair p;
	struct buf pem;
	int r = 0;

	pair_init(&p);
	buf_init(&pem, (size_t)2 * CERT_PEM_MAX);
	for (int i = 0; i < a->rest_count && r == 0; i++) {
		r = cert_read_file(a->rest[i], &pem, e);
		buf_add_char(&pem, '\n');
	}
	if (r == 0)
		r = cert_split(buf_slice(&pem), a->rest[0], &p.crt, &p.key, e);
	if (r == 0)
		r = cert_parse(
		    &c, buf_slice(&p.crt), buf_slice(&p.key), a->rest[0], e);
	if (r == 0) {
		r = put_import(a, &p, &c, e);
		if (r == 0)
			cert_print_prints(stdout, "", &c);
		cert_release(&c);
	}
	cert_wipe(&pem);
	pair_release(&p);
	return r;
}

/* --- arguments ----------------------------------------------------------- */

static int
rotate_tickets(const struct cert_args *a, struct err *e)
{
	return tickets_rotate_file(a->tickets, e);
}

static const struct action {
	const char *name;    /* "": none was given */
	const char *options; /* that it takes, by their letters */
	bool changes;        /* the folder */
	bool needs_host;
	int rest_min, rest_max;
	int (*run)(const struct cert_args *a, struct err *e);
} actions[] = {
	{ "", "hdu", true, true, 0, 0, make },
	{ "list", "hd", false, false, 0, 0, cert_list },
	{ "renew", "hdua", true, true, 0, 0, renew },
	{ "rollover", "hdaucp", true, true, 0, 1, rollover },
	{ "announce", "hdp", false, false, 0, 1, cert_announce },
	{ "export", "hd", false, true, 1, 1, export },
	{ "import", "hd", true, true, 1, 2, import },
	{ "ticket-keys", "t", false, false, 0, 0, rotate_tickets },
};

static const struct action *
find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (!strcmp(name, actions[i].name))
			return &actions[i];
	return NULL;
}

static int
set_time(int64_t *out, const char *text)
{
	struct date d;

	if (date_parse(slice_cstr(text), &d) < 0)
		return -1;
	*out = date_unix(&d);
	return *out > 0 ? 0 : -1;
}

/* 0, or -1 for what is not to be understood. */
static int
set_option(struct cert_args *a, int c, const char *arg)
{
	switch (c) {
	case 'h':
		if (a->host_count == CERT_HOSTS_MAX || !is_host(arg))
			return -1;
		a->hosts[a->host_count++] = arg;
		return 0;
	case 'd':
		a->dir = arg;
		return 0;
	case 'a':
		return set_time(&a->at_s, arg);
	case 'u':
		return set_time(&a->until_s, arg);
	case 'c':
		a->cancel = true;
		return 0;
	case 'p':
		a->page = arg;
		return 0;
	case 't':
		a->tickets = arg;
		return 0;
	default:
		return -1;
	}
}

static int
complain(const char *text, const char *arg)
{
	fprintf(stderr, "qasid cert: %s \"%s\"\n", text, arg);
	return usage();
}

/* CMD_FINE, or the exit status after having said why. */
static int
read_options(
    struct cert_args *a, const struct action **act, int argc, char **argv)
{
	static const struct option options[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "dir", required_argument, NULL, 'd' },
		{ "at", required_argument, NULL, 'a' },
		{ "until", required_argument, NULL, 'u' },
		{ "cancel", no_argument, NULL, 'c' },
		{ "page", required_argument, NULL, 'p' },
		{ "ticket-keys", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == '?')
			return usage();
		if (c == 't' && !*(*act)->name)
			*act = find_action("ticket-keys");
		if (!strchr((*act)->options, c))
			return usage();
		if (set_option(a, c, optarg) < 0)
			return complain(
			    c == 'h' ? "not a host name:" : "not a date:",
			    optarg);
	}
	a->rest = argv + optind;
	a->rest_count = argc - optind;
	return CMD_FINE;
}

static bool
fits(const struct action *act, const struct cert_args *a)
{
	if (act->needs_host && a->host_count != 1)
		return false;
	if (a->cancel && (a->at_s || a->until_s || a->page))
		return false;
	if (act->run == rollover && a->rest_count && !a->page)
		return false;
	return a->rest_count >= act->rest_min && a->rest_count <= act->rest_max;
}

static int
fail(const struct err *e)
{
	struct buf text;

	buf_init(&text, 4096);
	err_format(&text, e);
	fprintf(stderr, "qasid: %.*s\n", SLICE_FMT(buf_slice(&text)));
	buf_release(&text);
	return CMD_FAILED;
}

int
cmd_cert(int argc, char **argv)
{
	struct cert_args a = { .dir = "certs", .now_s = (int64_t)time(NULL) };
	bool named = argc > 1 && argv[1][0] != '-';
	const struct action *act = find_action(named ? argv[1] : "");
	struct err e = ERR_INIT;
	int r;

	if (!act || act->run == rotate_tickets)
		return complain("no action", argv[1]);
	r = read_options(&a, &act, argc - named, argv + named);
	if (r != CMD_FINE)
		return r;
	if (!fits(act, &a))
		return usage();
	r = act->run(&a, &e);
	if (r == 0 && act->changes)
		r = owner_give(a.dir, &e);
	return r < 0 ? fail(&e) : CMD_FINE;
}
