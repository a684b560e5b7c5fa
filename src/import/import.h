/*
 * import.h: another system's articles as a content folder.
 *
 * wordpress: an export (wxr.h).  Posts go to articles/, pages to pages/, each
 * under the slug it had, with its old address as an alias; comments that were
 * approved become replies.  Links between them lead from file to file.  Files
 * of wp-content/uploads are taken from a folder into files/uploads/; those not
 * found there keep their address and are listed for download.
 */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include <stdbool.h>
#include <stddef.h>

struct diag;
struct err;

struct import_opts {
	const char *content;
	const char *files; /* a copy of wp-content/uploads; NULL: none */
	const char *lang;  /* of all; NULL: Urdu by its letters, else English */
	bool force;        /* overwrite what was edited since */
	struct diag *diag; /* what could not be converted */
	/* Told of each file that is wanted, once: its address, and where it
	 * belongs below a folder of files. */
	void (*wanted)(void *ctx, const char *url, const char *path);
	void *ctx;
};

struct import_result {
	size_t articles, pages, comments, files, wanted, skipped;
	size_t written, same, kept; /* files of the content folder */
};

/* 0, or -1 and *e; what was written until then stays. */
int import_wordpress(const char *export, const struct import_opts *opts,
    struct import_result *result, struct err *e)
    __attribute__((warn_unused_result));

/*
 * All .html and .htm files below the folder `dir`, each an article with its
 * path there as an alias; files beside them that they lead to go to
 * files/import/.  opts->files and opts->wanted are not used.
 */
int import_folder(const char *dir, const struct import_opts *opts,
    struct import_result *result, struct err *e)
    __attribute__((warn_unused_result));

#endif
