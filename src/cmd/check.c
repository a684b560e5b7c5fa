#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"
#include "site/check.h"

#include "cmd/cmd.h"

enum {
	FINDINGS_BYTES_MAX = 1 << 30,
	OUTPUT_MAX = 1 << 30,
	SIZE_MAX_KB = 100 * 1000, /* no file may be larger */
};

struct check_args {
	const char *content, *settings;
	uint64_t picture_bytes, attachment_bytes;
	bool json, strict, verbose;
	bool settings_only;
};

struct finding {
	struct finding *next;
	enum diag_level level;
	const char *file, *text, *code;
	unsigned line, column;
};

/* All that was found, kept until it can be sorted. */
struct findings {
	const struct check_args *args;
	struct arena arena;
	struct finding *newest;
	size_t count, errors, warnings;
	bool failed;
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid check [-v] [--strict] [--format text|json] "
	    "[-c qasid.yaml]\n"
	    "           [--max-picture KB] [--max-attachment KB] [CONTENT]\n");
	return CMD_USAGE;
}

/* --- collecting ---------------------------------------------------------- */

/* The path as the caller can open it: below the content folder. */
static const char *
path_of(struct findings *f, const char *file)
{
	const char *content = f->args->content;
	size_t len = strlen(content);

	if (!file)
		return content;
	if (!strcmp(content, "."))
		return arena_strndup(&f->arena, file, strlen(file));
	while (len && content[len - 1] == '/')
		len--;
	return arena_printf(&f->arena, "%.*s/%s", (int)len, content, file);
}

/* `path` and the texts live in the arena or longer. */
static void
add(struct findings *f, const struct diag_item *item, const char *path)
{
	struct finding *new = arena_alloc(&f->arena, sizeof(*new));
	const char *text =
	    arena_strndup(&f->arena, item->text, strlen(item->text));

	const char *code = item->code ? item->code : "file";

	code = arena_strndup(&f->arena, code, strlen(code));
	if (!new || !text || !path || !code) {
		f->failed = true;
		return;
	}
	*new = (struct finding){ .next = f->newest,
		.level = item->level,
		.file = path,
		.text = text,
		.code = code,
		.line = item->line ? item->line : 1,
		.column = item->column ? item->column : 1 };
	if (f->args->strict && new->level == DIAG_WARNING)
		new->level = DIAG_ERROR;
	f->newest = new;
	f->count++;
	f->errors += new->level == DIAG_ERROR;
	f->warnings += new->level == DIAG_WARNING;
}

static void
take(void *ctx, const struct diag_item *item)
{
	struct findings *f = ctx;

	if (item->level != DIAG_NOTE || f->args->verbose)
		add(f, item, path_of(f, item->file));
}

/* What ended the work is a finding too. */
static void
take_err(struct findings *f, const struct err *e, const char *path)
{
	struct diag_item item = { .level = DIAG_ERROR,
		.line = e->line,
		.column = e->column,
		.text = e->text,
		.code = e->code };

	add(f, &item, path);
}

/* --- printing ------------------------------------------------------------ */

static int
by_place(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a;
	const struct finding *y = *(struct finding *const *)b;
	int order = strcmp(x->file, y->file);

	if (order)
		return order;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->column != y->column)
		return x->column < y->column ? -1 : 1;
	order = strcmp(x->code, y->code);
	return order ? order : strcmp(x->text, y->text);
}

static const char *
level_name(enum diag_level level)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[level];
}

/* Messages come escaped, so all there is left to do is JSON's own. */
static void
add_string(struct buf *out, const char *s)
{
	buf_add_char(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_add_char(out, '\\');
		if ((unsigned char)*s < 0x20)
			buf_addf(out, "\\u%04x", (unsigned)*s);
		else
			buf_add_char(out, *s);
	}
	buf_add_char(out, '"');
}

static void
add_json(struct buf *out, const struct finding *f)
{
	buf_add_cstr(out, "{\"file\": ");
	add_string(out, f->file);
	buf_addf(out, ", \"line\": %u, \"column\": %u, \"level\": \"%s\"",
	    f->line, f->column, level_name(f->level));
	buf_add_cstr(out, ", \"code\": ");
	add_string(out, f->code);
	buf_add_cstr(out, ", \"text\": ");
	add_string(out, f->text);
	buf_add_char(out, '}');
}

static int
print(struct findings *f)
{
	struct finding **all =
	    mem_calloc(f->count + 1, sizeof(struct finding *));
	struct buf out;
	size_t n = 0;
	int rc = 0;

	if (!all)
		return -1;
	for (struct finding *i = f->newest; i; i = i->next)
		all[n++] = i;
	if (n)
		qsort(all, n, sizeof(struct finding *), by_place);
	buf_init(&out, OUTPUT_MAX);
	for (size_t i = 0; i < n; i++) {
		if (f->args->json) {
			buf_add_cstr(&out, i ? ",\n " : "[");
			add_json(&out, all[i]);
		} else {
			buf_addf(&out, "%s:%u:%u: %s: %s\n", all[i]->file,
			    all[i]->line, all[i]->column,
			    level_name(all[i]->level), all[i]->text);
		}
	}
	if (f->args->json)
		buf_add_cstr(&out, n ? "]\n" : "[]\n");
	if (buf_failed(&out) ||
	    (out.len && fwrite(out.ptr, 1, out.len, stdout) != out.len) ||
	    fflush(stdout) != 0)
		rc = -1;
	buf_release(&out);
	mem_free(all);
	return rc;
}

/* --- the work ------------------------------------------------------------ */

/* Prints the effective settings; JSON has no place for them. */
static void
check_settings(struct findings *f)
{
	const char *file = f->args->settings;
	struct config config;
	struct err e = ERR_INIT;
	struct buf text;

	buf_init(&text, 1 << 20);
	if (config_init(&config, &e) < 0 || config_read(&config, file, &e) < 0)
		take_err(f, &e, file);
	else
		config_print(&text, &config);
	if (!f->args->json && text.len)
		fwrite(text.ptr, 1, text.len, stdout);
	config_release(&config);
	buf_release(&text);
}

static void
sum_up(const struct check_result *r, const struct findings *f)
{
	fprintf(stderr, "%zu article%s, %zu page%s, ", r->articles,
	    r->articles == 1 ? "" : "s", r->pages, r->pages == 1 ? "" : "s");
	if (r->waiting)
		fprintf(stderr, "%zu not yet published, ", r->waiting);
	fprintf(stderr, "%zu file%s: %zu error%s, %zu warning%s\n", r->files,
	    r->files == 1 ? "" : "s", f->errors, f->errors == 1 ? "" : "s",
	    f->warnings, f->warnings == 1 ? "" : "s");
}

static int
run(const struct check_args *args)
{
	struct findings f = { .args = args };
	struct diag diag = { .sink = take, .ctx = &f };
	struct check_opts opts = { .content = args->content,
		.picture_bytes = args->picture_bytes,
		.attachment_bytes = args->attachment_bytes,
		.now_s = time(NULL),
		.diag = &diag };
	struct check_result result = { .articles = 0 };
	struct err e = ERR_INIT;
	int rc = CMD_FAILED;

	arena_init(&f.arena, FINDINGS_BYTES_MAX);
	if (args->settings)
		check_settings(&f);
	if (!args->settings_only && site_check(&opts, &result, &e) < 0)
		take_err(&f, &e, path_of(&f, e.file[0] ? e.file : NULL));
	if (print(&f) < 0 || f.failed) {
		fprintf(stderr, "qasid check: cannot print what was found\n");
	} else {
		if (!args->settings_only)
			sum_up(&result, &f);
		rc = f.errors ? CMD_FAILED : CMD_FINE;
	}
	arena_release(&f.arena);
	return rc;
}

static bool
read_size(const char *text, uint64_t *bytes)
{
	uint64_t kilo;

	if (slice_uint(slice_cstr(text), SIZE_MAX_KB, &kilo) < 0)
		return false;
	*bytes = kilo * 1000;
	return true;
}

int
cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "strict", no_argument, NULL, 's' },
		{ "max-picture", required_argument, NULL, 'p' },
		{ "max-attachment", required_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 },
	};
	struct check_args args = { .content = "content",
		.picture_bytes = CHECK_PICTURE_BYTES,
		.attachment_bytes = CHECK_ATTACHMENT_BYTES };
	bool fine = true;
	int c;

	optind = 1;
	while (
	    fine && (c = getopt_long(argc, argv, "c:v", options, NULL)) >= 0) {
		if (c == 'c')
			args.settings = optarg;
		else if (c == 'v')
			args.verbose = true;
		else if (c == 's')
			args.strict = true;
		else if (c == 'p')
			fine = read_size(optarg, &args.picture_bytes);
		else if (c == 'a')
			fine = read_size(optarg, &args.attachment_bytes);
		else if (c == 'f' && !strcmp(optarg, "json"))
			args.json = true;
		else
			fine = c == 'f' && !strcmp(optarg, "text");
	}
	if (!fine || argc - optind > 1)
		return usage();
	if (optind < argc)
		args.content = argv[optind];
	else if (args.settings && access(args.content, F_OK) < 0)
		args.settings_only = errno == ENOENT;
	return run(&args);
}
