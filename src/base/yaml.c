#include <yaml.h>

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

#include "base/yaml.h"

struct level {
	struct yaml_node *node, *last;
	struct slice key; /* MAPPING: a key that waits for its value */
	unsigned key_line, key_column;
	bool has_key;
};

struct reader {
	struct arena *arena;
	const struct yaml_source *src;
	struct err *err;
	struct yaml_node *root;
	struct level levels[YAML_DEPTH_MAX];
	size_t depth;
	unsigned documents;
};

static unsigned
line_of(const struct reader *r, const yaml_mark_t *mark)
{
	unsigned first = r->src->first_line ? r->src->first_line : 1;

	return first + (unsigned)mark->line;
}

static int
fail_at(struct reader *r, const yaml_mark_t *mark, const char *text)
{
	return err_at(r->err, r->src->file, line_of(r, mark),
	    (unsigned)mark->column + 1, "%s", text);
}

/* What most likely is to be done about what libyaml finds. */
static const char *
hint_for(const char *problem)
{
	static const char *const hints[][2] = {
		{ "mapping values are not allowed in this context",
		    "; put a value with a colon in it between quotes" },
		{ "did not find expected alphabetic or numeric character",
		    "; put a value that begins with * or & between quotes" },
		{ "found character that cannot start any token",
		    "; put the value between quotes, and indent with blanks" },
		{ "did not find expected key",
		    "; put the whole value between quotes" },
		{ "did not find expected ',' or ']'",
		    "; close the list, or put the value between quotes" },
		{ "did not find expected ',' or '}'",
		    "; put the value between quotes" },
		{ "found unexpected end of stream", "; close the quotes" },
		{ "block sequence entries are not allowed in this context",
		    "; begin the list on a line of its own" },
		{ "did not find expected comment or line break",
		    "; put a value that begins with | or > between quotes" },
	};

	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (!strcmp(problem, hints[i][0]))
			return hints[i][1];
	return "";
}

/* libyaml's own finding; the reader knows only how many bytes went before. */
static int
fail_parse(struct reader *r, const yaml_parser_t *parser)
{
	yaml_mark_t mark = parser->problem_mark;

	if (parser->error == YAML_MEMORY_ERROR)
		return err_memory(r->err);
	if (parser->error == YAML_READER_ERROR) {
		struct slice text = r->src->text;
		size_t at = parser->problem_offset;

		mark = (yaml_mark_t){ .line = 0 };
		for (size_t i = 0; i < text.len && i < at; i++) {
			mark.column++;
			if (text.ptr[i] == '\n') {
				mark.line++;
				mark.column = 0;
			}
		}
	}
	if (!parser->problem)
		return fail_at(r, &mark, "not YAML");
	return err_at(r->err, r->src->file, line_of(r, &mark),
	    (unsigned)mark.column + 1, "%s%s", parser->problem,
	    hint_for(parser->problem));
}

static int
by_key(const void *a, const void *b)
{
	const struct yaml_node *x = *(struct yaml_node *const *)a;
	const struct yaml_node *y = *(struct yaml_node *const *)b;
	int order = slice_cmp(x->key, y->key);

	if (order)
		return order;
	if (x->key_line != y->key_line)
		return x->key_line < y->key_line ? -1 : 1;
	return (x->key_column > y->key_column) -
	    (x->key_column < y->key_column);
}

/* Of keys given twice, names the one whose second place comes first. */
static int
check_keys(struct reader *r, const struct yaml_node *map)
{
	struct yaml_node **sorted, *twice = NULL;
	size_t n = 0;

	if (map->count < 2)
		return 0;
	sorted = mem_calloc(map->count, sizeof(struct yaml_node *));
	if (!sorted)
		return err_memory(r->err);
	for (struct yaml_node *m = map->first; m; m = m->next)
		sorted[n++] = m;
	qsort(sorted, n, sizeof(struct yaml_node *), by_key);
	for (size_t i = 1; i < n; i++)
		if (slice_eq(sorted[i]->key, sorted[i - 1]->key) &&
		    (!twice || sorted[i]->key_line < twice->key_line ||
			(sorted[i]->key_line == twice->key_line &&
			    sorted[i]->key_column < twice->key_column)))
			twice = sorted[i];
	mem_free(sorted);
	if (!twice)
		return 0;
	return err_at(r->err, r->src->file, twice->key_line, twice->key_column,
	    "\"%.*s\" is given twice", SLICE_FMT(twice->key));
}

static bool
wants_key(const struct level *top)
{
	return top->node->type == YAML_MAPPING && !top->has_key;
}

/* A new node where the next one belongs; NULL and *e on failure. */
static struct yaml_node *
place(struct reader *r, enum yaml_type type, const yaml_mark_t *mark)
{
	struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;
	struct yaml_node *n = arena_calloc(r->arena, 1, sizeof(*n));

	if (!n) {
		err_memory(r->err);
		return NULL;
	}
	n->type = type;
	n->line = line_of(r, mark);
	n->column = (unsigned)mark->column + 1;
	if (!top) {
		r->root = n;
		return n;
	}
	if (top->last)
		top->last->next = n;
	else
		top->node->first = n;
	top->last = n;
	top->node->count++;
	if (top->node->type == YAML_MAPPING) {
		n->key = top->key;
		n->key_line = top->key_line;
		n->key_column = top->key_column;
		top->has_key = false;
	}
	return n;
}

static int
on_scalar(struct reader *r, const yaml_event_t *ev)
{
	struct level *top = r->depth ? &r->levels[r->depth - 1] : NULL;
	struct slice text = slice_make(
	    (const char *)ev->data.scalar.value, ev->data.scalar.length);
	struct yaml_node *n;

	if (ev->data.scalar.anchor)
		return fail_at(r, &ev->start_mark, "anchors are not allowed");
	if (ev->data.scalar.tag)
		return fail_at(r, &ev->start_mark, "tags are not allowed");
	if (text.len && memchr(text.ptr, '\0', text.len))
		return fail_at(r, &ev->start_mark, "a NUL in a value");
	if (arena_copy(r->arena, text, &text))
		return err_memory(r->err);
	if (top && wants_key(top)) {
		top->key = text;
		top->key_line = line_of(r, &ev->start_mark);
		top->key_column = (unsigned)ev->start_mark.column + 1;
		top->has_key = true;
		return 0;
	}
	n = place(r, YAML_SCALAR, &ev->start_mark);
	if (!n)
		return -1;
	n->text = text;
	return 0;
}

static int
open_level(struct reader *r, enum yaml_type type, const yaml_event_t *ev)
{
	struct yaml_node *n;

	if (r->depth && wants_key(&r->levels[r->depth - 1]))
		return fail_at(r, &ev->start_mark, "a key must be a string");
	if (r->depth == YAML_DEPTH_MAX)
		return fail_at(
		    r, &ev->start_mark, "nested deeper than 8 levels");
	n = place(r, type, &ev->start_mark);
	if (!n)
		return -1;
	r->levels[r->depth++] = (struct level){ .node = n };
	return 0;
}

static int
on_sequence(struct reader *r, const yaml_event_t *ev)
{
	if (ev->data.sequence_start.anchor)
		return fail_at(r, &ev->start_mark, "anchors are not allowed");
	if (ev->data.sequence_start.tag)
		return fail_at(r, &ev->start_mark, "tags are not allowed");
	return open_level(r, YAML_SEQUENCE, ev);
}

static int
on_mapping(struct reader *r, const yaml_event_t *ev)
{
	if (ev->data.mapping_start.anchor)
		return fail_at(r, &ev->start_mark, "anchors are not allowed");
	if (ev->data.mapping_start.tag)
		return fail_at(r, &ev->start_mark, "tags are not allowed");
	return open_level(r, YAML_MAPPING, ev);
}

/* libyaml balances its events; a level that is not there closes nothing. */
static int
close_level(struct reader *r)
{
	const struct yaml_node *n;

	if (!r->depth)
		return 0;
	n = r->levels[--r->depth].node;
	return n && n->type == YAML_MAPPING ? check_keys(r, n) : 0;
}

static int
on_document(struct reader *r, const yaml_event_t *ev)
{
	if (ev->data.document_start.version_directive ||
	    ev->data.document_start.tag_directives.start !=
		ev->data.document_start.tag_directives.end)
		return fail_at(
		    r, &ev->start_mark, "directives are not allowed");
	if (r->documents++)
		return fail_at(r, &ev->start_mark, "a second document");
	return 0;
}

static int
on_event(struct reader *r, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		return on_document(r, ev);
	case YAML_SCALAR_EVENT:
		return on_scalar(r, ev);
	case YAML_SEQUENCE_START_EVENT:
		return on_sequence(r, ev);
	case YAML_MAPPING_START_EVENT:
		return on_mapping(r, ev);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return close_level(r);
	case YAML_ALIAS_EVENT:
		return fail_at(r, &ev->start_mark, "aliases are not allowed");
	default:
		return 0;
	}
}

static int
read_events(struct reader *r, yaml_parser_t *parser)
{
	for (;;) {
		yaml_event_t ev;
		bool end;
		int rc;

		if (!yaml_parser_parse(parser, &ev))
			return fail_parse(r, parser);
		end = ev.type == YAML_STREAM_END_EVENT;
		rc = on_event(r, &ev);
		yaml_event_delete(&ev);
		if (rc || end)
			return rc;
	}
}

int
yaml_parse(struct arena *a, const struct yaml_source *src,
    struct yaml_node **root, struct err *e)
{
	struct reader r = { .arena = a, .src = src, .err = e };
	size_t max = src->max_bytes ? src->max_bytes : YAML_BYTES_MAX;
	yaml_parser_t parser;
	const char *text;
	int rc;

	if (src->text.len > max) {
		err_at(e, src->file, src->first_line ? src->first_line : 1, 1,
		    "longer than %zu bytes", max);
		return -1;
	}
	if (!yaml_parser_initialize(&parser))
		return err_memory(e);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	/* libyaml asserts that there is a string, were it an empty one. */
	text = src->text.len ? src->text.ptr : "";
	yaml_parser_set_input_string(
	    &parser, (const unsigned char *)text, src->text.len);
	rc = read_events(&r, &parser);
	yaml_parser_delete(&parser);
	if (!rc)
		*root = r.root;
	return rc;
}

const struct yaml_node *
yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->type != YAML_MAPPING)
		return NULL;
	for (const struct yaml_node *m = map->first; m; m = m->next)
		if (slice_eq_cstr(m->key, key))
			return m;
	return NULL;
}

const char *
yaml_type_name(const struct yaml_node *n)
{
	switch (n->type) {
	case YAML_SCALAR:
		return "a string";
	case YAML_SEQUENCE:
		return "a list";
	case YAML_MAPPING:
		return "a mapping";
	}
	return "nothing";
}

/* Begins as a word does, and holds nothing that YAML looks for. */
static bool
is_plain(struct slice s)
{
	unsigned char first = s.len ? (unsigned char)s.ptr[0] : 0;

	/* U+FEFF, and what libyaml takes for the end of a line. */
	if (memmem(s.ptr, s.len, "\xef\xbb\xbf", 3) ||
	    memmem(s.ptr, s.len, "\xc2\x85", 2) ||
	    memmem(s.ptr, s.len, "\xe2\x80\xa8", 3) ||
	    memmem(s.ptr, s.len, "\xe2\x80\xa9", 3))
		return false;
	if (first < 0x80 && !(first >= '0' && first <= '9') &&
	    !((first | 0x20) >= 'a' && (first | 0x20) <= 'z') && first != '/')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (strchr(":#,[]{}\"\\", s.ptr[i]))
			return false;
	return s.ptr[s.len - 1] != ' ';
}

void
yaml_add_scalar(struct buf *out, struct slice s)
{
	if (s.len && is_plain(s)) {
		buf_add(out, s);
		return;
	}
	buf_add_char(out, '"');
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '"' || s.ptr[i] == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, s.ptr[i]);
	}
	buf_add_char(out, '"');
}
