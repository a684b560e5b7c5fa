/*
 * killat.c: kills a program, as by kill -9, at its Nth change of the disk.
 *
 *	killat N COMMAND...
 *
 * Runs COMMAND under ptrace and counts the system calls that change names or
 * make them last (rename, unlink, link, mkdir, open with O_CREAT, fsync,
 * syncfs, ...), of it and its children; before the Nth is done, all are killed.
 * Ends with 137 when it killed, else with COMMAND's own exit status; the count
 * of such calls is told on stderr.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <linux/ptrace.h>

static bool
changes_disk(const struct ptrace_syscall_info *i)
{
	switch (i->entry.nr) {
#ifdef SYS_rename
	case SYS_rename:
	case SYS_unlink:
	case SYS_mkdir:
	case SYS_rmdir:
	case SYS_link:
#endif
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_unlinkat:
	case SYS_linkat:
	case SYS_mkdirat:
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_syncfs:
		return true;
	case SYS_openat:
		return (i->entry.args[2] & O_CREAT) != 0;
	default:
		return false;
	}
}

static void
start(char **argv)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0) {
		perror("killat: ptrace");
		_exit(126);
	}
	raise(SIGSTOP);
	execvp(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* Lets `pid` run to its next system call; `sig` is handed to it. */
static void
go_on(pid_t pid, int sig)
{
	(void)ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)sig);
}

static bool
enters_change(pid_t pid)
{
	struct ptrace_syscall_info info = { .op = PTRACE_SYSCALL_INFO_NONE };

	return ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info),
		   &info) > 0 &&
	    info.op == PTRACE_SYSCALL_INFO_ENTRY && changes_disk(&info);
}

int
main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL |
	    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;
	unsigned long at, count = 0;
	int status;
	pid_t first, pid;

	if (argc < 3 || !(at = strtoul(argv[1], NULL, 10))) {
		fprintf(stderr, "usage: killat N COMMAND...\n");
		return 2;
	}
	if ((first = fork()) == 0)
		start(argv + 2);
	if (first < 0 || waitpid(first, &status, 0) < 0 ||
	    !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, first, NULL, (void *)options) < 0) {
		fprintf(stderr, "killat: no right to trace\n");
		return 126;
	}
	go_on(first, 0);
	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			if (pid != first)
				continue;
			fprintf(stderr, "killat: %lu changes\n", count);
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
		}
		if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
			if (enters_change(pid) && ++count == at) {
				(void)kill(first, SIGKILL);
				return 137; /* EXITKILL ends the others */
			}
			go_on(pid, 0);
		} else if (WSTOPSIG(status) == SIGTRAP ||
		    WSTOPSIG(status) == SIGSTOP) {
			go_on(pid, 0);
		} else {
			go_on(pid, WSTOPSIG(status));
		}
	}
	return 128;
}
