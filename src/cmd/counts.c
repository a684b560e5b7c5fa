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

/* One that is not served by itself has a column where it was read over. */
static bool
has_column(const struct tally_row *rows, size_t count, int protocol)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].n[protocol])
			return true;
	return protocols[protocol]->is_usual;
}

static void
print(struct tally *sum)
{
	bool is_shown[PROTOCOLS];
	struct tally_row *rows;
	size_t count;

	tally_sort(sum);
	tally_sort_by_count(sum);
	rows = tally_rows(sum, &count);
	if (count)
		printf("%10s", "all");
	for (int p = 0; p < PROTOCOLS && count; p++) {
		is_shown[p] = has_column(rows, count, p);
		if (is_shown[p])
			printf(" %10s", protocols[p]->name);
	}
	if (count)
		printf("  article\n");
	for (size_t i = 0; i < count; i++) {
		uint64_t all = 0;

		for (int p = 0; p < PROTOCOLS; p++)
			all += rows[i].n[p];
		printf("%10llu", (unsigned long long)all);
		for (int p = 0; p < PROTOCOLS; p++)
			if (is_shown[p])
				printf(" %10llu",
				    (unsigned long long)rows[i].n[p]);
		printf("  /articles/%s\n", rows[i].name);
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
