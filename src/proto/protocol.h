/*
 * protocol.h: the protocols that are served, one row each: all that the rest of
 * the server asks of a protocol it asks here.
 *
 * A protocol is a file of this folder with its row.  It serves either the
 * edition's pages, whose requests are taken apart into a struct gemini_request,
 * or its menus (Gopher's part); the statuses of all are Gemini's numbers, in
 * the log and the counters too, and say() puts them into its own words.
 */
#ifndef PROTO_PROTOCOL_H
#define PROTO_PROTOCOL_H

#include "proto/gemini.h"

struct buf;

/* The numbers are handed from one program to the next at an upgrade. */
enum protocol_id {
	PROTOCOL_GEMINI,
	PROTOCOL_GOPHER,
	PROTOCOL_SPARTAN,
	PROTOCOLS,
};

enum {
	PROTOCOL_REQUEST_MAX = 1536, /* bytes */
	PROTOCOL_HEAD_MAX = 1280,    /* bytes of an answer's head */
};

enum protocol_tls {
	PROTOCOL_TLS_ALWAYS,
	PROTOCOL_TLS_IF_ASKED, /* with peers that begin with it */
	PROTOCOL_TLS_NEVER,
};

struct protocol {
	const char *name;   /* "gemini": in settings, logs and counts */
	const char *title;  /* "Gemini" */
	char store;         /* keys it serves begin so: 'g' pages, 'o' menus */
	bool is_usual;      /* served unless the settings say otherwise */
	unsigned port;      /* its own */
	unsigned elsewhere; /* where the right to that is missing; 0: nowhere */
	enum protocol_tls tls;

	/*
	 * Looks for the end of the request in the first `len` bytes, at most
	 * request_max: LINE_WHOLE and *line_len, or LINE_BAD as early as that
	 * is certain.
	 */
	size_t request_max; /* up to PROTOCOL_REQUEST_MAX */
	enum line_state (*line)(
	    const char *bytes, size_t len, size_t *line_len);
	/* What it is told whose request is none. */
	const char *refusal;
	/* As gemini_parse(); of pages alone. */
	enum gemini_status (*parse)(
	    char *line, size_t len, struct gemini_request *out);

	/*
	 * Each writes to dst, which holds PROTOCOL_HEAD_MAX bytes, and returns
	 * the length.  say(): an answer that is no page; `text` is one line,
	 * `host_port` "host TAB port" of our menus.  page_head(): what stands
	 * before a page; NULL where nothing does.
	 */
	size_t (*say)(char *dst, enum gemini_status status, struct slice text,
	    struct slice host_port);
	size_t (*page_head)(char *dst, struct slice media, struct slice lang);
	/* Of 44 it is told the seconds to wait and no words. */
	bool seconds_alone;
	/*
	 * Appends a page that asks for input to `path`, encoded.  NULL: status
	 * 10 asks, or a menu.
	 */
	void (*ask_page)(
	    struct buf *out, struct slice path, struct slice prompt);
};

/* By enum protocol_id. */
extern const struct protocol *const protocols[PROTOCOLS];

static inline bool
protocol_has_menus(enum protocol_id id)
{
	return protocols[id]->store == 'o';
}

#endif
