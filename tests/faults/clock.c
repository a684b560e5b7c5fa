/*
 * clock.c: linked into the program with -Wl,--wrap: its clock is wrong by
 * QASID_TEST_CLOCK seconds, and its kernel has no IPv6 where QASID_TEST_NO_IPV6
 * is set.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);

time_t __real_time(time_t *out);
time_t __wrap_time(time_t *out);
int __real_clock_gettime(clockid_t id, struct timespec *out);
int __wrap_clock_gettime(clockid_t id, struct timespec *out);

static time_t
offset(void)
{
	const char *s = getenv("QASID_TEST_CLOCK");

	return s ? (time_t)strtoll(s, NULL, 10) : 0;
}

time_t
__wrap_time(time_t *out)
{
	time_t t = __real_time(NULL) + offset();

	if (out)
		*out = t;
	return t;
}

int
__wrap_clock_gettime(clockid_t id, struct timespec *out)
{
	int rc = __real_clock_gettime(id, out);

	if (rc == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		out->tv_sec += offset();
	return rc;
}

int
__wrap_socket(int family, int type, int protocol)
{
	if (family == AF_INET6 && getenv("QASID_TEST_NO_IPV6")) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	return __real_socket(family, type, protocol);
}
