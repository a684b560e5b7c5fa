/*
 * cmd.h: the subcommands, one function and one file each.
 *
 * Each takes its own argc and argv (argv[0] is its name), prints its primary
 * output alone on stdout and everything else on stderr, and returns an exit
 * status.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

enum cmd_exit {
	CMD_FINE = 0,
	CMD_FAILED = 1, /* content or run failed */
	CMD_USAGE = 2,
};

int cmd_import(int argc, char **argv);
int cmd_init(int argc, char **argv);
int cmd_new(int argc, char **argv);
int cmd_build(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_cert(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_counts(int argc, char **argv);
int cmd_replies(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_get(int argc, char **argv);
int cmd_mirrors(int argc, char **argv);
int cmd_sync(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
