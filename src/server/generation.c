#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/mem.h"
#include "cert/cert.h"
#include "cert/folder.h"
#include "net/tls.h"
#include "server/log.h"
#include "server/look.h"
#include "server/tickets.h"

#include "server/generation.h"

enum {
	HOSTS_MAX = 64,
	/* Descriptors a worker needs besides sockets and connections. */
	RESERVE_FDS = 24,
	CONNS_MIN = 8,
	/* A chain this large makes a ticket under TLS 1.3 worth its bytes. */
	LARGE_CHAIN_BYTES = 700,
};

/* --- certificates -------------------------------------------------------- */

struct host_certs {
	struct cert certs[HOSTS_MAX];
	struct tls_identity ids[HOSTS_MAX];
	const char *names[HOSTS_MAX][HOSTS_MAX];
	size_t count;
};

/* The next one, whose time has come; one that is broken is no reason to end. */
static int
load_next(struct cert *out, const char *host, const struct cert_files *f)
{
	char hex[HASH_HEX_BYTES + 1];
	struct err e = ERR_INIT;

	if (cert_load(out, f->crt, f->key, &e) < 0) {
		log_err("the next certificate, whose time has come, is not to "
			"be used",
		    &e);
		return -1;
	}
	hash_hex(&out->spki, hex);
	log_say("the certificate for %s is the one that was its next, "
		"public-key sha256 %s",
	    host, hex);
	return 0;
}

/*
 * What is prepared for later is looked at now, while there is time; *end_s
 * becomes its end, if it comes before that.
 */
static void
check_next(const char *dir, const char *host, int64_t *end_s)
{
	struct cert_files f;
	struct err e = ERR_INIT;
	struct cert next;

	if (cert_folder_find_next(dir, host, &f, &e) < 0 ||
	    cert_load(&next, f.crt, f.key, &e) < 0) {
		log_err("the next certificate is not to be used", &e);
		return;
	}
	log_say("the next certificate for %s comes in %lld days", host,
	    (long long)((f.next_s - (int64_t)time(NULL)) / 86400));
	if (f.next_s <= *end_s + 1)
		*end_s = next.not_after;
	cert_release(&next);
}

/*
 * The certificate for `host`; *end_s is when readers have no valid one any
 * more, what is prepared counted in.
 */
static int
find_cert(const char *dir, const char *host, struct cert *out, int64_t *end_s,
    struct err *e)
{
	struct cert_files f;

	if (cert_folder_find(dir, host, (int64_t)time(NULL), &f, e) < 0)
		return -1;
	if (f.is_next && load_next(out, host, &f) == 0) {
		*end_s = out->not_after;
		return 0;
	}
	if (f.is_next && cert_folder_find(dir, host, INT64_MIN, &f, e) < 0)
		return -1;
	if (cert_load(out, f.crt, f.key, e) < 0)
		return -1;
	*end_s = out->not_after;
	if (f.next_s > (int64_t)time(NULL))
		check_next(dir, host, end_s);
	return 0;
}

/* A certificate that names `host` and was loaded for another one. */
static bool
is_covered(struct host_certs *h, const char *host)
{
	for (size_t i = 0; i < h->count; i++)
		if (cert_covers(&h->certs[i], host)) {
			h->names[i][h->ids[i].name_count++] = host;
			return true;
		}
	return false;
}

static const char *
day_of(int64_t unix_s, char day[DATE_DAY_BYTES + 1])
{
	struct date d = date_from_unix(unix_s);

	date_format_day(&d, day);
	return day;
}

static void
warn_of_cert(
    struct generation *g, const struct cert *c, const char *host, int64_t end_s)
{
	int64_t now = (int64_t)time(NULL), left = end_s - now;
	char day[DATE_DAY_BYTES + 1];

	if (!g->cert_end_s || end_s < g->cert_end_s)
		g->cert_end_s = end_s;
	if (!cert_covers(c, host))
		log_say("the certificate for %s does not name it: "
			"readers' clients will refuse it",
		    host);
	if (c->not_before > now)
		log_say(
		    "the certificate for %s is not valid before %s: is this "
		    "machine's clock right?",
		    host, day_of(c->not_before, day));
	if (left < 0)
		log_say("the certificate for %s ended on %s: readers' clients "
			"may refuse it; or is this machine's clock wrong?",
		    host, day_of(c->not_after, day));
	else if (left < (int64_t)CERT_WARN_DAYS * 86400)
		log_say("the certificate for %s expires in %lld days", host,
		    (long long)(left / 86400));
}

static int
add_host(
    struct host_certs *h, struct generation *g, const char *host, struct err *e)
{
	const struct config *c = &g->config;
	size_t i = h->count;
	struct cert *cert = &h->certs[i];
	int64_t end_s;

	if (find_cert(c->certs, host, cert, &end_s, e) < 0)
		return e && e->kind == ERR_MISSING && is_covered(h, host) ? 0
									  : -1;
	h->count++;
	warn_of_cert(g, cert, host, end_s);
	h->names[i][0] = host;
	h->ids[i] = (struct tls_identity){
		.chain_pem = buf_slice(&cert->chain_pem),
		.key_pem = buf_slice(&cert->key_pem),
		.names = h->names[i],
		.name_count = 1,
		.ticket_13 = c->tickets == CONFIG_TICKETS_ON ||
		    cert->chain_der_bytes > LARGE_CHAIN_BYTES,
	};
	return 0;
}

int64_t
generation_next_s(const struct generation *g)
{
	int64_t next_s = 0;

	for (size_t i = 0; i < g->config.hosts.count; i++) {
		struct cert_files f;

		if (cert_folder_find(g->config.certs, g->config.hosts.items[i],
			INT64_MIN, &f, NULL) == 0 &&
		    f.next_s > g->loaded_s && (!next_s || f.next_s < next_s))
			next_s = f.next_s;
	}
	return next_s;
}

static int
load_tls(struct generation *g, struct tls_tickets *tickets, struct err *e)
{
	struct tls_options opts = { .tickets = NULL };
	const struct config *c = &g->config;
	struct host_certs *h = mem_calloc(1, sizeof(*h));
	int r = -1;

	if (!h)
		return err_memory(e);
	if (c->hosts.count > HOSTS_MAX) {
		err_set(e, ERR_LIMIT, "over %d hosts", HOSTS_MAX);
		goto out;
	}
	g->loaded_s = (int64_t)time(NULL);
	for (size_t i = 0; i < c->hosts.count; i++)
		if (add_host(h, g, c->hosts.items[i], e) < 0)
			goto out;
	if (c->tickets != CONFIG_TICKETS_OFF) {
		opts.tickets = tickets;
		if (*c->ticket_file &&
		    tickets_load(tickets, c->ticket_file, e) < 0)
			goto out;
	}
	g->tls = tls_ctx_new(h->ids, h->count, &opts, e);
	r = g->tls ? 0 : -1;
out:
	for (size_t i = 0; i < h->count; i++)
		cert_release(&h->certs[i]);
	mem_free(h);
	return r;
}

/* --- the rest ------------------------------------------------------------ */

static int
find_user(struct generation *g, struct err *e)
{
	const char *name = g->config.user;
	struct passwd *pw = NULL;

	g->user = "";
	if (geteuid() != 0)
		return 0;
	if (*name)
		pw = getpwnam(name);
	else if (!(pw = getpwnam("_qasid")))
		pw = getpwnam("nobody");
	if (!pw)
		return err_set(e, ERR_MISSING,
		    "no user \"%s\" to become; name one with the setting "
		    "\"user\"",
		    *name ? name : "nobody");
	g->user =
	    arena_strndup(&g->config.arena, pw->pw_name, strlen(pw->pw_name));
	if (!g->user)
		return err_memory(e);
	g->sandbox.drop_user = true;
	g->sandbox.uid = pw->pw_uid;
	g->sandbox.gid = pw->pw_gid;
	return 0;
}

/* All the descriptors we may have, and no more connections than those. */
static void
set_limits(struct generation *g)
{
	unsigned reserve = RESERVE_FDS + (unsigned)g->sockets.count;
	struct rlimit rl;

	g->max_conns = g->config.max_conns;
	if (getrlimit(RLIMIT_NOFILE, &rl) < 0)
		return;
	rl.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &rl);
	if (getrlimit(RLIMIT_NOFILE, &rl) < 0 ||
	    rl.rlim_cur >= (rlim_t)g->max_conns + reserve)
		return;
	g->max_conns = rl.rlim_cur > reserve + (rlim_t)CONNS_MIN
	    ? (unsigned)rl.rlim_cur - reserve
	    : (unsigned)CONNS_MIN;
	log_say("%llu descriptors allow %u connections a worker, not %u",
	    (unsigned long long)rl.rlim_cur, g->max_conns, g->config.max_conns);
}

/* No address takes more than half of all places unless it is told to. */
static void
set_per_address(struct generation *g)
{
	uint64_t half = (uint64_t)g->max_conns * g->count / 2;

	g->per_address = g->config.per_address;
	if (!g->per_address)
		g->per_address =
		    half > UINT32_MAX ? UINT32_MAX : (unsigned)half + 1;
}

static int
find_proxies(struct generation *g, struct err *e)
{
	const struct config_list *list = &g->config.proxies;

	if (!list->count)
		return 0;
	g->proxies =
	    arena_calloc(&g->config.arena, list->count, sizeof(*g->proxies));
	if (!g->proxies)
		return err_memory(e);
	for (size_t i = 0; i < list->count; i++)
		if (!ip_range_parse(slice_cstr(list->items[i]), &g->proxies[i]))
			return err_set(e, ERR_INVALID,
			    "\"proxy.from\": \"%s\" is no address or range "
			    "such as 192.0.2.0/24",
			    list->items[i]);
	return 0;
}

/* Whether the user that workers become may write to the folder. */
static bool
may_write(const char *folder, const struct sandbox_opts *o)
{
	struct stat st;
	mode_t bits;

	errno = 0;
	if (!o->drop_user)
		return access(folder, W_OK | X_OK) == 0;
	if (stat(folder, &st) < 0)
		return false;
	bits = st.st_uid == o->uid ? st.st_mode >> 6
	    : st.st_gid == o->gid  ? st.st_mode >> 3
				   : st.st_mode;
	return S_ISDIR(st.st_mode) && (bits & 3) == 3;
}

/* What can be told before a worker finds it out. */
static int
check_folders(const struct generation *g, struct err *e)
{
	const char *counts = g->config.counts, *inbox = g->config.inbox;
	struct look look;

	if (look_into(g->config.store, &look, e) < 0)
		return -1;
	if (*counts && access(counts, W_OK | X_OK) < 0)
		return err_errno(e, "write to \"counts\"", counts);
	if (*inbox && !may_write(inbox, &g->sandbox)) {
		errno = errno ? errno : EACCES;
		return err_errno(e, "write to \"replies.inbox\"", inbox);
	}
	return 0;
}

/* Nobody there, nobody linked. */
static void
unlink_all(struct generation *g)
{
	for (int k = 0; k < HELPERS; k++)
		g->helpers[k].child.control = -1;
	for (unsigned i = 0; i < GENERATION_WORKERS_MAX; i++) {
		g->children[i].control = -1;
		for (int k = 0; k < HELPERS; k++)
			g->helpers[k].links[i] = (struct helper_link){ -1, -1 };
	}
}

static int
link_helper(struct generation *g, struct helper *h, struct err *e)
{
	for (unsigned i = 0; i < g->count; i++) {
		int ends[2];

		if (socketpair(
			AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
			return err_errno(e, "socketpair", "helper");
		h->links[i] = (struct helper_link){ ends[0], ends[1] };
	}
	return 0;
}

int
generation_link(struct generation *g, struct err *e)
{
	if (g->config.search_ms &&
	    link_helper(g, &g->helpers[HELPER_SEARCH], e) < 0)
		return -1;
	if (*g->config.inbox &&
	    link_helper(g, &g->helpers[HELPER_REPLIES], e) < 0)
		return -1;
	return 0;
}

static void
unlink_helper(const struct helper *h)
{
	for (unsigned i = 0; i < GENERATION_WORKERS_MAX; i++)
		if (h->links[i].worker >= 0) {
			close(h->links[i].worker);
			close(h->links[i].helper);
		}
}

static void
set_workers(struct generation *g)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	g->count = g->config.workers;
	if (!g->count)
		g->count = cores > 2 ? (unsigned)cores : 2;
	if (g->count > GENERATION_WORKERS_MAX)
		g->count = GENERATION_WORKERS_MAX;
	unlink_all(g);
}

struct generation *
generation_new_empty(struct err *e)
{
	struct generation *g = mem_calloc(1, sizeof(*g));

	if (!g) {
		err_memory(e);
		return NULL;
	}
	if (config_init(&g->config, e) < 0) {
		mem_free(g);
		return NULL;
	}
	unlink_all(g);
	g->user = "";
	return g;
}

/* All but the addresses; `c` is taken over. */
static struct generation *
new_unbound(struct config *c, struct tls_tickets *tickets, struct err *e)
{
	struct generation *g = mem_calloc(1, sizeof(*g));

	if (!g) {
		config_release(c);
		err_memory(e);
		return NULL;
	}
	g->config = *c;
	set_workers(g);
	g->sandbox.need_landlock = !c->allow_no_landlock;
	g->sandbox.need_seccomp = !c->allow_no_seccomp;
	if (!c->hosts.count)
		err_set(e, ERR_MISSING,
		    "no host name to serve: give --host or set \"hosts\"");
	else if (find_user(g, e) == 0 && find_proxies(g, e) == 0 &&
	    check_folders(g, e) == 0 && load_tls(g, tickets, e) == 0)
		return g;
	generation_free(g, NULL);
	return NULL;
}

int
generation_check(struct config *c, struct tls_tickets *tickets, struct err *e)
{
	struct generation *g = new_unbound(c, tickets, e);

	generation_free(g, NULL);
	return g ? 0 : -1;
}

struct generation *
generation_new(struct config *c, const struct generation *old,
    struct tls_tickets *tickets, struct err *e)
{
	struct generation *g = new_unbound(c, tickets, e);

	if (!g)
		return NULL;
	if (sockets_open(
		&g->sockets, old ? &old->sockets : NULL, &g->config, e) < 0) {
		generation_free(g, old);
		return NULL;
	}
	set_limits(g);
	set_per_address(g);
	g->gemini_port = g->config.public_gemini;
	if (!g->gemini_port)
		g->gemini_port =
		    (unsigned)sockets_port(&g->sockets, PROTOCOL_GEMINI);
	g->gopher_port = g->config.public_gopher;
	if (!g->gopher_port)
		g->gopher_port =
		    (unsigned)sockets_port(&g->sockets, PROTOCOL_GOPHER);
	return g;
}

void
generation_free(struct generation *g, const struct generation *next)
{
	if (!g)
		return;
	for (int k = 0; k < HELPERS; k++)
		unlink_helper(&g->helpers[k]);
	sockets_close(&g->sockets, next ? &next->sockets : NULL);
	tls_ctx_free(g->tls);
	config_release(&g->config);
	mem_free(g);
}
