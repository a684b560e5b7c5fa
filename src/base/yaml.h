/*
 * yaml.h: YAML (libyaml's events) as a small tree of plain strings.
 *
 * Every scalar is the string that was written: `no`, `010` and `2026-01-31`
 * stay text, an empty value is the empty string.  Each node and each key knows
 * where it stands.  Refused, with their position: anchors, aliases, tags,
 * directives, a second document, a key given twice in one mapping, a key that
 * is not a scalar, more than YAML_DEPTH_MAX levels, more bytes than the source
 * says.
 *
 * The tree lives in the caller's arena; nothing in it points into the source.
 */
#ifndef BASE_YAML_H
#define BASE_YAML_H

#include "base/slice.h"

struct arena;
struct buf;
struct err;

enum {
	YAML_BYTES_MAX = 64 * 1024, /* the usual limit of a source */
	YAML_DEPTH_MAX = 8,         /* levels of mappings and sequences */
};

enum yaml_type {
	YAML_SCALAR,
	YAML_SEQUENCE,
	YAML_MAPPING,
};

struct yaml_node {
	enum yaml_type type;
	struct slice text;       /* SCALAR; NUL behind it */
	struct slice key;        /* of a mapping's member; NUL behind it */
	struct yaml_node *first; /* SEQUENCE, MAPPING: members as written */
	struct yaml_node *next;  /* the member after this one */
	size_t count;            /* members */
	unsigned line, column;   /* of the node, from 1 */
	unsigned key_line, key_column; /* of the key, from 1 */
};

struct yaml_source {
	struct slice text;
	const char *file;    /* for messages; may be NULL */
	unsigned first_line; /* the number of the text's first line; 0: 1 */
	size_t max_bytes;    /* 0: YAML_BYTES_MAX */
};

/*
 * Parses one document.  *root is NULL when there is none (empty, or comments
 * alone).  0, or -1 with *e naming file, line and column and *root untouched.
 */
int yaml_parse(struct arena *a, const struct yaml_source *src,
    struct yaml_node **root, struct err *e) __attribute__((warn_unused_result));

/* The member of the mapping `map` under `key`; NULL when there is none. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);

/*
 * Appends `s`, UTF-8 on one line without controls, as a value that reads back
 * as `s`, in a list between brackets too: plain where that will do, else
 * between double quotes.
 */
void yaml_add_scalar(struct buf *out, struct slice s);

/* "a mapping", "a list", "a string": what `n` is, for messages. */
const char *yaml_type_name(const struct yaml_node *n);

#endif
