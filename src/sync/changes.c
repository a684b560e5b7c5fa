#include "base/err.h"
#include "base/mem.h"
#include "sync/path.h"
#include "sync/publish.h"

#include "sync/changes.h"

void
changes_release(struct changes *c)
{
	sync_tree_release(&c->all);
	mem_free(c->adds);
}

static int
parse_change(struct slice line, struct sync_file *f, bool *add)
{
	*f = (struct sync_file){ .size = 0 };
	*add = slice_starts(line, SLICE_LIT("+ "));
	if (!*add && !slice_starts(line, SLICE_LIT("- ")))
		return -1;
	line = slice_from(line, 2);
	if (*add &&
	    slice_uint(slice_take(&line, ' '), SYNC_CONTENT_MAX, &f->size) < 0)
		return -1;
	f->path = line;
	return sync_path_fault(line) ? -1 : 0;
}

static int
bad_list(struct err *e, size_t line)
{
	return err_set(
	    e, ERR_SYNTAX, "a list of files is broken in line %zu", line);
}

/*
 * Reads the list at the front of `text` up to its empty line.  `sorted`: as in
 * a delta; a snapshot has texts first.  Adds up to `max_files` and `max_bytes`.
 */
static int
parse_changes(struct changes *c, struct slice text, bool sorted,
    const uint64_t max[2], struct err *e)
{
	struct slice rest = text;
	struct sync_file f;
	size_t lines = 0;
	bool add;

	for (;;) {
		struct slice line;

		if (slice_find(rest, '\n') == rest.len)
			return bad_list(e, lines + 1);
		line = slice_take(&rest, '\n');
		if (!line.len)
			break;
		if (parse_change(line, &f, &add) < 0 || lines++ >= max[0] ||
		    (!add && !sorted))
			return bad_list(e, lines);
		if (sorted && c->all.count &&
		    slice_cmp(c->all.files[c->all.count - 1]->path, f.path) >=
			0)
			return bad_list(e, lines);
		if (sync_tree_add(&c->all, &f, e) < 0)
			return -1;
	}
	if (c->all.bytes > max[1])
		return err_set(e, ERR_LIMIT, "more bytes than the head allows");
	c->add_bytes = c->all.bytes;
	c->len = text.len - rest.len;
	return 0;
}

/* Lists the "+" files: those whose line said so. */
static int
list_adds(struct changes *c, struct slice text, struct err *e)
{
	size_t n = 0;

	if (!(c->adds = mem_calloc(c->all.count + 1, sizeof(void *))))
		return err_memory(e);
	for (; n < c->all.count; n++)
		if (slice_take(&text, '\n').ptr[0] == '+')
			c->adds[c->add_count++] = c->all.files[n];
	return 0;
}

int
changes_read(struct changes *c, struct slice text, bool sorted,
    const uint64_t max[2], struct err *e)
{
	*c = (struct changes){ .adds = NULL };
	sync_tree_init(&c->all);
	if (parse_changes(c, text, sorted, max, e) < 0)
		return -1;
	return list_adds(c, text, e);
}
