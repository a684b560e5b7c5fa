/*
 * launcher.c: a service manager for tests: it binds the sockets, passes them
 * on as systemd does, and writes down what it is told.
 *
 *	launcher PORTS WORDS COMMAND...
 *		PORTS gets "GEMINI_PORT GOPHER_PORT", WORDS each datagram that
 *		comes to $NOTIFY_SOCKET; SIGTERM and SIGHUP go on to COMMAND
 */
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "client.h"

static int
bind_port(int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 128) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("bind");
	*port = ntohs(a.sin_port);
	return fd;
}

static int
open_words(struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*a);

	/* The kernel names it: "@" and five digits. */
	a->sun_family = AF_UNIX;
	if (fd < 0 ||
	    bind(fd, (struct sockaddr *)a, sizeof(a->sun_family)) < 0 ||
	    getsockname(fd, (struct sockaddr *)a, &len) < 0)
		die("notify socket");
	a->sun_path[len - sizeof(a->sun_family)] = '\0';
	return fd;
}

static void
become(char **argv, const int *sockets, const char *words)
{
	char text[128];

	dup2(sockets[0], 30);
	dup2(sockets[1], 31);
	dup2(30, 3);
	dup2(31, 4);
	for (int fd = 5; fd < 40; fd++)
		close(fd);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_FDNAMES", "gopher:gemini", 1);
	snprintf(text, sizeof(text), "@%s", words + 1);
	setenv("NOTIFY_SOCKET", text, 1);
	execv(argv[0], argv);
	_exit(127);
}

static void
write_down(int fd, const char *path)
{
	char text[4096];
	ssize_t n = recv(fd, text, sizeof(text), 0);
	FILE *f = fopen(path, "a");

	if (!f || n < 0)
		die(path);
	fwrite(text, 1, (size_t)n, f);
	fclose(f);
}

static void
write_ports(const char *path, int gemini, int gopher)
{
	char tmp[4096];
	FILE *f;

	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	f = fopen(tmp, "w");
	if (!f)
		die(tmp);
	fprintf(f, "%d %d\n", gemini, gopher);
	if (fclose(f) != 0 || rename(tmp, path) < 0)
		die(path);
}

int
main(int argc, char **argv)
{
	struct sockaddr_un name = { 0 };
	int sockets[2], ports[2], words, status = 0;
	struct pollfd fds[2];
	sigset_t mask;
	pid_t child;

	if (argc < 4)
		return 2;
	sockets[0] = bind_port(&ports[0]);
	sockets[1] = bind_port(&ports[1]);
	words = open_words(&name);
	child = fork();
	if (child == 0)
		become(argv + 3, sockets, name.sun_path);
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	fds[0] = (struct pollfd){ words, POLLIN, 0 };
	fds[1] = (struct pollfd){ signalfd(-1, &mask, SFD_CLOEXEC), POLLIN, 0 };
	write_ports(argv[1], ports[1], ports[0]);
	while (poll(fds, 2, -1) > 0) {
		struct signalfd_siginfo info = { 0 };

		if (fds[0].revents)
			write_down(words, argv[2]);
		if (!fds[1].revents ||
		    read(fds[1].fd, &info, sizeof(info)) <= 0)
			continue;
		if (info.ssi_signo != SIGCHLD)
			kill(child, (int)info.ssi_signo);
		else if (waitpid(child, &status, WNOHANG) == child)
			break;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
