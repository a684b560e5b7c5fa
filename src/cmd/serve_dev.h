/*
 * serve_dev.h: `qasid serve --dev`: a look at a content folder while it is
 * written.  Builds into a folder of its own under $TMPDIR, serves that from a
 * second process, builds again at each change, and takes all of it away in the
 * end.  Drafts are shown.
 */
#ifndef CMD_SERVE_DEV_H
#define CMD_SERVE_DEV_H

struct err;
struct server_opts;

struct serve_dev {
	char folder[256]; /* of all the others */
	char store[288], certs[288];
	char ready[288];             /* written by the server once it serves */
	char gemini[32], gopher[32]; /* addresses to listen on */
	const char *host, *content;  /* set by the caller */
};

/*
 * Looks whether there is content, makes the folder, a certificate for d->host in it, and chooses the ports;
 * 0, or -1 and *e with nothing left behind.
 */
int serve_dev_begin(struct serve_dev *d, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Builds `store` and serves it as `opts` says (its ready file is not NULL) until SIGINT or SIGTERM; the exit status.
 */
int serve_dev_run(
    struct serve_dev *d, const char *store, const struct server_opts *opts);

/* Removes the folder. */
void serve_dev_end(struct serve_dev *d);

#endif
