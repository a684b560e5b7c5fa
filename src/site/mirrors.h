/*
 * mirrors.h: what an edition says to mirrors, when the build is told to: the
 * origin signs its content, a mirror hands on what it was given.
 *
 * The mirrored tree is what the edition publishes and nothing else: no draft,
 * nothing before its publishDate, no withdrawn text (its addresses stay, as
 * lines in `gone`), no file that no page leads to; of a refused article the
 * last good source.
 */
#ifndef SITE_MIRRORS_H
#define SITE_MIRRORS_H

struct err;
struct site;
struct site_result;

/* Adds to what the store will publish; does nothing unless the options say so.
 */
int mirrors_make(struct site *site, struct site_result *result, struct err *e)
    __attribute__((warn_unused_result));

#endif
