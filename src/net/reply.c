#include <string.h>

#include "base/marks.h"
#include "base/mem.h"

#include "net/reply.h"

enum {
	/* A first record that fills no more than one segment of most links. */
	FIRST_RECORD = 1300,
};

void
reply_take(struct reply *r, const struct conn_reply *from, char *head)
{
	memcpy(head, from->head, from->head_len);
	*r = (struct reply){
		.head = head,
		.head_len = from->head_len,
		.size = from->view ? from->entry.size : from->own_len,
		.view = from->view,
		.marks = from->marks,
		.own = from->own,
	};
	if (r->view)
		r->entry = from->entry;
}

void
reply_drop_body(struct reply *r)
{
	store_view_drop(r->view);
	r->view = NULL;
	mem_free(r->own);
	r->own = NULL;
}

/* The stored bytes from `at` on that lie together; empty at the end. */
static struct slice
body_at(const struct reply *r, uint64_t at, bool *ok)
{
	*ok = true;
	if (at >= r->size)
		return SLICE_NONE;
	if (r->own)
		return slice_make(r->own + at, (size_t)(r->size - at));
	return store_view_body(r->view, &r->entry, at, ok);
}

/* Adds bytes of `s` from *from on to dst; true when none is left. */
static bool
add_part(char *dst, size_t cap, size_t *used, struct slice s, size_t *from)
{
	struct slice part = slice_upto(slice_from(s, *from), cap - *used);

	if (part.len)
		memcpy(dst + *used, part.ptr, part.len);
	*used += part.len;
	*from += part.len;
	return *from == s.len;
}

/* Adds stored bytes with their marks filled in, moving *at. */
static void
add_marked(const struct reply *r, char *dst, size_t cap, size_t *used,
    struct reply_cursor *at, struct slice stored)
{
	size_t i = 0;

	while (i < stored.len && *used < cap) {
		struct slice rest =
		    slice_upto(slice_from(stored, i), cap - *used);
		size_t n = r->marks ? marks_find(rest) : rest.len;

		memcpy(dst + *used, rest.ptr, n);
		*used += n;
		i += n;
		if (n == rest.len)
			continue;
		if (!add_part(dst, cap, used,
			*marks_text(r->marks, rest.ptr[n]), &at->mark))
			break;
		at->mark = 0;
		i++;
	}
	at->body += i;
}

/*
 * Composes up to `cap` bytes from *at on in dst and moves *at behind them;
 * their number, or -1 when the store fails.
 */
static long
compose(const struct reply *r, char *dst, size_t cap, struct reply_cursor *at)
{
	size_t used = 0;

	add_part(dst, cap, &used, slice_make(r->head, r->head_len), &at->head);
	while (used < cap && at->body < r->size) {
		bool ok;
		struct slice stored = body_at(r, at->body, &ok);

		if (!ok || !stored.len)
			return -1;
		add_marked(r, dst, cap, &used, at, stored);
	}
	return (long)used;
}

static bool
has_ended(const struct reply *r, const struct reply_cursor *at)
{
	return at->head == r->head_len && at->body == r->size;
}

bool
reply_ended(const struct reply *r)
{
	return has_ended(r, &r->at);
}

/* A first record of one segment, so that text shows early; then longer ones. */
static size_t
write_size(const struct reply *r, const struct stream *s)
{
	uint64_t all = r->head_len + r->size;

	if (!s->ops->records)
		return STREAM_RECORD_MAX;
	if (r->records == 0)
		return all <= FIRST_RECORD ? STREAM_RECORD_MAX : FIRST_RECORD;
	return r->records == 1 ? 4096 : STREAM_RECORD_MAX;
}

/*
 * The next run of bytes, at most `cap` in a record, and *next behind it.  The
 * bulk of an unmarked body is taken from where it lies; heads, marks and ends
 * of chunks through the scratch.
 */
static struct slice
next_run(const struct reply *r, const struct stream *s, char *scratch,
    struct reply_cursor *next, bool *ok)
{
	size_t cap = write_size(r, s);
	struct slice run = SLICE_NONE;
	long n;

	*ok = true;
	if (next->head == r->head_len && !r->marks)
		run = body_at(r, next->body, ok);
	if (!*ok)
		return SLICE_NONE;
	if (run.len > (s->ops->records ? cap - 1 : 4096)) {
		run =
		    slice_upto(run, s->ops->records ? cap : s->ops->step_bytes);
		next->body += run.len;
		return run;
	}
	n = compose(r, scratch, cap, next);
	*ok = n >= 0;
	return slice_make(scratch, n > 0 ? (size_t)n : 0);
}

enum io_result
reply_write(
    struct reply *r, struct stream *s, char *scratch, size_t *put, bool *failed)
{
	struct reply_cursor next = r->at;
	enum io_result result;
	struct slice run;
	bool ok;

	*put = 0;
	run = next_run(r, s, scratch, &next, &ok);
	*failed = !ok;
	if (!ok)
		return IO_FAIL;
	result = stream_write(s, run.ptr, run.len, has_ended(r, &next), put);
	r->records++;
	if (result != IO_OK)
		return result;
	if (*put == run.len) {
		r->at = next;
		return IO_OK;
	}
	/* Only a part went: go as far from where we were. */
	if (run.ptr != scratch)
		r->at.body += *put;
	else if (compose(r, scratch, *put, &r->at) < 0)
		return IO_FAIL;
	return IO_WANT_WRITE;
}

int
reply_copy_rest(struct reply *r)
{
	struct reply rest = *r;
	char *copy = NULL;
	uint64_t len = r->size - r->at.body;

	/* The head is the connection's, and marks are filled in later. */
	rest.at = (struct reply_cursor){ r->head_len, r->at.body, 0 };
	rest.marks = NULL;
	if (len <= CONN_COPY_MAX)
		copy = mem_alloc((size_t)len);
	if (!copy || compose(&rest, copy, (size_t)len, &rest.at) != (long)len) {
		mem_free(copy);
		return -1;
	}
	reply_drop_body(r);
	r->own = copy;
	r->size = len;
	r->at.body = 0;
	return 0;
}
