/*
 * sync_local.c: the helpers that need no network: unpack an answer that lies
 * there, switch to the stage, verify the live tree; and keys.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "sync/mirror.h"

#include "cmd/sync.h"

enum {
	ANSWER_MAX = 1 << 30, /* bytes */
	PEM_MAX = 4096,
};

/* --- unpack -------------------------------------------------------------- */

static int
apply(struct mirror_stage *s, struct slice answer, struct err *e)
{
	struct sync_delta d;

	if (stage_aim(s, answer, e) < 0)
		return -1;
	answer = slice_from(answer, s->head.len);
	while (answer.len) {
		if (sync_delta_parse(answer, false, &d, e) < 0 ||
		    stage_delta(s, &d, e) < 0)
			return -1;
		answer = slice_from(answer, d.len);
	}
	if (stage_check(s, e) < 0)
		return -1;
	return stage_save(s, e);
}

static int
unpack(struct sync_args *args, struct mirror *m, struct slice answer, int *code,
    struct err *e)
{
	struct mirror_stage s;
	struct sync_head head;
	int r;

	switch (mirror_judge(
	    m, answer, slice_cstr(args->name), args->now_s, &head, e)) {
	case MIRROR_NEWER:
		break;
	case MIRROR_SAME:
	case MIRROR_RESIGNED:
		printf("same %llu\n", (unsigned long long)head.serial);
		return 0;
	case MIRROR_EXPIRED:
		*code = EX_UNAVAILABLE;
		return -1;
	case MIRROR_CLOCK:
		*code = EX_TEMPFAIL;
		return -1;
	default:
		return -1;
	}
	r = stage_begin(&s, m, e);
	if (r == 0)
		r = apply(&s, answer, e);
	if (r == 0)
		printf("staged %llu\n", (unsigned long long)s.serial);
	stage_release(&s);
	return r;
}

int
sync_unpack(struct sync_args *args)
{
	struct err e = ERR_INIT;
	struct mirror m;
	struct buf answer;
	int r, code = 0;

	buf_init(&answer, (size_t)ANSWER_MAX + 1);
	r = mirror_open(&m, args->dir, args->has_key ? &args->key : NULL, &e);
	if (r == 0) {
		int fd = open(args->file, O_RDONLY | O_CLOEXEC);

		r = fd < 0
		    ? err_errno(&e, "open", args->file)
		    : io_read_all(fd, args->file, ANSWER_MAX, &answer, &e);
		if (fd >= 0)
			close(fd);
	}
	if (r == 0)
		r = unpack(args, &m, buf_slice(&answer), &code, &e);
	mirror_close(&m);
	buf_release(&answer);
	if (r == 0)
		return EX_OK;
	r = sync_complain(&e);
	return code ? code : r;
}

/* --- switch -------------------------------------------------------------- */

static int
switch_over(struct mirror *m, bool only_finish, struct err *e)
{
	struct mirror_stage s;
	bool done;
	int r;

	if (mirror_recover(m, &done, e) < 0)
		return -1;
	if (done) {
		printf("finished %llu\n", (unsigned long long)m->head.serial);
		return 0;
	}
	if (only_finish || faccessat(m->state_fd, "stage/tree", F_OK, 0) < 0) {
		printf("nothing\n");
		return 0;
	}
	r = stage_resume(&s, m, e);
	if (r == 0)
		r = mirror_switch(&s, e);
	if (r == 0)
		printf("switched %llu\n", (unsigned long long)s.serial);
	stage_release(&s);
	return r;
}

int
sync_switch(struct sync_args *args)
{
	struct err e = ERR_INIT;
	struct mirror m;
	int r;

	r = mirror_open(&m, args->dir, args->has_key ? &args->key : NULL, &e);
	if (r == 0)
		r = switch_over(&m, args->finish, &e);
	mirror_close(&m);
	return r < 0 ? sync_complain(&e) : EX_OK;
}

/* --- verify -------------------------------------------------------------- */

struct findings {
	unsigned long bad, strays;
	bool quiet;
};

static int
found(void *ctx, const struct sync_file *f, struct err *e)
{
	static const struct hash zeros;
	struct findings *n = ctx;
	char name[2048];
	bool stray = hash_eq(&f->hash, &zeros);

	(void)e;
	err_escape(name, sizeof(name), f->path.ptr, f->path.len);
	n->bad += !stray;
	n->strays += stray;
	if (!n->quiet)
		printf("%s %s\n", stray ? "stray" : "differs", name);
	return 0;
}

int
sync_verify(struct sync_args *args)
{
	struct findings n = { .quiet = args->quiet };
	struct err e = ERR_INIT;
	struct mirror m;
	int r;

	r = mirror_open(&m, args->dir, args->has_key ? &args->key : NULL, &e);
	if (r == 0)
		r = mirror_verify(&m, found, &n, &e);
	if (r == 0 && !args->quiet)
		printf("verified %zu\n", m.live.count);
	if (r == 0 && m.manifest_lost)
		r = err_set(&e, ERR_CORRUPT,
		    "state/manifest is not the one that was signed");
	mirror_close(&m);
	if (r < 0)
		return sync_complain(&e);
	if (!n.bad && !n.strays)
		return EX_OK;
	fprintf(stderr,
	    "qasid sync: %lu files differ from the manifest, %lu do not "
	    "belong there\n",
	    n.bad, n.strays);
	return EX_DATAERR;
}

/* --- keys ---------------------------------------------------------------- */

static int
read_pem(const char *file, struct buf *out, struct err *e)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0)
		return err_errno(e, "open", file);
	r = io_read_all(fd, file, PEM_MAX, out, e);
	close(fd);
	return r;
}

static int
make_key(const char *file, struct buf *pem, struct err *e)
{
	int fd, r;

	if (sign_new_pem(pem, e) < 0)
		return -1;
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, "open", file);
	r = io_write_all(fd, buf_slice(pem));
	if (r < 0 || fsync(fd) < 0)
		r = err_errno(e, "write", file);
	close(fd);
	return r;
}

int
sync_key(int argc, char **argv)
{
	char text[SIGN_KEY_TEXT + 1];
	struct err e = ERR_INIT;
	struct sign_key key;
	struct buf pem;
	bool make;
	int r;

	make = argc == 3 && !strcmp(argv[1], "new");
	if (argc != 3 || (!make && strcmp(argv[1], "show") != 0)) {
		fprintf(stderr, "usage: qasid sync key new|show FILE\n");
		return EX_USAGE;
	}
	buf_init(&pem, PEM_MAX + 1);
	r = make ? make_key(argv[2], &pem, &e) : read_pem(argv[2], &pem, &e);
	if (r == 0)
		r = sign_public(buf_slice(&pem), &key, &e);
	buf_release(&pem);
	if (r < 0)
		return sync_complain(&e);
	sign_key_text(&key, text);
	printf("%s\n", text);
	return EX_OK;
}
