#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "search/message.h"
#include "server/child.h"
#include "server/log.h"
#include "server/worker.h"

#include "server/searcher.h"

enum {
	NICE = 10,
	/* Given up at its deadline; where that is not looked at, after this. */
	HARD_DEADLINES = 8,
	HARD_MIN_MS = 1000,
};

struct searcher {
	const struct searcher_job *job;
	struct search_finder *finder;
	struct pollfd *fds;
	size_t open;
	struct buf answer;
	char question[MESSAGE_MAX];
};

/* The alarm ends the process; 0 takes it back. */
static void
set_alarm(uint64_t ms)
{
	struct itimerval t = { .it_value = { .tv_sec = (time_t)(ms / 1000),
				   .tv_usec = (long)(ms % 1000) * 1000 } };

	setitimer(ITIMER_REAL, &t, NULL);
}

/* Answers what came; false when the socket is closed. */
static bool
take_question(struct searcher *s, int fd)
{
	ssize_t n = recv(fd, s->question, sizeof(s->question), MSG_DONTWAIT);
	uint64_t hard = s->job->deadline_ms * HARD_DEADLINES;
	struct search_question q;
	struct search_answer a;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (search_question_unpack(slice_make(s->question, (size_t)n), &q) < 0)
		return true;
	set_alarm(hard > HARD_MIN_MS ? hard : HARD_MIN_MS);
	search_answer_make(s->finder, &q, &a);
	set_alarm(0);
	buf_clear(&s->answer);
	search_answer_pack(&s->answer, &a);
	if (buf_failed(&s->answer)) {
		buf_clear(&s->answer);
		a.status = SEARCH_FAILED;
		search_answer_pack(&s->answer, &a);
	}
	/* A worker that takes none has gone, or will not miss it. */
	(void)send(
	    fd, s->answer.ptr, s->answer.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	return true;
}

static int
serve(struct searcher *s)
{
	while (s->open) {
		if (poll(s->fds, s->job->count, -1) < 0) {
			if (errno == EINTR)
				continue;
			return 1;
		}
		if (!search_finder_is_current(s->finder))
			return SEARCHER_AGAIN;
		for (size_t i = 0; i < s->job->count; i++)
			if (s->fds[i].revents &&
			    !take_question(s, s->fds[i].fd)) {
				close(s->fds[i].fd);
				s->fds[i].fd = -1;
				s->open--;
			}
	}
	return 0;
}

static int
open_parts(struct searcher *s, struct err *e)
{
	const struct searcher_job *job = s->job;

	buf_init(&s->answer, MESSAGE_MAX);
	s->fds = mem_calloc(job->count, sizeof(*s->fds));
	s->finder = search_finder_new(job->store, job->deadline_ms, e);
	if (!s->fds)
		return err_memory(e);
	if (!s->finder)
		return -1;
	for (size_t i = 0; i < job->count; i++)
		s->fds[i] =
		    (struct pollfd){ .fd = job->sockets[i], .events = POLLIN };
	s->open = job->count;
	search_finder_warm(s->finder);
	return sandbox_enter(&job->sandbox, e);
}

int
searcher_run(const struct searcher_job *job)
{
	struct searcher *s = mem_calloc(1, sizeof(*s));
	char word = WORKER_READY;
	struct err e = ERR_INIT;
	int r = 1;

	child_begin("qasid-search");
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	if (!s)
		return 1;
	s->job = job;
	if (open_parts(s, &e) < 0)
		log_err("search", &e);
	else if (write(job->control, &word, 1) == 1)
		r = serve(s);
	search_finder_free(s->finder);
	buf_release(&s->answer);
	mem_free(s->fds);
	mem_free(s);
	return r;
}
