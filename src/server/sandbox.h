/*
 * sandbox.h: what a worker can no longer do once it serves.
 *
 * One table of system calls (seccomp) and no file at all (Landlock): by then
 * the store is open and mapped and the sockets are there.  A forbidden call
 * fails with EPERM, so that a library's odd wish is no outage.  In builds for
 * the sanitizers (QASID_SANITIZED) the calls that their run time needs are
 * allowed as well; that is said at start.
 *
 * The process that searches and the one that takes replies have tables of their
 * own, in which no connection can be taken; the second may write files to one
 * folder.
 *
 * Linux alone: other systems have pledge or Capsicum for the same place.
 */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

enum sandbox_role {
	SANDBOX_SERVES,
	SANDBOX_SEARCHES,
	SANDBOX_RECEIVES,
};

struct sandbox_opts {
	bool drop_user; /* to uid and gid; else the user stays */
	uid_t uid;
	gid_t gid;
	enum sandbox_role role;
	int inbox; /* SANDBOX_RECEIVES: the folder it may write to */
	bool need_landlock, need_seccomp; /* else their lack is only told */
};

/*
 * Gives up user, files and system calls for good.  0, or -1 and *e when
 * something needed cannot be had; the process must then not serve.
 */
int sandbox_enter(const struct sandbox_opts *opts, struct err *e)
    __attribute__((warn_unused_result));

/* Its two halves: no file by Landlock, few system calls by seccomp. */
int sandbox_close_files(struct err *e) __attribute__((warn_unused_result));
int sandbox_close_calls(enum sandbox_role role, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Writes what sandbox_enter() would set up on this kernel, in words, to `text`;
 * the user is not among it.
 */
void sandbox_describe(char *text, size_t cap);

#endif
