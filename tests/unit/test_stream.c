/*
 * What one write and the end of a stream put on the wire, without TLS and for
 * records that wait.  The sockets are this process's own, on loopback.
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/stream.h"

#include "test.h"

enum {
	PAGE = 900, /* bytes: less than a segment */
	/* The kernel lets go of what is held back after 200 ms. */
	TRIES = 20,
};

static struct stream_out out;
static char page[PAGE];

static void
connect_pair(int ends[2])
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
	socklen_t len = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	ends[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(ends[1], (struct sockaddr *)&a, sizeof(a)), 0);
	ends[0] = accept4(fd, NULL, NULL, SOCK_NONBLOCK);
	assert_true(ends[0] >= 0);
	close(fd);
}

/* Bytes that the kernel took and has not sent. */
static int
unsent(int fd)
{
	int n = -1;

	assert_int_equal(ioctl(fd, SIOCOUTQNSD, &n), 0);
	return n;
}

static size_t
read_to_end(int fd)
{
	char bytes[4096];
	size_t all = 0;
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		all += (size_t)n;
	assert_int_equal(n, 0);
	return all;
}

/* The bytes held back when the end is not yet said. */
static int
end_with(struct stream *s, bool records, int peer)
{
	size_t put;
	int held;

	if (records) {
		memcpy(out.bytes, page, PAGE);
		out.len = PAGE;
		out.owner = s;
	} else {
		assert_int_equal(
		    stream_write(s, page, PAGE, true, &put), IO_OK);
		assert_int_equal(put, PAGE);
	}
	assert_int_equal(stream_flush(s, true), IO_OK);
	held = unsent(s->fd);
	stream_shutdown(s);
	assert_int_equal(unsent(s->fd), 0);
	assert_int_equal(read_to_end(peer), PAGE);
	return held;
}

/* The last bytes wait for the FIN, and leave with it. */
static void
ends_in_one_segment(void **state)
{
	(void)state;
	for (int records = 0; records < 2; records++) {
		int held = 0;

		for (int i = 0; i < TRIES && held != PAGE; i++) {
			struct stream s;
			int ends[2];

			connect_pair(ends);
			stream_open_plain(&s, ends[0], &out);
			held = end_with(&s, records, ends[1]);
			stream_close(&s);
			close(ends[1]);
		}
		assert_int_equal(held, PAGE);
	}
}

/* All others leave at once, however small. */
static void
holds_nothing_else_back(void **state)
{
	struct stream s;
	size_t put;
	int ends[2];

	(void)state;
	connect_pair(ends);
	stream_open_plain(&s, ends[0], &out);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(
		    stream_write(&s, page, 100, false, &put), IO_OK);
		assert_int_equal(stream_flush(&s, false), IO_OK);
		assert_int_equal(unsent(s.fd), 0);
	}
	stream_close(&s);
	assert_int_equal(read_to_end(ends[1]), 300);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_in_one_segment),
		cmocka_unit_test(holds_nothing_else_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
