#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "base/io.h"
#include "base/utf8.h"
#include "base/yaml.h"

#include "cmd/cmd.h"

enum {
	TEXT_MAX = 64 * 1024, /* bytes of a file */
};

struct init_args {
	const char *dir, *title, *host;
	char day[DATE_DAY_BYTES + 1];
};

/* After title and host. */
static const char capsule[] =
    "\n"
    "# The languages of your articles, the main one first.\n"
    "languages: [en, ur]\n"
    "\n"
    "# Below each title, on each page, if you take the # away:\n"
    "# subtitle: {en: A line about us, ur: ہمارے بارے میں ایک سطر}\n"
    "# licence: CC BY 4.0\n"
    "# contact: mailto:office@institute.example\n"
    "\n"
    "authors:\n"
    "  - name: Your Name\n"
    "    names: {ur: آپ کا نام}\n"
    "    bio:\n"
    "      en: A sentence about who you are.\n"
    "      ur: آپ کے بارے میں ایک جملہ۔\n"
    "\n"
    "# Latin letters for the addresses of tags and categories in Urdu; two\n"
    "# spellings with one address are one term.\n"
    "terms:\n"
    "  آغاز: start\n";

static const char english[] =
    "title: Welcome\n"
    "author: Your Name\n"
    "date: %s\n"
    "tags: [start]\n"
    "lang: en\n"
    "summary: What an article looks like, and what to do with this one.\n"
    "translations: {ur: khush-aamdeed.md}\n"
    "---\n"
    "\n"
    "This is an article. It stands in the file `articles/welcome.md`; change it\n"
    "with any editor, or delete it. The lines between the two rows of hyphens say\n"
    "who wrote it, when, and in which language; below them stands the text.\n"
    "\n"
    "## What to write\n"
    "\n"
    "- **Paragraphs**, with a blank line between them.\n"
    "- Lists, such as this one, and numbered ones.\n"
    "- Links: [the Gemini protocol](https://geminiprotocol.net/).\n"
    "- Pictures and other files, put beside the article and linked to.\n"
    "\n"
    "| Command | What it does |\n"
    "|---|---|\n"
    "| `qasid new` | begins an article |\n"
    "| `qasid check` | looks all of them over |\n"
    "| `qasid build` | publishes them |\n"
    "\n"
    "The Urdu sister of this article stands in [its own file](khush-aamdeed.md).\n";

static const char urdu[] =
    "title: خوش آمدید\n"
    "author: آپ کا نام\n"
    "date: %s\n"
    "tags: [آغاز]\n"
    "lang: ur\n"
    "slug: khush-aamdeed\n"
    "summary: مضمون کیسا ہوتا ہے اور اس مضمون کا کیا کیا جائے۔\n"
    "translations: {en: welcome.md}\n"
    "---\n"
    "\n"
    "یہ ایک مضمون ہے۔ اسے کسی بھی ایڈیٹر میں بدلا یا حذف کیا جا سکتا ہے۔ لکیروں کے\n"
    "درمیان کی سطریں بتاتی ہیں کہ مضمون کس نے، کب اور کس زبان میں لکھا؛ ان کے نیچے متن\n"
    "ہے۔\n"
    "\n"
    "## کیا لکھیں\n"
    "\n"
    "- پیراگراف، جن کے درمیان ایک خالی سطر ہو۔\n"
    "- فہرستیں، جیسی یہ ہے۔\n"
    "- روابط: [جیمنائی پروٹوکول](https://geminiprotocol.net/)\n"
    "\n"
    "یہی مضمون [انگریزی میں](welcome.md) بھی ہے۔\n";

static int
usage(void)
{
	fprintf(stderr, "usage: qasid init [--title TEXT] [--host NAME] DIR\n");
	return CMD_USAGE;
}

/* The folder, made where it is not there; -1 and *e unless it is empty. */
static int
open_empty(const char *path, struct err *e)
{
	const struct dirent *entry;
	int fd;
	DIR *d;

	if (mkdir(path, 0777) < 0 && errno != EEXIST)
		return err_errno(e, "mkdir", path);
	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return err_errno(e, "open", path);
	if (!(d = fdopendir(dup(fd)))) {
		err_errno(e, "read", path);
		goto err;
	}
	while ((entry = readdir(d)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			break;
	closedir(d);
	if (!entry)
		return fd;
	err_set(
	    e, ERR_CONFLICT, "\"%s\" is not empty: nothing was written", path);
err:
	close(fd);
	return -1;
}

static int
put(int dir, const char *path, struct buf *text, struct err *e)
{
	int rc = -1;

	if (buf_failed(text))
		err_set(e, ERR_LIMIT, "%s: too long", path);
	else
		rc = io_write_file(dir, path, buf_slice(text), 0644, e);
	buf_clear(text);
	return rc;
}

static int
fill(int dir, const struct init_args *args, struct err *e)
{
	struct buf text;
	int rc;

	if (mkdirat(dir, "articles", 0777) < 0 ||
	    mkdirat(dir, "pages", 0777) < 0 || mkdirat(dir, "files", 0777) < 0)
		return err_errno(e, "mkdir", args->dir);
	buf_init(&text, TEXT_MAX);
	buf_add_cstr(&text,
	    "# What stands on every page; man qasid-content says more.\n"
	    "title: ");
	yaml_add_scalar(&text, slice_cstr(args->title));
	buf_add_cstr(
	    &text, "\n\n# The name of your server, which readers will keep.\n");
	buf_add_cstr(&text, args->host ? "host: " : "# host: ");
	yaml_add_scalar(&text,
	    slice_cstr(args->host ? args->host : "capsule.institute.example"));
	buf_add_cstr(&text, "\n");
	buf_add_cstr(&text, capsule);
	rc = put(dir, "capsule.yaml", &text, e);
	buf_add_cstr(&text, "---\n");
	/* NOLINTNEXTLINE: the formats are the two texts above */
	buf_addf(&text, english, args->day);
	if (rc == 0)
		rc = put(dir, "articles/welcome.md", &text, e);
	buf_clear(&text);
	buf_add_cstr(&text, "---\n");
	buf_addf(&text, urdu, args->day);
	if (rc == 0)
		rc = put(dir, "articles/khush-aamdeed.md", &text, e);
	buf_release(&text);
	return rc;
}

static bool
is_line(const char *s)
{
	if (!*s || !utf8_valid(slice_cstr(s)))
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return false;
	return true;
}

static int
run(const struct init_args *args, struct err *e)
{
	int dir = open_empty(args->dir, e), rc;

	if (dir < 0)
		return -1;
	rc = fill(dir, args, e);
	close(dir);
	if (rc == 0)
		fprintf(stderr,
		    "wrote %s: change capsule.yaml, then see it with\n"
		    "    qasid serve --dev %s\n",
		    args->dir, args->dir);
	return rc;
}

int
cmd_init(int argc, char **argv)
{
	static const struct option options[] = {
		{ "title", required_argument, NULL, 't' },
		{ "host", required_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct init_args args = { .title = "Our institute" };
	struct date today = date_from_unix((int64_t)time(NULL));
	struct err e = ERR_INIT;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 't')
			args.title = optarg;
		else if (opt == 'h')
			args.host = optarg;
		else
			return usage();
	}
	if (optind + 1 != argc)
		return usage();
	if (!is_line(args.title) || (args.host && !is_line(args.host))) {
		fprintf(stderr, "qasid init: a name is one line of UTF-8\n");
		return CMD_USAGE;
	}
	args.dir = argv[optind];
	date_format_day(&today, args.day);
	if (run(&args, &e) < 0) {
		struct buf text;

		buf_init(&text, sizeof(e.file) + sizeof(e.text));
		err_format(&text, &e);
		fprintf(
		    stderr, "qasid init: %.*s\n", SLICE_FMT(buf_slice(&text)));
		buf_release(&text);
		return CMD_FAILED;
	}
	return CMD_FINE;
}
