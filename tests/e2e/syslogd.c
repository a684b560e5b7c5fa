/*
 * syslogd.c: the system's log, for tests.
 *
 *	syslogd SOCKET FILE
 *		binds the Unix socket and appends each datagram to FILE as a
 *		line, until it is killed
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char tmp[sizeof(a.sun_path)], line[8192];
	FILE *f = argc == 3 ? fopen(argv[2], "a") : NULL;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ssize_t n;

	if (!f || fd < 0)
		return 2;
	/* Under its name at once, for who waits for that. */
	snprintf(tmp, sizeof(tmp), "%s.tmp", argv[1]);
	memcpy(a.sun_path, tmp, sizeof(tmp));
	unlink(tmp);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    rename(tmp, argv[1]) < 0) {
		perror(argv[1]);
		return 2;
	}
	while ((n = recv(fd, line, sizeof(line), 0)) >= 0) {
		fprintf(f, "%.*s\n", (int)n, line);
		fflush(f);
	}
	return 0;
}
