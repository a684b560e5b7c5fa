/*
 * Formats of the mirrors, and what a mirror does with answers that are signed
 * and hostile: by a stolen key, or by mistake.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "sync/frame.h"
#include "sync/head.h"
#include "sync/history.h"
#include "sync/mirror.h"
#include "sync/path.h"
#include "sync/place.h"
#include "sync/publish.h"
#include "sync/tree.h"

#include "test.h"

enum {
	NOW = 1790000000
};

static struct buf pem;
static struct sign_key key;

static int
make_key(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	buf_init(&pem, 4096);
	if (sign_new_pem(&pem, &e) < 0)
		return -1;
	return sign_public(buf_slice(&pem), &key, &e);
}

static int
drop_key(void **state)
{
	(void)state;
	buf_release(&pem);
	return 0;
}

/* --- signatures ---------------------------------------------------------- */

/* RFC 8032 §7.1, test 2. */
static void
test_signature_of_the_rfc(void **state)
{
	static const uint8_t pub[] = { 0x3d, 0x40, 0x17, 0xc3, 0xe8, 0x43, 0x89,
		0x5a, 0x92, 0xb7, 0x0a, 0xa7, 0x4d, 0x1b, 0x7e, 0xbc, 0x9c,
		0x98, 0x2c, 0xcf, 0x2e, 0xc4, 0x96, 0x8c, 0xc0, 0xcd, 0x55,
		0xf1, 0x2a, 0xf4, 0x66, 0x0c };
	static const uint8_t sig[] = { 0x92, 0xa0, 0x09, 0xa9, 0xf0, 0xd4, 0xca,
		0xb8, 0x72, 0x0e, 0x82, 0x0b, 0x5f, 0x64, 0x25, 0x40, 0xa2,
		0xb2, 0x7b, 0x54, 0x16, 0x50, 0x3f, 0x8f, 0xb3, 0x76, 0x22,
		0x23, 0xeb, 0xdb, 0x69, 0xda, 0x08, 0x5a, 0xc1, 0xe4, 0x3e,
		0x15, 0x99, 0x6e, 0x45, 0x8f, 0x36, 0x13, 0xd0, 0xf1, 0x1d,
		0x8c, 0x38, 0x7b, 0x2e, 0xae, 0xb4, 0x30, 0x2a, 0xee, 0xb0,
		0x0d, 0x29, 0x16, 0x12, 0xbb, 0x0c, 0x00 };
	struct sign_key k;
	struct signature s;

	(void)state;
	memcpy(k.b, pub, sizeof(pub));
	memcpy(s.b, sig, sizeof(sig));
	assert_true(sign_check(&k, SLICE_LIT("\x72"), &s));
	assert_false(sign_check(&k, SLICE_LIT("\x73"), &s));
	s.b[40] ^= 1;
	assert_false(sign_check(&k, SLICE_LIT("\x72"), &s));
}

static void
test_keys_as_text(void **state)
{
	char text[SIGN_KEY_TEXT + 1];
	struct sign_key again;

	(void)state;
	sign_key_text(&key, text);
	assert_int_equal(strlen(text), SIGN_KEY_TEXT);
	assert_int_equal(sign_key_parse(slice_cstr(text), &again), 0);
	assert_true(sign_key_eq(&key, &again));
	assert_int_equal(sign_key_parse(slice_make(text, 43), &again), -1);
	/* Bits behind the end: another spelling of the same key. */
	text[42] = text[42] == 'Z' ? 'Y' : 'Z';
	text[43] = '=';
	if (sign_key_parse(slice_cstr(text), &again) == 0)
		assert_false(sign_key_eq(&key, &again));
	text[0] = '*';
	assert_int_equal(sign_key_parse(slice_cstr(text), &again), -1);
}

/* --- paths and trees ----------------------------------------------------- */

static void
test_path_rule(void **state)
{
	static const char *const good[] = { "a", "articles/2026/x.md",
		"files/two words.pdf", "\xd9\xbe\xd8\xa7\xd9\x86\xdb\x8c.md",
		"a.b/c..d" };
	static const char *const bad[] = { "", "/a", "a/", "a//b", ".", "..",
		"../a", "a/../b", "a/./b", ".hidden", "a/.b", "-a", "a/-rf",
		" a", "a /b", "a/ b", "a\\b", "a\nb", "a\x7f", "a\tb",
		"e\xcc\x81", "\xff", "a\xc2\x85",
		"\xe2\x80\xae"
		"txt" };
	char longest[600];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (sync_path_fault(slice_cstr(good[i])))
			fail_msg("refused: %s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!sync_path_fault(slice_cstr(bad[i])))
			fail_msg("taken: %s", bad[i]);
	assert_non_null(sync_path_fault(slice_make("a\0b", 3)));
	memset(longest, 'a', sizeof(longest));
	assert_non_null(sync_path_fault(slice_make(longest, 256)));
	longest[200] = longest[400] = '/';
	assert_null(sync_path_fault(slice_make(longest, 500)));
	assert_non_null(sync_path_fault(slice_make(longest, 501)));
}

static void
add(struct sync_tree *t, const char *path, const char *content)
{
	struct sync_file f = { .path = slice_cstr(path),
		.size = strlen(content) };
	struct err e = ERR_INIT;

	assert_int_equal(hash_of(slice_cstr(content), &f.hash), 0);
	assert_int_equal(sync_tree_add(t, &f, &e), 0);
}

static int
check_two(const char *a, const char *b)
{
	struct err e = ERR_INIT;
	struct sync_tree t;
	int r;

	sync_tree_init(&t);
	add(&t, a, "x");
	add(&t, b, "y");
	r = sync_tree_check(&t, &e);
	sync_tree_release(&t);
	return r;
}

static void
test_trees_clash(void **state)
{
	(void)state;
	assert_int_equal(check_two("a", "b"), 0);
	assert_int_equal(check_two("a", "a"), -1);
	assert_int_equal(check_two("A/x", "a/X"), -1);
	assert_int_equal(check_two("\xc3\x89", "\xc3\xa9"), -1);
	assert_int_equal(check_two("stra\xc3\x9f"
				   "e",
			     "STRASSE"),
	    -1);
	assert_int_equal(check_two("a", "a/b"), -1);
	assert_int_equal(check_two("A", "a/b"), -1);
	assert_int_equal(check_two("a", "a-b/c"), 0);
	assert_int_equal(check_two("a.b", "a/b"), 0);
}

static void
test_manifest(void **state)
{
	struct err e = ERR_INIT;
	struct sync_tree t, again;
	struct hash one, two;
	struct buf text;

	(void)state;
	sync_tree_init(&t);
	sync_tree_init(&again);
	add(&t, "b/two words", "two");
	add(&t, "a", "");
	assert_int_equal(sync_tree_check(&t, &e), 0);
	buf_init(&text, 4096);
	sync_tree_write(&t, &text);
	assert_non_null(memmem(text.ptr, text.len, " 0 a\n", 5));
	assert_int_equal(sync_tree_parse(&again, buf_slice(&text), &e), 0);
	assert_int_equal(sync_tree_hash(&t, &one, &e), 0);
	assert_int_equal(sync_tree_hash(&again, &two, &e), 0);
	assert_true(hash_eq(&one, &two));
	assert_non_null(sync_tree_find(&again, SLICE_LIT("b/two words")));
	assert_null(sync_tree_find(&again, SLICE_LIT("b")));
	for (size_t cut = 1; cut < text.len; cut++) {
		struct sync_tree part;

		sync_tree_init(&part);
		if (text.ptr[cut - 1] != '\n')
			assert_int_equal(
			    sync_tree_parse(
				&part, slice_upto(buf_slice(&text), cut), &e),
			    -1);
		sync_tree_release(&part);
	}
	buf_release(&text);
	sync_tree_release(&again);
	sync_tree_release(&t);
}

/* --- heads --------------------------------------------------------------- */

static struct sync_head
some_head(uint64_t serial)
{
	struct sync_head h = { .name = SLICE_LIT("site.test"),
		.serial = serial,
		.time_s = NOW,
		.until_s = NOW + SYNC_VALID_S };

	return h;
}

static void
test_head_each_byte(void **state)
{
	struct sync_head h = some_head(4812), again;
	struct err e = ERR_INIT;
	struct buf text;
	unsigned parsed = 0;

	(void)state;
	h.has_next = true;
	h.next = key;
	buf_init(&text, SYNC_HEAD_MAX);
	assert_int_equal(sync_head_write(&text, &h, buf_slice(&pem), &e), 0);
	assert_int_equal(sync_head_parse(buf_slice(&text), &again, &e), 0);
	assert_int_equal(again.serial, 4812);
	assert_int_equal(again.len, text.len);
	assert_true(again.has_next);
	assert_true(sync_head_check(buf_slice(&text), &again, &key));
	for (size_t i = 0; i < text.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			text.ptr[i] = (char)(text.ptr[i] ^ (1 << bit));
			if (sync_head_parse(buf_slice(&text), &again, &e) ==
			    0) {
				parsed++;
				assert_false(sync_head_check(
				    buf_slice(&text), &again, &key));
			}
			text.ptr[i] = (char)(text.ptr[i] ^ (1 << bit));
		}
	assert_true(parsed > 0); /* the signature, not the parser, held */
	for (size_t cut = 0; cut < text.len; cut++)
		assert_int_equal(
		    sync_head_parse(
			slice_upto(buf_slice(&text), cut), &again, &e),
		    -1);
	buf_release(&text);
}

/* --- frames -------------------------------------------------------------- */

static void
test_frames(void **state)
{
	/* zstd takes no base that overlaps the text. */
	char base_text[20000], same_text[sizeof(base_text)];
	struct slice same = slice_make(same_text, sizeof(same_text));
	struct slice base = slice_make(base_text, sizeof(base_text));
	struct buf frame, text;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(base_text); i++)
		base_text[i] = (char)(i * i >> 7);
	memcpy(same_text, base_text, sizeof(same_text));
	buf_init(&frame, 1 << 20);
	buf_init(&text, 1 << 20);
	assert_int_equal(sync_frame_make(&frame, same, base, &e), 0);
	assert_true(frame.len < 200);
	assert_int_equal(sync_frame_read(&text, buf_slice(&frame), base,
			     sizeof(base_text), &e),
	    0);
	assert_true(slice_eq(buf_slice(&text), base));
	/* Too long, another base, cut, something behind it. */
	buf_clear(&text);
	assert_int_equal(sync_frame_read(&text, buf_slice(&frame), base,
			     sizeof(base_text) - 1, &e),
	    -1);
	buf_clear(&text);
	base_text[10000] ^= 1;
	assert_int_equal(sync_frame_read(&text, buf_slice(&frame), base,
			     sizeof(base_text), &e),
	    0); /* wrong contents: their hashes tell */
	assert_false(slice_eq(buf_slice(&text), same));
	for (size_t cut = 0; cut < frame.len; cut += 3) {
		buf_clear(&text);
		assert_int_equal(
		    sync_frame_read(&text, slice_upto(buf_slice(&frame), cut),
			base, sizeof(base_text), &e),
		    -1);
	}
	buf_add_char(&frame, 'x');
	assert_int_equal(sync_frame_read(&text, buf_slice(&frame), base,
			     sizeof(base_text), &e),
	    -1);
	buf_release(&text);
	buf_release(&frame);
}

/* As started by a service manager or in a container, which filter calls. */
static void
test_frame_under_a_filter(void **state)
{
	struct sock_filter code[] = { BPF_STMT(
	    BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	const struct sock_fprog program = { 1, code };
	struct slice words = SLICE_LIT("words, words, words");
	struct buf frame, text;
	int status = -1;
	pid_t pid;

	(void)state;
	buf_init(&frame, 4096);
	buf_init(&text, 4096);
	assert_int_equal(sync_frame_make(&frame, words, SLICE_NONE, NULL), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ||
		    sync_frame_read(&text, buf_slice(&frame), SLICE_NONE,
			words.len, NULL) < 0 ||
		    !slice_eq(buf_slice(&text), words));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	buf_release(&text);
	buf_release(&frame);
}

/* Texts, then noise in a hurry: one frame, and the same bytes each time. */
static void
test_packed_stream(void **state)
{
	struct buf text, packed[2], again;
	struct err e = ERR_INIT;
	uint32_t noise = 1;

	(void)state;
	buf_init(&text, 1 << 20);
	buf_init(&again, 1 << 20);
	for (unsigned i = 0; i < 20000; i++)
		buf_addf(&text, "line %u\n", i % 500);
	for (unsigned i = 0; i < 100000; i++) {
		noise = noise * 1664525u + 1013904223u;
		buf_add_char(&text, (char)(noise >> 24));
	}
	for (int i = 0; i < 2; i++) {
		struct slice all = buf_slice(&text);
		size_t half = text.len - 100000;
		struct sync_packer *p = sync_packer_new(all.len, &e);

		buf_init(&packed[i], 1 << 20);
		assert_non_null(p);
		assert_int_equal(sync_packer_add(p, slice_upto(all, half),
				     false, &packed[i], &e),
		    0);
		assert_int_equal(sync_packer_hurry(p, &packed[i], &e), 0);
		assert_int_equal(sync_packer_add(p, slice_from(all, half), true,
				     &packed[i], &e),
		    0);
		sync_packer_free(p);
	}
	assert_true(packed[0].len < 110000);
	assert_true(slice_eq(buf_slice(&packed[0]), buf_slice(&packed[1])));
	assert_int_equal(sync_frame_read(&again, buf_slice(&packed[0]),
			     SLICE_NONE, text.len, &e),
	    0);
	assert_true(slice_eq(buf_slice(&again), buf_slice(&text)));
	buf_release(&packed[0]);
	buf_release(&packed[1]);
	buf_release(&again);
	buf_release(&text);
}

static void
test_frame_with_a_large_window(void **state)
{
	/* A frame header that asks for 2^31 bytes of window. */
	static const char bomb[] = "\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
	struct err e = ERR_INIT;
	struct buf text;

	(void)state;
	buf_init(&text, 1 << 20);
	assert_int_equal(
	    sync_frame_read(&text, slice_make(bomb, sizeof(bomb) - 1),
		SLICE_NONE, 1 << 20, &e),
	    -1);
	assert_non_null(strstr(e.text, "window"));
	buf_release(&text);
}

/* --- a mirror and its origin --------------------------------------------- */

struct place {
	char dir[64];
	struct mirror m;
	struct mirror_stage s;
};

static void
place_open(struct place *p)
{
	struct err e = ERR_INIT;

	snprintf(p->dir, sizeof(p->dir), "/tmp/qasid-sync-XXXXXX");
	assert_non_null(mkdtemp(p->dir));
	assert_int_equal(mirror_open(&p->m, p->dir, &key, &e), 0);
	assert_int_equal(stage_begin(&p->s, &p->m, &e), 0);
	p->s.serial = 1; /* as if it had followed so far */
}

static void
place_close(struct place *p)
{
	struct err e = ERR_INIT;

	stage_release(&p->s);
	mirror_close(&p->m);
	assert_int_equal(place_remove_all(AT_FDCWD, p->dir, &e), 0);
}

/* Signs a delta of `list` and `content` that claims to lead to `tree`. */
static int
apply(struct place *p, const char *list, const char *content,
    const struct sync_tree *tree, struct err *e)
{
	struct sync_delta d = { .from = 1, .to = 2 }, parsed;
	struct buf frames[2], text;
	int r;

	assert_int_equal(sync_tree_hash(tree, &d.tree, e), 0);
	buf_init(&frames[0], 1 << 20);
	buf_init(&frames[1], 1 << 20);
	buf_init(&text, 1 << 20);
	assert_int_equal(
	    sync_frame_make(&frames[0], slice_cstr(list), SLICE_NONE, e), 0);
	assert_int_equal(
	    sync_frame_make(&frames[1], slice_cstr(content), SLICE_NONE, e), 0);
	d.list = buf_slice(&frames[0]);
	d.content = buf_slice(&frames[1]);
	assert_int_equal(sync_delta_write(&text, &d, buf_slice(&pem), e), 0);
	assert_int_equal(
	    sync_delta_parse(buf_slice(&text), false, &parsed, e), 0);
	assert_int_equal(parsed.len, text.len);
	r = stage_delta(&p->s, &parsed, e);
	buf_release(&text);
	buf_release(&frames[1]);
	buf_release(&frames[0]);
	return r;
}

static void
test_delta_is_applied(void **state)
{
	struct err e = ERR_INIT;
	struct sync_tree want;
	struct place p;

	(void)state;
	place_open(&p);
	sync_tree_init(&want);
	add(&want, "a", "one");
	add(&want, "b/c", "");
	add(&want, "b/d", "three");
	assert_int_equal(
	    apply(&p, "+ 3 a\n+ 0 b/c\n+ 5 b/d\n\n", "onethree", &want, &e), 0);
	assert_int_equal(p.s.tree.count, 3);
	sync_tree_release(&want);
	place_close(&p);
}

static void
test_hostile_lists(void **state)
{
	static const struct {
		const char *list, *content;
	} bad[] = {
		{ "+ 1 ../qasid-out\n\n", "x" },
		{ "+ 1 /etc/x\n\n", "x" },
		{ "+ 1 a/../../qasid-out\n\n", "x" },
		{ "+ 1 .ssh/x\n\n", "x" },
		{ "+ 1 -x\n\n", "x" },
		{ "+ 1 a\\b\n\n", "x" },
		{ "+ 1 a//b\n\n", "x" },
		{ "+ 1 b\n+ 1 a\n\n", "xx" },
		{ "+ 1 a\n+ 1 a\n\n", "xx" },
		{ "+ 2 a\n\n", "x" },
		{ "+ 1 a\n\n", "xx" },
		{ "+ 01 a\n\n", "x" },
		{ "+ -1 a\n\n", "x" },
		{ "+ 99999999999999999999 a\n\n", "x" },
		{ "+ 9000000000 a\n\n", "x" },
		{ "+ 1 a\n", "x" },
		{ "+ 1 a\n\nmore", "x" },
		{ "* 1 a\n\n", "x" },
		{ "", "" },
	};
	struct err e = ERR_INIT;
	struct sync_tree want;

	(void)state;
	sync_tree_init(&want);
	add(&want, "a", "x");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct place p;
		struct stat st;
		char path[128];

		place_open(&p);
		if (apply(&p, bad[i].list, bad[i].content, &want, &e) == 0)
			fail_msg("taken: %s", bad[i].list);
		snprintf(path, sizeof(path), "%s/../qasid-out", p.dir);
		assert_int_equal(stat(path, &st), -1);
		snprintf(path, sizeof(path), "%s/content", p.dir);
		assert_int_equal(rmdir(path), 0); /* it is empty */
		place_close(&p);
	}
	sync_tree_release(&want);
}

/* Case-folded twins, a file that is a folder: refused with the whole tree. */
static void
test_hostile_trees(void **state)
{
	static const char *const lists[] = { "+ 1 A\n+ 1 a\n\n",
		"+ 1 a\n+ 1 a/b\n\n" };
	static const char *const paths[][2] = { { "A", "a" }, { "a", "a/b" } };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct sync_head h = some_head(2);
		struct sync_tree want;
		struct place p;
		struct buf text;

		place_open(&p);
		sync_tree_init(&want);
		add(&want, paths[i][0], "x");
		add(&want, paths[i][1], "y");
		buf_init(&text, SYNC_HEAD_MAX);
		h.files = 2;
		h.bytes = 2;
		assert_int_equal(sync_tree_hash(&want, &h.tree, &e), 0);
		assert_int_equal(
		    sync_head_write(&text, &h, buf_slice(&pem), &e), 0);
		assert_int_equal(stage_aim(&p.s, buf_slice(&text), &e), 0);
		assert_int_equal(apply(&p, lists[i], "xy", &want, &e), 0);
		assert_int_equal(stage_check(&p.s, &e), -1);
		assert_int_equal(mirror_switch(&p.s, &e), -1);
		buf_release(&text);
		sync_tree_release(&want);
		place_close(&p);
	}
}

static void
test_delta_of_another_key(void **state)
{
	struct err e = ERR_INIT;
	struct sync_tree want;
	struct place p;

	(void)state;
	place_open(&p);
	sync_tree_init(&want);
	add(&want, "a", "x");
	p.m.keys[0].b[0] ^= 1;
	assert_int_equal(apply(&p, "+ 1 a\n\n", "x", &want, &e), -1);
	assert_non_null(strstr(e.text, "no key"));
	sync_tree_release(&want);
	place_close(&p);
}

/* Folders become files and files folders; nothing else is lost. */
static void
test_switch_between_shapes(void **state)
{
	static const char *const lists[] = {
		"+ 1 a\n+ 1 b/c\n+ 1 b/d\n+ 1 e\n\n",
		"- a\n+ 1 a/b/c\n+ 1 b\n- b/c\n- b/d\n\n",
	};
	static const char *const contents[] = { "1234", "56" };
	struct err e = ERR_INIT;
	struct sync_tree want[2];
	struct stat st;
	struct place p;
	char path[128];

	(void)state;
	place_open(&p);
	sync_tree_init(&want[0]);
	sync_tree_init(&want[1]);
	add(&want[0], "a", "1");
	add(&want[0], "b/c", "2");
	add(&want[0], "b/d", "3");
	add(&want[0], "e", "4");
	add(&want[1], "a/b/c", "5");
	add(&want[1], "b", "6");
	add(&want[1], "e", "4");
	for (size_t i = 0; i < 2; i++) {
		struct sync_head h = some_head(2 + i);
		struct buf text;

		buf_init(&text, SYNC_HEAD_MAX);
		h.files = want[i].count;
		h.bytes = want[i].bytes;
		assert_int_equal(sync_tree_hash(&want[i], &h.tree, &e), 0);
		assert_int_equal(
		    sync_head_write(&text, &h, buf_slice(&pem), &e), 0);
		assert_int_equal(stage_aim(&p.s, buf_slice(&text), &e), 0);
		if (apply(&p, lists[i], contents[i], &want[i], &e) < 0)
			fail_msg("%s", e.text);
		if (mirror_switch(&p.s, &e) < 0)
			fail_msg("%s", e.text);
		buf_release(&text);
		stage_release(&p.s);
		mirror_close(&p.m);
		assert_int_equal(mirror_open(&p.m, p.dir, &key, &e), 0);
		assert_int_equal(stage_begin(&p.s, &p.m, &e), 0);
		assert_int_equal(p.m.live.count, want[i].count);
	}
	snprintf(path, sizeof(path), "%s/content/a/b/c", p.dir);
	assert_int_equal(stat(path, &st), 0);
	snprintf(path, sizeof(path), "%s/content/b", p.dir);
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	sync_tree_release(&want[1]);
	sync_tree_release(&want[0]);
	place_close(&p);
}

/* --- judging ------------------------------------------------------------- */

static enum mirror_verdict
judge(struct place *p, const struct sync_head *h, int64_t now, struct err *e)
{
	enum mirror_verdict v;
	struct sync_head out;
	struct buf text;

	buf_init(&text, SYNC_HEAD_MAX);
	assert_int_equal(sync_head_write(&text, h, buf_slice(&pem), e), 0);
	v = mirror_judge(
	    &p->m, buf_slice(&text), SLICE_LIT("site.test"), now, &out, e);
	buf_release(&text);
	return v;
}

static void
test_verdicts(void **state)
{
	struct sync_head h = some_head(5), ours = some_head(4);
	struct err e = ERR_INIT;
	struct place p;

	(void)state;
	place_open(&p);
	ours.time_s = NOW - 10;
	p.m.head = ours;
	assert_int_equal(judge(&p, &h, NOW, &e), MIRROR_NEWER);
	assert_int_equal(judge(&p, &h, NOW + SYNC_VALID_S, &e), MIRROR_EXPIRED);
	assert_int_equal(
	    judge(&p, &h, NOW - 2 * MIRROR_CLOCK_SLACK_S, &e), MIRROR_CLOCK);
	assert_non_null(strstr(e.text, "clock"));
	h.serial = 4;
	assert_int_equal(judge(&p, &h, NOW, &e), MIRROR_RESIGNED);
	h.tree.b[0] = 1;
	assert_int_equal(judge(&p, &h, NOW, &e), MIRROR_BAD);
	h = some_head(3);
	assert_int_equal(judge(&p, &h, NOW, &e), MIRROR_BAD);
	assert_non_null(strstr(e.text, "went back"));
	h = some_head(5);
	h.time_s = NOW - 11;
	assert_int_equal(judge(&p, &h, NOW, &e), MIRROR_BAD);
	h = some_head(5);
	h.name = SLICE_LIT("other.test");
	assert_int_equal(judge(&p, &h, NOW, &e), MIRROR_BAD);
	h = some_head(5);
	p.m.keys[0].b[3] ^= 1;
	assert_int_equal(judge(&p, &h, NOW, &e), MIRROR_BAD);
	p.m.has_next = true;
	p.m.next = key;
	assert_int_equal(judge(&p, &h, NOW, &e), MIRROR_NEWER);
	place_close(&p);
}

/* --- history ------------------------------------------------------------- */

static void
test_what_is_kept(void **state)
{
	enum {
		HOUR = 3600,
		SERIALS = 900
	};
	struct sync_history h;
	struct err e = ERR_INIT;
	struct sync_tree none;
	uint64_t dropped[SYNC_KEPT_MAX], snap = 7;
	int64_t time = NOW;

	(void)state;
	history_init(&h);
	sync_tree_init(&none);
	for (uint64_t n = 1; n <= SERIALS; n++, time += 6 * HOUR) {
		assert_int_equal(history_add(&h, n, time, &none, &none, &e), 0);
		assert_true(
		    history_prune(&h, time, &snap, 1, dropped, &e) >= 0);
	}
	assert_int_equal(h.kept[h.count - 1].serial, SERIALS);
	for (size_t i = 0; i < SYNC_LAST; i++)
		assert_int_equal(h.kept[h.count - 1 - i].serial, SERIALS - i);
	assert_true(history_find(&h, snap) < h.count);
	/* 225 days: 32 last ones of 8 days, 23 more days, 33 weeks, one. */
	assert_in_range(h.count, 32 + 22 + 26, 32 + 25 + 34);
	history_release(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature_of_the_rfc),
		cmocka_unit_test(test_keys_as_text),
		cmocka_unit_test(test_path_rule),
		cmocka_unit_test(test_trees_clash),
		cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_head_each_byte),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_frame_under_a_filter),
		cmocka_unit_test(test_packed_stream),
		cmocka_unit_test(test_frame_with_a_large_window),
		cmocka_unit_test(test_delta_is_applied),
		cmocka_unit_test(test_hostile_lists),
		cmocka_unit_test(test_hostile_trees),
		cmocka_unit_test(test_delta_of_another_key),
		cmocka_unit_test(test_switch_between_shapes),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_what_is_kept),
	};

	return cmocka_run_group_tests_name("sync", tests, make_key, drop_key);
}
