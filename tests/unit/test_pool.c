#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/pack.h"
#include "site/pool.h"

enum {
	JOBS = 300,
	IDLE_AFTER = 7, /* the last of the jobs that a helper gets at first */
};

/* What each job is to do. */
enum deed {
	SQUARE,
	ECHO,
	LOOP,
	CRASH,
	QUIT,
	FLOOD,
	WRITE_FILE,
	NAME_SELF,
	WAIT,
};

struct game {
	enum deed deeds[JOBS];
	size_t taken[JOBS], lost[JOBS];
	size_t take_total, lost_total, fail_at;
	char why[128];
	const char *path;
	int go[2]; /* a pipe */
};

static int
give(void *ctx, size_t job, struct buf *out, struct err *e)
{
	struct game *g = ctx;

	(void)e;
	if (g->deeds[job] == ECHO)
		buf_add_repeat(out, (char)('a' + job % 26), job * 1000);
	return 0;
}

static void
work(void *ctx, size_t job, struct slice given, struct buf *reply)
{
	const struct game *g = ctx;
	volatile unsigned long spin = 0;
	char byte;
	FILE *f;

	switch (g->deeds[job]) {
	case SQUARE:
		pack_number(reply, job * job);
		return;
	case ECHO:
		buf_add(reply, given);
		return;
	case LOOP:
		for (;;)
			spin++;
	case CRASH:
		raise(SIGKILL);
		return;
	case QUIT:
		_exit(0);
	case FLOOD:
		buf_add_repeat(reply, 'x', 3 << 20);
		return;
	case NAME_SELF:
		pack_number(reply, (uint64_t)getpid());
		return;
	case WAIT:
		if (read(g->go[0], &byte, 1) != 1)
			_exit(1);
		return;
	case WRITE_FILE:
		signal(SIGXFSZ, SIG_IGN);
		f = fopen(g->path, "w");
		pack_number(reply,
		    f && fputs("x", f) >= 0 && fflush(f) == 0 && !fclose(f));
		return;
	}
}

static void
end_idle_helper(const struct game *g, pid_t pid)
{
	siginfo_t info;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(write(g->go[1], "x", 1), 1);
}

static int
take(void *ctx, size_t job, struct slice reply, struct err *e)
{
	struct game *g = ctx;
	struct unpack in = { .rest = reply };

	if (g->deeds[job] == SQUARE)
		assert_int_equal(unpack_number(&in), job * job);
	else if (g->deeds[job] == ECHO)
		assert_int_equal(reply.len, job * 1000);
	else if (g->deeds[job] == WRITE_FILE)
		assert_int_equal(unpack_number(&in), 0);
	else if (g->deeds[job] == NAME_SELF && job == IDLE_AFTER)
		end_idle_helper(g, (pid_t)unpack_number(&in));
	g->taken[job]++;
	if (++g->take_total == g->fail_at)
		return err_set(e, ERR_STOPPED, "enough");
	return 0;
}

static int
lost(void *ctx, size_t job, const char *why, struct err *e)
{
	struct game *g = ctx;

	(void)e;
	g->lost[job]++;
	g->lost_total++;
	snprintf(g->why, sizeof(g->why), "%s", why);
	return 0;
}

static const struct pool_ops ops = { give, work, take, lost };

static void
play(struct game *g, const struct pool_opts *opts)
{
	struct err e = ERR_INIT;

	if (pool_run(opts, &ops, g, JOBS, &e) < 0)
		fail_msg("%s", e.text);
	for (size_t i = 0; i < JOBS; i++)
		assert_int_equal(g->taken[i] + g->lost[i], 1);
	/* No helper is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
every_job_once(void **state)
{
	static const unsigned helpers[] = { 0, 1, 2, 7, 1000 };

	(void)state;
	for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]); i++) {
		struct game *g = mem_calloc(1, sizeof(*g));
		struct pool_opts opts = { .helpers = helpers[i] };

		assert_non_null(g);
		for (size_t k = 0; k < JOBS; k++)
			g->deeds[k] = k % 3 ? SQUARE : ECHO;
		play(g, &opts);
		assert_int_equal(g->lost_total, 0);
		mem_free(g);
	}
}

/* One job that ends its helper is named; those behind it are done. */
static void
one_is_lost(enum deed deed, const struct pool_opts *opts, const char *why)
{
	struct game *g = mem_calloc(1, sizeof(*g));

	assert_non_null(g);
	g->deeds[5] = g->deeds[6] = g->deeds[200] = deed;
	play(g, opts);
	assert_int_equal(g->lost_total, 3);
	assert_int_equal(g->lost[5], 1);
	assert_int_equal(g->lost[6], 1);
	assert_int_equal(g->lost[200], 1);
	assert_string_equal(g->why, why);
	mem_free(g);
}

static void
a_loop_is_ended(void **state)
{
	struct pool_opts opts = { .helpers = 2, .cpu_ms = 50 };

	(void)state;
	one_is_lost(LOOP, &opts, "took more than 50 ms of processor time");
}

static void
a_crash_is_named(void **state)
{
	struct pool_opts opts = { .helpers = 2 };

	(void)state;
	one_is_lost(CRASH, &opts, "the converter died (signal 9)");
	one_is_lost(
	    QUIT, &opts, "the converter gave up: what comes out is too large");
}

static void
a_flood_is_stopped(void **state)
{
	struct pool_opts opts = { .helpers = 1, .reply_bytes = 1 << 20 };

	(void)state;
	one_is_lost(
	    FLOOD, &opts, "the converter gave up: what comes out is too large");
}

static void
no_file_is_written(void **state)
{
	char path[] = "/tmp/test_pool.XXXXXX";
	struct pool_opts opts = { .helpers = 1 };
	struct game *g = mem_calloc(1, sizeof(*g));
	int fd = mkstemp(path);

	(void)state;
	assert_non_null(g);
	assert_true(fd >= 0);
	close(fd);
	g->path = path;
	g->deeds[0] = WRITE_FILE;
	play(g, &opts);
	unlink(path);
	mem_free(g);
}

/* A helper without work that dies costs nothing. */
static void
an_idle_death_is_none(void **state)
{
	struct pool_opts opts = { .helpers = 2 };
	struct game *g = mem_calloc(1, sizeof(*g));
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(g);
	assert_int_equal(pipe(g->go), 0);
	for (size_t k = 0; k <= IDLE_AFTER; k++)
		g->deeds[k] = NAME_SELF;
	g->deeds[IDLE_AFTER + 1] = WAIT;
	if (pool_run(&opts, &ops, g, IDLE_AFTER + 2, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(g->take_total, IDLE_AFTER + 2);
	assert_int_equal(g->lost_total, 0);
	close(g->go[0]);
	close(g->go[1]);
	mem_free(g);
}

static void
the_parent_may_stop(void **state)
{
	struct pool_opts opts = { .helpers = 2 };
	struct game *g = mem_calloc(1, sizeof(*g));
	struct err e = ERR_INIT;

	(void)state;
	assert_non_null(g);
	g->fail_at = 10;
	assert_int_equal(pool_run(&opts, &ops, g, JOBS, &e), -1);
	assert_int_equal(e.kind, ERR_STOPPED);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(pool_run(&opts, &ops, g, 0, &e), 0);
	mem_free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_job_once),
		cmocka_unit_test(a_loop_is_ended),
		cmocka_unit_test(a_crash_is_named),
		cmocka_unit_test(a_flood_is_stopped),
		cmocka_unit_test(no_file_is_written),
		cmocka_unit_test(an_idle_death_is_none),
		cmocka_unit_test(the_parent_may_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
