/*
 * mkstore.c: fills a store from a list, so that the server's tests need no
 * publisher.
 *
 *	mkstore DIR [MAP_BYTES] <LIST
 *
 * Each line of the list is "KEY KIND MEDIA LANG BODY", split at blanks; "-" is
 * an empty field.  KIND: page, marked, redirect, gone, search, delete.  BODY
 * is the rest of the line: text with \n, \r, \t, \1, \2, \3 and \\, or
 * "*N" for N bytes of a pattern ("line K" every 32 bytes, LF at its end), or
 * "@PATH" for a file's bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/store.h"

static void
die(const struct err *e, const char *what)
{
	fprintf(stderr, "mkstore: %s: %s\n", what, e ? e->text : "bad list");
	exit(1);
}

static void
add_pattern(struct buf *out, unsigned long n)
{
	char line[33];

	for (unsigned long at = 0; at < n; at += 32) {
		snprintf(line, sizeof(line), "line %-26lu\n", at / 32);
		buf_add_mem(out, line, n - at < 32 ? n - at : 32);
	}
}

static void
add_escaped(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s != '\\' || !s[1]) {
			buf_add_char(out, *s);
			continue;
		}
		switch (*++s) {
		case 'n':
			buf_add_char(out, '\n');
			break;
		case 'r':
			buf_add_char(out, '\r');
			break;
		case 't':
			buf_add_char(out, '\t');
			break;
		case '1':
		case '2':
		case '3':
			buf_add_char(out, (char)(*s - '0'));
			break;
		default:
			buf_add_char(out, *s);
		}
	}
}

static void
add_file(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	int c;

	if (!f) {
		perror(path);
		exit(1);
	}
	while ((c = fgetc(f)) != EOF)
		buf_add_char(out, (char)c);
	fclose(f);
}

static enum store_kind
kind_of(const char *name)
{
	if (!strcmp(name, "redirect"))
		return STORE_REDIRECT;
	if (!strcmp(name, "gone"))
		return STORE_GONE;
	if (!strcmp(name, "search"))
		return STORE_SEARCH;
	if (strcmp(name, "page") != 0 && strcmp(name, "marked") != 0)
		die(NULL, name);
	return STORE_PAGE;
}

static void
put(struct store_writer *w, char *fields[5])
{
	struct store_entry entry = { 0 };
	struct slice key = slice_cstr(fields[0]);
	struct err e = ERR_INIT;
	struct buf body;

	if (!strcmp(fields[1], "delete")) {
		if (store_delete_page(w, key, &e) < 0)
			die(&e, fields[0]);
		return;
	}
	buf_init(&body, (size_t)1 << 30);
	if (fields[4][0] == '*')
		add_pattern(&body, strtoul(fields[4] + 1, NULL, 10));
	else if (fields[4][0] == '@')
		add_file(&body, fields[4] + 1);
	else
		add_escaped(&body, fields[4]);
	entry.kind = kind_of(fields[1]);
	entry.marked = !strcmp(fields[1], "marked");
	entry.media = slice_cstr(strcmp(fields[2], "-") ? fields[2] : "");
	entry.lang = slice_cstr(strcmp(fields[3], "-") ? fields[3] : "");
	entry.size = body.len;
	if (buf_failed(&body) || hash_of(buf_slice(&body), &entry.hash) < 0)
		die(NULL, "memory");
	if (store_put_body(w, &entry.hash, buf_slice(&body), &e) < 0 ||
	    store_put_page(w, key, &entry, &e) < 0)
		die(&e, fields[0]);
	buf_release(&body);
}

int
main(int argc, char **argv)
{
	struct store_writer *w;
	struct err e = ERR_INIT;
	static char line[65536], none[1];

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: mkstore DIR <LIST\n");
		return 2;
	}
	w = store_writer_open(
	    argv[1], argc > 2 ? strtoull(argv[2], NULL, 10) : 0, &e);
	if (!w)
		die(&e, argv[1]);
	while (fgets(line, sizeof(line), stdin)) {
		char *fields[5] = { 0 }, *at = line;

		line[strcspn(line, "\n")] = '\0';
		if (!*line || *line == '#')
			continue;
		for (int i = 0; i < 5; i++) {
			fields[i] = at ? at : none;
			at = at && i < 4 ? strchr(at, ' ') : NULL;
			if (at)
				*at++ = '\0';
		}
		put(w, fields);
	}
	if (store_publish(w, (int64_t)time(NULL), &e) < 0)
		die(&e, "publish");
	store_writer_close(w);
	return 0;
}
