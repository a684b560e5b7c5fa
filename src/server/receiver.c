#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "replies/message.h"
#include "server/child.h"
#include "server/log.h"
#include "server/worker.h"

#include "server/receiver.h"

enum {
	HOUR_S = 3600,
	TELL_S = 60, /* at most one line of trouble in this time */
};

struct receiver {
	const struct receiver_job *job;
	struct pollfd *fds;
	size_t open;
	int inbox;
	/* What may be taken yet, in parts of 1/3600; it grows by the second. */
	uint64_t credit;
	int64_t counted_s, told_s;
	struct buf answer;
	char packet[REPLY_MESSAGE_MAX];
};

/* Whether another may be taken now. */
static bool
may_take(struct receiver *r, int64_t now_s)
{
	uint64_t full = (uint64_t)r->job->an_hour * HOUR_S;

	if (now_s - r->counted_s > HOUR_S)
		r->credit = full;
	else if (now_s > r->counted_s)
		r->credit += (uint64_t)(now_s - r->counted_s) * r->job->an_hour;
	r->counted_s = now_s;
	if (r->credit > full)
		r->credit = full;
	return r->credit >= HOUR_S;
}

static void
tell(struct receiver *r, const struct err *e, int64_t now_s)
{
	if (now_s - r->told_s < TELL_S)
		return;
	r->told_s = now_s;
	log_err("replies", e);
}

static enum inbox_result
take(struct receiver *r, const struct reply_sent *sent)
{
	int64_t now_s = (int64_t)time(NULL);
	enum inbox_result result = INBOX_LATER;
	struct err e = ERR_INIT;

	if (may_take(r, now_s))
		result = inbox_put(
		    r->inbox, sent->slug, sent->text, now_s, r->job->max, &e);
	if (result == INBOX_TAKEN)
		r->credit -= HOUR_S;
	if (result == INBOX_FAILED)
		tell(r, &e, now_s);
	return result;
}

/* Takes what came; false when the socket is closed. */
static bool
take_packet(struct receiver *r, int fd)
{
	ssize_t n = recv(fd, r->packet, sizeof(r->packet), MSG_DONTWAIT);
	struct reply_sent sent;
	struct reply_taken taken;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (reply_sent_unpack(slice_make(r->packet, (size_t)n), &sent) < 0)
		return true;
	taken = (struct reply_taken){ sent.ticket, take(r, &sent) };
	buf_clear(&r->answer);
	reply_taken_pack(&r->answer, &taken);
	/* A worker that takes none has gone. */
	if (!buf_failed(&r->answer))
		(void)send(fd, r->answer.ptr, r->answer.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	return true;
}

static int
serve(struct receiver *r)
{
	while (r->open) {
		if (poll(r->fds, r->job->count, -1) < 0) {
			if (errno == EINTR)
				continue;
			return 1;
		}
		for (size_t i = 0; i < r->job->count; i++)
			if (r->fds[i].revents &&
			    !take_packet(r, r->fds[i].fd)) {
				close(r->fds[i].fd);
				r->fds[i].fd = -1;
				r->open--;
			}
	}
	return 0;
}

static int
open_parts(struct receiver *r, struct err *e)
{
	const struct receiver_job *job = r->job;
	struct sandbox_opts sandbox = job->sandbox;

	buf_init(&r->answer, REPLY_MESSAGE_MAX);
	r->fds = mem_calloc(job->count, sizeof(*r->fds));
	if (!r->fds)
		return err_memory(e);
	r->inbox = open(job->inbox, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->inbox < 0)
		return err_errno(e, "open", job->inbox);
	for (size_t i = 0; i < job->count; i++)
		r->fds[i] =
		    (struct pollfd){ .fd = job->sockets[i], .events = POLLIN };
	r->open = job->count;
	r->counted_s = (int64_t)time(NULL);
	r->credit = (uint64_t)job->an_hour * HOUR_S;
	sandbox.inbox = r->inbox;
	return sandbox_enter(&sandbox, e);
}

int
receiver_run(const struct receiver_job *job)
{
	struct receiver *r = mem_calloc(1, sizeof(*r));
	char word = WORKER_READY;
	struct err e = ERR_INIT;
	int status = 1;

	child_begin("qasid-replies");
	if (!r)
		return 1;
	r->job = job;
	r->inbox = -1;
	if (open_parts(r, &e) < 0)
		log_err("replies", &e);
	else if (write(job->control, &word, 1) == 1)
		status = serve(r);
	if (r->inbox >= 0)
		close(r->inbox);
	buf_release(&r->answer);
	mem_free(r->fds);
	mem_free(r);
	return status;
}
