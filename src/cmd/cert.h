/*
 * cert.h: what the files of `qasid cert` share: cert.c reads the arguments and
 * changes certificates, cert_show.c tells of them, cert_page.c writes the page
 * that readers compare them with.
 */
#ifndef CMD_CERT_H
#define CMD_CERT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/slice.h"

struct cert;
struct err;

enum {
	CERT_HOSTS_MAX = 64,
	CERT_WHEN_BYTES = 32, /* of a time in words */
};

struct cert_args {
	const char *hosts[CERT_HOSTS_MAX]; /* --host */
	size_t host_count;
	const char *dir;
	int64_t at_s, until_s; /* 0: not given */
	bool cancel;
	bool only_check;            /* whether a page could be written */
	const char *page, *tickets; /* files, or NULL */
	char **rest;                /* arguments that are no options */
	int rest_count;
	int64_t now_s;
};

/* "2026-12-01 00:00 UTC", "2026-12-01 00:00:07 UTC". */
void cert_when(int64_t time_s, char out[CERT_WHEN_BYTES]);
/* "no end", "until ..., 8 days left", "expired ..." */
void cert_print_end(FILE *to, const struct cert *c, int64_t now_s);
/* Both fingerprints, a line each, behind `indent`. */
void cert_print_prints(FILE *to, const char *indent, const struct cert *c);

/*
 * Adds the hosts that have a certificate in the folder, where --host named
 * none, sorted; the names are the caller's to free with mem_free().
 */
struct cert_hosts {
	char *names[CERT_HOSTS_MAX];
	size_t count;
};
int cert_hosts_find(struct cert_hosts *h, const struct cert_args *a,
    struct err *e) __attribute__((warn_unused_result));
void cert_hosts_release(struct cert_hosts *h);

/* qasid cert list */
int cert_list(const struct cert_args *a, struct err *e);
/* qasid cert announce: --page FILE and its kin, or standard output. */
int cert_announce(const struct cert_args *a, struct err *e);

#endif
