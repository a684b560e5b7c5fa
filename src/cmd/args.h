/*
 * args.h: the arguments that the commands with a network side read alike.
 */
#ifndef CMD_ARGS_H
#define CMD_ARGS_H

#include <stdint.h>

#include "client/fetch.h"

enum {
	ARGS_HOST_ROOM = 256 /* bytes */
};

/* A number of at most `max`; 0, or -1 and *out is untouched. */
int args_number(const char *text, uint64_t max, uint64_t *out)
    __attribute__((warn_unused_result));

/* Seconds, at most a day, as milliseconds; 0 or -1. */
int args_seconds(const char *text, int *out_ms)
    __attribute__((warn_unused_result));

/*
 * HOST:PORT, an IPv6 address in brackets, to be connected to; the host is
 * copied to `room`, the port stays in `text`.  0, or -1 when it is none.
 */
int args_connect(const char *text, char room[ARGS_HOST_ROOM],
    struct fetch_opts *opts) __attribute__((warn_unused_result));

/* For opts.note: a warning on stderr by the command that `ctx` names. */
void args_note(void *ctx, const char *text);

#endif
