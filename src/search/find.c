#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "search/excerpt.h"
#include "search/query.h"
#include "search/search_internal.h"
#include "store/store.h"

#include "search/find.h"

enum {
	TEXTS_MAX = 256 * 1024, /* bytes of a page of hits */
	MATCH_MAX = 64 * 1024,
	LOOK_OPS = 2000,  /* of SQLite's between two looks at the clock */
	LOOK_ROWS = 4096, /* of ours */
	MAP_BYTES = 1 << 30,
	COLUMNS = 3, /* that words stand in: title, tags, body */
};

/* What is known of a row without asking the database. */
struct row {
	uint32_t length; /* in words; 0: not of this edition */
	uint32_t day;
	uint32_t mix; /* of its path: an order for what is equal else */
};

/* One file. */
struct part {
	char name[64];
	sqlite3 *db;
	sqlite3_stmt *match, *count, *show;
	struct row *rows; /* by id, from 1 */
	int64_t room;     /* the highest id + 1 */
	struct row *own;  /* the rows as the file has them, before "gone" */
};

struct found {
	double score;
	struct row row;
	struct part *part;
	int64_t id;
};

struct search_finder {
	char dir[SEARCH_PATH_MAX];
	char name[128]; /* of the index that was opened, or tried */
	struct store_reader *reader;
	struct part *parts[SEARCH_FILES]; /* base last */
	size_t count;
	uint64_t docs, words; /* of the edition, in all */
	uint64_t deadline_ms, give_up_ms;
	/* The query: */
	struct part *part;              /* that is asked now */
	size_t terms;                   /* of words */
	uint64_t with[QUERY_TERMS_MAX]; /* documents that have the term */
	double weight[QUERY_TERMS_MAX];
	size_t total, kept, wanted;
	struct found found[FIND_PAGE * FIND_PAGES_MAX]; /* a heap */
	struct buf match, texts;
};

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int
on_progress(void *ctx)
{
	const struct search_finder *f = ctx;

	return f->give_up_ms && now_ms() > f->give_up_ms;
}

/* --- what the engine calls ----------------------------------------------- */

static struct row
row_of(const struct part *p, int64_t id)
{
	return id > 0 && id < p->room ? p->rows[id] : (struct row){ 0 };
}

struct counting {
	struct search_finder *f;
	size_t term;
	unsigned looks;
};

static int
count_row(const Fts5ExtensionApi *api, Fts5Context *row, void *ctx)
{
	struct counting *c = ctx;

	c->f->with[c->term] += row_of(c->f->part, api->xRowid(row)).length > 0;
	if (++c->looks % LOOK_ROWS == 0 && on_progress(c->f))
		return SQLITE_INTERRUPT;
	return SQLITE_OK;
}

/* qasid_count(text): how many documents have each of the terms. */
static void
count_terms(const Fts5ExtensionApi *api, Fts5Context *row,
    sqlite3_context *result, int argc, sqlite3_value **argv)
{
	struct counting c = { .f = api->xUserData(row) };
	int rc = SQLITE_OK;

	(void)argc;
	(void)argv;
	for (; c.term < c.f->terms && rc == SQLITE_OK; c.term++)
		rc = api->xQueryPhrase(row, (int)c.term, &c, count_row);
	if (rc != SQLITE_OK)
		sqlite3_result_error_code(result, rc);
}

/* How often the term stands in the row, by weight. */
static double
frequency(const Fts5ExtensionApi *api, Fts5Context *row, int term)
{
	static const double weights[COLUMNS] = { 10, 4, 1 };
	int column, offset;
	Fts5PhraseIter at;
	double sum = 0;

	if (api->xPhraseFirst(row, term, &at, &column, &offset) != SQLITE_OK)
		return 0;
	for (; column >= 0; api->xPhraseNext(row, &at, &column, &offset))
		if (column < COLUMNS)
			sum += weights[column];
	return sum;
}

/* qasid_score(text): BM25 of the row. */
static void
score_row(const Fts5ExtensionApi *api, Fts5Context *row,
    sqlite3_context *result, int argc, sqlite3_value **argv)
{
	const struct search_finder *f = api->xUserData(row);
	const double k1 = 1.2, b = 0.75;
	struct row r = row_of(f->part, api->xRowid(row));
	double mean = (double)f->words / (double)(f->docs ? f->docs : 1);
	double share = k1 * (1 - b + b * (double)r.length / mean), score = 0;

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < f->terms && r.length; i++) {
		double n = frequency(api, row, (int)i);

		score += f->weight[i] * n * (k1 + 1) / (n + share);
	}
	sqlite3_result_double(result, score);
}

static int
add_functions(sqlite3 *db, struct search_finder *f)
{
	sqlite3_stmt *s = search_db_prepare(db, "SELECT fts5(?1)", NULL);
	fts5_api *api = NULL;
	int rc = SQLITE_ERROR;

	if (s) {
		sqlite3_bind_pointer(s, 1, &api, "fts5_api_ptr", NULL);
		sqlite3_step(s);
	}
	sqlite3_finalize(s);
	if (api)
		rc = api->xCreateFunction(
		    api, "qasid_score", f, score_row, NULL);
	if (rc == SQLITE_OK)
		rc = api->xCreateFunction(
		    api, "qasid_count", f, count_terms, NULL);
	return rc == SQLITE_OK ? 0 : -1;
}

/* --- the files ----------------------------------------------------------- */

static void
part_free(struct part *p)
{
	if (!p)
		return;
	sqlite3_finalize(p->match);
	sqlite3_finalize(p->count);
	sqlite3_finalize(p->show);
	sqlite3_close(p->db);
	if (p->rows != p->own)
		mem_free(p->rows);
	mem_free(p->own);
	mem_free(p);
}

/* FNV-1a: the same on every machine. */
static uint32_t
mix(struct slice s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)s.ptr[i]) * 16777619u;
	return h;
}

static int
load_rows(struct part *p, struct err *e)
{
	sqlite3_stmt *last =
	    search_db_prepare(p->db, "SELECT id + 1 FROM last", e);
	sqlite3_stmt *s = search_db_prepare(
	    p->db, "SELECT id, length, day, path FROM doc", e);
	int rc = -1;

	if (!last || !s || sqlite3_step(last) != SQLITE_ROW)
		goto out;
	p->room = sqlite3_column_int64(last, 0);
	if (p->room < 1 || p->room > UINT32_MAX ||
	    !(p->own = mem_calloc((size_t)p->room, sizeof(*p->own))))
		goto out;
	p->rows = p->own;
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);
		unsigned length = (unsigned)sqlite3_column_int64(s, 1);

		if (id > 0 && id < p->room)
			p->own[id] = (struct row){ length ? length : 1,
				(uint32_t)sqlite3_column_int64(s, 2),
				mix(search_column(s, 3)) };
	}
	rc = rc == SQLITE_DONE ? 0 : -1;
out:
	if (rc)
		search_db_fail(p->db, e);
	sqlite3_finalize(last);
	sqlite3_finalize(s);
	return rc;
}

static struct part *
part_new(struct search_finder *f, struct slice name, struct err *e)
{
	struct part *p = mem_calloc(1, sizeof(*p));
	char sql[64];

	if (!p) {
		err_memory(e);
		return NULL;
	}
	snprintf(p->name, sizeof(p->name), "%.*s", SLICE_FMT(name));
	p->db = search_db_open(f->dir, name, e);
	if (!p->db)
		goto err;
	snprintf(sql, sizeof(sql), "PRAGMA mmap_size=%d", MAP_BYTES);
	sqlite3_exec(p->db, sql, NULL, NULL, NULL);
	sqlite3_exec(p->db, "PRAGMA temp_store=MEMORY", NULL, NULL, NULL);
	if (add_functions(p->db, f) < 0) {
		search_db_fail(p->db, e);
		goto err;
	}
	p->match = search_db_prepare(p->db,
	    "SELECT rowid, qasid_score(text) FROM text WHERE text MATCH ?1", e);
	p->count = search_db_prepare(p->db,
	    "SELECT qasid_count(text) FROM text WHERE text MATCH ?1 LIMIT 1",
	    e);
	p->show = search_db_prepare(p->db,
	    "SELECT address, title, size, lang, parts FROM doc WHERE id = ?1",
	    e);
	if (!p->match || !p->count || !p->show || load_rows(p, e) < 0)
		goto err;
	sqlite3_progress_handler(p->db, LOOK_OPS, on_progress, f);
	return p;
err:
	part_free(p);
	return NULL;
}

/* The base without what the delta took out of it. */
static int
take_gone(struct part *base, struct part *delta, struct err *e)
{
	size_t bytes = (size_t)base->room * sizeof(*base->own);
	struct row *rows = mem_alloc(bytes);
	sqlite3_stmt *s =
	    search_db_prepare(delta->db, "SELECT id FROM gone", e);
	int rc;

	if (!rows || !s) {
		mem_free(rows);
		sqlite3_finalize(s);
		return -1;
	}
	memcpy(rows, base->own, bytes);
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);

		if (id > 0 && id < base->room)
			rows[id].length = 0;
	}
	sqlite3_finalize(s);
	if (base->rows != base->own)
		mem_free(base->rows);
	base->rows = rows;
	return rc == SQLITE_DONE ? 0 : search_db_fail(delta->db, e);
}

static void
close_parts(struct search_finder *f)
{
	for (size_t i = 0; i < f->count; i++)
		part_free(f->parts[i]);
	f->count = 0;
}

/* The part of that name that is open already, taken out; NULL: none. */
static struct part *
take_part(struct search_finder *f, struct slice name)
{
	for (size_t i = 0; i < f->count; i++)
		if (slice_eq_cstr(name, f->parts[i]->name)) {
			struct part *p = f->parts[i];

			f->parts[i] = f->parts[--f->count];
			if (p->rows != p->own)
				mem_free(p->rows);
			p->rows = p->own;
			return p;
		}
	return NULL;
}

static void
sum_up(struct search_finder *f)
{
	f->docs = f->words = 0;
	for (size_t i = 0; i < f->count; i++) {
		const struct part *p = f->parts[i];

		for (int64_t id = 1; p && id < p->room; id++) {
			f->docs += p->rows[id].length > 0;
			f->words += p->rows[id].length;
		}
	}
}

static bool
is_file(struct slice name)
{
	return slice_starts(name, SLICE_LIT(SEARCH_PREFIX)) &&
	    slice_ends(name, SLICE_LIT(SEARCH_SUFFIX)) &&
	    slice_find(name, '/') == name.len && name.len < 64;
}

/* Opens what `name` names; a base that is open already stays so. */
static int
open_parts(struct search_finder *f, struct slice name, struct err *e)
{
	struct part *parts[SEARCH_FILES] = { NULL };
	struct slice rest = name;
	size_t count = 0;
	int rc = 0;

	while (rest.len && count < SEARCH_FILES) {
		struct slice file = slice_take(&rest, ' ');

		if (!is_file(file))
			continue;
		parts[count] = take_part(f, file);
		if (!parts[count])
			parts[count] = part_new(f, file, e);
		if (!parts[count]) {
			rc = -1;
			break;
		}
		count++;
	}
	close_parts(f);
	snprintf(f->name, sizeof(f->name), "%.*s", SLICE_FMT(name));
	memcpy(f->parts, parts, sizeof(parts));
	f->count = count;
	if (!rc && parts[0] && parts[1])
		rc = take_gone(parts[1], parts[0], e);
	if (rc || !count) {
		close_parts(f);
		return -1;
	}
	sum_up(f);
	return 0;
}

/* The newest edition, its index open; NULL: it has none, or none to read. */
static struct store_view *
open_newest(struct search_finder *f, struct err *e)
{
	struct store_view *v = store_reader_view(f->reader);
	struct slice name;

	if (!v)
		return NULL;
	name = store_view_search(v);
	f->give_up_ms = 0;
	if (!slice_eq_cstr(name, f->name) && name.len < sizeof(f->name))
		(void)open_parts(f, name, e);
	if (f->count)
		return v;
	store_view_drop(v);
	return NULL;
}

bool
search_finder_is_current(struct search_finder *f)
{
	struct store_view *v = store_reader_view(f->reader);
	struct slice name = v ? store_view_search(v) : slice_cstr(f->name);
	bool is = slice_eq_cstr(name, f->name) || name.len >= sizeof(f->name);

	store_view_drop(v);
	return is;
}

struct search_finder *
search_finder_new(const char *dir, uint64_t deadline_ms, struct err *e)
{
	struct search_finder *f = mem_calloc(1, sizeof(*f));

	if (!f) {
		err_memory(e);
		return NULL;
	}
	snprintf(f->dir, sizeof(f->dir), "%s", dir);
	f->deadline_ms = deadline_ms;
	buf_init(&f->match, MATCH_MAX);
	buf_init(&f->texts, TEXTS_MAX);
	f->reader = store_reader_open(dir, e);
	if (f->reader)
		return f;
	search_finder_free(f);
	return NULL;
}

void
search_finder_free(struct search_finder *f)
{
	if (!f)
		return;
	close_parts(f);
	store_reader_close(f->reader);
	buf_release(&f->match);
	buf_release(&f->texts);
	mem_free(f);
}

void
search_finder_warm(struct search_finder *f)
{
	store_view_drop(open_newest(f, NULL));
}

/* --- a query ------------------------------------------------------------- */

/* Whether `a` comes behind `b`. */
static bool
is_behind(const struct found *a, const struct found *b)
{
	if (a->score != b->score)
		return a->score < b->score;
	if (a->row.day != b->row.day)
		return a->row.day < b->row.day;
	return a->row.mix < b->row.mix;
}

static int
by_rank(const void *a, const void *b)
{
	if (is_behind(a, b))
		return 1;
	return is_behind(b, a) ? -1 : 0;
}

/* Restores the heap, whose first is behind all others, from `at` down. */
static void
sink(struct search_finder *f, size_t at)
{
	struct found x = f->found[at];
	size_t child;

	while ((child = at * 2 + 1) < f->kept) {
		if (child + 1 < f->kept &&
		    is_behind(&f->found[child + 1], &f->found[child]))
			child++;
		if (!is_behind(&f->found[child], &x))
			break;
		f->found[at] = f->found[child];
		at = child;
	}
	f->found[at] = x;
}

static void
keep(struct search_finder *f, const struct found *x)
{
	size_t at = f->kept;

	if (f->kept == f->wanted) {
		if (is_behind(&f->found[0], x)) {
			f->found[0] = *x;
			sink(f, 0);
		}
		return;
	}
	f->kept++;
	while (at && is_behind(x, &f->found[(at - 1) / 2])) {
		f->found[at] = f->found[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	f->found[at] = *x;
}

static enum find_result
result_of(int rc)
{
	if (rc == SQLITE_DONE || rc == SQLITE_ROW)
		return FIND_FINE;
	return rc == SQLITE_INTERRUPT ? FIND_LATE : FIND_FAILED;
}

static enum find_result
scan_part(struct search_finder *f)
{
	sqlite3_stmt *s = f->part->match;
	int rc;

	search_bind(s, 1, buf_slice(&f->match));
	while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		struct found x = { .part = f->part,
			.id = sqlite3_column_int64(s, 0),
			.score = sqlite3_column_double(s, 1) };

		x.row = row_of(f->part, x.id);
		if (!x.row.length)
			continue;
		f->total++;
		keep(f, &x);
	}
	sqlite3_reset(s);
	return result_of(rc);
}

/* How much each term says: rare ones more.  One alone needs no counting. */
static enum find_result
weigh(struct search_finder *f, const struct query *q)
{
	enum find_result r = FIND_FINE;

	f->terms = query_word_terms(q);
	for (size_t i = 0; i < f->terms; i++) {
		f->weight[i] = 1;
		f->with[i] = 0;
	}
	if (f->terms < 2)
		return FIND_FINE;
	query_match(q, true, &f->match);
	if (buf_failed(&f->match))
		return FIND_FAILED;
	for (size_t i = 0; i < f->count && r == FIND_FINE; i++) {
		sqlite3_stmt *s = f->parts[i]->count;

		f->part = f->parts[i];
		search_bind(s, 1, buf_slice(&f->match));
		r = result_of(sqlite3_step(s));
		sqlite3_reset(s);
	}
	for (size_t i = 0; i < f->terms; i++) {
		double n = (double)f->with[i];

		f->weight[i] = log1p(((double)f->docs - n + 0.5) / (n + 0.5));
	}
	return r;
}

/* --- what is shown ------------------------------------------------------- */

static void
add_excerpt(struct search_finder *f, struct store_view *v,
    const struct query *q, const struct find_hit *hit)
{
	struct store_entry entry;
	char key[STORE_KEY_MAX + 16];
	bool ok;
	int n = snprintf(key, sizeof(key), "g%.*s%s", SLICE_FMT(hit->address),
	    hit->in_parts ? "/all.gmi" : ".gmi");

	if (n > 0 && n <= STORE_KEY_MAX &&
	    store_view_get(v, slice_make(key, (size_t)n), &entry) ==
		STORE_FOUND &&
	    entry.kind == STORE_PAGE)
		excerpt_add(&f->texts, q, store_view_body(v, &entry, 0, &ok));
}

/* Offsets first: the texts move while they grow. */
static int
show(struct search_finder *f, struct store_view *v, const struct query *q,
    const struct found *x, size_t ends[5], struct find_hit *hit)
{
	sqlite3_stmt *s = x->part->show;
	int rc;

	sqlite3_bind_int64(s, 1, x->id);
	if ((rc = sqlite3_step(s)) == SQLITE_ROW) {
		hit->day = x->row.day;
		hit->in_parts = sqlite3_column_int64(s, 4) != 0;
		hit->address = search_column(s, 0);
		for (int i = 0; i < 4; i++) {
			excerpt_add_clean(&f->texts, search_column(s, i));
			ends[i] = f->texts.len;
		}
		add_excerpt(f, v, q, hit);
		ends[4] = f->texts.len;
	}
	sqlite3_reset(s);
	return rc == SQLITE_ROW && !buf_failed(&f->texts) ? 0 : -1;
}

static enum find_result
show_all(struct search_finder *f, struct store_view *v, const struct query *q,
    unsigned page, struct find_page *out)
{
	size_t ends[FIND_PAGE][5], at = 0;

	qsort(f->found, f->kept, sizeof(f->found[0]), by_rank);
	out->total = f->total;
	out->count = 0;
	buf_clear(&f->texts);
	for (size_t i = (size_t)(page - 1) * FIND_PAGE; i < f->kept; i++) {
		if (show(f, v, q, &f->found[i], ends[out->count],
			&out->hits[out->count]) < 0)
			return FIND_FAILED;
		out->count++;
	}
	for (size_t i = 0; i < out->count; i++) {
		struct find_hit *h = &out->hits[i];
		struct slice *parts[] = { &h->address, &h->title, &h->size,
			&h->lang, &h->excerpt };

		for (size_t k = 0; k < 5; k++) {
			*parts[k] =
			    slice_make(f->texts.ptr + at, ends[i][k] - at);
			at = ends[i][k];
		}
	}
	return FIND_FINE;
}

enum find_result
search_find(struct search_finder *f, const struct query *q, unsigned page,
    struct find_page *out)
{
	struct store_view *v = open_newest(f, NULL);
	enum find_result r;

	if (!v || page < 1 || page > FIND_PAGES_MAX) {
		store_view_drop(v);
		return FIND_FAILED;
	}
	f->give_up_ms = now_ms() + f->deadline_ms;
	f->total = f->kept = 0;
	f->wanted = (size_t)page * FIND_PAGE;
	r = weigh(f, q);
	if (r == FIND_FINE)
		query_match(q, false, &f->match);
	if (buf_failed(&f->match))
		r = FIND_FAILED;
	for (size_t i = 0; i < f->count && r == FIND_FINE; i++) {
		f->part = f->parts[i];
		r = scan_part(f);
	}
	f->give_up_ms = 0;
	if (r == FIND_FINE)
		r = show_all(f, v, q, page, out);
	store_view_drop(v);
	return r;
}
