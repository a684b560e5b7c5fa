/*
 * log.h: the server's words, and a line a request, on stderr or to syslog.
 *
 * The line of a request holds its minute, protocol, status, path, bytes and
 * milliseconds; there is no place for an address, a query or a certificate.
 * Every foreign byte is escaped.
 *
 * Workers may open no socket, so what is for syslog goes to the parent by one
 * socket that all share, and the parent hands it on.  Nobody waits for syslog,
 * nor for whoever reads stderr: what is not taken at once is lost, and the
 * number of lines is said.  Where syslog is away altogether, lines go to
 * stderr.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stdbool.h>

#include "net/conn.h"

struct err;

struct log_opts {
	bool words_to_syslog;
	bool requests_to_syslog;
	const char *syslog; /* path of its socket; copied */
};

/*
 * Parent, before any worker is forked: makes the way from workers to here; 0,
 * or -1 and *e.  Without it all goes to stderr.
 */
int log_init(struct err *e) __attribute__((warn_unused_result));
/* Parent: where lines go from now on, those of workers forked later too. */
void log_configure(const struct log_opts *opts);
/* Whether syslog takes lines now. */
int log_try_syslog(struct err *e) __attribute__((warn_unused_result));
/* In a new worker: lines for syslog go to the parent. */
void log_enter_worker(void);
/* Parent: readable when workers have said something; -1: nothing to poll. */
int log_fd(void);
/* Parent: hands on what workers have said. */
void log_hand_on(void);
void log_close(void);

/* "qasid: ..." and a line feed, in one write. */
void log_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_err(const char *what, const struct err *e);

/* A line from a signal handler, just before _exit(). */
void log_last_word(const char *line, size_t len);

/* One line for a connection that was answered. */
void log_access(const struct conn_event *event);

#endif
