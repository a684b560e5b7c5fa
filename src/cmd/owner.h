/*
 * owner.h: what root does in a folder that is another user's.
 *
 * A store or a folder of keys may belong to the user that serves.  A file that
 * root left there would lock that user out, so root publishes as the folder's
 * owner, and gives keys that it made to him.  For others nothing changes.
 */
#ifndef CMD_OWNER_H
#define CMD_OWNER_H

struct err;

/*
 * Started by root, becomes the owner of `folder` and of nobody's groups, for
 * good; 0, also where there is no such folder or it is root's.  -1 and *e when
 * that failed.
 */
int owner_become(const char *folder, struct err *e)
    __attribute__((warn_unused_result));

/*
 * Started by root, gives the plain files of root's that lie in `folder` to its
 * owner; 0 or -1 as above.  Links are left alone, hard ones too.
 */
int owner_give(const char *folder, struct err *e)
    __attribute__((warn_unused_result));

#endif
