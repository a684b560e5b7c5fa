#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "config/config.h"
#include "server/supervisor.h"

#include "cmd/cmd.h"
#include "cmd/serve_dev.h"

enum {
	FLAGS_MAX = 128, /* without those of --dev */
	DEV_FLAGS = 8,
	KEYS_MAX = 64 * 1024, /* bytes */
};

/* Flags override the settings file, also after a reload. */
struct flag {
	const char *key, *value;
};

struct serve_args {
	const char *file; /* NULL: qasid.yaml where there is one */
	const char *ready_file;
	bool check, dev;
	const char *content; /* of --dev */
	struct arena arena;  /* keys of --set */
	struct flag flags[FLAGS_MAX + DEV_FLAGS];
	size_t count;
};

static const char default_file[] = "qasid.yaml";

static const struct {
	const char *flag, *key;
} flag_keys[] = {
	{ "store", "store.folder" },
	{ "host", "hosts" },
	{ "gemini", "listen.gemini" },
	{ "gopher", "listen.gopher" },
	{ "spartan", "listen.spartan" },
	{ "certs", "certs" },
	{ "workers", "workers" },
	{ "user", "user" },
	{ "log", "log" },
	{ "tickets", "tls.tickets" },
};

enum {
	FLAG_KEYS = sizeof(flag_keys) / sizeof(flag_keys[0])
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid serve [-c qasid.yaml] [--store DIR] [--host NAME]...\n"
	    "           [--gemini ADDR:PORT]... [--gopher ADDR:PORT]...\n"
	    "           [--spartan ADDR:PORT]... [--certs DIR] [--workers N]\n"
	    "           [--user NAME]\n"
	    "           [--tickets auto|on|off] [--log off|stderr|syslog]\n"
	    "           [--ready FILE] [--check] [--set KEY=VALUE]...\n"
	    "       qasid serve --dev [OPTIONS] [CONTENT]\n");
	return CMD_USAGE;
}

static int
load(void *ctx, struct config *c, struct err *e)
{
	const struct serve_args *args = ctx;
	const char *file = args->file;

	if (config_init(c, e) < 0)
		return -1;
	if (!file && !args->dev && access(default_file, F_OK) == 0)
		file = default_file;
	if (file && config_read(c, file, e) < 0)
		goto err;
	for (size_t i = 0; i < args->count; i++)
		config_clear(c, args->flags[i].key);
	for (size_t i = 0; i < args->count; i++)
		if (config_set(c, args->flags[i].key, args->flags[i].value, e) <
		    0)
			goto err;
	return 0;
err:
	config_release(c);
	return -1;
}

static int
add_flag(struct serve_args *args, const char *key, const char *value)
{
	if (args->count == FLAGS_MAX + DEV_FLAGS)
		return -1;
	args->flags[args->count++] = (struct flag){ key, value };
	return 0;
}

/*
 * "KEY=VALUE" for settings that have no flag of their own.  The argument itself
 * stays whole: an upgrade gives it to the next program.
 */
static int
add_setting(struct serve_args *args, const char *text)
{
	const char *eq = strchr(text, '=');
	char *key =
	    eq ? arena_strndup(&args->arena, text, (size_t)(eq - text)) : NULL;

	return key ? add_flag(args, key, eq + 1) : -1;
}

static int
parse_args(struct serve_args *args, int argc, char **argv)
{
	struct option options[FLAG_KEYS + 5] = { 0 };
	int opt;

	for (int i = 0; i < FLAG_KEYS; i++)
		options[i] = (struct option){ flag_keys[i].flag,
			required_argument, NULL, 256 + i };
	options[FLAG_KEYS] =
	    (struct option){ "ready", required_argument, NULL, 'r' };
	options[FLAG_KEYS + 1] =
	    (struct option){ "set", required_argument, NULL, 's' };
	options[FLAG_KEYS + 2] =
	    (struct option){ "check", no_argument, NULL, 'k' };
	options[FLAG_KEYS + 3] =
	    (struct option){ "dev", no_argument, NULL, 'd' };
	while ((opt = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		int r = 0;

		if (opt == 'c')
			args->file = optarg;
		else if (opt == 'r')
			args->ready_file = optarg;
		else if (opt == 'k')
			args->check = true;
		else if (opt == 'd')
			args->dev = true;
		else if (opt == 's')
			r = add_setting(args, optarg);
		else if (opt >= 256)
			r = add_flag(args, flag_keys[opt - 256].key, optarg);
		else
			r = -1;
		if (r < 0)
			return -1;
	}
	args->content = "content";
	if (args->dev && optind < argc)
		args->content = argv[optind++];
	return optind == argc && args->count <= FLAGS_MAX ? 0 : -1;
}

/* --- --dev --------------------------------------------------------------- */

/* The value that a flag gave `key`, or NULL. */
static const char *
flag_value(const struct serve_args *args, const char *key)
{
	for (size_t i = 0; i < args->count; i++)
		if (!strcmp(args->flags[i].key, key))
			return args->flags[i].value;
	return NULL;
}

/* `value` where no flag says otherwise. */
static const char *
flag_default(struct serve_args *args, const char *key, const char *value)
{
	const char *given = flag_value(args, key);

	if (!given)
		(void)add_flag(args, key, value);
	return given ? given : value;
}

static int
run_dev(struct serve_args *args, struct server_opts *opts)
{
	const char *host = flag_default(args, "hosts", "localhost"), *store;
	struct serve_dev dev = { .host = host, .content = args->content };
	struct err e = ERR_INIT;
	int rc;

	if (serve_dev_begin(&dev, &e) < 0) {
		fprintf(stderr, "qasid serve: %s\n", e.text);
		return CMD_FAILED;
	}
	store = flag_default(args, "store.folder", dev.store);
	flag_default(args, "certs", dev.certs);
	flag_default(args, "listen.gemini", dev.gemini);
	flag_default(args, "listen.gopher", dev.gopher);
	flag_default(args, "workers", "1");
	opts->ready_file = args->ready_file ? args->ready_file : dev.ready;
	rc = serve_dev_run(&dev, store, opts);
	serve_dev_end(&dev);
	return rc;
}

int
cmd_serve(int argc, char **argv)
{
	struct serve_args args = { 0 };
	struct server_opts opts = { .load = load, .ctx = &args };
	int r;

	arena_init(&args.arena, KEYS_MAX);
	if (parse_args(&args, argc, argv) < 0) {
		arena_release(&args.arena);
		return usage();
	}
	opts.ready_file = args.ready_file;
	if (args.dev)
		r = run_dev(&args, &opts);
	else
		r = args.check ? server_check(&opts) : server_run(&opts);
	arena_release(&args.arena);
	return r ? CMD_FAILED : CMD_FINE;
}
