#include <stddef.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/yaml.h"
#include "content/text.h"

#include "content/catalog.h"

struct reading {
	struct arena *arena;
	const char *file;
	struct catalog *catalog;
	struct err *err;
};

struct key {
	const char *name;
	int (*set)(struct reading *, const struct yaml_node *, void *field);
	size_t offset;
};

/* --- messages ------------------------------------------------------------ */

static int
bad(struct reading *r, const struct yaml_node *n, const char *text)
{
	return err_at(r->err, r->file, n->line, n->column, "%s, not %s", text,
	    yaml_type_name(n));
}

static int
unknown_key(struct reading *r, const struct yaml_node *m,
    const struct key *keys, size_t count)
{
	size_t best = 0, best_distance = SIZE_MAX;

	for (size_t i = 0; i < count; i++) {
		size_t d = slice_distance(m->key, slice_cstr(keys[i].name));

		if (d < best_distance) {
			best = i;
			best_distance = d;
		}
	}
	if (best_distance <= (m->key.len + 1) / 2)
		return err_at(r->err, r->file, m->key_line, m->key_column,
		    "unknown key \"%.*s\"; is \"%s\" meant?", SLICE_FMT(m->key),
		    keys[best].name);
	return err_at(r->err, r->file, m->key_line, m->key_column,
	    "unknown key \"%.*s\"", SLICE_FMT(m->key));
}

/* --- values -------------------------------------------------------------- */

static int
read_keys(struct reading *r, const struct yaml_node *map,
    const struct key *keys, size_t count, void *base)
{
	for (const struct yaml_node *m = map->first; m; m = m->next) {
		size_t i = 0;

		while (i < count && !slice_eq_cstr(m->key, keys[i].name))
			i++;
		if (i == count)
			return unknown_key(r, m, keys, count);
		if (keys[i].set(r, m, (char *)base + keys[i].offset) < 0)
			return -1;
	}
	return 0;
}

static int
set_string(struct reading *r, const struct yaml_node *n, void *field)
{
	if (n->type != YAML_SCALAR)
		return bad(r, n, "a string is wanted here");
	if (text_clean(r->arena, n->text, field) < 0)
		return err_memory(r->err);
	return 0;
}

static int
read_yes(struct reading *r, const struct yaml_node *n, bool *yes)
{
	*yes = n->type == YAML_SCALAR &&
	    slice_eq_nocase(n->text, SLICE_LIT("yes"));
	if (*yes ||
	    (n->type == YAML_SCALAR &&
		slice_eq_nocase(n->text, SLICE_LIT("no"))))
		return 0;
	return bad(r, n, "yes or no is wanted here");
}

static int
set_search(struct reading *r, const struct yaml_node *n, void *field)
{
	bool yes;

	(void)field;
	if (read_yes(r, n, &yes) < 0)
		return -1;
	r->catalog->no_search = !yes;
	return 0;
}

static int
set_replies(struct reading *r, const struct yaml_node *n, void *field)
{
	(void)field;
	return read_yes(r, n, &r->catalog->replies);
}

static int
read_lang(struct reading *r, struct slice text, unsigned line, unsigned column,
    struct slice *out)
{
	if (text_lang(r->arena, text, out) < 0)
		return err_at(r->err, r->file, line, column,
		    "\"%.*s\" is no language tag, such as en or ur",
		    SLICE_FMT(text));
	return 0;
}

/* A string, or a mapping of languages to strings. */
static int
set_texts(struct reading *r, const struct yaml_node *n, void *field)
{
	struct catalog_texts *out = field;
	size_t count = n->type == YAML_SCALAR ? 1 : n->count;

	if (n->type == YAML_SEQUENCE)
		return bad(r, n, "a string or texts by language are wanted");
	out->items = arena_calloc(r->arena, count, sizeof(*out->items));
	if (!out->items)
		return err_memory(r->err);
	if (n->type == YAML_SCALAR) {
		out->count = 1;
		return set_string(r, n, &out->items[0].text);
	}
	for (const struct yaml_node *m = n->first; m; m = m->next) {
		struct catalog_text *t = &out->items[out->count++];

		if (read_lang(r, m->key, m->key_line, m->key_column, &t->lang) <
			0 ||
		    set_string(r, m, &t->text) < 0)
			return -1;
	}
	return 0;
}

/* A list of strings; one string stands for a list of one. */
static int
set_strings(struct reading *r, const struct yaml_node *n, void *field)
{
	const bool many = n->type == YAML_SEQUENCE;
	struct catalog_list *out = field;

	if (n->type == YAML_MAPPING)
		return bad(r, n, "a list is wanted here");
	out->items =
	    arena_calloc(r->arena, many ? n->count : 1, sizeof(*out->items));
	if (!out->items)
		return err_memory(r->err);
	for (const struct yaml_node *m = many ? n->first : n; m; m = m->next) {
		if (set_string(r, m, &out->items[out->count++]) < 0)
			return -1;
		if (!many)
			break;
	}
	return 0;
}

static int
set_hosts(struct reading *r, const struct yaml_node *n, void *field)
{
	struct catalog *c = r->catalog;

	if (set_strings(r, n, field) < 0)
		return -1;
	for (size_t i = 0; i < c->hosts.count; i++)
		for (size_t k = 0; k < c->hosts.items[i].len; k++)
			if (!strchr("abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-",
				c->hosts.items[i].ptr[k]))
				return err_at(r->err, r->file, n->line,
				    n->column, "\"%.*s\" is no host name",
				    SLICE_FMT(c->hosts.items[i]));
	c->host = c->hosts.count ? c->hosts.items[0] : SLICE_NONE;
	return 0;
}

static int
set_languages(struct reading *r, const struct yaml_node *n, void *field)
{
	struct catalog_list *out = field;
	const struct yaml_node *m = n->type == YAML_SEQUENCE ? n->first : n;

	if (set_strings(r, n, field) < 0)
		return -1;
	for (size_t i = 0; m && i < out->count; i++, m = m->next)
		if (read_lang(r, out->items[i], m->line, m->column,
			&out->items[i]) < 0)
			return -1;
	return 0;
}

static int
set_slug(struct reading *r, const struct yaml_node *n, void *field)
{
	struct slice *out = field;

	if (set_string(r, n, out) < 0)
		return -1;
	if (!slug_is_valid(*out))
		return err_at(r->err, r->file, n->line, n->column,
		    "\"%.*s\" is no slug: a-z, 0-9 and single hyphens "
		    "between, at most %d",
		    SLICE_FMT(*out), SLUG_MAX);
	return 0;
}

static int
set_date(struct reading *r, const struct yaml_node *n, void *field)
{
	if (n->type != YAML_SCALAR)
		return bad(r, n, "a day is wanted here");
	if (date_parse(n->text, field) < 0)
		return err_at(r->err, r->file, n->line, n->column,
		    "\"%.*s\" is no day such as 2026-01-31",
		    SLICE_FMT(n->text));
	return 0;
}

static const struct key name_keys[] = {
	{ "name", set_string, offsetof(struct catalog_name, name) },
	{ "slug", set_slug, offsetof(struct catalog_name, slug) },
	{ "names", set_texts, offsetof(struct catalog_name, names) },
	{ "url", set_string, offsetof(struct catalog_name, url) },
	{ "bio", set_texts, offsetof(struct catalog_name, about) },
	{ "description", set_texts, offsetof(struct catalog_name, about) },
};

static int
make_slug(
    struct reading *r, const struct yaml_node *n, struct catalog_name *out)
{
	char slug[SLUG_MAX + 1];
	size_t len = slug_make(out->name, slug);

	if (!len)
		return err_at(r->err, r->file, n->line, n->column,
		    "\"%.*s\" needs a slug: a-z, 0-9 and hyphens",
		    SLICE_FMT(out->name));
	if (arena_copy(r->arena, slice_make(slug, len), &out->slug) < 0)
		return err_memory(r->err);
	return 0;
}

/* One author, category or series. */
static int
read_name(
    struct reading *r, const struct yaml_node *n, struct catalog_names *all)
{
	struct catalog_name *out = &all->items[all->count];

	out->line = n->line;
	if (n->type == YAML_SCALAR) {
		if (set_string(r, n, &out->name) < 0)
			return -1;
	} else if (n->type == YAML_SEQUENCE) {
		return bad(r, n, "a name is wanted here");
	} else if (read_keys(r, n, name_keys,
		       sizeof(name_keys) / sizeof(name_keys[0]), out) < 0) {
		return -1;
	}
	if (!out->name.len)
		return err_at(
		    r->err, r->file, n->line, n->column, "a name is missing");
	if (!out->slug.len && make_slug(r, n, out) < 0)
		return -1;
	for (size_t i = 0; i < all->count; i++)
		if (slice_eq(all->items[i].slug, out->slug))
			return err_at(r->err, r->file, n->line, n->column,
			    "\"%.*s\" and \"%.*s\" have one slug, \"%.*s\"",
			    SLICE_FMT(all->items[i].name), SLICE_FMT(out->name),
			    SLICE_FMT(out->slug));
	all->count++;
	return 0;
}

static int
set_names(struct reading *r, const struct yaml_node *n, void *field)
{
	struct catalog_names *out = field;

	if (n->type != YAML_SEQUENCE)
		return bad(r, n, "a list is wanted here");
	out->items = arena_calloc(r->arena, n->count, sizeof(*out->items));
	if (!out->items)
		return err_memory(r->err);
	for (const struct yaml_node *m = n->first; m; m = m->next)
		if (read_name(r, m, out) < 0)
			return -1;
	return 0;
}

static int
by_spelling(const void *a, const void *b)
{
	const struct catalog_term *x = a, *y = b;

	return slice_cmp(x->spelling, y->spelling);
}

static int
set_terms(struct reading *r, const struct yaml_node *n, void *field)
{
	struct catalog *c = field;

	if (n->type != YAML_MAPPING)
		return bad(r, n, "spellings with their slugs are wanted");
	c->terms = arena_calloc(r->arena, n->count, sizeof(*c->terms));
	if (!c->terms)
		return err_memory(r->err);
	for (const struct yaml_node *m = n->first; m; m = m->next) {
		struct catalog_term *t = &c->terms[c->term_count++];

		if (text_clean(r->arena, m->key, &t->spelling) < 0)
			return err_memory(r->err);
		if (set_slug(r, m, &t->slug) < 0)
			return -1;
	}
	qsort(c->terms, c->term_count, sizeof(*c->terms), by_spelling);
	return 0;
}

/* words: {ur: {links: ...}} */
static int
set_words(struct reading *r, const struct yaml_node *n, void *field)
{
	struct catalog *c = field;
	size_t count = 0;

	if (n->type != YAML_MAPPING)
		return bad(r, n, "words by language are wanted here");
	for (const struct yaml_node *m = n->first; m; m = m->next) {
		if (m->type != YAML_MAPPING)
			return bad(r, m, "words and their texts are wanted");
		count += m->count;
	}
	c->words = arena_calloc(r->arena, count, sizeof(*c->words));
	if (!c->words)
		return err_memory(r->err);
	for (const struct yaml_node *m = n->first; m; m = m->next) {
		struct slice lang;

		if (read_lang(r, m->key, m->key_line, m->key_column, &lang) < 0)
			return -1;
		for (const struct yaml_node *w = m->first; w; w = w->next) {
			struct catalog_word *out = &c->words[c->word_count++];

			*out = (struct catalog_word){ .lang = lang,
				.name = w->key,
				.line = w->key_line,
				.column = w->key_column };
			if (set_string(r, w, &out->text) < 0)
				return -1;
		}
	}
	return 0;
}

static const struct key capsule_keys[] = {
	{ "title", set_texts, offsetof(struct catalog, title) },
	{ "subtitle", set_texts, offsetof(struct catalog, subtitle) },
	{ "host", set_hosts, offsetof(struct catalog, hosts) },
	{ "hosts", set_hosts, offsetof(struct catalog, hosts) },
	{ "languages", set_languages, offsetof(struct catalog, languages) },
	{ "licence", set_string, offsetof(struct catalog, licence) },
	{ "license", set_string, offsetof(struct catalog, licence) },
	{ "contact", set_string, offsetof(struct catalog, contact) },
	{ "security_expires", set_date,
	    offsetof(struct catalog, security_expires) },
	{ "authors", set_names, offsetof(struct catalog, authors) },
	{ "categories", set_names, offsetof(struct catalog, categories) },
	{ "series", set_names, offsetof(struct catalog, series) },
	{ "terms", set_terms, 0 },
	{ "mirrors", set_strings, offsetof(struct catalog, mirrors) },
	{ "search", set_search, 0 },
	{ "replies", set_replies, 0 },
	{ "words", set_words, 0 },
};

int
catalog_parse(struct arena *a, struct slice text, const char *file,
    struct catalog *out, struct err *e)
{
	struct reading r = {
		.arena = a, .file = file, .catalog = out, .err = e
	};
	struct yaml_source src = {
		.text = text, .file = file, .max_bytes = CATALOG_BYTES_MAX
	};
	struct yaml_node *root = NULL;
	unsigned conflict = text_conflict(text);

	*out = (struct catalog){ .term_count = 0 };
	if (conflict)
		return err_at(e, file, conflict, 1,
		    "a conflict that git left: choose one of the two");
	if (yaml_parse(a, &src, &root, e) < 0)
		return -1;
	if (!root)
		return 0;
	if (root->type != YAML_MAPPING)
		return bad(&r, root, "keys and values are wanted");
	return read_keys(&r, root, capsule_keys,
	    sizeof(capsule_keys) / sizeof(capsule_keys[0]), out);
}

/* --- asking -------------------------------------------------------------- */

static const struct catalog_text *
find_text(const struct catalog_texts *texts, struct slice lang)
{
	struct slice main = slice_upto(lang, slice_find(lang, '-'));

	for (size_t i = 0; i < texts->count; i++)
		if (slice_eq(texts->items[i].lang, lang))
			return &texts->items[i];
	for (size_t i = 0; i < texts->count; i++)
		if (slice_eq(texts->items[i].lang, main))
			return &texts->items[i];
	return NULL;
}

struct slice
catalog_text(const struct catalog_texts *texts, struct slice lang)
{
	const struct catalog_text *t = find_text(texts, lang);

	if (!t && texts->count)
		t = &texts->items[0];
	return t ? t->text : SLICE_NONE;
}

struct slice
catalog_name_in(const struct catalog_name *n, struct slice lang)
{
	const struct catalog_text *t = find_text(&n->names, lang);

	return t ? t->text : n->name;
}

const struct catalog_name *
catalog_find(const struct catalog_names *names, struct slice name)
{
	for (size_t i = 0; i < names->count; i++) {
		const struct catalog_name *n = &names->items[i];

		if (slice_eq(n->name, name) || slice_eq(n->slug, name))
			return n;
		for (size_t k = 0; k < n->names.count; k++)
			if (slice_eq(n->names.items[k].text, name))
				return n;
	}
	return NULL;
}

struct slice
catalog_lang(const struct catalog *c)
{
	if (c->languages.count)
		return c->languages.items[0];
	return SLICE_LIT("en");
}

static const struct catalog_term *
find_term(const struct catalog *c, struct slice spelling)
{
	struct catalog_term want = { .spelling = spelling };

	if (!c->term_count)
		return NULL;
	return bsearch(
	    &want, c->terms, c->term_count, sizeof(want), by_spelling);
}

bool
catalog_has_term(const struct catalog *c, struct slice spelling)
{
	return find_term(c, spelling) != NULL;
}

size_t
catalog_slug(const struct catalog *c, const struct catalog_names *names,
    struct slice spelling, char out[SLUG_MAX + 1])
{
	const struct catalog_name *n =
	    names ? catalog_find(names, spelling) : NULL;
	const struct catalog_term *t;

	if (n) {
		memcpy(out, n->slug.ptr, n->slug.len);
		out[n->slug.len] = '\0';
		return n->slug.len;
	}
	if ((t = find_term(c, spelling))) {
		memcpy(out, t->slug.ptr, t->slug.len);
		out[t->slug.len] = '\0';
		return t->slug.len;
	}
	return slug_make(spelling, out);
}
