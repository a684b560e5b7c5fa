#include <stdio.h>

#include "base/buf.h"
#include "base/yaml.h"
#include "content/slug.h"

#include "import/capsule.h"
#include "import/wxr.h"

/* A slug for the term: its own one, else one of its bytes. */
static void
term_slug(const struct wxr_term *t, char out[SLUG_MAX + 1])
{
	uint32_t sum = 2166136261u;

	if (slug_is_valid(t->slug)) {
		snprintf(out, SLUG_MAX + 1, "%.*s", SLICE_FMT(t->slug));
		return;
	}
	if (slug_of_title(t->name, out))
		return;
	for (size_t i = 0; i < t->name.len; i++)
		sum = (sum ^ (unsigned char)t->name.ptr[i]) * 16777619u;
	snprintf(out, SLUG_MAX + 1, "term-%08x", sum);
}

/* Whether an earlier article has the term, so that it is written already. */
static bool
is_earlier(const struct wxr *wxr, const struct wxr_term *term)
{
	for (const struct wxr_item *i = wxr->items; i; i = i->next)
		for (const struct wxr_term *t = i->terms; t; t = t->next) {
			if (t == term)
				return false;
			if (slice_eq(t->name, term->name))
				return true;
		}
	return false;
}

static void
add_capsule_terms(const struct wxr *wxr, struct buf *out)
{
	char slug[SLUG_MAX + 1];
	bool first = true;

	for (const struct wxr_item *i = wxr->items; i; i = i->next)
		for (const struct wxr_term *t = i->terms; t; t = t->next) {
			if (!t->name.len || slug_make(t->name, slug) ||
			    is_earlier(wxr, t))
				continue;
			if (first)
				buf_add_cstr(out, "terms:\n");
			first = false;
			term_slug(t, slug);
			buf_add_cstr(out, "  ");
			yaml_add_scalar(out, t->name);
			buf_addf(out, ": %s\n", slug);
		}
}

static void
add_capsule_authors(const struct wxr *wxr, struct buf *out)
{
	char slug[SLUG_MAX + 1];
	bool first = true;

	for (const struct wxr_author *a = wxr->authors; a; a = a->next) {
		if (!a->name.len)
			continue;
		if (first)
			buf_add_cstr(out, "authors:\n");
		first = false;
		buf_add_cstr(out, "  - name: ");
		yaml_add_scalar(out, a->name);
		buf_add_char(out, '\n');
		if (!slug_make(a->name, slug) &&
		    (slug_of_title(a->login, slug) ||
			slug_of_title(a->name, slug)))
			buf_addf(out, "    slug: %s\n", slug);
	}
}

void
capsule_add(struct buf *out, const struct wxr *wxr, const char *lang)
{
	bool urdu_first = slice_starts(wxr->language, SLICE_LIT("ur"));

	if (lang)
		buf_addf(out, "languages: [%s]\n", lang);
	else
		buf_addf(
		    out, "languages: [%s]\n", urdu_first ? "ur, en" : "en, ur");
	add_capsule_authors(wxr, out);
	add_capsule_terms(wxr, out);
}
