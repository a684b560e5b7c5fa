#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "store/store.h"

#include "test.h"

static char dir[64];

static int
make_dir(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/qasid-store-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int
remove_dir(void **state)
{
	static const char *const names[] = { "data.mdb", "lock.mdb",
		"publish.lock" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	return rmdir(dir);
}

static struct store_writer *
writer(void)
{
	struct err e = ERR_INIT;
	struct store_writer *w = store_writer_open(dir, 0, &e);

	if (!w)
		print_message("%s\n", e.text);
	assert_non_null(w);
	return w;
}

static void
put(struct store_writer *w, const char *key, struct slice body)
{
	struct store_entry entry = { .kind = STORE_PAGE,
		.gopher_type = '0',
		.media = SLICE_LIT("text/gemini"),
		.lang = SLICE_LIT("ur"),
		.size = body.len };

	assert_int_equal(hash_of(body, &entry.hash), 0);
	assert_int_equal(store_put_body(w, &entry.hash, body, NULL), 0);
	assert_int_equal(store_put_page(w, slice_cstr(key), &entry, NULL), 0);
}

static void
put_state(struct store_writer *w, const char *key, const char *value)
{
	assert_int_equal(
	    store_state_put(w, slice_cstr(key), slice_cstr(value), NULL), 0);
}

static void
publish(struct store_writer *w)
{
	struct err e = ERR_INIT;

	if (store_publish(w, 1700000000, &e) < 0)
		fail_msg("%s", e.text);
}

static struct store_view *
view(struct store_writer *w)
{
	struct store_view *v = store_writer_view(w, NULL);

	assert_non_null(v);
	return v;
}

/* Reads a whole body through store_view_body. */
static struct slice
body_of(struct store_view *v, const char *key)
{
	static char all[3 << 20];
	struct store_entry entry;
	size_t at = 0;
	bool ok = true;

	assert_int_equal(
	    store_view_get(v, slice_cstr(key), &entry), STORE_FOUND);
	assert_true(entry.size <= sizeof(all));
	while (at < entry.size) {
		struct slice part = store_view_body(v, &entry, at, &ok);

		assert_true(ok);
		assert_true(part.len > 0);
		memcpy(all + at, part.ptr, part.len);
		at += part.len;
	}
	assert_int_equal(at, entry.size);
	return slice_make(all, at);
}

static void
test_publish_and_read(void **state)
{
	struct store_writer *w = writer();
	struct store_reader *r;
	struct store_view *old, *new;
	struct store_entry entry;

	(void)state;
	put(w, "g/a.gmi", SLICE_LIT("first"));
	publish(w);
	assert_non_null(r = store_reader_open(dir, NULL));
	assert_non_null(old = store_reader_view(r));
	assert_int_equal(store_view_edition(old), 1);
	assert_int_equal(store_view_time(old), 1700000000);
	assert_slice(body_of(old, "g/a.gmi"), "first");
	assert_int_equal(
	    store_view_get(old, SLICE_LIT("g/a.gmi"), &entry), STORE_FOUND);
	assert_slice(entry.media, "text/gemini");
	assert_slice(entry.lang, "ur");
	assert_int_equal(entry.gopher_type, '0');

	/* A new edition is seen by the next view; the old one stays whole. */
	put(w, "g/a.gmi", SLICE_LIT("second"));
	put(w, "g/b.gmi", SLICE_LIT("more"));
	assert_int_equal(
	    store_view_get(old, SLICE_LIT("g/b.gmi"), &entry), STORE_ABSENT);
	publish(w);
	assert_non_null(new = store_reader_view(r));
	assert_ptr_not_equal(new, old);
	assert_int_equal(store_reader_held(r), 2);
	assert_ptr_equal(store_reader_oldest(r), old);
	assert_int_equal(store_view_edition(new), 2);
	assert_slice(body_of(old, "g/a.gmi"), "first");
	assert_slice(body_of(new, "g/a.gmi"), "second");
	store_view_drop(old);
	store_view_drop(new);
	assert_int_equal(store_reader_held(r), 0);
	store_reader_close(r);
	store_writer_close(w);
}

static void
test_nothing_changed_writes_nothing(void **state)
{
	struct store_writer *w = writer();
	struct store_view *v;
	struct stat before, after;
	char path[128];

	(void)state;
	put(w, "g/a", SLICE_LIT("same"));
	put_state(w, "s", "x");
	publish(w);
	store_writer_close(w);
	snprintf(path, sizeof(path), "%s/data.mdb", dir);
	assert_int_equal(stat(path, &before), 0);

	w = writer();
	put(w, "g/a", SLICE_LIT("same"));
	put_state(w, "s", "x");
	publish(w);
	v = view(w);
	assert_int_equal(store_view_edition(v), 1);
	store_view_drop(v);
	store_writer_close(w);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static struct slice
big(size_t len, char seed)
{
	static char bytes[3 << 20];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (char)(seed + (char)(i % 31));
	return slice_make(bytes, len);
}

static void
test_large_body_in_chunks(void **state)
{
	static const size_t sizes[] = { STORE_CHUNK_OVER, STORE_CHUNK_OVER + 1,
		(3 << 20) - 7 };
	struct store_writer *w = writer();

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct slice body = big(sizes[i], (char)('a' + i));
		struct store_view *v;

		put(w, "g/big", body);
		publish(w);
		v = view(w);
		assert_true(slice_eq(body_of(v, "g/big"), body));
		store_view_drop(v);
	}
	store_writer_close(w);
}

static int
count_page(void *ctx, struct slice key, const struct store_entry *entry)
{
	(void)key;
	(void)entry;
	++*(int *)ctx;
	return 0;
}

static void
test_shared_body_lives_until_the_last_page(void **state)
{
	struct store_writer *w = writer();
	struct store_view *v;
	int pages = 0;

	(void)state;
	put(w, "g/a", SLICE_LIT("shared"));
	put(w, "o/a", SLICE_LIT("shared"));
	publish(w);
	assert_int_equal(store_delete_page(w, SLICE_LIT("g/a"), NULL), 0);
	publish(w);
	v = view(w);
	assert_slice(body_of(v, "o/a"), "shared");
	assert_int_equal(store_view_each(v, count_page, &pages), 0);
	assert_int_equal(pages, 1);
	store_view_drop(v);
	assert_int_equal(store_delete_page(w, SLICE_LIT("o/a"), NULL), 0);
	publish(w);
	/* Gone and put again: it must be stored anew, not taken as there. */
	put(w, "g/c", SLICE_LIT("shared"));
	publish(w);
	v = view(w);
	assert_slice(body_of(v, "g/c"), "shared");
	store_view_drop(v);
	store_writer_close(w);
}

static void
test_staged_bodies_and_leftovers(void **state)
{
	struct store_writer *w = writer();
	struct store_view *v;
	struct hash hash;

	(void)state;
	put(w, "g/keep", SLICE_LIT("keep"));
	publish(w);
	/* 48 MiB: more than is held before a commit ahead. */
	for (int i = 0; i < 24; i++) {
		struct slice body = big(2 << 20, (char)i);

		assert_int_equal(hash_of(body, &hash), 0);
		assert_int_equal(store_put_body(w, &hash, body, NULL), 0);
	}
	v = view(w);
	assert_int_equal(store_view_edition(v), 1);
	assert_slice(body_of(v, "g/keep"), "keep");
	store_view_drop(v);
	/* It dies here; the next publisher sweeps and goes on. */
	store_writer_close(w);
	w = writer();
	put(w, "g/big", big(2 << 20, 3));
	publish(w);
	v = view(w);
	assert_slice(body_of(v, "g/keep"), "keep");
	assert_true(slice_eq(body_of(v, "g/big"), big(2 << 20, 3)));
	store_view_drop(v);
	store_writer_close(w);
}

static int
collect(void *ctx, struct slice key, struct slice value)
{
	char *out = ctx;

	(void)value;
	memcpy(out + strlen(out), key.ptr, key.len);
	return 0;
}

static void
test_state_records(void **state)
{
	struct store_writer *w = writer();
	char seen[64] = "";
	struct slice value;

	(void)state;
	put_state(w, "u/a", "1");
	put_state(w, "u/b", "2");
	put_state(w, "v/c", "3");
	/* The later of two for one key counts. */
	put_state(w, "u/b", "4");
	assert_int_equal(
	    store_state_get(w, SLICE_LIT("u/a"), &value), STORE_ABSENT);
	publish(w);
	assert_int_equal(
	    store_state_get(w, SLICE_LIT("u/b"), &value), STORE_FOUND);
	assert_slice(value, "4");
	assert_int_equal(
	    store_state_each(w, SLICE_LIT("u/"), collect, seen), 0);
	assert_string_equal(seen, "u/au/b");
	put_state(w, "u/a", "");
	publish(w);
	assert_int_equal(
	    store_state_get(w, SLICE_LIT("u/a"), &value), STORE_ABSENT);
	store_writer_close(w);
}

static void
test_keys(void **state)
{
	struct store_writer *w = writer();
	struct store_entry entry = { .kind = STORE_PAGE };
	struct err e = ERR_INIT;
	struct store_view *v;
	char key[600];

	(void)state;
	memset(key, 'k', sizeof(key));
	assert_int_equal(
	    store_put_page(w, slice_make(key, 512), &entry, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	key[511] = '\0';
	put(w, key, SLICE_LIT("at the limit"));
	publish(w);
	v = view(w);
	assert_slice(body_of(v, key), "at the limit");
	assert_int_equal(
	    store_view_get(v, slice_make(key, 600), &entry), STORE_ABSENT);
	assert_int_equal(store_view_get(v, SLICE_NONE, &entry), STORE_ABSENT);
	store_view_drop(v);
	store_writer_close(w);
}

/* In a process of its own: a damaged file must be refused, not opened. */
static void
open_damaged(void)
{
	struct err e = ERR_INIT;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/data.mdb", dir);
	fd = open(path, O_WRONLY | O_TRUNC);
	if (fd < 0 || write(fd, "not a database at all", 21) != 21)
		_exit(2);
	close(fd);
	_exit(store_reader_open(dir, &e) ? 1 : 0);
}

static _Noreturn void
open_second(void)
{
	struct err e = ERR_INIT;
	bool refused = !store_writer_open(dir, 0, &e);

	_exit(refused && e.kind == ERR_CONFLICT ? 0 : 1);
}

/* A process of its own runs `what`, which ends with 0. */
static void
in_child(void (*what)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		what();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
test_errors(void **state)
{
	struct err e = ERR_INIT;
	struct store_writer *w;

	(void)state;
	assert_null(store_reader_open("/nonexistent", &e));
	assert_int_equal(e.kind, ERR_MISSING);
	w = writer();
	in_child(open_second);
	store_writer_close(w);
	in_child(open_damaged);
}

/* A publisher with a helper that lives until `end` is closed. */
static void
publish_with_helper(int ready, const int end[2])
{
	char byte = 0;

	if (!store_writer_open(dir, 0, NULL))
		_exit(1);
	close(end[1]);
	if (fork() == 0) {
		_exit(write(ready, "", 1) == 1 && read(end[0], &byte, 1) == 0
			? 0
			: 1);
	}
	for (;;)
		pause();
}

/* What a killed publisher leaves behind does not keep the next one out. */
static void
test_orphan(void **state)
{
	int ready[2], end[2], status;
	struct store_writer *w;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	assert_true((pid = fork()) >= 0);
	if (pid == 0)
		publish_with_helper(ready[1], end);
	close(ready[1]);
	close(end[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	w = writer();
	store_writer_close(w);
	close(end[1]);
	close(ready[0]);
}

/* Publishes for ever two pages that say the same number. */
static void
publish_for_ever(int ready)
{
	struct store_writer *w = store_writer_open(dir, 0, NULL);

	for (int n = 0; w; n++) {
		char text[32];

		snprintf(text, sizeof(text), "%d", n);
		put(w, "g/1", slice_cstr(text));
		put(w, "o/2", slice_cstr(text));
		if (store_publish(w, 1, NULL) < 0)
			break;
		if (n == 3 && write(ready, "r", 1) != 1)
			break;
	}
	_exit(1);
}

/*
 * A publisher is killed at many moments; what is found afterwards is one whole
 * edition.
 */
static void
test_kill(void **state)
{
	(void)state;
	for (int round = 0; round < 40; round++) {
		struct store_writer *w;
		struct store_view *v;
		int ready[2], status;
		char one[32] = "", c;
		struct slice s;
		pid_t pid;

		assert_int_equal(pipe(ready), 0);
		assert_true((pid = fork()) >= 0);
		if (pid == 0) {
			close(ready[0]);
			publish_for_ever(ready[1]);
		}
		close(ready[1]);
		assert_int_equal(read(ready[0], &c, 1), 1);
		for (volatile int spin = 0; spin < round * 20000; spin++)
			;
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		close(ready[0]);

		w = writer();
		v = view(w);
		s = body_of(v, "g/1");
		memcpy(one, s.ptr, s.len);
		assert_slice(body_of(v, "o/2"), one);
		store_view_drop(v);
		store_writer_close(w);
	}
}

/* Another process that holds a view until it is killed. */
static pid_t
start_reader(void)
{
	struct err e = ERR_INIT;
	int ends[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ends), 0);
	assert_true((pid = fork()) >= 0);
	if (!pid) {
		struct store_reader *r = store_reader_open(dir, &e);

		c = r && store_reader_view(r) ? 'v' : 'f';
		if (write(ends[1], &c, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ends[0], &c, 1), 1);
	assert_int_equal(c, 'v');
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static void
kill_reader(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* A reader that is killed holds its slot until somebody clears it. */
static void
test_clears_slots_of_the_dead(void **state)
{
	struct store_writer *w = writer();
	pid_t first, second;

	(void)state;
	put(w, "g/1", SLICE_LIT("one"));
	publish(w);
	store_writer_close(w);
	first = start_reader();
	second = start_reader();
	assert_int_equal(store_clear_slots(dir), 0);
	kill_reader(first);
	assert_int_equal(store_clear_slots(dir), 1);
	assert_int_equal(store_clear_slots(dir), 0);
	kill_reader(second);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_dir, remove_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_publish_and_read),
		T(test_nothing_changed_writes_nothing),
		T(test_large_body_in_chunks),
		T(test_shared_body_lives_until_the_last_page),
		T(test_staged_bodies_and_leftovers),
		T(test_state_records),
		T(test_keys),
		T(test_errors),
		T(test_orphan),
		T(test_kill),
		T(test_clears_slots_of_the_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
