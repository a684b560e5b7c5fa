#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/io.h"
#include "base/mem.h"

#include "import/place.h"

enum {
	RECORD_MAX = 64 * 1024 * 1024,
	FILE_MAX = 100 * 1000 * 1000, /* bytes; no larger one is published */
	PATH_ROOM = 1024,
};

static const char record_path[] = ".import/record";

/* "HEX PATH" of the record that was there. */
struct line {
	struct slice path, hex;
	bool used;
};

struct place {
	int dir;
	bool force;
	struct diag *diag;
	struct buf old, new;
	struct line *lines;
	size_t line_count;
	struct place_counts counts;
};

static int
compare_lines(const void *a, const void *b)
{
	return slice_cmp(
	    ((const struct line *)a)->path, ((const struct line *)b)->path);
}

static int
read_record(struct place *p, struct err *e)
{
	struct slice s;
	size_t count = 0;

	if (io_read_below(p->dir, record_path, RECORD_MAX, &p->old, NULL, e) <
	    0) {
		if (e->kind != ERR_MISSING)
			return -1;
		*e = ERR_INIT;
		buf_clear(&p->old);
	}
	s = buf_slice(&p->old);
	for (size_t i = 0; i < s.len; i++)
		count += s.ptr[i] == '\n';
	if (!(p->lines = mem_calloc(count + 1, sizeof(*p->lines))))
		return err_memory(e);
	while (s.len) {
		struct slice path = slice_take(&s, '\n');
		struct slice hex = slice_take(&path, ' ');

		if (path.len && p->line_count < count)
			p->lines[p->line_count++] =
			    (struct line){ .path = path, .hex = hex };
	}
	qsort(p->lines, p->line_count, sizeof(*p->lines), compare_lines);
	return 0;
}

struct place *
place_open(const char *content, bool force, struct diag *d, struct err *e)
{
	struct place *p = mem_calloc(1, sizeof(*p));

	if (!p) {
		err_memory(e);
		return NULL;
	}
	p->force = force;
	p->diag = d;
	buf_init(&p->old, RECORD_MAX + 1);
	buf_init(&p->new, RECORD_MAX);
	if (mkdir(content, 0777) < 0 && errno != EEXIST)
		err_errno(e, "mkdir", content);
	p->dir = open(content, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0)
		err_errno(e, "open folder", content);
	else if (read_record(p, e) == 0)
		return p;
	place_free(p);
	return NULL;
}

void
place_free(struct place *p)
{
	if (!p)
		return;
	if (p->dir >= 0)
		close(p->dir);
	buf_release(&p->old);
	buf_release(&p->new);
	mem_free(p->lines);
	mem_free(p);
}

static int
make_folders(const struct place *p, const char *path, struct err *e)
{
	char part[PATH_ROOM];

	for (const char *s = strchr(path, '/'); s; s = strchr(s + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(s - path), path);
		if (mkdirat(p->dir, part, 0777) < 0 && errno != EEXIST)
			return err_errno(e, "mkdir", part);
	}
	return 0;
}

bool
place_has(const struct place *p, const char *path)
{
	return faccessat(p->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The digest that an earlier import noted for `path`; empty: none. */
static struct slice
noted(struct place *p, const char *path)
{
	struct line key = { .path = slice_cstr(path) }, *found;

	found = bsearch(
	    &key, p->lines, p->line_count, sizeof(*p->lines), compare_lines);
	if (!found)
		return SLICE_NONE;
	found->used = true;
	return found->hex;
}

static int
hex_of(struct slice bytes, char hex[HASH_HEX_BYTES + 1], struct err *e)
{
	struct hash digest;

	if (hash_of(bytes, &digest) < 0)
		return err_memory(e);
	hash_hex(&digest, hex);
	return 0;
}

int
place_put(struct place *p, const char *path, struct slice bytes, struct err *e)
{
	char hex[HASH_HEX_BYTES + 1], there[HASH_HEX_BYTES + 1] = "";
	struct slice before = noted(p, path);
	struct buf old;
	int rc = 0;

	if (strlen(path) >= PATH_ROOM)
		return err_set(e, ERR_LIMIT, "%s: the path is too long", path);
	if (hex_of(bytes, hex, e) < 0)
		return -1;
	if (place_has(p, path)) {
		buf_init(&old, FILE_MAX + 1);
		rc = io_read_below(p->dir, path, FILE_MAX, &old, NULL, e);
		if (rc == 0)
			rc = hex_of(buf_slice(&old), there, e);
		buf_release(&old);
	}
	if (rc < 0)
		return -1;
	if (!strcmp(hex, there)) {
		p->counts.same++;
	} else if (*there && !p->force && !slice_eq_cstr(before, there)) {
		p->counts.kept++;
		diag_at(p->diag, DIAG_WARNING, path, 0, 0,
		    before.len ? "edited since it was imported: left as it "
				 "is; --force overwrites it"
			       : "was there before: left as it is; --force "
				 "overwrites it");
		/* What was noted stays: the file is still not the import's. */
		if (before.len)
			buf_addf(&p->new, "%.*s %s\n", SLICE_FMT(before), path);
		return 0;
	} else {
		if (make_folders(p, path, e) < 0 ||
		    io_write_file(p->dir, path, bytes, 0644, e) < 0)
			return -1;
		p->counts.written++;
	}
	buf_addf(&p->new, "%s %s\n", hex, path);
	return 0;
}

int
place_close(struct place *p, struct place_counts *counts, struct err *e)
{
	*counts = p->counts;
	for (size_t i = 0; i < p->line_count; i++)
		if (!p->lines[i].used)
			buf_addf(&p->new, "%.*s %.*s\n",
			    SLICE_FMT(p->lines[i].hex),
			    SLICE_FMT(p->lines[i].path));
	if (buf_failed(&p->new))
		return err_set(e, ERR_LIMIT, "%s: too long", record_path);
	if (slice_eq(buf_slice(&p->new), buf_slice(&p->old)))
		return 0;
	if (make_folders(p, record_path, e) < 0)
		return -1;
	return io_write_file(p->dir, record_path, buf_slice(&p->new), 0644, e);
}
