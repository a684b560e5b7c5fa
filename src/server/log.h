/*
 * log.h: the server's words on stderr.
 *
 * The line of a request holds its minute, protocol, status, path, bytes and
 * milliseconds; there is no place for an address, a query or a certificate.
 * Every foreign byte is escaped.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include "net/conn.h"

struct err;

/* "qasid: ..." and a line feed, in one write. */
void log_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_err(const char *what, const struct err *e);

/* One line for a connection that was answered. */
void log_access(const struct conn_event *event);

#endif
