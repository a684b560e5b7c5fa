#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/err.h"
#include "content/text.h"
#include "import/import.h"

#include "cmd/cmd.h"
#include "cmd/screen.h"

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid import wordpress [--files DIR] [--lang TAG] "
	    "[--force]\n"
	    "           EXPORT.xml [CONTENT]\n"
	    "       qasid import html [--lang TAG] [--force] FOLDER "
	    "[CONTENT]\n");
	return CMD_USAGE;
}

static void
print_wanted(void *ctx, const char *url, const char *path)
{
	(void)ctx;
	printf("%s\t%s\n", url, path);
}

static int
run(const char *from, bool is_folder, const struct import_opts *given)
{
	struct import_opts opts = *given;
	struct import_result r;
	struct screen screen;
	struct diag diag = { .sink = screen_show, .ctx = &screen };
	struct err e = ERR_INIT;
	int rc;

	screen_init(&screen, "import");
	opts.diag = &diag;
	opts.wanted = print_wanted;
	rc = is_folder ? import_folder(from, &opts, &r, &e)
		       : import_wordpress(from, &opts, &r, &e);
	if (rc < 0)
		return screen_fail(&screen, &e);
	fprintf(stderr,
	    "%zu articles, %zu pages, %zu comments; files: %zu written, %zu "
	    "as they were, %zu edited since and left\n",
	    r.articles, r.pages, r.comments, r.written, r.same, r.kept);
	if (diag.warnings)
		fprintf(
		    stderr, "%lu things to look at, above\n", diag.warnings);
	if (r.wanted)
		fprintf(stderr,
		    "%zu files to download, on standard output: address, tab, "
		    "place below --files\n",
		    r.wanted);
	return CMD_FINE;
}

int
cmd_import(int argc, char **argv)
{
	static const struct option options[] = {
		{ "files", required_argument, NULL, 'f' },
		{ "lang", required_argument, NULL, 'l' },
		{ "force", no_argument, NULL, 'F' },
		{ NULL, 0, NULL, 0 },
	};
	struct import_opts opts = { .content = "content" };
	struct arena arena;
	struct slice lang;
	bool is_folder;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 'f')
			opts.files = optarg;
		else if (opt == 'l')
			opts.lang = optarg;
		else if (opt == 'F')
			opts.force = true;
		else
			return usage();
	}
	if (argc - optind < 2 || argc - optind > 3)
		return usage();
	is_folder = !strcmp(argv[optind], "html");
	if ((!is_folder && strcmp(argv[optind], "wordpress") != 0) ||
	    (is_folder && opts.files))
		return usage();
	if (argc - optind == 3)
		opts.content = argv[optind + 2];
	arena_init(&arena, 4096);
	rc = opts.lang ? text_lang(&arena, slice_cstr(opts.lang), &lang) : 0;
	arena_release(&arena);
	if (rc < 0) {
		fprintf(stderr, "qasid import: no language tag, such as ur\n");
		return CMD_USAGE;
	}
	return run(argv[optind + 1], is_folder, &opts);
}
