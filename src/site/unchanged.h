/*
 * unchanged.h: sees that there is nothing to build without planning a page.
 *
 * A build that published all there was, and had nothing to say, leaves a record
 * in the store: a digest of everything it was made from as stat(2) tells it
 * (each file's path, size, inode and times), and until when it holds.  The next
 * build of the same finds it and is done once the tree is walked.  Whatever is
 * in doubt (a file changed so shortly before that its times could hide another
 * change, a message that is to be told again, a mirror's signature that ages)
 * leaves no record, and the build goes its whole way.
 */
#ifndef SITE_UNCHANGED_H
#define SITE_UNCHANGED_H

#include <stdint.h>

struct err;
struct site;
struct site_result;

/*
 * After site_scan(): 1 when nothing changed, with the counts in *result; 0
 * when a build is needed; -1 and *e.
 */
int unchanged_look(struct site *site, struct site_result *result, struct err *e)
    __attribute__((warn_unused_result));

/* What this build makes is no longer right at `time_s`. */
void unchanged_until(struct site *site, int64_t time_s);

/* Before the publish: leaves a record of this build, or none. */
int unchanged_note(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

#endif
