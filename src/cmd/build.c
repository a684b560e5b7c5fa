#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/io.h"
#include "site/build.h"
#include "site/filter.h"
#include "site/watch.h"

#include "cmd/cmd.h"
#include "cmd/owner.h"
#include "cmd/screen.h"

enum {
	STDIN_MAX = 64 * 1024 * 1024, /* the parser has its own limit */
	PAGE_MAX = 256 * 1024 * 1024,
	PEM_MAX = 4096,
	KEY_ROOM = PEM_MAX + 1,  /* io.h reads one byte more */
	RETRY_MS = 1000,         /* when another publisher was at work */
	DUE_MS = 10 * 60 * 1000, /* a publishDate may have come */
};

struct build_args {
	const char *form; /* --stdout; NULL: build a store */
	const char *content, *store;
	const char *host, *base;
	const char *sync_key, *sync_next, *sync_from;
	struct slice key, next; /* what stands in the first two */
	unsigned port, columns, jobs, sync_serial;
	bool verbose, watch, offline;
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid build [-v] [--watch] [--offline] [--jobs N] "
	    "[--store DIR]\n"
	    "           [--sync-key FILE [--sync-next FILE] [--sync-serial "
	    "N] |\n"
	    "           --sync-from MIRROR] [CONTENT]\n"
	    "       qasid build --stdout gemini|gopher|menu [--host NAME] "
	    "[--port N]\n"
	    "           [--base /articles/] [--width N] FILE|-\n");
	return CMD_USAGE;
}

static int
complain(const char *text)
{
	fprintf(stderr, "qasid build: %s\n", text);
	return usage();
}

/* --- the filter ---------------------------------------------------------- */

static int
read_input(const char *name, struct buf *out, struct err *e)
{
	int fd, rc;

	if (!strcmp(name, "-"))
		return io_read_all(
		    STDIN_FILENO, "standard input", STDIN_MAX, out, e);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, "open", name);
	rc = io_read_all(fd, name, STDIN_MAX, out, e);
	close(fd);
	return rc;
}

static int
run_filter(const struct build_args *args, struct screen *screen)
{
	static const char *const forms[] = { "gemini", "gopher", "menu" };
	struct diag diag = { .sink = screen_show, .ctx = screen };
	struct filter_opts opts = { .file = args->content,
		.base = args->base,
		.host = args->host,
		.port = args->port,
		.columns = args->columns,
		.diag = &diag };
	struct buf source, page;
	struct err e = ERR_INIT;
	int form = 0, rc;

	while (form < 3 && strcmp(args->form, forms[form]) != 0)
		form++;
	if (form == 3)
		return complain("--stdout takes gemini, gopher or menu");
	opts.form = (enum filter_form)form;
	if (!strcmp(args->content, "-"))
		opts.file = "standard input";
	buf_init(&source, STDIN_MAX + 64 * 1024 + 1);
	buf_init(&page, PAGE_MAX);
	rc = read_input(args->content, &source, &e);
	if (!rc)
		rc = filter_convert(buf_slice(&source), &opts, &page, &e);
	if (!rc && io_write_all(STDOUT_FILENO, buf_slice(&page)) < 0)
		rc = err_errno(&e, "write", "standard output");
	buf_release(&source);
	buf_release(&page);
	return rc < 0 ? screen_fail(screen, &e) : CMD_FINE;
}

/* Reads a key's file; none is no key. */
static int
read_key(const char *file, struct buf *pem, struct err *e)
{
	int fd, rc;

	if (!file)
		return 0;
	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) < 0)
		return err_errno(e, "open", file);
	rc = io_read_all(fd, file, PEM_MAX, pem, e);
	close(fd);
	return rc;
}

/* --- the build ----------------------------------------------------------- */

static int
build_once(
    const struct build_args *args, struct screen *screen, enum err_kind *kind)
{
	struct diag diag = { .sink = screen_show, .ctx = screen };
	struct site_opts opts = { .content = args->content,
		.store = args->store,
		.jobs = args->jobs,
		.now_s = time(NULL),
		.offline = args->offline,
		.all_dates = args->sync_from != NULL,
		.sync_from = args->sync_from,
		.sync_serial = args->sync_serial,
		.sync_key = args->key,
		.sync_next = args->next,
		.diag = &diag,
		.progress = screen_progress,
		.progress_ctx = screen };
	struct site_result result = { .articles = 0 };
	struct err e = ERR_INIT;
	int rc;

	screen->folder = args->content;
	rc = site_build(&opts, &result, &e);
	/* Of a mirror's own files the folder is another. */
	if (args->sync_from)
		screen->folder = NULL;
	*kind = e.kind;
	if (rc < 0)
		return screen_fail(screen, &e);
	screen_clear(screen);
	fprintf(stderr,
	    "edition %llu: %zu article%s, %zu page%s; %zu converted, %zu "
	    "refused\n",
	    (unsigned long long)result.edition, result.articles,
	    result.articles == 1 ? "" : "s", result.pages,
	    result.pages == 1 ? "" : "s", result.converted, result.refused);
	return diag.errors ? CMD_FAILED : CMD_FINE;
}

/*
 * An edition that fails leaves the one before; the next change tries again.
 * Now and then without one, for what comes due.
 */
static int
run_watch(const struct build_args *args, struct screen *screen)
{
	enum watch_event event = WATCH_CHANGED;
	enum err_kind kind;
	struct err e = ERR_INIT;
	struct watch *w = watch_new(args->content, &e);

	if (!w)
		return screen_fail(screen, &e);
	while (event == WATCH_CHANGED || event == WATCH_TIME) {
		(void)build_once(args, screen, &kind);
		event =
		    watch_wait(w, kind == ERR_CONFLICT ? RETRY_MS : DUE_MS, &e);
	}
	watch_free(w);
	return event == WATCH_STOPPED ? CMD_FINE : screen_fail(screen, &e);
}

/* Keys may be root's alone, and are read before root is given up. */
static int
run_build(struct build_args *args, struct screen *screen)
{
	struct err e = ERR_INIT;
	enum err_kind kind;
	struct buf key, next;
	int rc = 0;

	buf_init(&key, KEY_ROOM);
	buf_init(&next, KEY_ROOM);
	if (read_key(args->sync_key, &key, &e) < 0 ||
	    read_key(args->sync_next, &next, &e) < 0 ||
	    owner_become(args->store, &e) < 0)
		rc = screen_fail(screen, &e);
	args->key = buf_slice(&key);
	args->next = buf_slice(&next);
	if (rc == 0)
		rc = args->watch ? run_watch(args, screen)
				 : build_once(args, screen, &kind);
	buf_release(&next);
	buf_release(&key);
	return rc;
}

/* --- arguments ----------------------------------------------------------- */

static bool
read_number(const char *text, unsigned long max, unsigned *out)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || *end || n > max)
		return false;
	*out = (unsigned)n;
	return true;
}

/* -1 when the arguments are right, else the exit status. */
static int
read_args(int argc, char **argv, struct build_args *args)
{
	static const struct option options[] = {
		{ "stdout", required_argument, NULL, 'o' },
		{ "watch", no_argument, NULL, 'W' },
		{ "offline", no_argument, NULL, 'O' },
		{ "store", required_argument, NULL, 's' },
		{ "jobs", required_argument, NULL, 'j' },
		{ "host", required_argument, NULL, 'h' },
		{ "port", required_argument, NULL, 'p' },
		{ "base", required_argument, NULL, 'b' },
		{ "width", required_argument, NULL, 'w' },
		{ "sync-key", required_argument, NULL, 'k' },
		{ "sync-next", required_argument, NULL, 'x' },
		{ "sync-from", required_argument, NULL, 'f' },
		{ "sync-serial", required_argument, NULL, 'S' },
		{ NULL, 0, NULL, 0 },
	};
	bool fine = true;
	size_t len;
	int c;

	optind = 1;
	while (fine && (c = getopt_long(argc, argv, "v", options, NULL)) >= 0) {
		if (c == 'v')
			args->verbose = true;
		else if (c == 'W')
			args->watch = true;
		else if (c == 'O')
			args->offline = true;
		else if (c == 'o')
			args->form = optarg;
		else if (c == 's')
			args->store = optarg;
		else if (c == 'k')
			args->sync_key = optarg;
		else if (c == 'x')
			args->sync_next = optarg;
		else if (c == 'f')
			args->sync_from = optarg;
		else if (c == 'h')
			args->host = optarg;
		else if (c == 'b')
			args->base = optarg;
		else if (c == 'j')
			fine = read_number(optarg, 1024, &args->jobs);
		else if (c == 'S')
			fine =
			    read_number(optarg, UINT32_MAX, &args->sync_serial);
		else if (c == 'p')
			fine = read_number(optarg, 65535, &args->port);
		else if (c == 'w')
			fine = read_number(optarg, 10000, &args->columns);
		else
			return usage();
	}
	if (!fine)
		return complain("a number is out of its range");
	if (argc - optind > 1)
		return complain("more than one folder or file");
	if (optind < argc)
		args->content = argv[optind];
	else if (args->form)
		return complain("--stdout wants a file, or -");
	len = args->base ? strlen(args->base) : 0;
	if (!len || args->base[0] != '/' || args->base[len - 1] != '/')
		return complain("--base begins and ends with a slash");
	return -1;
}

int
cmd_build(int argc, char **argv)
{
	struct build_args args = { .content = "content",
		.store = "store",
		.host = "gopher.example.org",
		.base = "/articles/",
		.port = 70,
		.columns = 67 };
	struct screen screen;
	int rc = read_args(argc, argv, &args);

	if (rc >= 0)
		return rc;
	screen_init(&screen, "build");
	screen.is_verbose = args.verbose;
	return args.form ? run_filter(&args, &screen)
			 : run_build(&args, &screen);
}
