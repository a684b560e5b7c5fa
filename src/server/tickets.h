/*
 * tickets.h: the file of ticket keys that nodes share.
 *
 * One key a line in hexadecimal, the newest first, at most TLS_TICKET_KEYS; it
 * is a secret like a certificate's key.
 */
#ifndef SERVER_TICKETS_H
#define SERVER_TICKETS_H

struct err;
struct tls_tickets;

/* The keys of file `path` from now on; on failure *e, and all as it was. */
int tickets_load(struct tls_tickets *t, const char *path, struct err *e)
    __attribute__((warn_unused_result));
/* Puts a new key in front of those in `path`, which may not be there yet. */
int tickets_rotate_file(const char *path, struct err *e)
    __attribute__((warn_unused_result));

#endif
