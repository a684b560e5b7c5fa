#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "config/config.h"
#include "replies/inbox.h"
#include "replies/letter.h"

#include "cmd/cmd.h"

enum {
	SHOWN_LETTERS = 60, /* of a reply in the list */
	FOLDER_MODE = 0755,
	FILE_MODE = 0644,
};

struct replies_args {
	const char *file, *inbox, *content, *name;
	char **ids;
	size_t id_count;
};

/* The names of what waits, oldest first. */
struct waiting {
	char (*names)[LETTER_NAME_MAX];
	size_t count, room;
};

/* A reply of the inbox, read. */
struct opened {
	struct letter letter;
	struct letter_name parts;
	struct buf bytes; /* that both point into */
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid replies [-c qasid.yaml] [--inbox DIR] list\n"
	    "       qasid replies ... show ID ...\n"
	    "       qasid replies ... [--content DIR] [--name NAME] accept "
	    "ID ...\n"
	    "       qasid replies ... reject ID ...\n");
	return CMD_USAGE;
}

/* --- what waits ---------------------------------------------------------- */

static int
add_name(void *ctx, struct slice name)
{
	struct waiting *w = ctx;

	if (name.len >= LETTER_NAME_MAX)
		return 0;
	if (w->count == w->room) {
		size_t room = w->room ? 2 * w->room : 64;
		char(*names)[LETTER_NAME_MAX] =
		    mem_calloc(room, sizeof(*names));

		if (!names)
			return 1;
		if (w->count)
			memcpy(names, w->names, w->count * sizeof(*names));
		mem_free(w->names);
		w->names = names;
		w->room = room;
	}
	memcpy(w->names[w->count], name.ptr, name.len);
	w->names[w->count++][name.len] = 0;
	return 0;
}

/* By time, then by article. */
static int
by_time(const void *a, const void *b)
{
	struct letter_name x, y;
	int order;

	if (!letter_name_parse(slice_cstr(a), &x) ||
	    !letter_name_parse(slice_cstr(b), &y))
		return strcmp(a, b);
	order = slice_cmp(x.stamp, y.stamp);
	return order ? order : strcmp(a, b);
}

static int
load(struct waiting *w, int inbox, struct err *e)
{
	int r = inbox_each(inbox, add_name, w, e);

	if (r > 0)
		return err_memory(e);
	if (r == 0 && w->count)
		qsort(w->names, w->count, sizeof(*w->names), by_time);
	return r;
}

/* The one that `id` begins; NULL and *e where it is none or several. */
static const char *
find(const struct waiting *w, const char *id, struct err *e)
{
	const char *found = NULL;

	for (size_t i = 0; i < w->count; i++) {
		struct letter_name parts;

		if (!letter_name_parse(slice_cstr(w->names[i]), &parts) ||
		    !slice_starts(parts.id, slice_cstr(id)))
			continue;
		if (found) {
			err_set(e, ERR_INVALID, "\"%s\" begins several", id);
			return NULL;
		}
		found = w->names[i];
	}
	if (!found)
		err_set(e, ERR_MISSING, "no reply \"%s\" is waiting", id);
	return found;
}

static void
opened_release(struct opened *o)
{
	buf_release(&o->bytes);
}

/* Cleaned again: whoever reads it sits at a terminal. */
static int
open_reply(int inbox, const char *name, struct opened *o, struct err *e)
{
	struct buf raw;
	int r;

	buf_init(&raw, LETTER_FILE_MAX + 4096);
	buf_init(&o->bytes, (size_t)4 * LETTER_FILE_MAX);
	r = io_read_below(inbox, name, LETTER_FILE_MAX, &raw, NULL, e);
	if (r == 0) {
		letter_clean(&o->bytes, buf_slice(&raw));
		if (buf_failed(&o->bytes))
			r = err_memory(e);
		else if (letter_parse(buf_slice(&o->bytes), &o->letter) < 0 ||
		    !letter_name_parse(slice_cstr(name), &o->parts))
			r = err_at(e, name, 0, 0, "this is no reply");
	}
	buf_release(&raw);
	return r;
}

/* --- list and show ------------------------------------------------------- */

static void
print_line(const struct opened *o)
{
	struct slice text = o->letter.text;
	size_t at = 0, letters = 0;

	while (at < text.len && letters++ < SHOWN_LETTERS) {
		uint32_t cp;
		size_t n = utf8_decode(text.ptr + at, text.len - at, &cp);

		at += n ? n : 1;
	}
	printf("%.*s  %.*s  /articles/%.*s  ", SLICE_FMT(o->parts.id),
	    SLICE_FMT(o->parts.stamp), SLICE_FMT(o->parts.slug));
	for (size_t i = 0; i < at; i++)
		putchar(text.ptr[i] == '\n' ? ' ' : text.ptr[i]);
	putchar('\n');
}

static int
list(int inbox, const struct waiting *w, const struct replies_args *args,
    struct err *e)
{
	if (args->id_count)
		return err_set(e, ERR_INVALID, "list takes no ID");
	for (size_t i = 0; i < w->count; i++) {
		struct opened o;
		int r = open_reply(inbox, w->names[i], &o, e);

		if (r == 0)
			print_line(&o);
		opened_release(&o);
		if (r < 0)
			return -1;
	}
	return 0;
}

static int
show(int inbox, const struct waiting *w, const struct replies_args *args,
    struct err *e)
{
	for (size_t i = 0; i < args->id_count; i++) {
		const char *name = find(w, args->ids[i], e);
		struct opened o;
		int r;

		if (!name)
			return -1;
		r = open_reply(inbox, name, &o, e);
		if (r == 0)
			printf("%s%.*s  %.*s  /articles/%.*s\n\n%.*s",
			    i ? "\n" : "", SLICE_FMT(o.parts.id),
			    SLICE_FMT(o.parts.stamp), SLICE_FMT(o.parts.slug),
			    SLICE_FMT(o.letter.text));
		opened_release(&o);
		if (r < 0)
			return -1;
	}
	return 0;
}

/* --- accept and reject --------------------------------------------------- */

static int
remove_all(int inbox, const struct waiting *w, const struct replies_args *args,
    struct err *e)
{
	for (size_t i = 0; i < args->id_count; i++) {
		const char *name = find(w, args->ids[i], e);

		if (!name)
			return -1;
		if (unlinkat(inbox, name, 0) < 0)
			return err_errno(e, "remove", name);
	}
	return 0;
}

static int
reject(int inbox, const struct waiting *w, const struct replies_args *args,
    struct err *e)
{
	for (size_t i = 0; i < args->id_count; i++)
		if (!find(w, args->ids[i], e))
			return -1;
	return remove_all(inbox, w, args, e);
}

/* The folder `path` below `at`, made where it is missing; -1 and *e. */
static int
open_folder(int at, const char *path, struct err *e)
{
	int fd;

	if (mkdirat(at, path, FOLDER_MODE) < 0 && errno != EEXIST)
		return err_errno(e, "make", path);
	fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		err_errno(e, "open", path);
	return fd;
}

/* Writes `bytes` to CONTENT/replies/SLUG/NAME. */
static int
put(const char *content, const struct letter_name *to, struct slice bytes,
    struct err *e)
{
	int top = open(content, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int replies = -1, folder = -1, r = -1;
	char path[LETTER_PATH_MAX], slug[LETTER_SLUG_MAX + 1];

	snprintf(slug, sizeof(slug), "%.*s", SLICE_FMT(to->slug));
	if (top < 0)
		err_errno(e, "open", content);
	else if (letter_path_make(path, to) < 0)
		err_set(e, ERR_INVALID, "this is no reply");
	else if ((replies = open_folder(top, "replies", e)) >= 0 &&
	    (folder = open_folder(replies, slug, e)) >= 0)
		r = io_write_file(
		    folder, strrchr(path, '/') + 1, bytes, FILE_MODE, e);
	if (r == 0)
		printf("%s/%s\n", content, path);
	if (folder >= 0)
		close(folder);
	if (replies >= 0)
		close(replies);
	if (top >= 0)
		close(top);
	return r;
}

/* Adds the text of reply `i`; the first gives the file its name and date. */
static int
join(int inbox, const char *name, size_t i, struct opened *first,
    struct buf *text, struct err *e)
{
	struct opened next = { .parts = { .slug = SLICE_NONE } };
	struct opened *o = i ? &next : first;
	int r = open_reply(inbox, name, o, e);

	if (r == 0 && !slice_eq(o->parts.slug, first->parts.slug))
		r = err_set(e, ERR_INVALID,
		    "replies to two articles cannot be one reply");
	if (r == 0) {
		if (i)
			buf_add_char(text, '\n');
		buf_add(text, o->letter.text);
	}
	if (i)
		opened_release(&next);
	return r;
}

static int
accept_all(int inbox, const struct waiting *w, const struct replies_args *args,
    struct err *e)
{
	struct opened first = { .parts = { .slug = SLICE_NONE } };
	struct buf text, name, bytes;
	int r = 0;

	buf_init(&text, LETTER_FILE_MAX);
	buf_init(&name, 4096);
	buf_init(&bytes, LETTER_FILE_MAX);
	letter_clean(&name, slice_cstr(args->name));
	for (size_t i = 0; i < args->id_count && r == 0; i++) {
		const char *file = find(w, args->ids[i], e);

		r = file ? join(inbox, file, i, &first, &text, e) : -1;
	}
	if (r == 0) {
		first.letter.text = buf_slice(&text);
		first.letter.name = slice_trim(buf_slice(&name));
		if (slice_find(first.letter.name, '\n') < first.letter.name.len)
			r = err_set(e, ERR_INVALID, "a name is one line");
	}
	if (r == 0) {
		letter_write(&bytes, &first.letter);
		r = buf_failed(&bytes) || buf_failed(&text) || buf_failed(&name)
		    ? err_set(e, ERR_LIMIT, "together they are too long")
		    : put(args->content, &first.parts, buf_slice(&bytes), e);
	}
	if (r == 0)
		r = remove_all(inbox, w, args, e);
	if (args->id_count)
		opened_release(&first);
	buf_release(&text);
	buf_release(&name);
	buf_release(&bytes);
	return r;
}

/* --- all ----------------------------------------------------------------- */

static const struct verb {
	const char *name;
	int (*run)(int inbox, const struct waiting *w,
	    const struct replies_args *args, struct err *e);
	bool wants_ids;
} verbs[] = {
	{ "list", list, false },
	{ "show", show, true },
	{ "accept", accept_all, true },
	{ "reject", reject, true },
};

static const struct verb *
parse_args(struct replies_args *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "inbox", required_argument, NULL, 'i' },
		{ "content", required_argument, NULL, 'd' },
		{ "name", required_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (opt == 'c')
			args->file = optarg;
		else if (opt == 'i')
			args->inbox = optarg;
		else if (opt == 'd')
			args->content = optarg;
		else if (opt == 'n')
			args->name = optarg;
		else
			return NULL;
	}
	if (optind == argc)
		return NULL;
	args->ids = argv + optind + 1;
	args->id_count = (size_t)(argc - optind - 1);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (!strcmp(argv[optind], verbs[i].name))
			return verbs[i].wants_ids && !args->id_count
			    ? NULL
			    : &verbs[i];
	return NULL;
}

static int
open_inbox(struct config *c, const struct replies_args *args, struct err *e)
{
	const char *path = args->inbox, *file = args->file;
	int fd;

	if (!path && !file && access("qasid.yaml", F_OK) == 0)
		file = "qasid.yaml";
	if (!path && file && config_read(c, file, e) < 0)
		return -1;
	if (!path)
		path = c->inbox;
	if (!*path)
		return err_set(e, ERR_MISSING,
		    "no inbox: give --inbox or set \"replies.inbox\"");
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err_errno(e, "open", path);
	return fd;
}

int
cmd_replies(int argc, char **argv)
{
	struct replies_args args = { .content = "content", .name = "" };
	const struct verb *verb = parse_args(&args, argc, argv);
	struct waiting w = { .names = NULL };
	struct err e = ERR_INIT;
	struct config c = { 0 };
	int inbox, r;

	if (!verb)
		return usage();
	r = config_init(&c, &e);
	inbox = r == 0 ? open_inbox(&c, &args, &e) : -1;
	r = inbox < 0 ? -1 : load(&w, inbox, &e);
	if (r == 0)
		r = verb->run(inbox, &w, &args, &e);
	if (r < 0) {
		struct buf text;

		buf_init(&text, 4096);
		err_format(&text, &e);
		fprintf(stderr, "qasid: %.*s\n", SLICE_FMT(buf_slice(&text)));
		buf_release(&text);
	}
	if (inbox >= 0)
		close(inbox);
	mem_free(w.names);
	config_release(&c);
	return r < 0 ? CMD_FAILED : CMD_FINE;
}
