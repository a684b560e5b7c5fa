/*
 * /offline/: the page that lists the copies.
 */
#include "base/err.h"
#include "base/pack.h"
#include "markdown/node.h"
#include "render/render.h"
#include "store/store.h"

#include "site/offline.h"
#include "site/site_internal.h"

enum {
	PAGE_MAX = 1024 * 1024,
	WIDTH = 67,
};

/* Of a page that leads to its own files and to the home page. */
static void
resolve(void *ctx, struct slice href, bool image, struct render_target *out)
{
	const struct site *site = ctx;

	(void)image;
	*out = (struct render_target){ .kind = RENDER_OWN,
		.uri = SLICE_LIT("../"),
		.menu_type = '1',
		.text_type = '1',
		.menu_selector = href,
		.text_selector = href };
	for (size_t i = 0; i < site->copy_count; i++) {
		const struct copy *c = &site->copies[i];

		if (!slice_eq(c->address, href))
			continue;
		out->uri = slice_from(href, sizeof(OFFLINE_FOLDER) - 1);
		out->menu_type = out->text_type = '9';
		out->file_kind = slice_from(out->uri, c->name.len + 1);
		out->size_bytes = c->size;
		out->has_size = true;
	}
}

static bool
add_item(struct arena *a, struct md_node *list, struct slice href,
    struct slice label)
{
	struct md_node *n = md_add(a, list, MD_ITEM);

	n = n ? md_add(a, n, MD_PARAGRAPH) : NULL;
	return n && md_add_link(a, n, href, label);
}

static struct md_node *
make_tree(const struct site *site, struct arena *a, const struct words *words)
{
	struct md_node *tree = md_add(a, NULL, MD_DOCUMENT);
	struct md_node *h = tree ? md_add(a, tree, MD_HEADING) : NULL;
	struct md_node *list = h ? md_add(a, tree, MD_LIST) : NULL;
	bool fine =
	    list && md_add_text(a, h, slice_cstr(words->word[WORD_OFFLINE]));

	if (!fine)
		return NULL;
	list->tight = true;
	/* The newest year first. */
	for (size_t i = site->copy_count; fine && i--;) {
		const struct copy *c = &site->copies[i];
		struct slice label = slice_eq_cstr(c->name, OFFLINE_WHOLE)
		    ? slice_cstr(words->word[WORD_ARTICLES])
		    : c->name;

		fine = add_item(a, list, c->address, label);
	}
	fine = fine &&
	    add_item(
		a, list, SLICE_LIT("/"), slice_cstr(words->word[WORD_HOME]));
	return fine ? tree : NULL;
}

static int
render_page(struct site *site, struct buf *outputs, struct err *e)
{
	struct slice lang = catalog_lang(&site->catalog);
	const struct words *words = words_in(site, lang);
	struct render_opts opts = { .lang = lang,
		.words = words,
		.resolve = resolve,
		.resolve_ctx = site };
	struct output o = { .protocol = 'g',
		.address = SLICE_LIT(OFFLINE_FOLDER),
		.kind = STORE_PAGE,
		.media = SLICE_LIT("text/gemini"),
		.lang = lang };
	struct md_node *tree;
	struct arena arena;
	struct buf page;
	int rc;

	arena_init(&arena, (size_t)64 << 20);
	buf_init(&page, PAGE_MAX);
	tree = make_tree(site, &arena, words);
	rc = tree ? gemtext_render(&page, tree, &opts, e) : err_memory(e);
	o.body = buf_slice(&page);
	output_pack(outputs, &o);
	buf_clear(&page);
	opts.columns = WIDTH;
	opts.crlf = true;
	if (!rc)
		rc = gophermap_render(&page, tree, &opts, e);
	o.protocol = 'o';
	o.gopher_type = '1';
	o.media = SLICE_LIT("application/gopher-menu");
	o.body = buf_slice(&page);
	output_pack(outputs, &o);
	buf_release(&page);
	arena_release(&arena);
	return rc;
}

static int
digest_page(const struct site *site, struct hash *out, struct err *e)
{
	struct buf in;
	int rc;

	buf_init(&in, (size_t)16 << 20);
	pack_hash(&in, &site->base_hash);
	for (size_t i = 0; i < site->copy_count; i++) {
		pack_slice(&in, site->copies[i].address);
		pack_number(&in, site->copies[i].size);
	}
	rc = buf_failed(&in) ? -1 : hash_of(buf_slice(&in), out);
	buf_release(&in);
	return rc < 0 ? err_memory(e) : 0;
}

bool
offline_is_offered(const struct site *site)
{
	return site->copy_count || site->is_copying;
}

int
offline_page(struct site *site, struct err *e)
{
	struct output_unit u = { .name = SLICE_LIT("p/offline") };
	struct slice record = SLICE_NONE;
	struct buf outputs;
	struct unit was;
	int rc;

	if (store_state_get(site->store, SLICE_LIT("u/p/offline"), &u.before) !=
	    STORE_FOUND)
		u.before = SLICE_NONE;
	if (!site->copy_count)
		return u.before.len ? output_drop(site, u.name, u.before, e)
				    : 0;
	if (digest_page(site, &u.digest, e) < 0)
		return -1;
	if (u.before.len && unit_decode(u.before, &was) == 0 &&
	    !memcmp(was.digest.b, u.digest.b, sizeof(was.digest.b)))
		return 0;
	buf_init(&outputs, PAGE_MAX);
	rc = render_page(site, &outputs, e);
	u.outputs = buf_slice(&outputs);
	if (!rc && buf_failed(&outputs))
		rc = err_memory(e);
	if (!rc)
		rc = output_put(site, &u, &record, e);
	if (!rc)
		pack_slice(&site->put_units, record);
	buf_release(&outputs);
	return rc;
}
