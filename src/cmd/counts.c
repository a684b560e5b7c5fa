#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "config/config.h"
#include "server/tally.h"

#include "cmd/cmd.h"

enum {
	DAYS_MAX = 36600,
	DAY_S = 86400,
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid counts [-c qasid.yaml] [--folder DIR] [--days N]\n"
	    "           [--until YYYY-MM-DD]\n");
	return CMD_USAGE;
}

struct counts_args {
	const char *file, *folder;
	uint64_t days;
	int64_t until_s;
};

static int
parse_args(struct counts_args *args, int argc, char **argv)
{
	static const struct option options[] = {
		{ "folder", required_argument, NULL, 'f' },
		{ "days", required_argument, NULL, 'd' },
		{ "until", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	struct date until;
	int opt;

	while ((opt = getopt_long(argc, argv, "c:", options, NULL)) != -1) {
		if (opt == 'c')
			args->file = optarg;
		else if (opt == 'f')
			args->folder = optarg;
		else if (opt == 'd' &&
		    slice_uint(slice_cstr(optarg), DAYS_MAX, &args->days) == 0)
			continue;
		else if (opt == 'u' &&
		    date_parse(slice_cstr(optarg), &until) == 0)
			args->until_s = date_unix(&until);
		else
			return -1;
	}
	return optind == argc ? 0 : -1;
}

/* The folder that the settings name; it outlives this call in *c. */
static int
find_folder(struct config *c, struct counts_args *args, struct err *e)
{
	if (args->folder)
		return 0;
	if (!args->file && access("qasid.yaml", F_OK) == 0)
		args->file = "qasid.yaml";
	if (args->file && config_read(c, args->file, e) < 0)
		return -1;
	args->folder = c->counts;
	if (!*args->folder)
		return err_set(e, ERR_MISSING,
		    "no \"counts\" in the settings; set a folder there, or "
		    "give --folder");
	return 0;
}

static int
read_days(const struct counts_args *args, struct tally *sum, struct err *e)
{
	int fd = open(args->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return err_errno(e, "open", args->folder);
	for (uint64_t i = 0; r == 0 && i < args->days; i++) {
		char name[TALLY_FILE_BYTES];

		tally_file_name(args->until_s - (int64_t)i * DAY_S, name);
		r = tally_read(sum, fd, name, e);
	}
	close(fd);
	return r;
}

static void
print(struct tally *sum)
{
	struct tally_row *rows;
	size_t count;

	tally_sort(sum);
	tally_sort_by_count(sum);
	rows = tally_rows(sum, &count);
	for (size_t i = 0; i < count; i++) {
		uint64_t gemini = rows[i].n[CONN_GEMINI];
		uint64_t gopher = rows[i].n[CONN_GOPHER];
		uint64_t all = gemini + gopher;

		if (!i)
			printf("%10s %10s %10s  article\n", "all", "gemini",
			    "gopher");
		printf("%10llu %10llu %10llu  /articles/%s\n",
		    (unsigned long long)all, (unsigned long long)gemini,
		    (unsigned long long)gopher, rows[i].name);
	}
}

int
cmd_counts(int argc, char **argv)
{
	struct counts_args args = { .days = 30,
		.until_s = (int64_t)time(NULL) };
	struct err e = ERR_INIT;
	struct config c = { 0 };
	struct tally sum;
	int r;

	if (parse_args(&args, argc, argv) < 0)
		return usage();
	tally_init(&sum);
	r = config_init(&c, &e);
	if (r == 0)
		r = find_folder(&c, &args, &e);
	if (r == 0)
		r = read_days(&args, &sum, &e);
	if (r == 0) {
		print(&sum);
	} else {
		struct buf text;

		buf_init(&text, 4096);
		err_format(&text, &e);
		fprintf(stderr, "qasid: %.*s\n", SLICE_FMT(buf_slice(&text)));
		buf_release(&text);
	}
	tally_release(&sum);
	config_release(&c);
	return r < 0 ? CMD_FAILED : CMD_FINE;
}
