/*
 * relay.h: a mirror serves mirrors below it: the newest head, byte for byte as
 * the origin signed it, and behind it whatever deltas and snapshots were kept.
 */
#ifndef SYNC_RELAY_H
#define SYNC_RELAY_H

#include <stdint.h>

struct err;
struct store_writer;

/*
 * Adds to what `w` will publish the "/.sync/" pages of the mirror in folder
 * `dir` (mirror.h): the head, the deltas in state/answers/since whose chain
 * leads to it, a snapshot if one was kept, manifest and files.  The snapshot
 * need not be the one that the head names: snap/head is then the older head that
 * was signed with it, and the deltas that lead on from it are handed on too.
 * *serial is what it is at, 0 for a mirror that holds nothing yet.
 */
int sync_relay(struct store_writer *w, const char *dir, uint64_t *serial,
    struct err *e) __attribute__((warn_unused_result));

#endif
