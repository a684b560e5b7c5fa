#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "cert/cert.h"
#include "server/supervisor.h"
#include "site/build.h"
#include "site/watch.h"

#include "cmd/cmd.h"
#include "cmd/screen.h"
#include "cmd/serve_dev.h"

enum {
	LOOK_MS = 1000,          /* how often the server is looked after */
	DUE_MS = 10 * 60 * 1000, /* a publishDate may have come */
	READY_MS = 30 * 1000,
	READY_STEP_MS = 20,
	OPEN_FOLDERS = 16,
};

/* A build folder being watched, and the process that serves it. */
struct dev {
	struct serve_dev *d;
	const char *store;
	const struct server_opts *opts;
	struct screen screen;
	pid_t server; /* 0: none yet */
};

/* --- the folder ------------------------------------------------------------ */

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

void
serve_dev_end(struct serve_dev *d)
{
	if (d->folder[0])
		(void)nftw(
		    d->folder, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
	d->folder[0] = '\0';
}

static int
write_certificate(struct serve_dev *d, struct err *e)
{
	struct buf crt, key;
	char path[600];
	int rc;

	buf_init(&crt, CERT_PEM_MAX);
	buf_init(&key, CERT_PEM_MAX);
	rc = cert_create(d->host, (int64_t)time(NULL), &crt, &key, e);
	if (rc == 0 && mkdir(d->certs, 0700) < 0)
		rc = err_errno(e, "mkdir", d->certs);
	snprintf(path, sizeof(path), "%s/%s.crt", d->certs, d->host);
	if (rc == 0)
		rc = io_write_file(AT_FDCWD, path, buf_slice(&crt), 0600, e);
	snprintf(path, sizeof(path), "%s/%s.key", d->certs, d->host);
	if (rc == 0)
		rc = io_write_file(AT_FDCWD, path, buf_slice(&key), 0600, e);
	if (key.ptr)
		explicit_bzero(key.ptr, key.cap);
	buf_release(&key);
	buf_release(&crt);
	return rc;
}

/* `port` of this machine alone, or 0, any, where another has it. */
static void
choose_port(char out[32], uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 1) < 0)
		port = 0;
	if (fd >= 0)
		close(fd);
	snprintf(out, 32, "127.0.0.1:%u", (unsigned)port);
}

int
serve_dev_begin(struct serve_dev *d, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	struct stat st;

	if (stat(d->content, &st) < 0)
		return err_errno(e, "open folder", d->content);
	if (!S_ISDIR(st.st_mode))
		return err_set(
		    e, ERR_INVALID, "\"%s\" is no folder", d->content);
	if (!tmp || *tmp != '/' || strlen(tmp) > 200)
		tmp = "/tmp";
	snprintf(d->folder, sizeof(d->folder), "%s/qasid-dev-XXXXXX", tmp);
	if (!mkdtemp(d->folder)) {
		err_errno(e, "mkdtemp", d->folder);
		d->folder[0] = '\0';
		return -1;
	}
	snprintf(d->store, sizeof(d->store), "%s/store", d->folder);
	snprintf(d->certs, sizeof(d->certs), "%s/certs", d->folder);
	snprintf(d->ready, sizeof(d->ready), "%s/ready", d->folder);
	choose_port(d->gemini, 1965);
	choose_port(d->gopher, 7070);
	if (strchr(d->host, '/') || strlen(d->host) > 255)
		err_set(e, ERR_INVALID, "\"%s\" is no host name", d->host);
	else if (write_certificate(d, e) == 0)
		return 0;
	serve_dev_end(d);
	return -1;
}

/* --- the server's process ---------------------------------------------------- */

/* Whether it has ended; says so where nobody asked it to. */
static bool
has_ended(struct dev *dev)
{
	int status;

	if (!dev->server || waitpid(dev->server, &status, WNOHANG) == 0)
		return false;
	dev->server = 0;
	return true;
}

static void
print_addresses(const struct dev *dev)
{
	char protocol[16], address[64], port[16], line[128];
	FILE *f = fopen(dev->opts->ready_file, "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%15s %63s %15[0-9]", protocol, address,
			port) == 3)
			printf("%s://%s:%s/\n", protocol, dev->d->host, port);
	if (f)
		fclose(f);
	fflush(stdout);
}

/* Until it serves; false when it has ended instead. */
static bool
await_server(struct dev *dev)
{
	const struct timespec step = { .tv_nsec =
					   READY_STEP_MS * 1000L * 1000L };

	for (int ms = 0; ms < READY_MS; ms += READY_STEP_MS) {
		if (access(dev->opts->ready_file, F_OK) == 0) {
			print_addresses(dev);
			return true;
		}
		if (has_ended(dev))
			return false;
		nanosleep(&step, NULL);
	}
	return false;
}

static int
start_server(struct dev *dev, struct err *e)
{
	pid_t parent = getpid(), pid;

	/* One of an earlier run would be taken for this one's. */
	unlink(dev->opts->ready_file);
	fflush(NULL);
	if ((pid = fork()) < 0)
		return err_errno(e, "fork", "the server");
	if (pid == 0) {
		/* It goes with the process that would have stopped it. */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(CMD_FAILED);
		_exit(server_run(dev->opts) ? CMD_FAILED : CMD_FINE);
	}
	dev->server = pid;
	if (await_server(dev))
		return 0;
	return err_set(e, ERR_SYSTEM, "the server did not start");
}

static void
stop_server(struct dev *dev)
{
	if (!dev->server)
		return;
	kill(dev->server, SIGTERM);
	while (waitpid(dev->server, NULL, 0) < 0 && errno == EINTR) {
	}
	dev->server = 0;
}

/* --- building ---------------------------------------------------------------- */

/* An edition; false when there is none, and why was said. */
static bool
build(struct dev *dev)
{
	struct diag diag = { .sink = screen_show, .ctx = &dev->screen };
	struct site_opts opts = { .content = dev->d->content,
		.store = dev->store,
		.now_s = time(NULL),
		.drafts = true,
		.diag = &diag,
		.progress = screen_progress,
		.progress_ctx = &dev->screen };
	struct site_result result = { .articles = 0 };
	struct err e = ERR_INIT;

	if (site_build(&opts, &result, &e) < 0) {
		(void)screen_fail(&dev->screen, &e);
		return false;
	}
	screen_clear(&dev->screen);
	fprintf(stderr, "edition %llu: %zu article%s; %zu converted\n",
	    (unsigned long long)result.edition, result.articles,
	    result.articles == 1 ? "" : "s", result.converted);
	return true;
}

/* Waits for a change, looking after the server. */
static enum watch_event
await_change(struct dev *dev, struct watch *w, struct err *e)
{
	for (int ms = 0; ms < DUE_MS; ms += LOOK_MS) {
		enum watch_event event = watch_wait(w, LOOK_MS, e);

		if (event != WATCH_TIME)
			return event;
		if (has_ended(dev)) {
			err_set(e, ERR_SYSTEM, "the server has ended");
			return WATCH_FAILED;
		}
	}
	return WATCH_TIME;
}

int
serve_dev_run(
    struct serve_dev *d, const char *store, const struct server_opts *opts)
{
	struct dev dev = { .d = d, .store = store, .opts = opts };
	enum watch_event event = WATCH_CHANGED;
	struct err e = ERR_INIT;
	struct watch *w = watch_new(d->content, &e);
	int rc = CMD_FINE;

	screen_init(&dev.screen, "serve");
	if (!w)
		return screen_fail(&dev.screen, &e);
	dev.screen.folder = d->content;
	while (event == WATCH_CHANGED || event == WATCH_TIME) {
		/* Without a first edition there is nothing to serve. */
		if (build(&dev) && !dev.server && start_server(&dev, &e) < 0)
			break;
		event = await_change(&dev, w, &e);
	}
	if (event != WATCH_STOPPED) {
		dev.screen.folder = NULL;
		rc = screen_fail(&dev.screen, &e);
	}
	stop_server(&dev);
	watch_free(w);
	return rc;
}
