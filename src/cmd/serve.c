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

enum {
	FLAGS_MAX = 128,
	KEYS_MAX = 64 * 1024, /* bytes */
};

/* Flags override the settings file, also after a reload. */
struct flag {
	const char *key, *value;
};

struct serve_args {
	const char *file; /* NULL: qasid.yaml where there is one */
	const char *ready_file;
	bool check;
	struct arena arena; /* keys of --set */
	struct flag flags[FLAGS_MAX];
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
	    "           [--certs DIR] [--workers N] [--user NAME]\n"
	    "           [--tickets auto|on|off] [--log off|stderr|syslog]\n"
	    "           [--ready FILE] [--check] [--set KEY=VALUE]...\n");
	return CMD_USAGE;
}

static int
load(void *ctx, struct config *c, struct err *e)
{
	const struct serve_args *args = ctx;
	const char *file = args->file;

	if (config_init(c, e) < 0)
		return -1;
	if (!file && access(default_file, F_OK) == 0)
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
	if (args->count == FLAGS_MAX)
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
	struct option options[FLAG_KEYS + 4] = { 0 };
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
	while ((opt = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		int r = 0;

		if (opt == 'c')
			args->file = optarg;
		else if (opt == 'r')
			args->ready_file = optarg;
		else if (opt == 'k')
			args->check = true;
		else if (opt == 's')
			r = add_setting(args, optarg);
		else if (opt >= 256)
			r = add_flag(args, flag_keys[opt - 256].key, optarg);
		else
			r = -1;
		if (r < 0)
			return -1;
	}
	return optind == argc ? 0 : -1;
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
	r = args.check ? server_check(&opts) : server_run(&opts);
	arena_release(&args.arena);
	return r ? CMD_FAILED : CMD_FINE;
}
