#include "base/err.h"

#include "site/site_internal.h"

/* The word called `name`; WORD_COUNT: none. */
static enum word
find_word(struct slice name)
{
	enum word w = 0;

	while (w < WORD_COUNT && !slice_eq_cstr(name, words_name(w)))
		w++;
	return w;
}

static struct words *
words_of(struct site *site, struct slice lang)
{
	size_t i = 0;

	while (i < site->word_count && !slice_eq(site->word_langs[i], lang))
		i++;
	if (i == site->word_count) {
		site->word_langs[i] = lang;
		site->words[i] = *words_for(lang);
		site->word_count++;
	}
	return &site->words[i];
}

int
words_load(struct site *site, struct err *e)
{
	const struct catalog *c = &site->catalog;

	site->words =
	    arena_calloc(&site->arena, c->word_count + 1, sizeof(*site->words));
	site->word_langs = arena_calloc(
	    &site->arena, c->word_count + 1, sizeof(*site->word_langs));
	if (!site->words || !site->word_langs)
		return err_memory(e);
	for (size_t i = 0; i < c->word_count; i++) {
		const struct catalog_word *o = &c->words[i];
		enum word w = find_word(o->name);

		if (w == WORD_COUNT)
			return err_at(e, "capsule.yaml", o->line, o->column,
			    "the program has no word \"%.*s\"",
			    SLICE_FMT(o->name));
		words_of(site, o->lang)->word[w] = o->text.ptr;
	}
	return 0;
}

const struct words *
words_in(const struct site *site, struct slice lang)
{
	struct slice main = slice_upto(lang, slice_find(lang, '-'));

	for (size_t i = 0; i < site->word_count; i++)
		if (slice_eq(site->word_langs[i], lang))
			return &site->words[i];
	for (size_t i = 0; i < site->word_count; i++)
		if (slice_eq(site->word_langs[i], main))
			return &site->words[i];
	return words_for(lang);
}
