/*
 * mirrors.c: qasid mirrors: asks each mirror of the site's list for its signed
 * head, and says how far it is.  Nobody reports to us: we look.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "cmd/args.h"
#include "cmd/cmd.h"
#include "cmd/own_page.h"
#include "content/catalog.h"
#include "render/words.h"
#include "store/store.h"
#include "sync/head.h"

#include "cmd/sync.h"

enum {
	CATALOG_MAX = 16 << 20,
	PAGE_MAX = OWN_PAGE_MAX,
	GRACE_S = 26 * 3600, /* a mirror that looks once a day is current */
};

struct settings {
	const char *content, *store, *page, *key;
	struct sync_args args;
	struct sync_head ours;
	struct buf ours_text;
};

enum state {
	CURRENT,
	BEHIND,
	SILENT, /* no answer, or none of a mirror */
	WRONG,  /* an answer that is not of this site */
};

struct mirror_state {
	const char *url;
	enum state state;
	uint64_t serial;
	int64_t time_s; /* of the head it has */
	struct err why;
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid mirrors --key KEY [--store DIR] [--page FILE]\n"
	    "           [--connect HOST:PORT] [--connect-timeout S] "
	    "[--idle-timeout S] [CONTENT]\n");
	return CMD_USAGE;
}

static int
fail(const struct err *e)
{
	struct buf text;

	buf_init(&text, 4096);
	err_format(&text, e);
	fprintf(stderr, "qasid mirrors: %.*s\n", SLICE_FMT(buf_slice(&text)));
	buf_release(&text);
	return CMD_FAILED;
}

/* --- our own head -------------------------------------------------------- */

static int
read_ours(struct settings *set, struct err *e)
{
	struct store_reader *r = store_reader_open(set->store, e);
	struct store_entry entry;
	struct store_view *v;
	bool ok = false;

	if (!r)
		return -1;
	if ((v = store_reader_view(r))) {
		if (store_view_get(v, SLICE_LIT("g/.sync/since/0"), &entry) ==
		    STORE_FOUND)
			buf_add(&set->ours_text,
			    store_view_body(v, &entry, 0, &ok));
		store_view_drop(v);
	}
	store_reader_close(r);
	if (!ok)
		return err_set(e, ERR_MISSING,
		    "\"%s\" is not signed: build it with --sync-key",
		    set->store);
	return sync_head_parse(buf_slice(&set->ours_text), &set->ours, e);
}

/* --- asking -------------------------------------------------------------- */

static void
ask(struct settings *set, const char *url, struct mirror_state *out)
{
	struct sync_head head;
	struct buf answer;

	*out = (struct mirror_state){ .url = url, .state = SILENT };
	buf_init(&answer, SYNC_HEAD_MAX);
	set->args.source = url;
	if (source_get(&set->args, "since/0", &answer, &out->why) ==
	    SOURCE_GOT) {
		out->state = WRONG;
		if (sync_head_parse(buf_slice(&answer), &head, &out->why) ==
		    0) {
			out->serial = head.serial;
			out->time_s = head.time_s;
			if (!sync_head_check(
				buf_slice(&answer), &head, &set->args.key))
				err_set(&out->why, ERR_INVALID,
				    "not signed by the site's key");
			else if (!slice_eq(head.name, set->ours.name))
				err_set(&out->why, ERR_INVALID,
				    "a mirror of another site");
			else
				out->state = head.serial == set->ours.serial
				    ? CURRENT
				    : BEHIND;
		}
	}
	buf_release(&answer);
	/* What is new has had no time to get there yet. */
	if (out->state == BEHIND &&
	    set->args.now_s - set->ours.time_s < GRACE_S &&
	    out->serial + 1 >= set->ours.serial)
		out->state = CURRENT;
}

static void
tell(const struct settings *set, const struct mirror_state *m)
{
	char day[DATE_RFC3339_BYTES + 1];
	struct date d = date_from_unix(m->time_s);

	d.has_time = true;
	date_format_rfc3339(&d, day);
	switch (m->state) {
	case CURRENT:
	case BEHIND:
		printf("%s\t%s\tserial %llu of %llu\t%s\n", m->url,
		    m->serial > set->ours.serial ? "ahead"
			: m->state == CURRENT    ? "current"
						 : "behind",
		    (unsigned long long)m->serial,
		    (unsigned long long)set->ours.serial, day);
		break;
	default:
		printf("%s\t%s\t%s\n", m->url,
		    m->state == SILENT ? "silent" : "wrong", m->why.text);
	}
}

/* --- the pages ----------------------------------------------------------- */

/* The program's word in `lang`, unless capsule.yaml has another. */
static struct slice
word_in(const struct catalog *c, struct slice lang, enum word w)
{
	struct slice main = slice_upto(lang, slice_find(lang, '-'));
	struct slice text = slice_cstr(words_for(lang)->word[w]);

	for (size_t i = 0; i < c->word_count; i++) {
		const struct catalog_word *o = &c->words[i];

		if (!slice_eq_cstr(o->name, words_name(w)))
			continue;
		if (slice_eq(o->lang, lang))
			return o->text;
		if (slice_eq(o->lang, main))
			text = o->text;
	}
	return text;
}

/* Days and not minutes, so that it seldom changes. */
static void
add_line(struct buf *page, const struct catalog *c, struct slice lang,
    const struct mirror_state *m)
{
	static const enum word words[] = {
		[CURRENT] = WORD_MIRROR_CURRENT,
		[BEHIND] = WORD_MIRROR_BEHIND,
		[SILENT] = WORD_MIRROR_SILENT,
		[WRONG] = WORD_MIRROR_WRONG,
	};
	struct slice text = word_in(c, lang, words[m->state]);
	char day[DATE_DAY_BYTES + 1];
	struct date d = date_from_unix(m->time_s);

	date_format_day(&d, day);
	buf_addf(page, "- <%s>\n  %.*s", m->url, SLICE_FMT(text));
	if (m->state == BEHIND)
		buf_addf(page, " %s", day);
	buf_add_char(page, '\n');
}

static struct slice
language(const struct catalog *c, size_t i)
{
	return i ? c->languages.items[i] : catalog_lang(c);
}

/* The page in language number `i`, its front matter naming the others. */
static void
make_page(struct buf *page, const struct settings *set, const struct catalog *c,
    const struct mirror_state *all, size_t i)
{
	const char *slash = strrchr(set->page, '/');
	struct slice name = slice_cstr(slash ? slash + 1 : set->page);
	struct slice lang = language(c, i);
	bool any = false;

	own_page_begin(page, "qasid mirrors");
	buf_addf(page, "title: %.*s\nlang: %.*s\n",
	    SLICE_FMT(word_in(c, lang, WORD_MIRRORS)), SLICE_FMT(lang));
	for (size_t k = 0; k < c->languages.count; k++) {
		if (k == i)
			continue;
		buf_addf(page, "%s%.*s: ", any ? ", " : "translations: {",
		    SLICE_FMT(language(c, k)));
		own_page_add_name(page, name, language(c, k), k == 0);
		any = true;
	}
	buf_addf(page, "%s---\n\n%.*s\n\n", any ? "}\n" : "",
	    SLICE_FMT(word_in(c, lang, WORD_MIRRORS_ARE)));
	for (size_t k = 0; k < c->mirrors.count; k++)
		add_line(page, c, lang, &all[k]);
}

/* All of them are looked at before the first is written. */
static int
write_pages(const struct settings *set, const struct catalog *c,
    const struct mirror_state *all, struct err *e)
{
	size_t count = c->languages.count ? c->languages.count : 1;
	struct buf page, path;
	int r = 0;

	buf_init(&page, PAGE_MAX);
	buf_init(&path, 4096);
	for (size_t n = 0; n < 2 * count && r == 0; n++) {
		size_t i = n % count;
		const char *name;

		buf_clear(&page);
		buf_clear(&path);
		make_page(&page, set, c, all, i);
		own_page_add_name(
		    &path, slice_cstr(set->page), language(c, i), i == 0);
		name = buf_cstr(&path);
		r = !name || buf_failed(&page)
		    ? err_memory(e)
		    : own_page_write(name, "qasid mirrors", buf_slice(&page),
			  n >= count, e);
	}
	buf_release(&path);
	buf_release(&page);
	return r;
}

static int
ask_all(struct settings *set, const struct catalog *catalog, struct err *e)
{
	size_t count = catalog->mirrors.count;
	struct mirror_state *all = mem_calloc(count + 1, sizeof(*all));
	int r = 0;

	if (!all)
		return err_memory(e);
	for (size_t i = 0; i < count; i++) {
		ask(set, catalog->mirrors.items[i].ptr, &all[i]);
		tell(set, &all[i]);
	}
	if (set->page)
		r = write_pages(set, catalog, all, e);
	mem_free(all);
	return r;
}

static int
run(struct settings *set, struct err *e)
{
	struct catalog catalog;
	struct arena arena;
	struct buf text;
	int fd = open(set->content, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = -1;

	if (fd < 0)
		return err_errno(e, "open", set->content);
	arena_init(&arena, (size_t)4 * CATALOG_MAX);
	buf_init(&text, CATALOG_MAX + 1);
	buf_init(&set->ours_text, SYNC_HEAD_MAX);
	if (io_read_below(fd, "capsule.yaml", CATALOG_MAX, &text, NULL, e) ==
		0 &&
	    catalog_parse(
		&arena, buf_slice(&text), "capsule.yaml", &catalog, e) == 0 &&
	    read_ours(set, e) == 0)
		r = ask_all(set, &catalog, e);
	buf_release(&set->ours_text);
	buf_release(&text);
	arena_release(&arena);
	close(fd);
	return r;
}

/* --- arguments ----------------------------------------------------------- */

static int
set_option(struct settings *set, int c, const char *arg)
{
	switch (c) {
	case 'k':
		set->key = arg;
		return sign_key_parse(slice_cstr(arg), &set->args.key);
	case 's':
		set->store = arg;
		return 0;
	case 'p':
		set->page = arg;
		return 0;
	case 'c':
		return args_connect(
		    arg, set->args.connect_host, &set->args.opts);
	case 'C':
		return args_seconds(arg, &set->args.opts.connect_ms);
	case 'I':
		return args_seconds(arg, &set->args.opts.idle_ms);
	default:
		return -1;
	}
}

int
cmd_mirrors(int argc, char **argv)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "store", required_argument, NULL, 's' },
		{ "page", required_argument, NULL, 'p' },
		{ "connect", required_argument, NULL, 'c' },
		{ "connect-timeout", required_argument, NULL, 'C' },
		{ "idle-timeout", required_argument, NULL, 'I' },
		{ NULL, 0, NULL, 0 },
	};
	struct settings set = { .content = "content",
		.store = "store",
		.args = { .budget = UINT64_MAX,
		    .now_s = time(NULL),
		    .opts = { .trust = FETCH_ANY } } };
	struct err e = ERR_INIT;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (set_option(&set, c, optarg) < 0)
			return usage();
	if (!set.key || argc - optind > 1)
		return usage();
	if (optind < argc)
		set.content = argv[optind];
	signal(SIGPIPE, SIG_IGN);
	return run(&set, &e) < 0 ? fail(&e) : CMD_FINE;
}
