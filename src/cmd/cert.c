#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "cert/cert.h"
#include "server/tickets.h"

#include "cmd/cmd.h"
#include "cmd/owner.h"

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid cert --host NAME [--dir DIR]\n"
	    "       qasid cert --ticket-keys FILE\n");
	return CMD_USAGE;
}

/* Letters a host name or address has; above all no slash. */
static bool
is_host(const char *s)
{
	size_t n = strlen(s);

	return n > 0 && n < 254 && *s != '.' && *s != '-' &&
	    strspn(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789.-_:") == n;
}

static int
write_all(int fd, struct slice s)
{
	while (s.len) {
		ssize_t n = write(fd, s.ptr, s.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		s = slice_from(s, (size_t)n);
	}
	return 0;
}

/* A new file; one that is there already is never touched. */
static int
write_new(const char *path, mode_t mode, struct slice s, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return err_errno(e, "create", path);
	if (fchmod(fd, mode) < 0 || write_all(fd, s) < 0 || fsync(fd) < 0) {
		err_errno(e, "write", path);
		close(fd);
		unlink(path);
		return -1;
	}
	close(fd);
	return 0;
}

static int
save(const char *dir, const char *host, struct slice crt, struct slice key,
    struct err *e)
{
	char crt_path[PATH_MAX], key_path[PATH_MAX];

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_errno(e, "mkdir", dir);
	snprintf(crt_path, sizeof(crt_path), "%s/%s.crt", dir, host);
	snprintf(key_path, sizeof(key_path), "%s/%s.key", dir, host);
	if (access(crt_path, F_OK) == 0)
		return err_set(e, ERR_CONFLICT,
		    "\"%s\" is there already: readers know it", crt_path);
	if (write_new(key_path, 0600, key, e) < 0)
		return -1;
	if (write_new(crt_path, 0644, crt, e) < 0) {
		unlink(key_path);
		return -1;
	}
	fprintf(stderr, "wrote %s and %s\n", crt_path, key_path);
	return 0;
}

static void
print(const struct cert *c)
{
	char hex[HASH_HEX_BYTES + 1];

	hash_hex(&c->fingerprint, hex);
	printf("certificate sha256 %s\n", hex);
	hash_hex(&c->spki, hex);
	printf("public-key sha256 %s\n", hex);
}

static int
make(const char *host, const char *dir, struct err *e)
{
	struct cert cert = { 0 };
	struct buf crt, key;
	int r = -1;

	buf_init(&crt, CERT_PEM_MAX);
	buf_init(&key, CERT_PEM_MAX);
	if (cert_create(host, (int64_t)time(NULL), &crt, &key, e) == 0 &&
	    cert_parse(&cert, buf_slice(&crt), buf_slice(&key), host, e) == 0 &&
	    save(dir, host, buf_slice(&crt), buf_slice(&key), e) == 0) {
		print(&cert);
		r = 0;
	}
	cert_release(&cert);
	if (key.ptr)
		explicit_bzero(key.ptr, key.cap);
	buf_release(&key);
	buf_release(&crt);
	return r;
}

int
cmd_cert(int argc, char **argv)
{
	static const struct option options[] = {
		{ "host", required_argument, NULL, 'h' },
		{ "dir", required_argument, NULL, 'd' },
		{ "ticket-keys", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	const char *host = NULL, *dir = "certs", *tickets = NULL;
	struct err e = ERR_INIT;
	int opt, r;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 't')
			tickets = optarg;
		else if (opt == 'h')
			host = optarg;
		else if (opt == 'd')
			dir = optarg;
		else
			return usage();
	}
	if (optind != argc || !host == !tickets)
		return usage();
	if (host && !is_host(host)) {
		fprintf(stderr, "qasid: not a host name\n");
		return CMD_USAGE;
	}
	r = tickets ? tickets_rotate_file(tickets, &e) : make(host, dir, &e);
	if (r == 0 && host)
		r = owner_give(dir, &e);
	if (r < 0) {
		fprintf(stderr, "qasid: %s\n", e.text);
		return CMD_FAILED;
	}
	return CMD_FINE;
}
