/*
 * soak.c: good and hostile clients at once, for a long time.
 *
 *	soak HOST GEMINI_PORT GOPHER_PORT SERVER_PID SECONDS
 *
 * Good clients ask for pages in every way that clients of the field have, one
 * of them slowly, and compare each answer with the first of its kind.  Hostile
 * ones say nothing, half of something, too much or noise, and read nothing.
 * In the first third of the time the server is told to reload now and then.
 *
 * Fails when an answer is lost, or when the server's memory (PSS of all its
 * processes) in the last third is more than a tenth above the second third's.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "../e2e/client.h"

enum {
	GOOD = 3,    /* processes */
	HOSTILE = 2, /* processes */
	HELD = 150,  /* connections that each hostile one holds */
	LOOK_MS = 2000,
	SLOW_MS = 3000, /* is worth a line */
	RELOAD_MS = 10000,
	FLAT_PART = 10,
	FLAT_KB = 2048, /* and what sampling alone may differ by */
};

static const struct scene {
	const char *path; /* HOST stands before it, over Gemini */
	bool gemini;
	struct how how;
	unsigned weight;
} scenes[] = {
	{ "/", true, { .nosni = true }, 30 },
	{ "/five.gmi", true, { .half = true }, 30 },
	{ "/articles/mim.gmi", true, { .tls12 = true }, 30 },
	{ "/own.gmi", true, { .bytes = true }, 10 },
	{ "/moved.gmi", true, { .notify = true }, 10 },
	{ "/nowhere", true, { .apart = true }, 10 },
	{ "/big.bin", true, { .rcvbuf = 16384 }, 1 },
	{ "", false, { .half = false }, 30 },
	{ "/articles/mim.txt", false, { .apart = true }, 30 },
	{ "/five.txt", false, { .bytes = true }, 10 },
	{ "/own", false, { .half = true }, 20 },
	{ "/nowhere", false, { .half = false }, 10 },
	{ "/big.bin", false, { .rcvbuf = 16384 }, 1 },
};

enum {
	SCENES = sizeof(scenes) / sizeof(scenes[0])
};

/* What all processes count together. */
struct tally {
	_Atomic long asked, lost, hostile;
	_Atomic long slowest_ms;
};

static struct tally *tally;
static struct reply good[SCENES];
static const char *host;
static int gemini_port, gopher_port;
static long end_ms;
static unsigned long seed;

static unsigned
draw(unsigned below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

static void
rest(long ms)
{
	struct timespec t = { .tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* --- good ---------------------------------------------------------------- */

static int
port_of(const struct scene *s)
{
	return s->gemini ? gemini_port : gopher_port;
}

/* `pause_ms` after the first bytes; 0: none. */
static void
play(const struct scene *s, struct reply *r, long pause_ms)
{
	struct peer p = { .fd = dial(port_of(s), s->how.rcvbuf) };
	char line[512];
	int n = snprintf(line, sizeof(line), "%s%s%s",
	    s->gemini ? "gemini://" : "", s->gemini ? host : "", s->path);

	*r = (struct reply){ .bytes = NULL };
	if (!s->gemini || (p.ssl = start_tls(p.fd, &s->how, host))) {
		ask(&p, line, (size_t)n, &s->how);
		if (pause_ms)
			rest(pause_ms);
		listen_to_end(&p, r);
	}
	hang_up(&p);
}

static bool
is_whole(const struct scene *s, const struct reply *r)
{
	const struct reply *want = &good[s - scenes];

	return r->len == want->len && r->closed &&
	    (!s->gemini || r->notified) &&
	    !memcmp(r->bytes, want->bytes, r->len);
}

static void
ask_once(const struct scene *s, long pause_ms)
{
	long start = now_ms(), ms;
	struct reply r;

	play(s, &r, pause_ms);
	ms = now_ms() - start - pause_ms;
	if (ms > tally->slowest_ms)
		tally->slowest_ms = ms;
	if (ms > SLOW_MS) {
		printf("slow: %s %s: %ld ms\n", s->gemini ? "gemini" : "gopher",
		    s->path, ms);
		fflush(stdout);
	}
	tally->asked++;
	if (!is_whole(s, &r)) {
		tally->lost++;
		printf("LOST: %s %s: %zu of %zu bytes%s%s after %ld ms\n",
		    s->gemini ? "gemini" : "gopher", s->path, r.len,
		    good[s - scenes].len, r.notified ? ", close_notify" : "",
		    r.closed ? ", FIN" : "", ms);
		fflush(stdout);
	}
	free(r.bytes);
}

static const struct scene *
draw_scene(void)
{
	unsigned all = 0, at;
	size_t i = 0;

	for (size_t k = 0; k < SCENES; k++)
		all += scenes[k].weight;
	at = draw(all);
	while (at >= scenes[i].weight)
		at -= scenes[i++].weight;
	return &scenes[i];
}

static void
be_good(bool slow)
{
	while (now_ms() < end_ms) {
		if (slow) {
			ask_once(&scenes[6], 1500);
			ask_once(&scenes[SCENES - 1], 1500);
		} else {
			ask_once(draw_scene(), 0);
		}
	}
}

/* --- hostile ------------------------------------------------------------- */

static void
say(int fd, const char *s, size_t len)
{
	if (send(fd, s, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return; /* the server was quicker */
}

static void
say_noise(int fd, size_t len)
{
	char bytes[4096];

	for (size_t i = 0; i < len && i < sizeof(bytes); i++)
		bytes[i] = (char)draw(256);
	say(fd, bytes, len);
}

static void
say_much(int fd, char c, size_t len)
{
	char bytes[4096];

	memset(bytes, c, sizeof(bytes));
	for (size_t at = 0; at < len; at += sizeof(bytes))
		say(fd, bytes, sizeof(bytes));
}

/* Over TLS: nothing, half a request, too much, or a page that is not read. */
static void
annoy_tls(struct peer *p, unsigned way)
{
	static const char half[] = "gemini://example.test/fi";
	char line[256];
	int n = snprintf(line, sizeof(line), "gemini://%s/big.bin\r\n", host);

	p->ssl = start_tls(p->fd, &(struct how){ .tls12 = draw(2) }, host);
	if (!p->ssl || way == 0)
		return;
	if (way == 1)
		give(p, half, sizeof(half) - 1);
	else if (way == 2)
		for (int i = 0; i < 200 && give(p, line, 8) == 0; i++)
			;
	else
		give(p, line, (size_t)n);
}

static void
annoy(struct peer *p)
{
	static const char hello[] =
	    "\026\003\001\002\000\001\000\001\374\003\003";
	static const char http[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char proxy[] = "PROXY TCP4 1.2.3.4 5.6.7.8 9 10\r\n";
	unsigned way = draw(13);
	bool gemini = way < 8;

	*p = (struct peer){ .fd = dial(
				gemini ? gemini_port : gopher_port, 4096) };
	if (way < 4)
		annoy_tls(p, way);
	else if (way == 4)
		say_noise(p->fd, 1 + draw(2000));
	else if (way == 5)
		say(p->fd, hello, sizeof(hello) - 1);
	else if (way == 6)
		say(p->fd, http, sizeof(http) - 1);
	else if (way == 8)
		say(p->fd, "/big.bin\r\n", 10);
	else if (way == 9)
		say(p->fd, "/half", 5);
	else if (way == 10)
		say_much(p->fd, 'a', 300000);
	else if (way == 11)
		say(p->fd, proxy, sizeof(proxy) - 1);
	else if (way == 12)
		say(p->fd, http, sizeof(http) - 1);
	/* 7: nothing at all */
}

static void
leave(struct peer *p)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	if (p->fd < 0)
		return;
	if (draw(2))
		setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	hang_up(p);
	p->fd = -1;
	p->ssl = NULL;
}

static void
be_hostile(void)
{
	static struct peer held[HELD];

	for (int i = 0; i < HELD; i++)
		held[i].fd = -1;
	for (unsigned at = 0; now_ms() < end_ms; at++) {
		struct peer *p = &held[at % HELD];

		leave(p);
		annoy(p);
		tally->hostile++;
		rest(5 + draw(20));
	}
}

/* --- memory -------------------------------------------------------------- */

static long
pss_of(int pid)
{
	char path[64], line[256];
	long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Pss:", 4))
			kb = strtol(line + 4, NULL, 10);
	if (f)
		fclose(f);
	return kb;
}

/* Of the server and its children. */
static long
pss_of_all(int pid)
{
	char path[64], text[4096] = "", *at = text;
	long kb = pss_of(pid);
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "r");
	if (f && fgets(text, sizeof(text), f))
		for (long child; (child = strtol(at, &at, 10)) > 0;)
			kb += pss_of((int)child);
	if (f)
		fclose(f);
	return kb;
}

/* The mean of each third's samples. */
struct thirds {
	double sum[3];
	long count[3];
};

static double
mean(const struct thirds *t, int third)
{
	return t->count[third] ? t->sum[third] / (double)t->count[third] : 0;
}

static void
watch(int pid, long begin_ms, struct thirds *t)
{
	long reload_ms = begin_ms + RELOAD_MS;

	while (now_ms() < end_ms) {
		long now = now_ms(), kb;
		long third = (now - begin_ms) * 3 / (end_ms - begin_ms);

		if (third == 0 && now >= reload_ms) {
			kill(pid, SIGHUP);
			reload_ms = now + RELOAD_MS;
		}
		kb = pss_of_all(pid);
		if (third < 3) {
			t->sum[third] += (double)kb;
			t->count[third]++;
		}
		rest(LOOK_MS);
	}
}

/* --- the whole ----------------------------------------------------------- */

static void
start(int number)
{
	char from[32];

	fflush(stdout);
	if (fork() != 0)
		return;
	seed += (unsigned long)number * 7919;
	/* The hostile have addresses of their own. */
	snprintf(from, sizeof(from), "127.0.%d.1", number);
	setenv("PEER_FROM", from, 1);
	if (number < GOOD)
		be_good(number == 0);
	else
		be_hostile();
	exit(0);
}

static int
judge(const struct thirds *t, long seconds)
{
	double before = mean(t, 1), after = mean(t, 2);
	bool grew = after > before + before / FLAT_PART + FLAT_KB;

	printf("%ld s: %ld answers, %ld lost, slowest %ld ms; %ld hostile "
	       "connections\n",
	    seconds, (long)tally->asked, (long)tally->lost,
	    (long)tally->slowest_ms, (long)tally->hostile);
	printf("memory: %.0f KiB, then %.0f, then %.0f%s\n", mean(t, 0), before,
	    after, grew ? ": it grows" : "");
	return tally->lost || grew || !tally->asked ? 1 : 0;
}

int
main(int argc, char **argv)
{
	struct thirds thirds = { .count = { 0 } };
	long begin, seconds;
	int pid, status, broken = 0;

	if (argc != 6)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	ctx = SSL_CTX_new(TLS_client_method());
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!ctx || tally == MAP_FAILED)
		return 2;
	host = argv[1];
	gemini_port = (int)strtol(argv[2], NULL, 10);
	gopher_port = (int)strtol(argv[3], NULL, 10);
	pid = (int)strtol(argv[4], NULL, 10);
	seconds = strtol(argv[5], NULL, 10);
	for (size_t i = 0; i < SCENES; i++) {
		play(&scenes[i], &good[i], 0);
		if (!good[i].len || !is_whole(&scenes[i], &good[i])) {
			printf("no %s at the start\n", scenes[i].path);
			return 1;
		}
	}
	begin = now_ms();
	end_ms = begin + seconds * 1000;
	seed = (unsigned long)begin;
	for (int i = 0; i < GOOD + HOSTILE; i++)
		start(i);
	watch(pid, begin, &thirds);
	while (wait(&status) > 0)
		broken += status != 0;
	if (broken)
		printf("%d clients broke\n", broken);
	return judge(&thirds, seconds) || broken ? 1 : 0;
}
