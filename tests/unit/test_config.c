#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "config/config.h"

#include "test.h"

static struct config conf;
static struct err e;

static int
parse(const char *text)
{
	int r;

	e = ERR_INIT;
	assert_int_equal(config_init(&conf, &e), 0);
	r = config_parse(&conf, slice_cstr(text), "q.yaml", &e);
	return r;
}

static void
has_defaults(void **state)
{
	(void)state;
	assert_int_equal(parse(""), 0);
	assert_string_equal(conf.store, "store");
	assert_string_equal(conf.certs, "certs");
	assert_true(conf.map_bytes == (uint64_t)64 << 30);
	assert_true(conf.handshake_ms == 60000 && conf.request_ms == 30000);
	assert_true(conf.stall_ms == 60000 && conf.drain_ms == 10000);
	assert_true(conf.rate_window_ms == 300000 && conf.rate_bytes == 50);
	assert_int_equal(conf.tickets, CONFIG_TICKETS_AUTO);
	assert_int_equal(conf.log, CONFIG_LOG_OFF);
	assert_false(conf.allow_no_landlock || conf.allow_no_seccomp);
	assert_int_equal(conf.hosts.count, 0);
	config_release(&conf);
}

static void
reads_all_kinds(void **state)
{
	(void)state;
	assert_int_equal(parse("store:\n  folder: /srv/q\n  map_size: 1G\n"
			       "hosts: [a.test, b.test]\n"
			       "listen:\n  gemini: 0.0.0.0:1965\n"
			       "  gopher:\n    - 0.0.0.0:70\n    - '[::]:70'\n"
			       "limits: {handshake: 200ms, request: 2m, "
			       "connections: 7}\n"
			       "tls: {tickets: on}\n"
			       "log: stderr\n"
			       "sandbox:\n  allow_no_landlock: yes\n"),
	    0);
	assert_string_equal(conf.store, "/srv/q");
	assert_true(conf.map_bytes == 1 << 30);
	assert_int_equal(conf.hosts.count, 2);
	assert_string_equal(conf.hosts.items[1], "b.test");
	assert_int_equal(conf.listen_gemini.count, 1);
	assert_int_equal(conf.listen_gopher.count, 2);
	assert_string_equal(conf.listen_gopher.items[1], "[::]:70");
	assert_true(conf.handshake_ms == 200 && conf.request_ms == 120000);
	assert_int_equal(conf.max_conns, 7);
	assert_int_equal(conf.tickets, CONFIG_TICKETS_ON);
	assert_int_equal(conf.log, CONFIG_LOG_STDERR);
	assert_true(conf.allow_no_landlock);
	config_release(&conf);
}

static void
names_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *says;
		unsigned line, column;
	} cases[] = {
		{ "limts: {}\n", "did you mean \"limits\"?", 1, 1 },
		{ "foo: 1\n", "unknown key \"foo\"", 1, 1 },
		{ "wokers: 2\n", "did you mean \"workers\"?", 1, 1 },
		{ "log: off\nlimits:\n  reqest: 3s\n",
		    "did you mean \"limits.request\"?", 3, 3 },
		{ "request: 3s\n", "did you mean \"limits.request\"?", 1, 1 },
		{ "xyzzy: 1\n", "unknown key \"xyzzy\"", 1, 1 },
		{ "workers: many\n", "is a whole number", 1, 10 },
		{ "workers: -1\n", "is a whole number", 1, 10 },
		{ "workers: 9999999999999999999999\n", "whole number", 1, 10 },
		{ "workers: 300\n", "a whole number, between 0 and 256, not", 1,
		    10 },
		{ "limits: {drain: 3 weeks}\n",
		    "whole number with ms, s, m or h behind it, between "
		    "10ms and 24h, not \"3 weeks\"",
		    1, 17 },
		{ "limits: {drain: 999999999999h}\n", "between 10ms and 24h", 1,
		    17 },
		{ "log: maybe\n", "is one of off, stderr", 1, 6 },
		{ "sandbox: {allow_no_seccomp: perhaps}\n", "yes or no", 1,
		    29 },
		{ "limits: 3\n", "is a group of keys", 1, 9 },
		{ "hosts: {a: b}\n", "is not a mapping", 1, 8 },
		{ "hosts: [[a]]\n", "is a list of strings", 1, 9 },
		{ "hosts: [a, '']\n", "empty item", 1, 12 },
		{ "certs: \"a\\nb\"\n", "holds a control character", 1, 8 },
		{ "hosts: [\"\\u2028\"]\n", "holds a control", 1, 9 },
		{ "workers: [1]\n", "is not a list", 1, 10 },
		{ "- a\n", "not a list", 1, 1 },
		{ "a: [\n", "", 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(cases[i].text) == 0)
			fail_msg("accepted: %s", cases[i].text);
		if (!strstr(e.text, cases[i].says) || e.line != cases[i].line ||
		    e.column != cases[i].column ||
		    strcmp(e.file, "q.yaml") != 0)
			fail_msg("%s -> %s:%u:%u %s", cases[i].text, e.file,
			    e.line, e.column, e.text);
		if (!strstr(cases[i].says, "did you mean") &&
		    strstr(e.text, "did you mean"))
			fail_msg("%s -> %s", cases[i].text, e.text);
		config_release(&conf);
	}
}

static void
flags_override(void **state)
{
	(void)state;
	assert_int_equal(parse("hosts: [a.test]\n"), 0);
	config_clear(&conf, "hosts");
	assert_int_equal(config_set(&conf, "hosts", "b.test", &e), 0);
	assert_int_equal(config_set(&conf, "hosts", "c.test", &e), 0);
	assert_int_equal(conf.hosts.count, 2);
	assert_string_equal(conf.hosts.items[0], "b.test");
	assert_int_equal(config_set(&conf, "host", "d.test", &e), -1);
	assert_non_null(strstr(e.text, "did you mean \"hosts\"?"));
	assert_int_equal(config_set(&conf, "workers", "x", &e), -1);
	config_release(&conf);
}

static void
print_reads_back(void **state)
{
	struct buf first, again;

	(void)state;
	buf_init(&first, 65536);
	buf_init(&again, 65536);
	assert_int_equal(parse("hosts: [a.test, b.test]\nworkers: 3\n"
			       "certs: a\\b'\"c\n"
			       "tls: {tickets: off}\nlimits: {stop: 7s}\n"),
	    0);
	config_print(&first, &conf);
	config_release(&conf);
	assert_non_null(buf_cstr(&first));
	assert_int_equal(parse(buf_cstr(&first)), 0);
	config_print(&again, &conf);
	config_release(&conf);
	assert_non_null(buf_cstr(&again));
	assert_string_equal(first.ptr, again.ptr);
	assert_non_null(strstr(first.ptr, "  stop: 7s # "));
	assert_non_null(strstr(first.ptr, "  handshake: 60s # "));
	assert_non_null(strstr(first.ptr, "  rate_window: 5m # "));
	assert_non_null(strstr(first.ptr, "  reload: 1h # "));
	assert_non_null(strstr(first.ptr, "  map_size: 64G # "));
	buf_release(&first);
	buf_release(&again);
}

static void
survives_no_memory(void **state)
{
	(void)state;
	mem_fail_after(0);
	assert_int_equal(config_init(&conf, &e), -1);
	assert_int_equal(e.kind, ERR_MEMORY);
	mem_fail_never();
}

static void
reads_files(void **state)
{
	char path[] = "/tmp/qasid-config-XXXXXX";
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");

	(void)state;
	assert_non_null(f);
	fputs("workers: 5\n", f);
	fclose(f);
	assert_int_equal(config_init(&conf, &e), 0);
	assert_int_equal(config_read(&conf, path, &e), 0);
	assert_int_equal(conf.workers, 5);
	unlink(path);
	assert_int_equal(config_read(&conf, path, &e), -1);
	assert_int_equal(e.kind, ERR_SYSTEM);
	config_release(&conf);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(reads_all_kinds),
		cmocka_unit_test(names_what_is_wrong),
		cmocka_unit_test(flags_override),
		cmocka_unit_test(print_reads_back),
		cmocka_unit_test(survives_no_memory),
		cmocka_unit_test(reads_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
