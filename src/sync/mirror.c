#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"
#include "sync/place.h"

#include "sync/mirror.h"

enum {
	KEYS_FILE_MAX = 4096,
	DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
};

static int
open_folders(struct mirror *m, const char *dir, struct err *e)
{
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return err_errno(e, "mkdir", dir);
	if ((m->root_fd = open(dir, DIR_FLAGS)) < 0)
		return err_errno(e, "open", dir);
	if ((m->content_fd = place_dir(m->root_fd, "content", e)) < 0 ||
	    (m->state_fd = place_dir(m->root_fd, "state", e)) < 0)
		return -1;
	return 0;
}

/* --- keys ---------------------------------------------------------------- */

static int
write_keys(struct mirror *m, struct err *e)
{
	char text[SIGN_KEY_TEXT + 1];
	struct buf out;
	int r = 0;

	buf_init(&out, KEYS_FILE_MAX);
	for (size_t i = 0; i < m->key_count; i++) {
		sign_key_text(&m->keys[i], text);
		buf_addf(&out, "%s\n", text);
	}
	r = io_write_file(m->state_fd, "keys", buf_slice(&out), 0644, e);
	buf_clear(&out);
	if (r == 0 && m->has_next) {
		sign_key_text(&m->next, text);
		buf_addf(&out, "%s\n", text);
		r = io_write_file(
		    m->state_fd, "next", buf_slice(&out), 0644, e);
	} else if (r == 0 && unlinkat(m->state_fd, "next", 0) < 0 &&
	    errno != ENOENT) {
		r = err_errno(e, "unlink", "state/next");
	}
	buf_release(&out);
	return r;
}

static int
read_key_file(
    struct mirror *m, const char *name, struct buf *text, struct err *e)
{
	buf_clear(text);
	return place_read(m->state_fd, name, KEYS_FILE_MAX, text, e);
}

static bool
is_held(const struct mirror *m, const struct sign_key *key)
{
	for (size_t i = 0; i < m->key_count; i++)
		if (sign_key_eq(&m->keys[i], key))
			return true;
	return false;
}

/*
 * A key from the settings that was not there at the last run and is none of
 * those held is the operator's word and replaces them.  One that has been there
 * since before the keys were changed, twice perhaps, says nothing new.
 */
static int
take_given(struct mirror *m, const struct sign_key *key, struct err *e)
{
	char line[SIGN_KEY_TEXT + 1];
	struct sign_key given;
	struct buf text;
	int r;

	buf_init(&text, KEYS_FILE_MAX);
	r = read_key_file(m, "given", &text, e);
	if (r == 0 && m->key_count && text.len &&
	    sign_key_parse(slice_trim(buf_slice(&text)), &given) == 0 &&
	    sign_key_eq(&given, key)) {
		buf_release(&text);
		return 0;
	}
	buf_release(&text);
	if (r == 0 && !is_held(m, key)) {
		m->keys[0] = *key;
		m->key_count = 1;
		m->has_next = false;
		r = write_keys(m, e);
	}
	sign_key_text(key, line);
	return r < 0
	    ? -1
	    : io_write_file(m->state_fd, "given", slice_cstr(line), 0644, e);
}

static int
load_keys(struct mirror *m, const struct sign_key *key, struct err *e)
{
	struct slice rest;
	struct buf text;
	int r;

	buf_init(&text, KEYS_FILE_MAX);
	r = read_key_file(m, "keys", &text, e);
	rest = buf_slice(&text);
	while (r == 0 && rest.len && m->key_count < MIRROR_KEYS_MAX) {
		struct slice line = slice_take(&rest, '\n');

		if (sign_key_parse(line, &m->keys[m->key_count++]) < 0)
			r = err_set(e, ERR_CORRUPT, "state/keys holds no keys");
	}
	if (r == 0 && (r = read_key_file(m, "next", &text, e)) == 0 && text.len)
		m->has_next =
		    sign_key_parse(slice_trim(buf_slice(&text)), &m->next) == 0;
	buf_release(&text);
	if (r < 0)
		return -1;
	if (key)
		return take_given(m, key, e);
	if (!m->key_count)
		return err_set(e, ERR_MISSING, "no key of the origin is known");
	return 0;
}

/* --- opening ------------------------------------------------------------- */

static int
load_state(struct mirror *m, struct err *e)
{
	struct buf text;
	struct hash hash;
	int r;

	if (place_read(m->state_fd, "head", SYNC_HEAD_MAX, &m->head_text, e) <
	    0)
		return -1;
	if (!m->head_text.len)
		return 0;
	if (sync_head_parse(buf_slice(&m->head_text), &m->head, e) < 0)
		return -1;
	buf_init(&text, SYNC_MANIFEST_MAX);
	r = place_read(m->state_fd, "manifest", SYNC_MANIFEST_MAX, &text, e);
	if (r == 0 && hash_of(buf_slice(&text), &hash) < 0)
		r = err_set(e, ERR_SYSTEM, "SHA-256 failed");
	/* In the midst of a switch the manifest may be ahead of the head. */
	if (r == 0 && !hash_eq(&hash, &m->head.tree) &&
	    faccessat(m->state_fd, "commit", F_OK, 0) < 0)
		m->manifest_lost = true;
	else if (r == 0)
		r = sync_tree_parse(&m->live, buf_slice(&text), e);
	buf_release(&text);
	return r;
}

int
mirror_open(struct mirror *m, const char *dir, const struct sign_key *key,
    struct err *e)
{
	*m = (struct mirror){
		.root_fd = -1, .content_fd = -1, .state_fd = -1, .stage_fd = -1
	};
	buf_init(&m->head_text, SYNC_HEAD_MAX);
	sync_tree_init(&m->live);
	if (open_folders(m, dir, e) < 0 || load_keys(m, key, e) < 0)
		return -1;
	return load_state(m, e);
}

void
mirror_close(struct mirror *m)
{
	const int fds[] = { m->stage_fd, m->content_fd, m->state_fd,
		m->root_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	buf_release(&m->head_text);
	sync_tree_release(&m->live);
}

/* --- judging ------------------------------------------------------------- */

static enum mirror_verdict
bad(struct err *e, const char *text)
{
	err_set(e, ERR_INVALID, "%s", text);
	return MIRROR_BAD;
}

bool
mirror_trusts(
    const struct mirror *m, struct slice text, const struct sync_head *head)
{
	return sync_head_check(text, head, &m->keys[0]) ||
	    (m->has_next && sync_head_check(text, head, &m->next));
}

static enum mirror_verdict
judge_times(const struct sync_head *head, int64_t now_s, struct err *e)
{
	if (head->time_s > now_s + MIRROR_CLOCK_SLACK_S) {
		err_set(e, ERR_INVALID,
		    "this machine's clock is %lld hours behind the origin's: "
		    "set it",
		    (long long)((head->time_s - now_s) / 3600));
		return MIRROR_CLOCK;
	}
	if (head->until_s <= now_s) {
		err_set(e, ERR_INVALID,
		    "the origin's word ended %lld hours ago: it is frozen, or "
		    "this machine's clock is ahead",
		    (long long)((now_s - head->until_s) / 3600));
		return MIRROR_EXPIRED;
	}
	return MIRROR_NEWER;
}

enum mirror_verdict
mirror_judge(const struct mirror *m, struct slice answer, struct slice name,
    int64_t now_s, struct sync_head *head, struct err *e)
{
	const struct sync_head *ours = &m->head;
	enum mirror_verdict v;

	if (sync_head_parse(answer, head, e) < 0)
		return MIRROR_BAD;
	if (!mirror_trusts(m, answer, head))
		return bad(e, "the head is signed by no key that is trusted");
	if (!slice_eq(head->name, name)) {
		err_set(e, ERR_INVALID, "the head is of the site \"%.*s\"",
		    SLICE_FMT(head->name));
		return MIRROR_BAD;
	}
	if (head->serial < ours->serial) {
		err_set(e, ERR_INVALID,
		    "the origin went back from serial %llu to %llu",
		    (unsigned long long)ours->serial,
		    (unsigned long long)head->serial);
		return MIRROR_BAD;
	}
	if (head->time_s < ours->time_s)
		return bad(e, "the head is older than the one held");
	if (head->serial == ours->serial && !hash_eq(&head->tree, &ours->tree))
		return bad(e, "the origin has two trees under one serial");
	if ((v = judge_times(head, now_s, e)) != MIRROR_NEWER)
		return v;
	if (head->serial > ours->serial)
		return MIRROR_NEWER;
	return slice_eq(slice_upto(answer, head->len), buf_slice(&m->head_text))
	    ? MIRROR_SAME
	    : MIRROR_RESIGNED;
}

int
mirror_keep_head(struct mirror *m, struct slice text, struct err *e)
{
	struct sync_head head;

	if (sync_head_parse(text, &head, e) < 0)
		return -1;
	text = slice_upto(text, head.len);
	if (m->has_next && sync_head_check(text, &head, &m->next)) {
		m->keys[1] = m->keys[0];
		m->keys[0] = m->next;
		m->key_count = 2;
	}
	m->has_next = head.has_next;
	m->next = head.next;
	if (write_keys(m, e) < 0 ||
	    io_write_file(m->state_fd, "head", text, 0644, e) < 0)
		return -1;
	buf_clear(&m->head_text);
	buf_add(&m->head_text, text);
	return sync_head_parse(buf_slice(&m->head_text), &m->head, e);
}
