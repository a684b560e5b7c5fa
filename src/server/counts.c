/*
 * Two tables, one for days of even number and one for the others, so that the
 * parent has a whole day to save the one before.  A table is a list of entries
 * that only grows, and an index into it by hash.  A worker that dies between
 * two steps leaves an entry without a name or a second one of the same name;
 * neither does harm.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "server/tally.h"

#include "server/counts.h"

enum {
	ENTRIES = 1 << 18,
	SLOTS = 1 << 19,
	PROBES = 64,
	DAY_S = 86400,
	/* After midnight, until no worker adds to the day before. */
	GRACE_S = 60,
	FILE_MODE = 0640,
	PAGE = 4096,          /* bytes; where it is more, madvise() refuses */
	TEXT_MAX = 128 << 20, /* bytes */
};

struct entry {
	_Atomic uint64_t n[PROTOCOLS];
	atomic_uint len; /* of the name; 0: not yet there */
	char name[TALLY_NAME_MAX];
};

struct table {
	_Alignas(PAGE) _Atomic int64_t day; /* since 1970; 0: none */
	atomic_uint used;                   /* entries */
	atomic_uint slots[SLOTS]; /* number of an entry and 1; 0: free */
	struct entry entries[ENTRIES];
};

struct counts {
	struct table tables[2];
};

struct counts *
counts_new(void)
{
	void *m = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return m == MAP_FAILED ? NULL : m;
}

void
counts_free(struct counts *c)
{
	if (c)
		munmap(c, sizeof(*c));
}

/* --- adding -------------------------------------------------------------- */

/* ".w40.txt" and its like. */
static bool
is_width(struct slice rest)
{
	uint64_t cols;

	if (!slice_starts(rest, SLICE_LIT(".w")) ||
	    !slice_ends(rest, SLICE_LIT(".txt")) || rest.len < 7)
		return false;
	return slice_uint(
		   slice_make(rest.ptr + 2, rest.len - 6), 9999, &cols) == 0;
}

/* The name of the article whose text `path` is; else empty. */
static struct slice
article_of(struct slice path)
{
	static const char *const forms[] = { "", ".gmi", ".txt", ".md",
		"/all.gmi", "/all.txt" };
	struct slice folder = SLICE_LIT("/articles/"), name, rest;
	size_t len = 0;

	if (!slice_starts(path, folder))
		return SLICE_NONE;
	name = slice_from(path, folder.len);
	while (len < name.len && name.ptr[len] != '.' && name.ptr[len] != '/')
		len++;
	rest = slice_from(name, len);
	name = slice_upto(name, len);
	if (!tally_is_name(name))
		return SLICE_NONE;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (slice_eq_cstr(rest, forms[i]))
			return name;
	return is_width(rest) ? name : SLICE_NONE;
}

/* FNV-1a. */
static uint64_t
hash_of_name(struct slice name)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (unsigned char)name.ptr[i]) * 0x100000001b3ULL;
	return h ^ h >> 32;
}

/* What workers wrote is bounded here, whatever it is. */
static struct slice
name_of(const struct entry *entry)
{
	unsigned len = atomic_load_explicit(&entry->len, memory_order_acquire);

	return slice_make(entry->name, len <= sizeof(entry->name) ? len : 0);
}

static struct entry *
new_entry(struct table *t, struct slice name, unsigned *number)
{
	unsigned n = atomic_load(&t->used);

	if (!name.len || name.len > TALLY_NAME_MAX)
		return NULL;
	do {
		if (n >= ENTRIES)
			return NULL;
	} while (!atomic_compare_exchange_weak(&t->used, &n, n + 1));
	memcpy(t->entries[n].name, name.ptr, name.len);
	atomic_store_explicit(
	    &t->entries[n].len, (unsigned)name.len, memory_order_release);
	*number = n + 1;
	return &t->entries[n];
}

/* The entry of `name`, made where there is none; NULL: the table is full. */
static struct entry *
find(struct table *t, struct slice name)
{
	uint64_t at = hash_of_name(name);
	struct entry *fresh = NULL;
	unsigned number = 0;

	for (int i = 0; i < PROBES; i++, at++) {
		atomic_uint *slot = &t->slots[at % SLOTS];
		unsigned taken = atomic_load(slot);

		if (!taken) {
			if (!fresh && !(fresh = new_entry(t, name, &number)))
				return NULL;
			if (atomic_compare_exchange_strong(
				slot, &taken, number))
				return fresh;
		}
		if (taken <= ENTRIES &&
		    slice_eq(name_of(&t->entries[taken - 1]), name))
			return &t->entries[taken - 1];
	}
	return fresh;
}

void
counts_add(struct counts *c, enum protocol_id protocol, struct slice path,
    int64_t now_s)
{
	struct slice name = article_of(path);
	int64_t today = now_s / DAY_S, day = 0;
	struct table *t = &c->tables[today & 1];
	struct entry *entry;

	if (!name.len)
		return;
	if (!atomic_compare_exchange_strong(&t->day, &day, today) &&
	    day != today)
		return; /* two days old, and could not be saved */
	entry = find(t, name);
	if (entry)
		atomic_fetch_add_explicit(
		    &entry->n[protocol], 1, memory_order_relaxed);
}

/* --- saving -------------------------------------------------------------- */

static unsigned
used(const struct table *t)
{
	unsigned n = atomic_load(&t->used);

	return n < ENTRIES ? n : ENTRIES;
}

/* Moves the numbers of `t` to `out`; back again when memory ends. */
static int
take(struct table *t, struct tally *out)
{
	for (unsigned i = 0; i < used(t); i++) {
		struct entry *entry = &t->entries[i];
		struct slice name = name_of(entry);
		uint64_t n[PROTOCOLS], sum = 0;

		if (!tally_is_name(name))
			continue;
		for (int p = 0; p < PROTOCOLS; p++) {
			n[p] = atomic_load(&entry->n[p]);
			sum |= n[p];
		}
		if (!sum)
			continue;
		if (tally_add(out, name, n) < 0)
			return -1;
		for (int p = 0; p < PROTOCOLS; p++)
			atomic_fetch_sub(&entry->n[p], n[p]);
	}
	return 0;
}

static void
give_back(struct table *t, const struct tally *taken)
{
	size_t count;
	const struct tally_row *rows = tally_rows(taken, &count);

	for (size_t i = 0; i < count; i++) {
		struct entry *entry = find(t, slice_cstr(rows[i].name));

		for (int p = 0; entry && p < PROTOCOLS; p++)
			atomic_fetch_add(&entry->n[p], rows[i].n[p]);
	}
}

static int
merge_into_file(
    const struct tally *taken, int dir_fd, const char *name, struct err *e)
{
	struct tally sum;
	struct buf text;
	int r;

	tally_init(&sum);
	buf_init(&text, TEXT_MAX);
	r = tally_read(&sum, dir_fd, name, e);
	if (r == 0) {
		buf_add(&sum.rows, buf_slice(&taken->rows));
		tally_sort(&sum);
		tally_print(&text, &sum, name);
		r = buf_failed(&sum.rows) || buf_failed(&text)
		    ? err_memory(e)
		    : io_write_file(
			  dir_fd, name, buf_slice(&text), FILE_MODE, e);
	}
	tally_release(&sum);
	buf_release(&text);
	return r;
}

static int
save_table(struct table *t, const char *folder, struct err *e)
{
	char name[TALLY_FILE_BYTES];
	struct tally taken;
	int fd = -1, r = 0;

	tally_init(&taken);
	if (take(t, &taken) < 0)
		r = err_memory(e);
	else if (taken.rows.len) {
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		tally_file_name(atomic_load(&t->day) * DAY_S, name);
		r = fd < 0 ? err_errno(e, "open", folder)
			   : merge_into_file(&taken, fd, name, e);
	}
	if (r < 0)
		give_back(t, &taken);
	if (fd >= 0)
		close(fd);
	tally_release(&taken);
	return r;
}

/* For the day after the next one. */
static void
clear(struct table *t)
{
	/* The pages go back to the kernel, and come as zeros again. */
	if (madvise(t, sizeof(*t), MADV_REMOVE) < 0)
		memset(t, 0, sizeof(*t));
}

int
counts_save(struct counts *c, const char *folder, int64_t now_s, struct err *e)
{
	for (int i = 0; i < 2; i++) {
		struct table *t = &c->tables[i];
		int64_t day = atomic_load(&t->day);

		if (!day)
			continue;
		/* No worker of ours has written that. */
		if (day < now_s / DAY_S - 2 || day > now_s / DAY_S + 1) {
			clear(t);
			continue;
		}
		if (save_table(t, folder, e) < 0)
			return -1;
		if (now_s >= (day + 1) * DAY_S + GRACE_S)
			clear(t);
	}
	return 0;
}
