/* A helper tries what it may not do, and does what it must. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "site/confine.h"

#include "test.h"

static char path[] = "/tmp/qasid-confine-XXXXXX";

/* The number of the first thing that went otherwise; 0: none. */
static int
try_all(int open_fd)
{
	char other[64], *const none[] = { NULL };
	char byte;
	int fd;

	if (confine_helper() < 0)
		return 1;
	snprintf(other, sizeof(other), "%s.new", path);
	if (open(path, O_WRONLY) >= 0)
		return 2;
	if (open(other, O_WRONLY | O_CREAT, 0600) >= 0)
		return 3;
	if (rename(path, other) == 0 || unlink(path) == 0 ||
	    mkdir(other, 0700) == 0 || truncate(path, 0) == 0)
		return 4;
	signal(SIGXFSZ, SIG_IGN);
	if (pwrite(open_fd, "x", 1, 0) >= 0 || errno != EFBIG)
		return 5;
	if (socket(AF_INET, SOCK_STREAM, 0) >= 0 ||
	    socket(AF_INET, SOCK_DGRAM, 0) >= 0 ||
	    socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
		return 6;
	if (kill(getppid(), 0) == 0)
		return 7;
	if (execve("/bin/true", none, none) == 0 || errno != EPERM)
		return 8;
	/* Reading stays. */
	if ((fd = open(path, O_RDONLY)) < 0 || read(fd, &byte, 1) != 1 ||
	    byte != 'q')
		return 9;
	return 0;
}

static void
test_forbidden_acts(void **state)
{
	int fd = mkstemp(path), status;
	pid_t pid;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "q", 1), 1);
	assert_true((pid = fork()) >= 0);
	if (pid == 0)
		_exit(try_all(fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	close(fd);
	assert_int_equal(unlink(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden_acts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
