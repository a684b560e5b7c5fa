#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "cert/cert.h"
#include "cert/folder.h"

#include "test.h"

#define HOST "a.test"
#define T0   INT64_C(1800000000)
#define T1   INT64_C(1800001000) /* when the next one comes */

static char dir[] = "/tmp/test_cert_folder.XXXXXX";
static struct err e;

/* Two pairs: what is in use, and what comes next. */
static struct pair {
	struct buf crt, key;
	struct hash spki;
} old, next;

static void
make(struct pair *p, int64_t until_s)
{
	struct cert_span span = { T0 - 10, until_s };
	struct cert c;

	buf_init(&p->crt, CERT_PEM_MAX);
	buf_init(&p->key, CERT_PEM_MAX);
	assert_int_equal(cert_create_for(HOST, &span, &p->crt, &p->key, &e), 0);
	assert_int_equal(
	    cert_parse(&c, buf_slice(&p->crt), buf_slice(&p->key), HOST, &e),
	    0);
	p->spki = c.spki;
	cert_release(&c);
}

static char *
path(const char *name)
{
	static char text[512];

	snprintf(text, sizeof(text), "%s/%s", dir, name);
	return text;
}

static bool
is_there(const char *name)
{
	return access(path(name), F_OK) == 0;
}

static void
empty(void)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			assert_int_equal(unlink(path(entry->d_name)), 0);
	closedir(d);
}

static int
begin(void **state)
{
	(void)state;
	empty();
	assert_int_equal(cert_folder_add(dir, HOST, buf_slice(&old.crt),
			     buf_slice(&old.key), &e),
	    0);
	return 0;
}

static void
prepare(void)
{
	assert_int_equal(cert_folder_prepare(dir, HOST, buf_slice(&next.crt),
			     buf_slice(&next.key), T1, &e),
	    0);
}

/* At `now_s` a whole pair is found, and it is p's. */
static void
finds(const struct pair *p, int64_t now_s)
{
	struct cert_files f;
	struct cert c;

	assert_int_equal(cert_folder_find(dir, HOST, now_s, &f, &e), 0);
	assert_int_equal(cert_load(&c, f.crt, f.key, &e), 0);
	assert_true(hash_eq(&c.spki, &p->spki));
	cert_release(&c);
}

/* A file by the name `name` holds the key of `p`. */
static void
holds_key(const char *name, const struct pair *p)
{
	struct buf text;
	struct stat st;

	buf_init(&text, CERT_PEM_MAX);
	assert_int_equal(cert_read_file(path(name), &text, &e), 0);
	assert_int_equal(text.len, p->key.len);
	assert_memory_equal(text.ptr, p->key.ptr, text.len);
	assert_int_equal(stat(path(name), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	buf_release(&text);
}

static void
never_replaces_the_first(void **state)
{
	(void)state;
	assert_int_equal(cert_folder_add(dir, HOST, buf_slice(&next.crt),
			     buf_slice(&next.key), &e),
	    -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	finds(&old, T0);
	holds_key(HOST ".key", &old);
	/* A key without its certificate is somebody's, too. */
	assert_int_equal(unlink(path(HOST ".crt")), 0);
	assert_int_equal(cert_folder_add(dir, HOST, buf_slice(&next.crt),
			     buf_slice(&next.key), &e),
	    -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
	holds_key(HOST ".key", &old);
}

static void
follows_at_its_time(void **state)
{
	struct cert_files f;

	(void)state;
	finds(&old, INT64_MAX);
	assert_int_equal(cert_folder_find_next(dir, HOST, &f, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	prepare();
	finds(&old, T1 - 1);
	finds(&next, T1);
	finds(&old, INT64_MIN);
	assert_int_equal(cert_folder_find_next(dir, HOST, &f, &e), 0);
	assert_true(f.next_s == T1);
	assert_int_equal(cert_folder_move(dir, HOST, T1 + 5, &e), 0);
	finds(&old, T1);
	finds(&next, T1 + 5);
	/* Without a time, after the end of the old one. */
	assert_int_equal(unlink(path(HOST ".next.at")), 0);
	finds(&old, T1 + 100);
	finds(&next, T1 + 101);
	assert_int_equal(cert_folder_prepare(dir, HOST, buf_slice(&next.crt),
			     buf_slice(&next.key), T1, &e),
	    -1);
	assert_int_equal(e.kind, ERR_CONFLICT);
}

static void
tells_of_a_time_that_is_none(void **state)
{
	struct cert_files f;
	FILE *to;

	(void)state;
	prepare();
	to = fopen(path(HOST ".next.at"), "w");
	assert_non_null(to);
	fputs("soon\n", to);
	fclose(to);
	assert_int_equal(cert_folder_find(dir, HOST, T1, &f, &e), -1);
	assert_non_null(strstr(e.text, HOST ".next.at\" holds no time"));
}

static void
settles_when_due(void **state)
{
	(void)state;
	assert_int_equal(cert_folder_settle(dir, HOST, T1, &e), 0);
	prepare();
	assert_int_equal(cert_folder_settle(dir, HOST, T1 - 1, &e), 0);
	assert_true(is_there(HOST ".next.crt"));
	assert_int_equal(cert_folder_settle(dir, HOST, T1, &e), 0);
	assert_false(is_there(HOST ".next.crt"));
	assert_false(is_there(HOST ".next.key"));
	assert_false(is_there(HOST ".next.at"));
	finds(&next, T1);
	finds(&next, INT64_MIN);
	holds_key(HOST ".key.old", &old);
	assert_true(is_there(HOST ".crt.old"));
}

/* What rename(2) and unlink(2) leave when it ends after `steps` of them. */
static void
break_off(int steps)
{
	char from[512];

	prepare();
	snprintf(from, sizeof(from), "%s", path(HOST ".next.key"));
	if (steps > 0)
		assert_int_equal(rename(from, path(HOST ".key")), 0);
	if (steps > 0)
		assert_int_equal(link(path(HOST ".key"), from), 0);
	snprintf(from, sizeof(from), "%s", path(HOST ".next.crt"));
	if (steps > 1)
		assert_int_equal(rename(from, path(HOST ".crt")), 0);
	if (steps > 1)
		assert_int_equal(link(path(HOST ".crt"), from), 0);
	if (steps > 2)
		assert_int_equal(unlink(from), 0);
	if (steps > 3)
		assert_int_equal(unlink(path(HOST ".next.key")), 0);
}

static void
is_whole_wherever_it_breaks_off(void **state)
{
	for (int steps = 0; steps < 5; steps++) {
		begin(state);
		break_off(steps);
		finds(&next, T1);
		assert_int_equal(cert_folder_settle(dir, HOST, T1, &e), 0);
		finds(&next, T1);
		assert_false(is_there(HOST ".next.crt"));
	}
	/* A preparation without its last step is none, and begun again. */
	begin(state);
	prepare();
	assert_int_equal(unlink(path(HOST ".next.crt")), 0);
	finds(&old, T1);
	prepare();
	finds(&next, T1);
	holds_key(HOST ".next.key.old", &next);
}

static void
takes_back_and_keeps(void **state)
{
	(void)state;
	prepare();
	assert_int_equal(cert_folder_cancel(dir, HOST, &e), 0);
	finds(&old, T1);
	assert_false(is_there(HOST ".next.at"));
	holds_key(HOST ".next.key.old", &next);
	assert_int_equal(cert_folder_cancel(dir, HOST, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
}

static void
loses_nothing_it_replaces(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		const struct pair *p = i % 2 ? &old : &next;

		assert_int_equal(
		    cert_folder_replace(
			dir, HOST, buf_slice(&p->crt), buf_slice(&p->key), &e),
		    0);
		finds(p, INT64_MIN);
	}
	holds_key(HOST ".key.old", &old);
	holds_key(HOST ".key.old.2", &next);
	holds_key(HOST ".key.old.3", &old);
	assert_int_equal(
	    cert_folder_renew(dir, HOST, buf_slice(&next.crt), &e), 0);
	assert_true(is_there(HOST ".crt.old.4"));
	assert_false(is_there(HOST ".key.old.4"));
	finds(&next, T0);
}

static void
refuses_a_folder_of_everybody(void **state)
{
	(void)state;
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(
	    cert_folder_renew(dir, HOST, buf_slice(&old.crt), &e), -1);
	assert_non_null(strstr(e.text, "everybody may write"));
	assert_int_equal(cert_folder_prepare(dir, HOST, buf_slice(&next.crt),
			     buf_slice(&next.key), T1, &e),
	    -1);
	assert_int_equal(chmod(dir, 0700), 0);
	assert_false(is_there(HOST ".crt.old"));
	assert_false(is_there(HOST ".next.key"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(never_replaces_the_first, begin),
		cmocka_unit_test_setup(follows_at_its_time, begin),
		cmocka_unit_test_setup(tells_of_a_time_that_is_none, begin),
		cmocka_unit_test_setup(settles_when_due, begin),
		cmocka_unit_test_setup(is_whole_wherever_it_breaks_off, begin),
		cmocka_unit_test_setup(takes_back_and_keeps, begin),
		cmocka_unit_test_setup(loses_nothing_it_replaces, begin),
		cmocka_unit_test_setup(refuses_a_folder_of_everybody, begin),
	};
	int r;

	assert_non_null(mkdtemp(dir));
	make(&old, T1 + 100);
	make(&next, CERT_NEVER);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	empty();
	rmdir(dir);
	buf_release(&old.crt);
	buf_release(&old.key);
	buf_release(&next.crt);
	buf_release(&next.key);
	return r;
}
