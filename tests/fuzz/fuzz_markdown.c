/*
 * fuzz_markdown.c: any bytes, sanitised, parsed and written in all three forms
 * at three widths, in English and Urdu.  What comes out keeps the rules of its
 * form and holds every letter and digit of the tree, and every target.
 */
#include <stdio.h>

#include "../unit/law.h"

enum {
	BUCKETS = 16384
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
count(struct slice s, unsigned *buckets)
{
	size_t at = 0, n;
	uint32_t c;

	memset(buckets, 0, BUCKETS * sizeof(*buckets));
	for (; at < s.len; at += n) {
		if (!(n = utf8_decode(s.ptr + at, s.len - at, &c)))
			n = 1;
		if (uc_is_alnum(c))
			buckets[c % BUCKETS]++;
	}
}

/* Words may be cut by marks and line ends; their letters are all there. */
static const char *
check_letters(struct slice tree, struct slice seen)
{
	static unsigned want[BUCKETS], have[BUCKETS];

	count(tree, want);
	count(seen, have);
	for (size_t i = 0; i < BUCKETS; i++)
		if (want[i] > have[i]) {
			fprintf(stderr, "U+%04zX: %u of %u times\n", i, have[i],
			    want[i]);
			return "a letter is lost";
		}
	return NULL;
}

static void
tree_text(const struct md_node *doc, struct buf *out)
{
	for (const struct md_node *n = doc; n; n = md_next(n, doc, true))
		if (n->type == MD_TEXT || n->type == MD_CODE_SPAN ||
		    n->type == MD_CODE)
			buf_add(out, n->text);
}

static void
check_form(struct convert *c, int form, unsigned columns, struct slice tree)
{
	struct buf out, seen;
	const char *wrong;

	buf_init(&out, CONVERT_MAX);
	buf_init(&seen, CONVERT_MAX);
	if (convert_write(c, form, columns, &out) < 0)
		abort();
	law_display(form, buf_slice(&out), &seen);
	wrong = law_form(form, buf_slice(&out));
	if (!wrong)
		wrong = check_letters(tree, buf_slice(&seen));
	if (!wrong && !law_holds_targets(c, form, buf_slice(&out)))
		wrong = "a target is lost";
	if (wrong) {
		fprintf(stderr, "form %d, %u columns: %s\n%.*s", form, columns,
		    wrong, SLICE_FMT(buf_slice(&out)));
		abort();
	}
	buf_release(&out);
	buf_release(&seen);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned widths[] = { 67, 40, 0 };
	struct convert c = { .lang = size % 2 ? SLICE_LIT("ur") : SLICE_NONE };
	struct buf tree;

	convert_parse(&c, slice_make((const char *)data, size), 1);
	buf_init(&tree, CONVERT_MAX);
	if (c.doc)
		tree_text(c.doc, &tree);
	for (int form = 0; c.doc && form < CONVERT_FORMS; form++)
		for (size_t i = 0; i < 3; i++)
			check_form(&c, form, widths[i], buf_slice(&tree));
	buf_release(&tree);
	convert_release(&c);
	return 0;
}
