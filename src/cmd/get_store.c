#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/marks.h"
#include "cmd/cmd.h"
#include "store/store.h"

#include "cmd/get.h"

struct settings {
	const char *store, *host;
	unsigned gemini_port, gopher_port;
	bool list;
};

static int
usage(void)
{
	fprintf(stderr,
	    "usage: qasid get --store DIR [--host NAME] [--gemini-port N] "
	    "[--gopher-port N] KEY\n"
	    "       qasid get --store DIR --list\n");
	return CMD_USAGE;
}

static int
complain(const struct err *e)
{
	struct buf text;

	buf_init(&text, 4096);
	err_format(&text, e);
	fprintf(stderr, "qasid get: %.*s\n", SLICE_FMT(buf_slice(&text)));
	buf_release(&text);
	return CMD_FAILED;
}

/* Prints the body with the marks of `m` filled in. */
static int
print_body(struct store_view *v, const struct store_entry *entry,
    const struct marks *m)
{
	uint64_t at = 0;
	bool ok = true;

	while (at < entry->size) {
		struct slice part = store_view_body(v, entry, at, &ok), s;

		if (!ok || !part.len) {
			fprintf(stderr, "qasid get: the store is damaged\n");
			return CMD_FAILED;
		}
		at += part.len;
		for (s = part; entry->marked && s.len;) {
			size_t n = marks_find(s);

			fwrite(s.ptr, 1, n, stdout);
			if (n < s.len) {
				struct slice t = *marks_text(m, s.ptr[n]);

				fwrite(t.ptr, 1, t.len, stdout);
			}
			s = slice_from(s, n + 1);
		}
		if (!entry->marked)
			fwrite(part.ptr, 1, part.len, stdout);
	}
	return CMD_FINE;
}

static int
print_page(struct store_view *v, const struct settings *set, const char *key)
{
	struct store_entry entry;
	struct buf storage;
	struct marks m;
	int r = CMD_FAILED;

	buf_init(&storage, 4096);
	if (marks_make(&m, &storage, set->host, set->gemini_port,
		set->gopher_port) < 0)
		fprintf(stderr, "qasid get: the host is too long\n");
	else if (store_view_get(v, slice_cstr(key), &entry) != STORE_FOUND)
		fprintf(stderr, "qasid get: nothing under \"%s\"\n", key);
	else
		r = print_body(v, &entry, &m);
	buf_release(&storage);
	return r;
}

/* KEY TAB KIND TAB MEDIA TAB BYTES, for people and tests. */
static int
print_key(void *ctx, struct slice key, const struct store_entry *entry)
{
	static const char *const kinds[] = { "page", "redirect", "gone",
		"search" };

	(void)ctx;
	printf("%.*s\t%s\t%.*s\t%llu\n", SLICE_FMT(key), kinds[entry->kind],
	    SLICE_FMT(entry->media), (unsigned long long)entry->size);
	return 0;
}

static int
run(const struct settings *set, const char *key)
{
	struct store_reader *reader;
	struct store_view *view;
	struct err e = ERR_INIT;
	int r;

	if (!(reader = store_reader_open(set->store, &e)))
		return complain(&e);
	if (!(view = store_reader_view(reader))) {
		fprintf(
		    stderr, "qasid get: no edition in \"%s\"\n", set->store);
		store_reader_close(reader);
		return CMD_FAILED;
	}
	if (set->list)
		r = store_view_each(view, print_key, NULL) == 0 ? CMD_FINE
								: CMD_FAILED;
	else
		r = print_page(view, set, key);
	store_view_drop(view);
	store_reader_close(reader);
	if (r == CMD_FINE && fflush(stdout) != 0) {
		perror("qasid get: write");
		r = CMD_FAILED;
	}
	return r;
}

static int
parse_port(const char *text, unsigned *out)
{
	uint64_t n;

	if (slice_uint(slice_cstr(text), 65535, &n) < 0 || !n)
		return -1;
	*out = (unsigned)n;
	return 0;
}

int
get_from_store(int argc, char **argv)
{
	static const struct option options[] = {
		{ "store", required_argument, NULL, 's' },
		{ "host", required_argument, NULL, 'h' },
		{ "gemini-port", required_argument, NULL, 'g' },
		{ "gopher-port", required_argument, NULL, 'o' },
		{ "list", no_argument, NULL, 'l' },
		{ NULL, 0, NULL, 0 },
	};
	struct settings set = {
		.host = "localhost", .gemini_port = 1965, .gopher_port = 70
	};
	int c, bad = 0;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			set.store = optarg;
			break;
		case 'h':
			set.host = optarg;
			break;
		case 'g':
			bad |= parse_port(optarg, &set.gemini_port);
			break;
		case 'o':
			bad |= parse_port(optarg, &set.gopher_port);
			break;
		case 'l':
			set.list = true;
			break;
		default:
			return usage();
		}
	}
	if (bad || !set.store || argc - optind != (set.list ? 0 : 1))
		return usage();
	return run(&set, set.list ? NULL : argv[optind]);
}
