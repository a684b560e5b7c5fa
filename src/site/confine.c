#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "site/confine.h"

#if defined(__x86_64__)
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OWN_ARCH AUDIT_ARCH_AARCH64
#endif

enum {
	/* Landlock's rights to files of each ABI, but those to read. */
	RIGHTS_ABI_1 = 0x1fff & ~0xc,
	RIGHTS_ABI_2 = 0x3fff & ~0xc,
	RIGHTS_ABI_3 = 0x7fff & ~0xc,
};

static int
limit(int what, rlim_t to)
{
	struct rlimit r;

	/* One that is lower already stays. */
	if (getrlimit((__rlimit_resource_t)what, &r) < 0)
		return -1;
	if (r.rlim_max < to)
		to = r.rlim_max;
	r = (struct rlimit){ to, to };
	return setrlimit((__rlimit_resource_t)what, &r);
}

/* Every right to change a file is handled, and none is given. */
static int
lock_files(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	uint64_t rights;
	int fd, r;

	if (abi < 1)
		return 0; /* an older kernel; RLIMIT_FSIZE holds */
	rights = abi == 1 ? RIGHTS_ABI_1
	    : abi == 2    ? RIGHTS_ABI_2
			  : RIGHTS_ABI_3;
	fd = (int)syscall(
	    SYS_landlock_create_ruleset, &rights, sizeof(rights), 0);
	if (fd < 0)
		return -1;
	r = (int)syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
	return r;
}

#ifdef OWN_ARCH
static const unsigned denied[] = {
	SYS_socket,
	SYS_socketpair,
	SYS_connect,
	SYS_execve,
	SYS_execveat,
	SYS_kill,
	SYS_tkill,
	SYS_ptrace,
	SYS_process_vm_readv,
	SYS_process_vm_writev,
};

enum {
	DENIED = sizeof(denied) / sizeof(denied[0]),
};

/* EPERM for each call of the table; the end of a process of another arch. */
static int
lock_calls(void)
{
	struct sock_filter code[DENIED + 6];
	struct sock_fprog program = { .filter = code };
	unsigned short n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(
	    BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(
	    BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (unsigned i = 0; i < DENIED; i++)
		code[n++] =
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			denied[i], (unsigned char)(DENIED - i), 0);
	code[n++] =
	    (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(
	    BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	program.len = n;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#else
static int
lock_calls(void)
{
	return 0;
}
#endif

int
confine_helper(void)
{
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (limit(RLIMIT_FSIZE, 0) < 0 || limit(RLIMIT_CORE, 0) < 0)
		return -1;
#ifndef QASID_SANITIZED
	if (limit(RLIMIT_DATA, CONFINE_DATA_BYTES) < 0)
		return -1;
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || lock_files() < 0)
		return -1;
	return lock_calls();
}
