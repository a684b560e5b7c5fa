/*
 * search_stream.c: readers who search over Gopher, so many a second, until the
 * program is killed.
 *
 *	search_stream PORT A-SECOND FILE WORDS...
 *
 * After each second it writes to FILE how many were answered, and how many of
 * these with an error.
 */
#include <sys/timerfd.h>

#include "../e2e/client.h"

static int
reach(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The reply's first byte; 0: none came. */
static char
search(int port, const char *words)
{
	char request[512], reply[4096], first = 0;
	int fd = reach(port), n;

	n = snprintf(request, sizeof(request), "/search\t%s\r\n", words);
	if (fd < 0 || write(fd, request, (size_t)n) != n) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((n = (int)read(fd, reply, sizeof(reply))) > 0)
		first = first ? first : reply[0];
	close(fd);
	return first;
}

int
main(int argc, char **argv)
{
	int rate = argc > 4 ? (int)strtol(argv[2], NULL, 10) : 0;
	struct itimerspec every = { .it_value = { .tv_nsec = 1 } };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	unsigned long answered = 0, wrong = 0;
	FILE *out = rate > 0 ? fopen(argv[3], "we") : NULL;

	if (!out || rate > 1000 || timer < 0) {
		fprintf(stderr, "search_stream PORT A-SECOND FILE WORDS...\n");
		return 2;
	}
	every.it_interval.tv_nsec = 1000000000 / rate;
	if (rate == 1)
		every.it_interval = (struct timespec){ .tv_sec = 1 };
	timerfd_settime(timer, 0, &every, NULL);
	for (int i = 0;; i++) {
		uint64_t times;
		char first;

		if (read(timer, &times, sizeof(times)) < 0)
			return 1;
		first = search(
		    (int)strtol(argv[1], NULL, 10), argv[4 + i % (argc - 4)]);
		answered += first != 0;
		wrong += first != 'i';
		if (i % rate == rate - 1) {
			rewind(out);
			fprintf(
			    out, "%lu answered, %lu wrong\n", answered, wrong);
			fflush(out);
		}
	}
}
