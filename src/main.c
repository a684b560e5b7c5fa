/*
 * main.c: the table of subcommands; each stands in a file of its own in cmd/.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "init", cmd_init, "make a content folder with two sample articles" },
	{ "new", cmd_new, "begin an article" },
	{ "build", cmd_build,
	    "publish a folder of Markdown, or convert one file" },
	{ "check", cmd_check,
	    "look a content tree over before it is published" },
	{ "import", cmd_import, "take articles over from WordPress or HTML" },
	{ "cert", cmd_cert, "make a host's certificate and key" },
	{ "serve", cmd_serve, "serve the store over Gemini and Gopher" },
	{ "export", cmd_export, "write an edition as plain files" },
	{ "status", cmd_status, "print what a running server counts" },
	{ "counts", cmd_counts, "print how often articles were read" },
	{ "replies", cmd_replies,
	    "read what readers replied, accept it or not" },
	{ "get", cmd_get, "fetch a URL, or print a page of a store" },
	{ "mirrors", cmd_mirrors, "ask the mirrors how far they are" },
	{ "sync", cmd_sync, "keys, and the helpers of qasid-sync" },
	{ "version", cmd_version, "print the version" },
};

static void
usage(FILE *to)
{
	fprintf(to, "usage: qasid COMMAND [ARGUMENTS]\n\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(to, "  %-10s %s\n", commands[i].name, commands[i].help);
}

/* Each command tells its usage when it is asked for what it has not. */
static int
help(const struct command *c, char **argv)
{
	opterr = 0;
	if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
		return CMD_FAILED;
	(void)c->run(2, argv + 1);
	return CMD_FINE;
}

static int
run(int argc, char **argv)
{
	if (argc < 2) {
		usage(stderr);
		return CMD_USAGE;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    !strcmp(argv[1], "help")) {
		usage(stdout);
		return CMD_FINE;
	}
	if (!strcmp(argv[1], "--version"))
		return cmd_version(argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return argc == 3 && !strcmp(argv[2], "--help")
			    ? help(&commands[i], argv)
			    : commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "qasid: no command \"%s\"\n", argv[1]);
	usage(stderr);
	return CMD_USAGE;
}

/* The store is read as memory; what is cut off is memory no more. */
static void
on_sigbus(int sig)
{
	static const char text[] =
	    "qasid: a file was truncated while it was read; if it is the "
	    "store, remove its folder and build again\n";

	(void)sig;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(CMD_FAILED);
}

int
main(int argc, char **argv)
{
	struct sigaction bus = { .sa_handler = on_sigbus };
	int code;

	sigaction(SIGBUS, &bus, NULL);
	code = run(argc, argv);

	/* What a full disk or a closed pipe took is not printed. */
	if ((fflush(stdout) != 0 || ferror(stdout)) && code == CMD_FINE) {
		fprintf(stderr, "qasid: write to standard output: %s\n",
		    strerror(errno));
		code = CMD_FAILED;
	}
	return code;
}
