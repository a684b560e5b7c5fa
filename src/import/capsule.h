/*
 * capsule.h: what an export says of the site as a whole, for capsule.yaml.
 */
#ifndef IMPORT_CAPSULE_H
#define IMPORT_CAPSULE_H

struct buf;
struct wxr;

/*
 * Appends languages, authors, and slugs for the terms that make none; `lang`
 * is the only language, or NULL for English and Urdu.
 */
void capsule_add(struct buf *out, const struct wxr *wxr, const char *lang);

#endif
