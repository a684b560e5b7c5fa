/*
 * inetd.c: serves with a program that speaks on its standard input and output,
 * as inetd(8) does.
 *
 *	inetd READY COMMAND [ARGUMENT]...
 *		listens on a free port of 127.0.0.1, writes its number to READY,
 *		runs COMMAND for each connection
 *	inetd port
 *		prints a port that is free now, for servers that choose none
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int
listen_anywhere(unsigned *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 64) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0) {
		perror("inetd: listen");
		exit(1);
	}
	*port = ntohs(a.sin_port);
	return fd;
}

/* In place whole, or not there. */
static void
write_ready(const char *path, unsigned port)
{
	char temp[4096];
	FILE *f;

	snprintf(temp, sizeof(temp), "%s.new", path);
	f = fopen(temp, "w");
	if (!f || fprintf(f, "%u\n", port) < 0 || fclose(f) != 0 ||
	    rename(temp, path) < 0) {
		perror("inetd: ready file");
		exit(1);
	}
}

static void
run(int conn, char **argv)
{
	if (fork() != 0)
		return;
	dup2(conn, STDIN_FILENO);
	dup2(conn, STDOUT_FILENO);
	signal(SIGCHLD, SIG_DFL);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* Waited for, so that their time counts as ours. */
static void
on_child(int sig)
{
	(void)sig;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

int
main(int argc, char **argv)
{
	unsigned port;
	int fd;

	if (argc < 2 || (argc < 3 && strcmp(argv[1], "port") != 0)) {
		fprintf(stderr, "usage: inetd READY COMMAND... | inetd port\n");
		return 2;
	}
	fd = listen_anywhere(&port);
	if (argc == 2) {
		printf("%u\n", port);
		return 0;
	}
	signal(SIGCHLD, on_child);
	write_ready(argv[1], port);
	for (;;) {
		int conn = accept(fd, NULL, NULL);

		if (conn < 0)
			continue;
		run(conn, argv + 2);
		close(conn);
	}
}
