#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "base/io.h"
#include "base/yaml.h"
#include "content/slug.h"
#include "content/text.h"

#include "cmd/cmd.h"

enum {
	ARTICLE_MAX = 64 * 1024, /* bytes */
	PATH_ROOM = 4096,
};

struct new_args {
	const char *content, *lang, *slug, *author;
	struct slice title; /* clean */
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid new [--content DIR] [--lang TAG] [--slug SLUG]\n"
	    "           [--author NAME] TITLE\n");
	return CMD_USAGE;
}

static void
add_line(struct buf *out, const char *key, struct slice value)
{
	buf_addf(out, "%s: ", key);
	yaml_add_scalar(out, value);
	buf_add_char(out, '\n');
}

static int
write_article(
    struct buf *out, const struct new_args *args, const char *slug, int64_t now)
{
	struct date today = date_from_unix(now);
	char day[DATE_DAY_BYTES + 1];
	bool is_own = args->slug != NULL;

	date_format_day(&today, day);
	buf_add_cstr(out, "---\n");
	add_line(out, "title", args->title);
	if (args->author)
		add_line(out, "author", slice_cstr(args->author));
	buf_addf(out, "date: %s\n", day);
	if (args->lang)
		add_line(out, "lang", slice_cstr(args->lang));
	if (is_own)
		add_line(out, "slug", slice_cstr(slug));
	/* Lists and texts of nothing say the same as none. */
	buf_add_cstr(out,
	    "categories: []\ntags: []\nsummary: \"\"\ndraft: true\n---\n\n");
	return buf_failed(out) ? -1 : 0;
}

/* A new file: one that is there is never touched. */
static int
create(const char *path, struct slice bytes, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0)
		return err_errno(e, "create", path);
	if (io_write_all(fd, bytes) < 0) {
		err_errno(e, "write", path);
		close(fd);
		unlink(path);
		return -1;
	}
	if (close(fd) < 0)
		return err_errno(e, "close", path);
	return 0;
}

static int
make(const struct new_args *args, const char *slug, struct err *e)
{
	char path[PATH_ROOM];
	struct stat st;
	struct buf out;
	int rc = -1;

	snprintf(path, sizeof(path), "%s/articles", args->content);
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(e, ERR_MISSING,
		    "no folder \"%s\": qasid init makes a content folder, "
		    "--content names another",
		    path);
	snprintf(path, sizeof(path), "%s/articles/%s.md", args->content, slug);
	buf_init(&out, ARTICLE_MAX);
	if (write_article(&out, args, slug, (int64_t)time(NULL)) < 0)
		err_set(e, ERR_LIMIT, "the title is too long");
	else if ((rc = create(path, buf_slice(&out), e)) == 0) {
		printf("%s\n", path);
		fprintf(stderr,
		    "a draft: take out the line \"draft: true\" to publish "
		    "it\n");
	}
	buf_release(&out);
	return rc;
}

/* The slug given, or the one of the title; NULL and *e when there is none. */
static const char *
slug_of(const struct new_args *args, char room[SLUG_MAX + 1], struct err *e)
{
	if (args->slug && slug_is_valid(slice_cstr(args->slug)))
		return args->slug;
	if (args->slug)
		err_set(e, ERR_INVALID,
		    "\"%s\" is no slug: letters a to z, digits and single "
		    "hyphens between, at most %d",
		    args->slug, SLUG_MAX);
	else if (slug_of_title(args->title, room))
		return room;
	else
		err_set(e, ERR_INVALID,
		    "the title makes no address in Latin letters; give it "
		    "one: --slug");
	return NULL;
}

static int
run(struct new_args *args, const char *title, struct err *e)
{
	char room[SLUG_MAX + 1];
	const char *slug;
	struct arena arena;
	struct slice lang;
	int rc = -1;

	arena_init(&arena, (size_t)1 << 20);
	if (text_clean(&arena, slice_cstr(title), &args->title) < 0)
		err_memory(e);
	else if (args->lang &&
	    text_lang(&arena, slice_cstr(args->lang), &lang) < 0)
		err_set(e, ERR_INVALID, "\"%s\" is no language tag, such as ur",
		    args->lang);
	else if (!args->title.len)
		err_set(e, ERR_INVALID, "the title is empty");
	else if ((slug = slug_of(args, room, e)))
		rc = make(args, slug, e);
	arena_release(&arena);
	return rc;
}

int
cmd_new(int argc, char **argv)
{
	static const struct option options[] = {
		{ "content", required_argument, NULL, 'c' },
		{ "lang", required_argument, NULL, 'l' },
		{ "slug", required_argument, NULL, 's' },
		{ "author", required_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 },
	};
	struct new_args args = { .content = "content" };
	struct err e = ERR_INIT;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'c')
			args.content = optarg;
		else if (opt == 'l')
			args.lang = optarg;
		else if (opt == 's')
			args.slug = optarg;
		else if (opt == 'a')
			args.author = optarg;
		else
			return usage();
	}
	if (optind + 1 != argc)
		return usage();
	if (run(&args, argv[optind], &e) < 0) {
		fprintf(stderr, "qasid new: %s\n", e.text);
		return CMD_FAILED;
	}
	return CMD_FINE;
}
