/*
 * site_internal.h: what the files of site/ share: the site as one build sees
 * it.
 *
 * A build goes through these steps, each in a file of its own:
 *
 *	tree.c     which files there are, in what state
 *	unchanged.c  if all is as it was, nothing more is done
 *	records.c  what the last build knew of them
 *	read.c     new and changed files are read, in helpers: a record each
 *	plan.c     records -> documents: what is published, where, and the
 *	           digest of all that goes into each
 *	terms.c    the categories, tags, authors, series and languages of all
 *	relate.c   which document comes next, which ones say the same
 *	convert.c  documents whose digest is new are converted, in helpers
 *	pages.c    which pages the program makes of many documents
 *	make.c     those of them whose digest is new are made
 *	wellknown.c  robots.txt and its kin
 *	output.c   what came out goes into the store; what is no longer
 *	           planned goes out of it
 *	build.c    the order of all this
 *
 * Content paths ("articles/2026/x.md") and addresses ("/articles/x.gmi") are
 * two things; a variable is called path or address after what it holds.
 */
#ifndef SITE_SITE_INTERNAL_H
#define SITE_SITE_INTERNAL_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "content/article.h"
#include "content/catalog.h"
#include "render/words.h"
#include "site/tree.h"

struct copy;
struct diag;
struct err;
struct md_node;
struct render_target;
struct site_opts;
struct store_writer;

enum source_kind {
	SOURCE_ARTICLE,
	SOURCE_PAGE,
	SOURCE_FILE,
};

/* A file of the content tree. */
struct source {
	const struct tree_file *file;
	enum source_kind kind;
	bool stale;   /* to be read: new, changed, or refused the last time */
	bool refused; /* what it holds now is not published, or not wholly */
	bool is_old;  /* so payload is of its last good state */
	bool named;   /* FILE: some page leads to it */
	bool stored;  /* FILE: its body was put by this build */
	bool is_done; /* converted by this build */
	bool is_indexed; /* its words went to the search index, too */
	/* What is known of it: now, and at the last build; may be empty. */
	struct slice payload, old_payload;
	struct io_stamp stamp; /* of the bytes that payload tells of */
	int64_t looked_ns;     /* when they were read, since 1970 */
	struct slice messages; /* of reading and converting; packed */
	struct slice
	    unit; /* what became of it, this time or the last; packed */
	/* FILE, of payload: */
	struct slice media;
	struct hash hash;
	/* Not FILE: the document, once planned; NULL: nothing is published. */
	struct doc *doc;
	struct doc *draft; /* a draft's, not settled; see plan_settle() */
};

enum term_kind {
	TERM_CATEGORY,
	TERM_TAG,
	TERM_AUTHOR,
	TERM_SERIES,
	TERM_LANG,
	TERM_KINDS
};

/* How an article spells a term. */
struct term_name {
	struct term_name *next;
	struct slice lang, text;
};

/* A category, tag, author, series or language, under one slug. */
struct term {
	enum term_kind kind;
	struct slice slug;
	struct slice address;             /* "/tag/water/" */
	const struct catalog_name *known; /* as capsule.yaml has it, or NULL */
	struct term_name
	    *names; /* one a language, the oldest article's first */
	const struct fm_person *person; /* AUTHOR: with a url or bio, or NULL */
	struct slice lang;              /* of its own page */
	struct doc **docs;              /* published articles, newest first */
	size_t count;
};

/* A term that a document has. */
struct doc_term {
	struct term *term;
	struct slice text; /* as it stands there */
	size_t at;         /* the document's place in term->docs */
};

enum {
	RELATED_MAX = 5 /* articles named in the foot of another */
};

/* A document that is published, withdrawn, or a draft being checked. */
struct doc {
	struct source *source;
	struct article art;
	struct slice slug, lang;
	struct slice address; /* "/articles/x": what all its own begin with */
	unsigned day;         /* 20260131; 0: no date */
	int64_t instant_s;    /* of the date; where there is one */
	bool is_withdrawn;
	struct slice *aliases; /* addresses that lead to it */
	size_t alias_count;
	/*
	 * What digests hold of it, packed in one piece: they are made of many
	 * documents, and each slice would be a cache line of its own.
	 */
	struct slice named; /* what another's foot shows; by plan_documents() */
	struct slice shown; /* what an index shows; by pages_show() */
	uint64_t size;      /* bytes of its gemtext, once it is converted */
	uint64_t words;     /* to read, then */
	struct slice kilo;  /* the same for people: "4.2 KB"; by pages_show() */
	struct doc_term *terms;
	size_t term_count;
	struct doc *newer, *older; /* articles in its language, or NULL */
	struct doc **others;       /* the same in other languages */
	size_t other_count;
	struct doc *related[RELATED_MAX]; /* as far as not NULL */
	struct source **replies;          /* files, in the order shown */
	size_t reply_count;
	const struct term *language; /* of an article */
	/* Of relate.c: */
	long days; /* of its date, to tell how far apart two are */
	struct doc *group, *next; /* its translations: their first, a ring */
	unsigned stamp, score;
};

/* What stands at an address, extension aside. */
struct place {
	struct slice address;
	struct doc *doc;
	bool is_alias;
};

enum index_kind {
	INDEX_HOME,
	INDEX_ARTICLES,
	INDEX_ARCHIVE,
	INDEX_YEAR,
	INDEX_TERMS, /* all of a kind */
	INDEX_TERM,
	INDEX_FEED,
	INDEX_ATOM,
	INDEX_OFFLINE, /* made by offline.c */
	INDEX_HELP,
};

/* What stands at an index's address over each protocol. */
enum index_form {
	FORM_FOLDER, /* "/x/": gemtext; "/x": menu */
	FORM_PAGE,   /* "/x.gmi": gemtext; "/x": menu */
	FORM_FEED,   /* "/x.gmi": gemtext; "/x.txt": text */
	FORM_GEMINI, /* Gemini alone */
};

/* A page that the program makes of many documents or terms. */
struct index {
	enum index_kind kind;
	enum index_form form;
	struct slice address; /* over Gemini: "/archive/2026/" */
	struct slice lang;
	struct doc **docs; /* those it lists, in its order */
	size_t count;
	struct term *term; /* that it is of; NULL: of all articles */
	enum term_kind terms_kind;
	struct term **terms; /* TERMS: those it lists */
	size_t term_count;
	struct slice up;     /* the address of what it is part of */
	struct slice year;   /* YEAR */
	size_t year_count;   /* how many the whole year has */
	size_t page, pages;  /* from 1 */
	struct slice before; /* addresses of the pages around; may be empty */
	struct slice after;
	struct index **years; /* the first pages of its years */
	size_t years_count;
	struct slice unit;
};

/* The index that readers search, in the making: searching.c. */
struct searching {
	bool is_fresh;              /* all documents go into it */
	struct search_index *index; /* NULL: nothing has changed so far */
	struct slice current;       /* of the last edition; may be empty */
	struct buf dropped;         /* content paths, packed; not yet told */
};

struct site {
	const struct site_opts *opts;
	struct store_writer *store;
	struct arena arena; /* lives as long as the build */
	int content_fd;
	struct catalog catalog;
	struct hash base_hash; /* program and capsule.yaml: in every digest */
	struct slice capsule;  /* capsule.yaml, as it is in use */
	bool capsule_is_old;   /* it is that of the last edition */
	bool wants_old_capsule;
	size_t capsule_losses; /* published articles that it cannot keep */
	/*
	 * Of all that a link can lead to.  While it is that of the last build,
	 * no link of an unchanged document leads elsewhere.
	 */
	struct hash map_hash;
	bool map_is_old;
	bool heads_are_old;  /* and titles, dates, terms of all documents are */
	struct words *words; /* of the catalogue's overrides; see words_in */
	struct slice *word_langs;
	size_t word_count;
	struct tree tree;
	struct source *sources; /* one a file, in the tree's order */
	size_t source_count;
	struct doc **docs; /* all, in the order of their paths */
	size_t doc_count;
	struct doc **articles; /* published ones, newest first */
	size_t article_count;
	struct doc **pages; /* published ones, by address */
	size_t page_count;
	struct place *places; /* sorted by address */
	size_t place_count;
	struct term_table *term_table;   /* all terms ever met */
	struct term **terms[TERM_KINDS]; /* those with articles, by slug */
	size_t term_counts[TERM_KINDS];
	struct index **indexes; /* sorted by address */
	size_t index_count, index_room;
	struct buf dropped;   /* keys that lost their page, packed */
	struct buf put_units; /* records of indexes put by this build, packed */
	struct copy *copies;  /* offered for reading offline, by address */
	size_t copy_count;
	/* Of unchanged.c: */
	int64_t last_s;        /* the last edition's time; 0: none */
	int64_t looked_ns;     /* when the tree was walked */
	int64_t until_s;       /* what is made holds until then */
	struct hash tree_hash; /* of the state of all files */
	bool is_doubtful;      /* a file's times may hide a change */
	unsigned long told;    /* messages of the walk */
	bool is_copying;       /* copies are made in this run */
	bool wants_copies;     /* another run should make some */
	struct diag *diag;
	unsigned long converted, refused;
	struct searching searching;
};

/* --- build.c ------------------------------------------------------------- */

/* An empty site; what `opts` points to must outlive it. */
void site_init(struct site *site, const struct site_opts *opts);
void site_release(struct site *site);
/* Opens the content folder and reads capsule.yaml. */
int site_open(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/* --- capsule.c ------------------------------------------------------------ */

/*
 * Reads capsule.yaml, or takes that of the last edition: where it is missing,
 * empty or wrong, which is told, and where site->wants_old_capsule.
 */
int capsule_load(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/* Counts what `s` holds, if it was published: it is about to be refused. */
void capsule_note_loss(struct site *site, const struct source *s);
/*
 * Whether it takes published articles away, which is told: then the build
 * begins again with that of the last edition.
 */
bool capsule_must_stay(struct site *site);
/* Keeps it for the next build. */
int capsule_keep(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/* --- build.c, again ------------------------------------------------------- */

/* Finds the files. */
int site_scan(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/* --- program.c ------------------------------------------------------------ */

/* What tells this program from one that may make other pages. */
int program_hash(struct hash *out, struct err *e)
    __attribute__((warn_unused_result));

/* --- messages.c ---------------------------------------------------------- */

/* A diag sink that packs items into a buffer; its ctx is the buffer. */
struct diag_item;
void messages_pack(void *ctx, const struct diag_item *item);
/* Reports packed items of `file`. */
void messages_tell(struct diag *d, const char *file, struct slice packed);

/* --- records.c ----------------------------------------------------------- */

struct unit {
	struct hash digest;      /* of what it is made of itself */
	struct hash deps_digest; /* of what its links led to */
	uint64_t size;
	struct slice deps; /* packed content paths and addresses */
	struct slice keys; /* packed store keys */
	uint64_t words;    /* of a document's body and summary */
};

/*
 * Fills site->sources from the tree and the store's records; records of what is
 * no more are deleted, and the keys they had noted as dropped.  Without a store
 * all sources are new, and nothing is written.
 */
int records_load(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/* Writes the record of a file that was read. */
int records_put_source(struct site *site, const struct source *s, struct err *e)
    __attribute__((warn_unused_result));
/*
 * The time as file systems stamp it, since 1970, and whether a file that was
 * looked at then may have changed again since without its times showing it.
 */
int64_t records_now_ns(void);
bool records_is_racy(const struct io_stamp *stamp, int64_t looked_ns);
/* FILE: media and hash out of the payload, and into one. */
int records_open_file(struct source *s);
void records_pack_file(struct buf *out, const struct source *s);

int unit_decode(struct slice bytes, struct unit *out);
void unit_encode(struct buf *out, const struct unit *u);
/* The next of packed texts; false at the end. */
bool unit_next(struct slice *packed, struct slice *out);

/* --- read.c -------------------------------------------------------------- */

int read_sources(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/* --- document.c ---------------------------------------------------------- */

/* One source text, parsed; it lives in `arena` and in the bytes given. */
struct document {
	struct article art;
	struct slice text;    /* sanitised */
	struct md_node *tree; /* the body; NULL when only asked for the head */
};

/* When the first heading of level 1 is the title that the head lacks. */
enum promote {
	PROMOTE_NEVER,
	PROMOTE_WITH_HEAD, /* where there is front matter */
	PROMOTE_ALWAYS,
};

/*
 * With `whole` false the body is parsed only where the title must come from it.
 */
struct document_opts {
	const char *file;
	struct diag *diag;
	enum promote promote;
	bool whole;
	bool again;                     /* bytes and head were told of before */
	const struct frontmatter *head; /* as it was read before, or NULL */
};
int document_parse(struct arena *arena, struct slice bytes,
    const struct document_opts *opts, struct document *out, struct err *e)
    __attribute__((warn_unused_result));

/*
 * *out: the words of `n` and what is below it as one line, up to 1 KB of them,
 * in the arena; -1 when memory ends.
 */
int document_words(struct arena *arena, const struct md_node *n,
    struct slice *out) __attribute__((warn_unused_result));

/* --- head.c -------------------------------------------------------------- */

/* What the head and tail of a document say, in its own language. */
struct head {
	const struct article *art;
	const struct catalog *catalog; /* may be NULL */
	const struct words *words;
	struct slice lang;
	bool has_foot; /* which has our own translations, and the licence */
};

/* Puts title, byline, dates, terms and summary before the body. */
int head_add(struct arena *a, struct md_node *doc, const struct head *h);
/* Adds translations, attachments and author links behind it. */
int head_add_tail(struct arena *a, struct md_node *doc, const struct head *h);

/* --- words.c ------------------------------------------------------------- */

/* Applies the catalogue's overrides of the program's own words. */
int words_load(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/* The program's words in `lang`. */
const struct words *words_in(const struct site *site, struct slice lang);

/* --- plan.c -------------------------------------------------------------- */

/*
 * Makes documents of the sources, and lists the indexes.  Called again after a
 * source was refused: all documents are then made anew.
 */
int plan_documents(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/*
 * What a source holds now is not to be published: it goes back to its last good
 * state, or out of the edition when it has none.
 */
int plan_refuse(struct site *site, struct source *s, struct err *e)
    __attribute__((warn_unused_result));
/*
 * What an alias stands for besides itself: the address without the slash that
 * it may end with.
 */
struct slice plan_alias_stem(struct slice alias);
/* Adds a message about `s`, told when the build ends. */
void plan_say(struct site *site, struct source *s, const struct err *why);
/* Finds slug, address, language and terms; -1 and *e: not to be published. */
int plan_settle(struct site *site, struct doc *d, struct err *e)
    __attribute__((warn_unused_result));

/* The file at `path`; NULL: none. */
struct source *plan_find_source(const struct site *site, struct slice path);
/* The document at `address`, without extension; NULL: none. */
struct doc *plan_find_doc(const struct site *site, struct slice address);
/*
 * Whether `d` and all that its foot shows are what they were at the last build:
 * its digest need not be made, and what it is related to is not looked for.
 */
bool plan_is_as_before(const struct site *site, const struct doc *d);
/* The digest of what `d` is made of itself. */
int plan_digest(const struct site *site, const struct doc *d, struct hash *out)
    __attribute__((warn_unused_result));
/* The digest of what the links of `d`, named in `deps`, lead to. */
int plan_deps_digest(const struct site *site, const struct doc *d,
    struct slice deps, struct hash *out) __attribute__((warn_unused_result));
/* Keeps the site's map for the next build. */
int plan_keep_map(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/* --- terms.c ------------------------------------------------------------- */

/*
 * Finds the terms of `d`; -1 and *e, with its place, when one of them can have
 * no address or has that of another.
 */
int terms_settle(struct site *site, struct doc *d, struct err *e)
    __attribute__((warn_unused_result));
/* Lists the terms of the published articles, and the articles of each. */
int terms_plan(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
void terms_release(struct site *site);
/* The term of a language; NULL: nothing is published in it. */
const struct term *terms_lang(const struct site *site, struct slice lang);
/* The name to show in `lang`. */
struct slice term_name(const struct term *t, struct slice lang);
/* Its description or biography in `lang`, and its URL; may be empty. */
struct slice term_about(const struct term *t, struct slice lang);
struct slice term_url(const struct term *t);
/* "/tag/" of TERM_TAG; static. */
const char *term_folder(enum term_kind kind);
/* The program's word for one of them, and for many. */
enum word term_word(enum term_kind kind);
enum word term_words(enum term_kind kind);

/* --- relate.c ------------------------------------------------------------ */

/* Sets newer, older, others and related of each document. */
int relate_documents(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/* --- links.c ------------------------------------------------------------- */

enum links_form {
	LINKS_GEMINI,
	LINKS_GEMTEXT_ON_GOPHER,
	LINKS_GOPHER, /* texts and menus */
};

struct links {
	const struct site *site;
	const struct doc *doc; /* NULL: a page of the program's own */
	struct slice address;  /* of the page: its folder matters */
	const struct words *words;
	enum links_form form;
	struct buf path, uri, menu, text;
};

/*
 * What the program's own pages link to is an address, never a file: hrefs with
 * this in front, "qasid:/articles/x.md".
 */
#define LINKS_OWN "qasid:"
/*
 * A page of ours, not looked up: "qasid-page:/articles/x/part-2" leads to what
 * has .gmi behind it over Gemini, to the menu, or from a text to the text.
 */
#define LINKS_PAGE "qasid-page:"
/* "qasid-gemini:/articles/x.gmi": a full gemini:// URL of ours. */
#define LINKS_GEMINI_URL "qasid-gemini:"
/* The same with gopher://; a type stands before the selector: "/1/x". */
#define LINKS_GOPHER_URL "qasid-gopher:"
/* "qasid-search:/search": what asks for words. */
#define LINKS_SEARCH "qasid-search:"

/* `address` and `words` must outlive *l. */
void links_init(struct links *l, const struct site *site, const struct doc *d,
    struct slice address, const struct words *words);
void links_release(struct links *l);
/* For render_opts.resolve, with a struct links as its context. */
void links_resolve(
    void *ctx, struct slice href, bool image, struct render_target *out);
/*
 * Walks the tree: tells `diag` what leads nowhere, appends what the document
 * depends on (packed, sorted, each once) to `deps`.
 */
int links_check(struct links *l, const struct md_node *tree, struct diag *diag,
    struct buf *deps, struct err *e) __attribute__((warn_unused_result));
/* Appends what `dep` leads to from `d` now, as bytes for a digest. */
void links_digest(const struct site *site, const struct doc *d,
    struct slice dep, struct buf *out);
/* The file that `dep` leads to from `d`, and its address; NULL: no file. */
struct source *links_file(const struct site *site, const struct doc *d,
    struct slice dep, struct buf *address);
/* What an href of a document is: a document, a file, or neither. */
struct links_target {
	const struct doc *doc; /* also when it is withdrawn */
	struct source *file;   /* that is published with a document */
	struct slice fragment; /* behind the #, as the source has it */
};
void links_find(struct links *l, struct slice href, struct links_target *out);
/* The Gopher item type of a file. */
char links_gopher_type(const struct source *s);

/* The document that the local target `href` is; NULL: none. */
struct doc *links_doc(struct links *l, struct slice href);

/* --- searching.c --------------------------------------------------------- */

void searching_init(struct searching *s);
void searching_release(struct searching *s);
/* Whether this site is searched; what there is to search of the last time. */
bool searching_is_wanted(const struct site *site);
int searching_load(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/* Whether that can be searched, or followed. */
bool searching_is_sound(const struct site *site);
/*
 * Told before documents are converted, that `stale` of all will be: whether
 * those that are not have to be read again for their words.
 */
bool searching_wants_all(struct site *site, size_t stale);
/* Begins the index, where `changes` documents are to be told. */
int searching_begin(struct site *site, size_t changes, struct err *e)
    __attribute__((warn_unused_result));
/* Takes a document's record as job_pack_words() has it; may be empty. */
int searching_put(struct site *site, struct source *s, struct slice record,
    struct err *e) __attribute__((warn_unused_result));
/* The document at the content path `path` is no more. */
int searching_drop(struct site *site, struct slice path, struct err *e)
    __attribute__((warn_unused_result));
/* Finishes the index and names it for the next edition; puts the prompts. */
int searching_finish(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/* Removes the files that no reader of the last two editions needs. */
void searching_sweep(const struct site *site);

/* --- replying.c ---------------------------------------------------------- */

/* Finds the replies of each document. */
int replying_plan(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/* Whether readers of `d` are asked for replies. */
bool replying_is_wanted(const struct site *site, const struct doc *d);

/* --- convert.c ----------------------------------------------------------- */

/* Converts what is new; sources that are refused meanwhile are marked so. */
int convert_documents(struct site *site, bool *again, struct err *e)
    __attribute__((warn_unused_result));

/* --- output.c ------------------------------------------------------------ */

/* What a unit puts into the store: packed by who makes it, taken by who puts. */
struct output {
	char protocol; /* 'g' or 'o' */
	struct slice
	    address;   /* as Gemini has it; the key of 'o' has no last / */
	unsigned kind; /* enum store_kind */
	char gopher_type;
	struct slice media, lang;
	struct slice body;
	bool is_raw;       /* the body is binary: no marks are in it */
	struct slice path; /* the body is this file's; else empty */
};

void output_pack(struct buf *out, const struct output *o);
/* `text` with lines ended by CR LF, and no line that is a lone dot. */
void output_crlf(struct buf *out, struct slice text);
/*
 * Puts all of `outputs`, and the record of the unit `name` ("d/...") with its
 * keys; keys that it had and has no more are noted as dropped.  What a helper
 * made has to be sound, and at addresses of its document: one that was taken
 * over by what it reads can spoil that document alone.
 */
struct output_unit {
	struct slice name, outputs, deps;
	struct slice before; /* its record of the last build; may be empty */
	/* Whose outputs a helper says they are; NULL: they are our own. */
	const struct doc *doc;
	struct hash digest, deps_digest;
	uint64_t size, words;
};
int output_put(struct site *site, const struct output_unit *u,
    struct slice *record, struct err *e) __attribute__((warn_unused_result));
/* Takes a unit out: its keys are noted as dropped. */
int output_drop(struct site *site, struct slice name, struct slice before,
    struct err *e) __attribute__((warn_unused_result));
/* Deletes what was dropped and not put again by this build. */
int output_finish(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/* --- pages.c ------------------------------------------------------------- */

/* Lists the indexes that the planned documents ask for. */
int pages_plan(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/* The index at `address`, last slash aside; NULL: none. */
struct index *pages_find(const struct site *site, struct slice address);

/* --- make.c -------------------------------------------------------------- */

/*
 * Packs what lists show of `d`, once its size is known; -1: memory ended.
 */
int pages_show(struct site *site, struct doc *d)
    __attribute__((warn_unused_result));
/* Puts the indexes whose digest is new, drops those that are no more. */
int pages_make(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/* --- wellknown.c --------------------------------------------------------- */

/* Puts robots.txt, caps.txt, security.txt and favicon.txt. */
int wellknown_make(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

/* --- shared.c ------------------------------------------------------------ */

/* Puts the files of content/files that some page leads to. */
int shared_make(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/* Puts what content/gone says. */
int gone_make(struct site *site, struct err *e)
    __attribute__((warn_unused_result));
/* Tells what is wrong with content/gone. */
int gone_check(struct site *site, struct err *e)
    __attribute__((warn_unused_result));

#endif
