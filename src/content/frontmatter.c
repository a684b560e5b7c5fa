#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/yaml.h"
#include "content/slug.h"
#include "content/text.h"

#include "content/frontmatter.h"

struct reading {
	struct arena *arena;
	const char *file;
	struct diag *diag;
	struct frontmatter *fm;
	struct err *err;
};

/* --- taking the block out ------------------------------------------------ */

static struct slice
next_line(struct slice *rest)
{
	size_t len = slice_find(*rest, '\n');
	struct slice line = slice_upto(*rest, len);

	*rest = slice_from(*rest, len + 1);
	return line;
}

/* `line` is `mark`, blanks behind it aside. */
static bool
is_fence(struct slice line, const char *mark)
{
	size_t len = strlen(mark);

	if (!slice_starts(line, slice_cstr(mark)))
		return false;
	return slice_trim(slice_from(line, len)).len == 0;
}

static bool
is_json(struct slice line)
{
	line = slice_trim(line);
	if (!line.len || line.ptr[0] != '{')
		return false;
	line = slice_trim(slice_from(line, 1));
	return !line.len || line.ptr[0] == '"';
}

int
frontmatter_split(struct slice text, const char *file, struct diag *d,
    struct frontmatter_split *out, struct err *e)
{
	struct slice rest = text, first = next_line(&rest);
	unsigned n = 1;

	*out = (struct frontmatter_split){ .body = text, .body_line = 1 };
	if (is_fence(first, "+++"))
		return err_at(e, file, 1, 1,
		    "front matter in TOML; write it as YAML between lines "
		    "of ---");
	if (is_json(first))
		return err_at(e, file, 1, 1,
		    "front matter in JSON; write it as YAML between lines "
		    "of ---");
	if (!is_fence(first, "---"))
		return 0;
	out->yaml = rest;
	while (rest.len) {
		struct slice before = rest, line = next_line(&rest);

		n++;
		if (!is_fence(line, "---") && !is_fence(line, "..."))
			continue;
		out->found = true;
		out->yaml.len = (size_t)(before.ptr - out->yaml.ptr);
		out->yaml_line = 2;
		out->body = rest;
		out->body_line = n + 1;
		return 0;
	}
	out->yaml = SLICE_NONE;
	diag_at(d, DIAG_WARNING, file, 1, 1,
	    "front matter without its end, a line of ---: taken as text");
	return 0;
}

/* --- values -------------------------------------------------------------- */

static int
bad(struct reading *r, const struct yaml_node *n, const char *text)
{
	return err_at(r->err, r->file, n->line, n->column, "%.*s %s",
	    SLICE_FMT(n->key), text);
}

static bool
is_empty(const struct yaml_node *n)
{
	return n->type == YAML_SCALAR ? slice_trim(n->text).len == 0
				      : n->count == 0;
}

static int
read_slice(struct reading *r, const struct yaml_node *n, struct slice *out)
{
	if (n->type != YAML_SCALAR)
		return err_at(r->err, r->file, n->line, n->column,
		    "a string is wanted here, not %s", yaml_type_name(n));
	if (text_clean(r->arena, n->text, out) < 0)
		return err_memory(r->err);
	return 0;
}

static int
read_text(struct reading *r, const struct yaml_node *n, struct fm_text *out)
{
	if (n->type != YAML_SCALAR)
		return bad(r, n, "must be a string");
	out->line = n->line;
	out->column = n->column;
	return read_slice(r, n, &out->text);
}

static int
set_text(struct reading *r, const struct yaml_node *n, void *field)
{
	return read_text(r, n, field);
}

static int
set_lang(struct reading *r, const struct yaml_node *n, void *field)
{
	struct fm_text *out = field;

	if (read_text(r, n, out) < 0)
		return -1;
	if (text_lang(r->arena, out->text, &out->text) < 0)
		return err_at(r->err, r->file, n->line, n->column,
		    "\"%.*s\" is no language tag, such as en or ur",
		    SLICE_FMT(out->text));
	return 0;
}

static int
set_slug(struct reading *r, const struct yaml_node *n, void *field)
{
	struct fm_text *out = field;

	if (read_text(r, n, out) < 0)
		return -1;
	if (!slug_is_valid(out->text))
		return err_at(r->err, r->file, n->line, n->column,
		    "\"%.*s\" is no slug: a-z, 0-9 and single hyphens "
		    "between, at most %d",
		    SLICE_FMT(out->text), SLUG_MAX);
	return 0;
}

static int
set_date(struct reading *r, const struct yaml_node *n, void *field)
{
	if (n->type != YAML_SCALAR)
		return bad(r, n, "must be a date");
	if (date_parse(slice_trim(n->text), field) < 0)
		return err_at(r->err, r->file, n->line, n->column,
		    "\"%.*s\" is no date, such as 2026-01-31",
		    SLICE_FMT(n->text));
	return 0;
}

static int
read_bool(struct reading *r, const struct yaml_node *n, bool *out)
{
	static const char *const yes[] = { "true", "yes", "on" };
	static const char *const no[] = { "false", "no", "off" };
	struct slice text = slice_trim(n->text);

	for (size_t i = 0; n->type == YAML_SCALAR && i < 3; i++) {
		if (slice_eq_nocase(text, slice_cstr(yes[i]))) {
			*out = true;
			return 0;
		}
		if (slice_eq_nocase(text, slice_cstr(no[i]))) {
			*out = false;
			return 0;
		}
	}
	return bad(r, n, "must be true or false");
}

static int
set_draft(struct reading *r, const struct yaml_node *n, void *field)
{
	bool draft = false, *out = field;

	if (read_bool(r, n, &draft) < 0)
		return -1;
	*out = *out || draft;
	return 0;
}

static int
set_published(struct reading *r, const struct yaml_node *n, void *field)
{
	bool published = true, *out = field;

	if (read_bool(r, n, &published) < 0)
		return -1;
	*out = *out || !published;
	return 0;
}

/* Room for `more` objects behind the `*count` at `*items`; NULL at the end. */
static void *
grow(struct reading *r, void **items, size_t count, size_t more, size_t size)
{
	char *all = arena_calloc(r->arena, count + more, size);

	if (!all) {
		err_memory(r->err);
		return NULL;
	}
	if (count)
		memcpy(all, *items, count * size);
	*items = all;
	return all + count * size;
}

/* A string stands for a list of one. */
static int
set_list(struct reading *r, const struct yaml_node *n, void *field)
{
	struct fm_list *list = field;
	const struct yaml_node *m;
	size_t more = n->type == YAML_SCALAR ? 1 : n->count;
	void *items = list->items;
	struct fm_text *at;

	if (n->type == YAML_MAPPING)
		return bad(r, n, "must be a string or a list");
	if (!(at = grow(r, &items, list->count, more, sizeof(*at))))
		return -1;
	list->items = items;
	for (m = n->type == YAML_SCALAR ? n : n->first; m; m = m->next) {
		if (m->type != YAML_SCALAR)
			return err_at(r->err, r->file, m->line, m->column,
			    "a string is wanted here, not %s",
			    yaml_type_name(m));
		if (read_text(r, m, at) < 0)
			return -1;
		if (at->text.len) {
			at++;
			list->count++;
		}
		if (m == n)
			break;
	}
	return 0;
}

static int
set_series(struct reading *r, const struct yaml_node *n, void *field)
{
	if (n->type == YAML_SEQUENCE && n->count == 1)
		return read_text(r, n->first, field);
	return read_text(r, n, field);
}

static void
unknown(struct reading *r, const struct yaml_node *m, const char *near)
{
	const char *before = r->diag ? r->diag->code : NULL;

	if (!r->diag)
		return;
	r->diag->code = "unknown-key";
	if (near)
		diag_at(r->diag, DIAG_NOTE, r->file, m->key_line, m->key_column,
		    "unknown key \"%.*s\"; is \"%s\" meant?", SLICE_FMT(m->key),
		    near);
	else
		diag_at(r->diag, DIAG_NOTE, r->file, m->key_line, m->key_column,
		    "unknown key \"%.*s\"", SLICE_FMT(m->key));
	r->diag->code = before;
}

static int
read_person(struct reading *r, const struct yaml_node *n, struct fm_person *out)
{
	const struct yaml_node *m;

	if (n->type == YAML_SCALAR)
		return read_text(r, n, &out->name);
	if (n->type != YAML_MAPPING)
		return err_at(r->err, r->file, n->line, n->column,
		    "an author is a name, or a mapping with name, url, bio");
	for (m = n->first; m; m = m->next) {
		int rc = 0;

		if (slice_eq_nocase(m->key, SLICE_LIT("name")))
			rc = read_text(r, m, &out->name);
		else if (slice_eq_nocase(m->key, SLICE_LIT("url")))
			rc = read_slice(r, m, &out->url);
		else if (slice_eq_nocase(m->key, SLICE_LIT("bio")))
			rc = read_slice(r, m, &out->bio);
		else
			unknown(r, m, NULL);
		if (rc < 0)
			return -1;
	}
	if (!out->name.text.len)
		return err_at(r->err, r->file, n->line, n->column,
		    "an author without a name");
	return 0;
}

static int
set_people(struct reading *r, const struct yaml_node *n, void *field)
{
	struct frontmatter *fm = field;
	const bool many = n->type == YAML_SEQUENCE;
	void *items = fm->authors;
	struct fm_person *at;

	at =
	    grow(r, &items, fm->author_count, many ? n->count : 1, sizeof(*at));
	if (!at)
		return -1;
	fm->authors = items;
	for (const struct yaml_node *m = many ? n->first : n; m; m = m->next) {
		if (read_person(r, m, at) < 0)
			return -1;
		if (at->name.text.len) {
			at++;
			fm->author_count++;
		}
		if (!many)
			break;
	}
	return 0;
}

static int
set_translations(struct reading *r, const struct yaml_node *n, void *field)
{
	struct frontmatter *fm = field;
	void *items = fm->translations;
	struct fm_translation *at;

	if (n->type != YAML_MAPPING)
		return bad(r, n, "must be a mapping of languages to files");
	at = grow(r, &items, fm->translation_count, n->count, sizeof(*at));
	if (!at)
		return -1;
	fm->translations = items;
	for (const struct yaml_node *m = n->first; m; m = m->next) {
		if (text_lang(r->arena, m->key, &at->lang) < 0)
			return err_at(r->err, r->file, m->key_line,
			    m->key_column, "\"%.*s\" is no language tag",
			    SLICE_FMT(m->key));
		if (read_text(r, m, &at->path) < 0)
			return -1;
		if (!at->path.text.len)
			return bad(r, m, "has no file");
		at++;
		fm->translation_count++;
	}
	return 0;
}

static int
read_file(struct reading *r, const struct yaml_node *n, struct fm_file *out)
{
	if (n->type == YAML_SCALAR)
		return read_text(r, n, &out->file);
	if (n->type != YAML_MAPPING)
		return err_at(r->err, r->file, n->line, n->column,
		    "an attachment is a file, or a mapping with file, title");
	for (const struct yaml_node *m = n->first; m; m = m->next) {
		int rc = 0;

		if (slice_eq_nocase(m->key, SLICE_LIT("file")) ||
		    slice_eq_nocase(m->key, SLICE_LIT("src")))
			rc = read_text(r, m, &out->file);
		else if (slice_eq_nocase(m->key, SLICE_LIT("title")))
			rc = read_slice(r, m, &out->title);
		else
			unknown(r, m, NULL);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
set_attachments(struct reading *r, const struct yaml_node *n, void *field)
{
	struct frontmatter *fm = field;
	const bool many = n->type == YAML_SEQUENCE;
	void *items = fm->attachments;
	struct fm_file *at;

	at = grow(
	    r, &items, fm->attachment_count, many ? n->count : 1, sizeof(*at));
	if (!at)
		return -1;
	fm->attachments = items;
	for (const struct yaml_node *m = many ? n->first : n; m; m = m->next) {
		if (read_file(r, m, at) < 0)
			return -1;
		if (!at->file.text.len)
			return err_at(r->err, r->file, m->line, m->column,
			    "an attachment without a file");
		at++;
		fm->attachment_count++;
		if (!many)
			break;
	}
	return 0;
}

/* --- keys ---------------------------------------------------------------- */

/* Names of one field stand together; the first of them is the usual one. */
static const struct key {
	const char *name;
	int (*set)(struct reading *, const struct yaml_node *, void *field);
	size_t offset;
	bool adds; /* several names may stand in one file */
} keys[] = {
	{ "title", set_text, offsetof(struct frontmatter, title), false },
	{ "author", set_people, 0, true },
	{ "authors", set_people, 0, true },
	{ "date", set_date, offsetof(struct frontmatter, date), false },
	{ "updated", set_date, offsetof(struct frontmatter, updated), false },
	{ "lastmod", set_date, offsetof(struct frontmatter, updated), false },
	{ "modified", set_date, offsetof(struct frontmatter, updated), false },
	{ "publishdate", set_date, offsetof(struct frontmatter, publish_date),
	    false },
	{ "draft", set_draft, offsetof(struct frontmatter, draft), true },
	{ "published", set_published, offsetof(struct frontmatter, draft),
	    true },
	{ "category", set_list, offsetof(struct frontmatter, categories),
	    true },
	{ "categories", set_list, offsetof(struct frontmatter, categories),
	    true },
	{ "tags", set_list, offsetof(struct frontmatter, tags), true },
	{ "keywords", set_list, offsetof(struct frontmatter, tags), true },
	{ "summary", set_text, offsetof(struct frontmatter, summary), false },
	{ "description", set_text, offsetof(struct frontmatter, summary),
	    false },
	{ "excerpt", set_text, offsetof(struct frontmatter, summary), false },
	{ "lang", set_lang, offsetof(struct frontmatter, lang), false },
	{ "translations", set_translations, 0, true },
	{ "translationkey", set_text,
	    offsetof(struct frontmatter, translation_key), false },
	{ "series", set_series, offsetof(struct frontmatter, series), false },
	{ "slug", set_slug, offsetof(struct frontmatter, slug), false },
	{ "aliases", set_list, offsetof(struct frontmatter, aliases), true },
	{ "redirect_from", set_list, offsetof(struct frontmatter, aliases),
	    true },
	{ "withdrawn", set_date, offsetof(struct frontmatter, withdrawn),
	    false },
	{ "attachments", set_attachments, 0, true },
	{ "resources", set_attachments, 0, true },
	{ "canonical", set_text, offsetof(struct frontmatter, canonical),
	    false },
	{ "written_by", set_text, offsetof(struct frontmatter, written_by),
	    false },
	{ "licence", set_text, offsetof(struct frontmatter, licence), false },
	{ "license", set_text, offsetof(struct frontmatter, licence), false },
};

enum {
	KEY_COUNT = sizeof(keys) / sizeof(keys[0])
};

/* The member under `name`, NULL when absent; -1 when there are two. */
static int
find(struct reading *r, const struct yaml_node *map, const char *name,
    const struct yaml_node **out)
{
	*out = NULL;
	for (const struct yaml_node *m = map->first; m; m = m->next) {
		if (!slice_eq_nocase(m->key, slice_cstr(name)))
			continue;
		if (*out)
			return err_at(r->err, r->file, m->key_line,
			    m->key_column, "\"%.*s\" is given twice",
			    SLICE_FMT(m->key));
		*out = m;
	}
	return 0;
}

/* The key that was meant, if one is near enough. */
static const char *
nearest(struct slice key)
{
	size_t best = 0, least = SIZE_MAX;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		size_t d = slice_distance(key, slice_cstr(keys[i].name));

		if (d < least) {
			best = i;
			least = d;
		}
	}
	return least <= (key.len + 1) / 3 ? keys[best].name : NULL;
}

static void
tell_unknown(struct reading *r, const struct yaml_node *map)
{
	for (const struct yaml_node *m = map->first; m; m = m->next) {
		size_t i = 0;

		while (i < KEY_COUNT &&
		    !slice_eq_nocase(m->key, slice_cstr(keys[i].name)))
			i++;
		if (i == KEY_COUNT)
			unknown(r, m, nearest(m->key));
	}
}

static int
read_keys(struct reading *r, const struct yaml_node *map)
{
	const struct yaml_node *before = NULL;
	char *base = (char *)r->fm;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		const struct key *k = &keys[i];
		const struct yaml_node *n;

		if (find(r, map, k->name, &n) < 0)
			return -1;
		if (i &&
		    (keys[i - 1].offset != k->offset ||
			keys[i - 1].set != k->set))
			before = NULL;
		if (!n || is_empty(n))
			continue;
		if (before && !k->adds) {
			diag_at(r->diag, DIAG_WARNING, r->file, n->key_line,
			    n->key_column,
			    "\"%.*s\" is left out: \"%.*s\" says it",
			    SLICE_FMT(n->key), SLICE_FMT(before->key));
			continue;
		}
		if (k->set(r, n, base + k->offset) < 0)
			return -1;
		before = n;
	}
	return 0;
}

int
frontmatter_parse(struct arena *a, const struct frontmatter_split *split,
    const char *file, struct diag *d, struct frontmatter *out, struct err *e)
{
	struct reading r = {
		.arena = a, .file = file, .diag = d, .fm = out, .err = e
	};
	struct yaml_source src = { .text = split->yaml,
		.file = file,
		.first_line = split->yaml_line };
	struct yaml_node *root = NULL;

	*out = (struct frontmatter){ .draft = false };
	if (!split->found)
		return 0;
	if (yaml_parse(a, &src, &root, e) < 0)
		return -1;
	if (!root)
		return 0;
	if (root->type != YAML_MAPPING)
		return err_at(e, file, root->line, root->column,
		    "front matter is keys and values, not %s",
		    yaml_type_name(root));
	if (read_keys(&r, root) < 0)
		return -1;
	tell_unknown(&r, root);
	return 0;
}
