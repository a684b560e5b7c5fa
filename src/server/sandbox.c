#include <errno.h>
#include <grp.h>
#include <linux/landlock.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

#include "server/sandbox.h"

/* --- user ---------------------------------------------------------------- */

static int
drop_user(const struct sandbox_opts *o, struct err *e)
{
	if (!o->drop_user)
		return 0;
	if (setgroups(1, &o->gid) < 0 ||
	    setresgid(o->gid, o->gid, o->gid) < 0 ||
	    setresuid(o->uid, o->uid, o->uid) < 0)
		return err_errno(e, "become user of", "user");
	if (o->uid != 0 && setuid(0) == 0)
		return err_set(
		    e, ERR_SYSTEM, "root came back after it was dropped");
	return 0;
}

/* --- Landlock ------------------------------------------------------------ */

/* Every right an ABI knows is handled, and none is given back. */
static const struct {
	int abi;
	/* Rights to files, to the network, to what is outside the scope. */
	uint64_t rules[3];
	size_t size; /* what older kernels know of it */
} landlock_abis[] = {
	{ 6, { 0xffff, 3, 3 }, 24 },
	{ 5, { 0xffff, 3, 0 }, 16 },
	{ 4, { 0x7fff, 3, 0 }, 16 },
	{ 3, { 0x7fff, 0, 0 }, 8 },
	{ 2, { 0x3fff, 0, 0 }, 8 },
	{ 1, { 0x1fff, 0, 0 }, 8 },
};

/* Newer than the headers of some systems. */
#define LANDLOCK_TRUNCATE (UINT64_C(1) << 14)

static int
landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

/* What may be done below the folder of an inbox; nothing is ever run. */
static int
add_inbox(int ruleset, int inbox)
{
	struct landlock_path_beneath_attr below = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_DIR |
		    LANDLOCK_ACCESS_FS_WRITE_FILE |
		    LANDLOCK_ACCESS_FS_MAKE_REG |
		    LANDLOCK_ACCESS_FS_REMOVE_FILE |
		    (landlock_abi() >= 3 ? LANDLOCK_TRUNCATE : 0),
		.parent_fd = inbox,
	};

	return (int)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &below, 0);
}

/* All files but those below `inbox`; -1: none is left. */
static int
close_files(int inbox, struct err *e)
{
	int abi = landlock_abi(), fd, r;
	size_t i = 0;

	if (abi < 1)
		return err_set(e, ERR_SYSTEM,
		    "this kernel has no Landlock (%s); allow that with "
		    "sandbox.allow_no_landlock",
		    strerror(errno));
	while (landlock_abis[i].abi > abi)
		i++;
	fd = (int)syscall(SYS_landlock_create_ruleset, landlock_abis[i].rules,
	    landlock_abis[i].size, 0);
	if (fd < 0)
		return err_errno(e, "landlock_create_ruleset", "worker");
	r = inbox < 0 ? 0 : add_inbox(fd, inbox);
	if (r < 0)
		err_errno(e, "landlock_add_rule", "inbox");
	else if ((r = (int)syscall(SYS_landlock_restrict_self, fd, 0)) < 0)
		err_errno(e, "landlock_restrict_self", "worker");
	close(fd);
	return r;
}

int
sandbox_close_files(struct err *e)
{
	return close_files(-1, e);
}

/* --- seccomp ------------------------------------------------------------- */

/* All that a worker's loop, LMDB, OpenSSL and malloc need to serve. */
static const int allowed[] = {
	SCMP_SYS(accept4),
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(close),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(futex),
	SCMP_SYS(getpid),
	SCMP_SYS(getrandom),
	SCMP_SYS(getsockopt),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(newfstatat),
	SCMP_SYS(pread64),
	SCMP_SYS(read),
	SCMP_SYS(recvfrom),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sendto),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(tgkill),
	SCMP_SYS(write),
	SCMP_SYS(writev),
#ifdef QASID_SANITIZED
	SCMP_SYS(arch_prctl),
	SCMP_SYS(mprotect),
	SCMP_SYS(pipe2),
	SCMP_SYS(prctl),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack),
#endif
};

/* What the process that searches needs: LMDB, SQLite, its sockets, an alarm. */
static const int allowed_to_search[] = {
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(close),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(futex),
	SCMP_SYS(getpid),
	SCMP_SYS(getrandom),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(ppoll),
	SCMP_SYS(pread64),
	SCMP_SYS(read),
	SCMP_SYS(recvfrom),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sendto),
	SCMP_SYS(setitimer),
	SCMP_SYS(tgkill),
	SCMP_SYS(write),
	SCMP_SYS(writev),
#ifdef __x86_64__
	SCMP_SYS(poll),
#endif
#ifdef QASID_SANITIZED
	SCMP_SYS(arch_prctl),
	SCMP_SYS(mprotect),
	SCMP_SYS(pipe2),
	SCMP_SYS(prctl),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack),
#endif
};

/* What the process that takes replies needs: its sockets, files in a folder. */
static const int allowed_to_receive[] = {
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(close),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(fsync),
	SCMP_SYS(futex),
	SCMP_SYS(getdents64),
	SCMP_SYS(getpid),
	SCMP_SYS(getrandom),
	SCMP_SYS(gettid),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(lseek),
	SCMP_SYS(madvise),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(newfstatat),
	SCMP_SYS(openat),
	SCMP_SYS(ppoll),
	SCMP_SYS(read),
	SCMP_SYS(recvfrom),
	SCMP_SYS(renameat),
	SCMP_SYS(renameat2),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sendto),
	SCMP_SYS(tgkill),
	SCMP_SYS(unlinkat),
	SCMP_SYS(write),
	SCMP_SYS(writev),
#ifdef __x86_64__
	SCMP_SYS(poll),
#endif
#ifdef QASID_SANITIZED
	SCMP_SYS(arch_prctl),
	SCMP_SYS(mprotect),
	SCMP_SYS(pipe2),
	SCMP_SYS(prctl),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sigaltstack),
#endif
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const int *calls;
	size_t count;
} tables[] = {
	[SANDBOX_SERVES] = { allowed, COUNT(allowed) },
	[SANDBOX_SEARCHES] = { allowed_to_search, COUNT(allowed_to_search) },
	[SANDBOX_RECEIVES] = { allowed_to_receive, COUNT(allowed_to_receive) },
};

/* Calls allowed with one value of one argument alone. */
static int
add_narrow_rules(scmp_filter_ctx f, enum sandbox_role role)
{
	/* Memory, but none to execute; the socket's unsent bytes alone. */
	const struct scmp_arg_cmp no_exec = {
		.arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC
	};
	const struct scmp_arg_cmp outq = {
		.arg = 1, .op = SCMP_CMP_EQ, .datum_a = SIOCOUTQ
	};

	if (role == SANDBOX_SERVES &&
	    seccomp_rule_add_array(
		f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &outq) < 0)
		return -1;
	return seccomp_rule_add_array(
	    f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, &no_exec);
}

int
sandbox_close_calls(enum sandbox_role role, struct err *e)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int r = f ? 0 : -1;

	for (size_t i = 0; r == 0 && i < tables[role].count; i++)
		r = seccomp_rule_add(
		    f, SCMP_ACT_ALLOW, tables[role].calls[i], 0);
	if (r == 0)
		r = add_narrow_rules(f, role);
	/* A tree of comparisons: no call pays for those before it. */
	if (r == 0)
		r = seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	if (r == 0)
		return 0;
	return err_set(e, ERR_SYSTEM,
	    "seccomp cannot be set up (%s); allow that with "
	    "sandbox.allow_no_seccomp",
	    strerror(r < 0 ? -r : r));
}

int
sandbox_enter(const struct sandbox_opts *opts, struct err *e)
{
	if (drop_user(opts, e) < 0)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(e, "prctl", "no new privileges");
	if (close_files(opts->role == SANDBOX_RECEIVES ? opts->inbox : -1, e) <
		0 &&
	    opts->need_landlock)
		return -1;
	if (sandbox_close_calls(opts->role, e) < 0 && opts->need_seccomp)
		return -1;
	return 0;
}

void
sandbox_describe(char *text, size_t cap)
{
	int abi = landlock_abi();
	char landlock[64] = "no Landlock";

	if (abi > 0)
		snprintf(landlock, sizeof(landlock),
		    "no files by Landlock (ABI %d)", abi);
#ifdef QASID_SANITIZED
	snprintf(text, cap,
	    "no new privileges, %s, %zu system calls by seccomp "
	    "(widened for sanitizers)",
	    landlock, sizeof(allowed) / sizeof(allowed[0]) + 2);
#else
	snprintf(text, cap,
	    "no new privileges, %s, %zu system calls by seccomp", landlock,
	    sizeof(allowed) / sizeof(allowed[0]) + 2);
#endif
}
