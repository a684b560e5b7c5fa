/*
 * A listener without a descriptor to accept with: it pauses, says so once, and
 * goes on when there is one.  The sockets are this process's own, on loopback.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/ip.h"
#include "net/listener.h"
#include "net/loop.h"

#include "test.h"

static struct loop *loop;
static unsigned taken, shorts;
static struct ip last;
static struct rlimit before;

static bool
on_take(void *ctx, int fd, const struct ip *from)
{
	(void)ctx;
	close(fd);
	last = *from;
	taken++;
	loop_stop(loop);
	return true;
}

/* The limit is lifted again: the pause alone keeps it from accepting. */
static void
on_short(void *ctx)
{
	(void)ctx;
	assert_int_equal(taken, 0);
	shorts++;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void
pauses_without_descriptors(void **state)
{
	struct listener_calls calls = { on_take, on_short, NULL };
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct err e = ERR_INIT;
	char name[LISTENER_ADDR_MAX];
	struct listener *l;
	struct rlimit none;
	int fd, client, highest;

	(void)state;
	loop = loop_new();
	fd = listener_bind("127.0.0.1:0", &e);
	if (!loop || fd < 0)
		fail_msg("%s", e.text);
	to.sin_port = htons((unsigned short)listener_name(fd, name));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l = listener_new(loop, fd, &calls);
	client = socket(AF_INET, SOCK_STREAM, 0);
	assert_non_null(l);
	assert_int_equal(
	    connect(client, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(send(client, "x", 1, 0), 1);
	highest = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	close(highest);
	none = before;
	none.rlim_cur = (rlim_t)highest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(shorts, 1);
	assert_int_equal(taken, 1);
	assert_int_equal(last.bits, 32);
	assert_int_equal(last.bytes[0], 127);
	listener_free(l);
	loop_free(loop);
	close(client);
	close(fd);
}

static int
option(int fd, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, name, &value, &len), 0);
	return value;
}

/* What is bound here and what is passed to us alike. */
static void
sets_options(void **state)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int plain = socket(AF_INET, SOCK_STREAM, 0), one = 1, fds[2];
	char name[LISTENER_ADDR_MAX];
	struct err e = ERR_INIT;
	bool fast;

	(void)state;
	assert_int_equal(bind(plain, (struct sockaddr *)&any, sizeof(any)), 0);
	fast = setsockopt(
		   plain, IPPROTO_TCP, TCP_FASTOPEN, &one, sizeof(one)) == 0;
	close(plain);
	fds[0] = listener_bind("127.0.0.1:0", &e);
	fds[1] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fds[1], (struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(listen(fds[1], 1), 0);
	assert_true(listener_adopt(fds[1], name, &e) > 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(option(fds[i], TCP_NODELAY), 1);
		assert_int_equal(option(fds[i], TCP_NOTSENT_LOWAT), 16384);
		assert_true(option(fds[i], TCP_DEFER_ACCEPT) > 0);
		if (fast)
			assert_true(option(fds[i], TCP_FASTOPEN) > 1);
		assert_true(fcntl(fds[i], F_GETFL) & O_NONBLOCK);
		close(fds[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_options),
		cmocka_unit_test(pauses_without_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
