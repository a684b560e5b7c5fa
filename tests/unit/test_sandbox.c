/*
 * Tries forbidden acts from inside each role's sandbox: each in a process of its
 * own, which tells by its exit status what became of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "server/sandbox.h"

#include "test.h"

enum outcome {
	DENIED = 10, /* with EPERM or EACCES */
	ALLOWED,
	FAILED_OTHERWISE,
	NO_SANDBOX,
};

static int listening = -1;
/* A folder as the process that takes replies has it; a file in it, and one in
 * the folder above. */
static char above_path[] = "/tmp/qasid-inbox.XXXXXX";
static int above = -1, inbox = -1;

static enum outcome
judge(long r)
{
	if (r >= 0)
		return ALLOWED;
	return errno == EPERM || errno == EACCES ? DENIED : FAILED_OTHERWISE;
}

static enum outcome
open_to_read(void)
{
	return judge(open("/etc/passwd", O_RDONLY));
}

static enum outcome
open_to_write(void)
{
	return judge(open("/tmp/qasid-sandbox-x", O_WRONLY | O_CREAT, 0600));
}

static enum outcome
list_root(void)
{
	return judge(open("/", O_RDONLY | O_DIRECTORY));
}

static enum outcome
make_folder(void)
{
	return judge(mkdir("/tmp/qasid-sandbox-d", 0700));
}

static enum outcome
remove_file(void)
{
	return judge(unlink("/tmp/qasid-sandbox-x"));
}

static enum outcome
run_program(void)
{
	char *argv[] = { (char[]){ "true" }, NULL };

	return judge(execv("/bin/true", argv));
}

static enum outcome
make_socket(void)
{
	return judge(socket(AF_INET, SOCK_STREAM, 0));
}

static enum outcome
connect_out(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = 9 };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return judge(
	    connect(listening, (const struct sockaddr *)&a, sizeof(a)));
}

static enum outcome
bind_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET };

	return judge(bind(listening, (const struct sockaddr *)&a, sizeof(a)));
}

static enum outcome
make_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return judge(pid);
}

static enum outcome
trace_parent(void)
{
	return judge(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static enum outcome
kill_parent(void)
{
	return judge(kill(getppid(), 0));
}

static enum outcome
make_code(void)
{
	void *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return judge(m == MAP_FAILED ? -1 : 0);
}

static enum outcome
become_root(void)
{
	return judge(setuid(0));
}

static enum outcome
use_memory(void)
{
	void *m = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return judge(m == MAP_FAILED ? -1 : 0);
}

static enum outcome
accept_peer(void)
{
	int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);

	return fd < 0 && errno == EAGAIN ? ALLOWED : judge(fd);
}

static int
enter_all(struct err *e)
{
	struct sandbox_opts opts = { .need_landlock = true,
		.need_seccomp = true };

	if (geteuid() == 0) {
		opts.drop_user = true;
		opts.uid = opts.gid = 65534;
	}
	return sandbox_enter(&opts, e);
}

static enum outcome
inside(int (*enter)(struct err *e), enum outcome (*act)(void))
{
	struct err e = ERR_INIT;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (enter(&e) < 0)
			_exit(NO_SANDBOX);
		_exit((int)act());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return (enum outcome)WEXITSTATUS(status);
}

static void
denies_all(int (*enter)(struct err *))
{
	static const struct {
		const char *name;
		enum outcome (*act)(void);
	} acts[] = {
		{ "open to read", open_to_read },
		{ "open to write", open_to_write },
		{ "list a folder", list_root },
		{ "make a folder", make_folder },
		{ "remove a file", remove_file },
		{ "run a program", run_program },
		{ "make a socket", make_socket },
		{ "connect", connect_out },
		{ "bind", bind_port },
		{ "fork", make_process },
		{ "trace", trace_parent },
		{ "kill", kill_parent },
		{ "executable memory", make_code },
		{ "become root", become_root },
	};

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		enum outcome o = inside(enter, acts[i].act);

		if (o != DENIED)
			fail_msg("%s: %d", acts[i].name, (int)o);
	}
}

static void
denies(void **state)
{
	(void)state;
	denies_all(enter_all);
}

/* The process that searches takes no connection either. */
static int
enter_search(struct err *e)
{
	struct sandbox_opts opts = { .need_landlock = true,
		.need_seccomp = true,
		.role = SANDBOX_SEARCHES };

	if (geteuid() == 0) {
		opts.drop_user = true;
		opts.uid = opts.gid = 65534;
	}
	return sandbox_enter(&opts, e);
}

static void
denies_more_to_what_searches(void **state)
{
	(void)state;
	denies_all(enter_search);
	assert_int_equal(inside(enter_search, accept_peer), DENIED);
	assert_int_equal(inside(enter_search, use_memory), ALLOWED);
}

/* The process that takes replies: one folder, and that to write alone. */
static int
enter_receive(struct err *e)
{
	struct sandbox_opts opts = { .need_landlock = true,
		.need_seccomp = true,
		.role = SANDBOX_RECEIVES,
		.inbox = inbox };

	if (geteuid() == 0) {
		opts.drop_user = true;
		opts.uid = opts.gid = 65534;
	}
	return sandbox_enter(&opts, e);
}

static enum outcome
write_reply(void)
{
	int fd = openat(inbox, "new", O_WRONLY | O_CREAT | O_EXCL, 0640);

	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) < 0 ||
	    renameat(inbox, "new", inbox, "reply") < 0)
		return judge(-1);
	return judge(unlinkat(inbox, "reply", 0));
}

static enum outcome
list_inbox(void)
{
	return judge(openat(inbox, ".", O_RDONLY | O_DIRECTORY));
}

static enum outcome
read_reply(void)
{
	return judge(openat(inbox, "kept", O_RDONLY));
}

static enum outcome
run_reply(void)
{
	char path[sizeof(above_path) + 16];
	char *argv[] = { path, NULL };

	snprintf(path, sizeof(path), "%s/inbox/kept", above_path);
	return judge(execv(path, argv));
}

static enum outcome
make_folder_in_inbox(void)
{
	return judge(mkdirat(inbox, "folder", 0700));
}

static enum outcome
make_link_in_inbox(void)
{
	return judge(symlinkat("/etc/passwd", inbox, "link"));
}

static enum outcome
write_elsewhere(void)
{
	return judge(openat(inbox, "../outside", O_WRONLY));
}

static enum outcome
remove_elsewhere(void)
{
	return judge(unlinkat(inbox, "../outside", 0));
}

static enum outcome
open_for_others(void)
{
	return judge(fchmodat(inbox, "kept", 0666, 0));
}

/* Landlock has a word of its own for what would cross a border. */
static enum outcome
move_out(void)
{
	int r = renameat(inbox, "kept", inbox, "../moved");

	return r < 0 && errno == EXDEV ? DENIED : judge(r);
}

static void
denies_more_to_what_receives(void **state)
{
	static const struct {
		const char *name;
		enum outcome (*act)(void);
		enum outcome wanted;
	} acts[] = {
		{ "write a reply", write_reply, ALLOWED },
		{ "list the inbox", list_inbox, ALLOWED },
		{ "use memory", use_memory, ALLOWED },
		{ "read a reply", read_reply, DENIED },
		{ "run a reply", run_reply, DENIED },
		{ "make a folder", make_folder_in_inbox, DENIED },
		{ "make a link", make_link_in_inbox, DENIED },
		{ "write beside the inbox", write_elsewhere, DENIED },
		{ "remove elsewhere", remove_elsewhere, DENIED },
		{ "change rights", open_for_others, DENIED },
		{ "move a reply out", move_out, DENIED },
		{ "accept", accept_peer, DENIED },
	};

	(void)state;
	denies_all(enter_receive);
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		enum outcome o = inside(enter_receive, acts[i].act);

		if (o != acts[i].wanted)
			fail_msg("%s: %d", acts[i].name, (int)o);
	}
}

static void
allows_what_serving_needs(void **state)
{
	(void)state;
	assert_int_equal(inside(enter_all, use_memory), ALLOWED);
	assert_int_equal(inside(enter_all, accept_peer), ALLOWED);
}

/* Landlock holds by itself, were a system call ever to slip through. */
static int
enter_files(struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	return sandbox_close_files(e);
}

static void
landlock_holds_alone(void **state)
{
	(void)state;
	assert_int_equal(inside(enter_files, open_to_read), DENIED);
	assert_int_equal(inside(enter_files, open_to_write), DENIED);
	assert_int_equal(inside(enter_files, list_root), DENIED);
	assert_int_equal(inside(enter_files, run_program), DENIED);
	assert_int_equal(inside(enter_files, make_socket), ALLOWED);
}

/* The test can fail: without a sandbox these acts succeed. */
static int
enter_nothing(struct err *e)
{
	(void)e;
	return 0;
}

static void
acts_succeed_outside(void **state)
{
	(void)state;
	assert_int_equal(inside(enter_nothing, open_to_read), ALLOWED);
	assert_int_equal(inside(enter_nothing, make_socket), ALLOWED);
	assert_int_equal(inside(enter_nothing, make_process), ALLOWED);
	assert_int_equal(inside(enter_nothing, kill_parent), ALLOWED);
	assert_int_equal(inside(enter_nothing, read_reply), ALLOWED);
	assert_int_equal(inside(enter_nothing, write_elsewhere), ALLOWED);
	assert_int_equal(inside(enter_nothing, open_for_others), ALLOWED);
}

/* For any user to write to: the tests' processes drop theirs. */
static int
make_inbox(void **state)
{
	int fd;

	(void)state;
	if (!mkdtemp(above_path) || chmod(above_path, 0777) < 0)
		return -1;
	above = open(above_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (above < 0 || mkdirat(above, "inbox", 0777) < 0 ||
	    fchmodat(above, "inbox", 0777, 0) < 0)
		return -1;
	inbox = openat(above, "inbox", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = openat(inbox, "kept", O_WRONLY | O_CREAT | O_CLOEXEC, 0777);
	if (fd < 0 || close(fd) < 0)
		return -1;
	fd = openat(above, "outside", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	return fd < 0 || fchmod(fd, 0666) < 0 ? -1 : close(fd);
}

static int
remove_inbox(void **state)
{
	(void)state;
	unlinkat(inbox, "kept", 0);
	close(inbox);
	unlinkat(above, "outside", 0);
	unlinkat(above, "inbox", AT_REMOVEDIR);
	close(above);
	return rmdir(above_path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(denies),
		cmocka_unit_test(denies_more_to_what_searches),
		cmocka_unit_test(denies_more_to_what_receives),
		cmocka_unit_test(allows_what_serving_needs),
		cmocka_unit_test(landlock_holds_alone),
		cmocka_unit_test(acts_succeed_outside),
	};

	listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (listening < 0 || listen(listening, 1) < 0)
		return 77;
	return cmocka_run_group_tests(tests, make_inbox, remove_inbox);
}
