/*
 * slowlink.c: a slow, far, lossy line between two network namespaces, packet by
 * packet, so that TCP and TLS behave as on the real thing.
 *
 *	slowlink NS-A NS-B DEV KBIT RTT_MS LOSS_PERMILLE [DROP_KB]
 *
 * Makes the device DEV in both namespaces (of `ip netns`), says "ready" and
 * carries IPv4 packets between them until it is killed; addresses are the
 * caller's.  KBIT is each way or, as "50/20", from A to B and back, 0 without a
 * limit; what does not fit two seconds of the line is lost.  With DROP_KB the line drops each time that many
 * kilobytes have passed: connections open then are reset from both sides, new
 * ones are let through.  Needs root.
 */
#include <net/if.h>
#include <sys/ioctl.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_tun.h>

enum {
	PACKET_MAX = 2048,
	FLOWS_MAX = 4096,
	QUEUE_S = 2, /* of the line, then packets are lost */
	IP_MIN = 20, /* bytes of a header without options, TCP's as well */
	PROTO_TCP = 6,
	FLAG_SYN = 2,
	FLAG_RST = 4,
	FLAG_ACK = 16,
};

struct packet {
	struct packet *next;
	double due_s;
	size_t len;
	unsigned char bytes[PACKET_MAX];
};

struct way {
	int from, to; /* devices */
	double busy_s, bytes_per_s;
	struct packet *first, **last;
};

struct line {
	struct way ways[2];
	double delay_s; /* one way */
	unsigned loss_permille;
	uint64_t drop_bytes, carried;
	/* Connections since the last drop: both addresses, both ports. */
	unsigned char flows[FLOWS_MAX][12];
	size_t flow_count;
};

static void
die(const char *what)
{
	fprintf(stderr, "slowlink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int
device_in(const char *name_space, const char *dev)
{
	struct ifreq req = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	char path[256];
	int fd, ns;

	snprintf(path, sizeof(path), "/var/run/netns/%s", name_space);
	if ((ns = open(path, O_RDONLY | O_CLOEXEC)) < 0 ||
	    setns(ns, CLONE_NEWNET) < 0)
		die(path);
	close(ns);
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", dev);
	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &req) < 0)
		die("/dev/net/tun");
	return fd;
}

/* --- drops --------------------------------------------------------------- */

static const unsigned char *
tcp_of(const struct packet *p)
{
	size_t at = (p->bytes[0] & 15u) * 4u;

	return p->bytes[9] == PROTO_TCP && p->len >= at + IP_MIN ? p->bytes + at
								 : NULL;
}

/* The same for both ways: the lower end comes first. */
static void
flow_of(const struct packet *p, const unsigned char *tcp, unsigned char key[12])
{
	unsigned char ends[2][6];
	int swap;

	for (int i = 0; i < 2; i++) {
		memcpy(ends[i], p->bytes + 12 + 4 * i, 4);
		memcpy(ends[i] + 4, tcp + 2 * i, 2);
	}
	swap = memcmp(ends[0], ends[1], 6) > 0;
	memcpy(key, ends[swap], 6);
	memcpy(key + 6, ends[!swap], 6);
}

static uint32_t
add_words(uint32_t sum, const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	return sum;
}

static void
put_sum(unsigned char *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	at[0] = (unsigned char)(~sum >> 8);
	at[1] = (unsigned char)~sum;
}

/*
 * Writes a reset to `fd` for the connection of a segment: back to its sender,
 * or on to its receiver.
 */
static void
reset(int fd, const struct packet *p, const unsigned char *tcp, bool back)
{
	unsigned char out[2 * IP_MIN] = { 0x45, 0, 0, 2 * IP_MIN, 0, 0, 0, 0,
		64, PROTO_TCP };
	unsigned char *t = out + IP_MIN;

	memcpy(out + 12, p->bytes + (back ? 16 : 12), 4);
	memcpy(out + 16, p->bytes + (back ? 12 : 16), 4);
	put_sum(out + 10, add_words(0, out, IP_MIN));
	memcpy(t, tcp + (back ? 2 : 0), 2);
	memcpy(t + 2, tcp + (back ? 0 : 2), 2);
	/* Back: what it has acknowledged is next.  On: as the segment was. */
	memcpy(t + 4, tcp + (back ? 8 : 4), 4);
	t[12] = 5 << 4;
	t[13] = FLAG_RST;
	put_sum(t + 16,
	    add_words(add_words(PROTO_TCP + IP_MIN, out + 12, 8), t, IP_MIN));
	if (write(fd, out, sizeof(out)) < 0 && errno != EAGAIN && errno != EIO)
		die("write");
}

/* Whether the packet goes on; a segment of an old connection ends it. */
static bool
passes(struct line *l, const struct way *w, const struct packet *p)
{
	const unsigned char *tcp = tcp_of(p);
	unsigned char key[12];

	if (!l->drop_bytes || !tcp)
		return true;
	l->carried += p->len;
	if (l->carried >= l->drop_bytes) {
		l->carried = 0;
		l->flow_count = 0;
	}
	flow_of(p, tcp, key);
	for (size_t i = 0; i < l->flow_count; i++)
		if (!memcmp(l->flows[i], key, sizeof(key)))
			return true;
	if ((tcp[13] & FLAG_SYN) && l->flow_count < FLOWS_MAX) {
		memcpy(l->flows[l->flow_count++], key, sizeof(key));
		return true;
	}
	if ((tcp[13] & FLAG_ACK) && !(tcp[13] & FLAG_RST)) {
		reset(w->from, p, tcp, true);
		reset(w->to, p, tcp, false);
	}
	return false;
}

/* --- carrying ------------------------------------------------------------ */

/* Takes what has come into one end; a packet waits for its turn and delay. */
static void
take(struct line *l, struct way *w)
{
	for (;;) {
		struct packet *p = malloc(sizeof(*p));
		double now, start;
		ssize_t n;

		if (!p)
			die("malloc");
		n = read(w->from, p->bytes, sizeof(p->bytes));
		if (n <= 0) {
			free(p);
			return;
		}
		now = now_s();
		p->len = (size_t)n;
		start = w->busy_s > now ? w->busy_s : now;
		if (p->len < IP_MIN || p->bytes[0] >> 4 != 4 ||
		    start - now > QUEUE_S ||
		    (unsigned)(random() % 1000) < l->loss_permille ||
		    !passes(l, w, p)) {
			free(p);
			continue;
		}
		w->busy_s = start;
		if (w->bytes_per_s > 0)
			w->busy_s += (double)p->len / w->bytes_per_s;
		p->due_s = w->busy_s + l->delay_s;
		p->next = NULL;
		*w->last = p;
		w->last = &p->next;
	}
}

static void
give(struct way *w)
{
	struct packet *p;

	while ((p = w->first) && p->due_s <= now_s()) {
		if (write(w->to, p->bytes, p->len) < 0 && errno != EAGAIN &&
		    errno != EIO) /* the device is down yet */
			die("write");
		if (!(w->first = p->next))
			w->last = &w->first;
		free(p);
	}
}

static void
carry(struct line *l)
{
	for (;;) {
		struct pollfd fds[2];
		double wait = 1;
		struct timespec t;

		for (int i = 0; i < 2; i++) {
			const struct packet *p = l->ways[i].first;

			fds[i] = (struct pollfd){ .fd = l->ways[i].from,
				.events = POLLIN };
			if (p && p->due_s - now_s() < wait)
				wait = p->due_s - now_s();
		}
		if (wait < 0)
			wait = 0;
		t.tv_sec = (time_t)wait;
		t.tv_nsec = (long)((wait - (double)t.tv_sec) * 1e9);
		if (ppoll(fds, 2, &t, NULL) < 0 && errno != EINTR)
			die("poll");
		for (int i = 0; i < 2; i++) {
			take(l, &l->ways[i]);
			give(&l->ways[i]);
		}
	}
}

int
main(int argc, char **argv)
{
	static struct line l;
	double there, back;
	char *end;
	int a, b;

	if (argc < 7) {
		fprintf(stderr,
		    "usage: slowlink NS-A NS-B DEV KBIT RTT_MS LOSS_PERMILLE "
		    "[DROP_KB]\n");
		return 2;
	}
	there = back = strtod(argv[4], &end) * 125;
	if (*end == '/')
		back = strtod(end + 1, NULL) * 125;
	l.delay_s = strtod(argv[5], NULL) / 2000;
	l.loss_permille = (unsigned)strtoul(argv[6], NULL, 10);
	l.drop_bytes = argc > 7 ? strtoull(argv[7], NULL, 10) * 1000 : 0;
	a = device_in(argv[1], argv[3]);
	b = device_in(argv[2], argv[3]);
	l.ways[0] = (struct way){ .from = a, .to = b, .bytes_per_s = there };
	l.ways[1] = (struct way){ .from = b, .to = a, .bytes_per_s = back };
	for (int i = 0; i < 2; i++)
		l.ways[i].last = &l.ways[i].first;
	srandom(7); /* the same losses each time */
	printf("ready\n");
	fflush(stdout);
	carry(&l);
	return 0;
}
