/*
 * config.h: the operator's settings, from qasid.yaml and from flags.
 *
 * One table (config.c) holds every key with its parser, place, default, range
 * and help; the defaults stand nowhere else.  An unknown key is an error with
 * a suggestion.  What is published is no setting: that is the content's.
 *
 * What it does not do: it opens nothing but the settings file and checks no
 * address, certificate or store; who uses them does.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct err;
struct buf;

/* A list of strings, in the order given. */
struct config_list {
	const char **items;
	size_t count;
};

enum config_tickets {
	CONFIG_TICKETS_AUTO, /* TLS 1.2, and 1.3 where the chain is large */
	CONFIG_TICKETS_ON,
	CONFIG_TICKETS_OFF,
};

enum config_log {
	CONFIG_LOG_OFF,
	CONFIG_LOG_STDERR, /* one line a request, without address or query */
	CONFIG_LOG_SYSLOG,
};

/* Owned by its arena: strings and lists live until config_release(). */
struct config {
	const char *store;  /* folder */
	uint64_t map_bytes; /* of the store, for the publisher */
	struct config_list hosts;
	struct config_list listen_gemini, listen_gopher, listen_spartan;
	unsigned public_gemini, public_gopher; /* port; 0: as listened on */
	const char *certs;                     /* folder */
	unsigned workers;                      /* 0: one a core, at least two */
	const char *user;     /* empty: _qasid, or else nobody */
	unsigned max_conns;   /* a worker */
	unsigned per_address; /* over all workers; 0: half of all places */
	struct config_list proxies; /* ADDR or ADDR/BITS */
	const char *inbox;          /* of replies; empty: none are taken */
	unsigned inbox_max;         /* that it holds */
	unsigned replies_an_hour;
	uint64_t search_ms; /* for one search; 0: there is none */
	uint64_t handshake_ms, request_ms, stall_ms, rate_window_ms, drain_ms;
	unsigned rate_bytes;         /* a second */
	uint64_t stop_ms, reload_ms; /* transfers may go on so long */
	bool gopher_tls;             /* with those who ask for it */
	enum config_tickets tickets;
	const char *ticket_file;   /* path; empty: keys of this process alone */
	enum config_log log;       /* of requests */
	enum config_log messages;  /* the server's own; never off */
	const char *syslog;        /* path of its socket */
	const char *counts;        /* folder; empty: none are kept */
	const char *status_socket; /* path; empty: none */
	bool allow_no_landlock, allow_no_seccomp;
	struct arena arena;
};

/* Fills *c with the defaults; 0, or -1 when memory ends. */
int config_init(struct config *c, struct err *e);
void config_release(struct config *c);

/*
 * Reads the settings file over what *c holds (lists are replaced); 0, or -1
 * with *e naming file, line and column, and *c fit only for release.
 */
int config_read(struct config *c, const char *path, struct err *e)
    __attribute__((warn_unused_result));
/* As above, from bytes; `file` is for messages. */
int config_parse(struct config *c, struct slice text, const char *file,
    struct err *e) __attribute__((warn_unused_result));

/*
 * Sets `key` ("listen.gemini") from the text of a flag; a list gets one more
 * item, after it was emptied by config_clear().
 */
int config_set(struct config *c, const char *key, const char *value,
    struct err *e) __attribute__((warn_unused_result));
/* Empties a list before flags fill it. */
void config_clear(struct config *c, const char *key);

/* The list under `key`, which there is. */
const struct config_list *config_get_list(
    const struct config *c, const char *key);

/* Appends the effective settings as YAML, each with its help. */
void config_print(struct buf *out, const struct config *c);

#endif
