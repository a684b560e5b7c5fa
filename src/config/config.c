#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"
#include "base/yaml.h"

#include "config/config.h"

enum {
	ARENA_MAX = 4 << 20, /* bytes */
	LIST_MAX = 64,       /* items */
	KEY_MAX = 64,        /* bytes of a dotted key */
};

struct setting;

/* Turns `text` into the field; -1 and *e without a position on failure. */
typedef int parse_fn(const struct setting *s, struct config *c, void *field,
    const char *text, struct err *e);

/* The one table of keys and defaults. */
struct setting {
	const char *key;
	parse_fn *parse;
	size_t offset;
	const char *preset; /* the default; NULL: an empty list */
	uint64_t min, max;  /* of numbers, in the field's unit */
	const char *help;
};

/* Names and paths: nothing that a terminal or a line would act on. */
static bool
is_visible(const char *text)
{
	size_t len = strlen(text), at = 0;

	while (at < len) {
		uint32_t cp;
		size_t n = utf8_decode(text + at, len - at, &cp);

		if (!n || cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ||
		    cp == 0x2028 || cp == 0x2029 || cp == 0xfeff ||
		    (cp & 0xfffe) == 0xfffe)
			return false;
		at += n;
	}
	return true;
}

static int
refuse_invisible(const struct setting *s, struct err *e)
{
	return err_set(
	    e, ERR_INVALID, "\"%s\" holds a control character", s->key);
}

static int
parse_text(const struct setting *s, struct config *c, void *field,
    const char *text, struct err *e)
{
	char *copy = arena_strndup(&c->arena, text, strlen(text));

	if (!is_visible(text))
		return refuse_invisible(s, e);
	if (!copy)
		return err_memory(e);
	*(const char **)field = copy;
	return 0;
}

static int
parse_list(const struct setting *s, struct config *c, void *field,
    const char *text, struct err *e)
{
	struct config_list *list = field;
	char *copy;

	if (!*text)
		return err_set(
		    e, ERR_INVALID, "\"%s\" has an empty item", s->key);
	if (!is_visible(text))
		return refuse_invisible(s, e);
	if (list->count == LIST_MAX)
		return err_set(
		    e, ERR_LIMIT, "\"%s\" has over %d items", s->key, LIST_MAX);
	if (!list->items)
		list->items =
		    arena_calloc(&c->arena, LIST_MAX, sizeof(*list->items));
	copy = arena_strndup(&c->arena, text, strlen(text));
	if (!list->items || !copy)
		return err_memory(e);
	list->items[list->count++] = copy;
	return 0;
}

struct unit {
	const char *name;
	uint64_t factor;
	uint64_t least; /* what is fewer is printed in a smaller unit: "60s" */
};

/* From small to large; "" is what a bare number counts. */
static const struct unit no_units[] = { { "", 1, 0 }, { NULL, 0, 0 } };
static const struct unit byte_units[] = { { "", 1, 0 }, { "K", 1 << 10, 1 },
	{ "M", 1 << 20, 1 }, { "G", 1 << 30, 1 }, { NULL, 0, 0 } };
static const struct unit time_units[] = { { "ms", 1, 0 }, { "s", 1000, 1 },
	{ "", 1000, 1 }, { "m", 60000, 2 }, { "h", 3600000, 1 },
	{ NULL, 0, 0 } };

/* "64G", "60s": the largest unit that counts it whole. */
static void
add_quantity(struct buf *out, const struct unit *units, uint64_t n)
{
	const struct unit *best = units;

	for (const struct unit *u = units; u->name; u++)
		if (*u->name && !(n % u->factor) && n / u->factor >= u->least)
			best = u;
	if (!n)
		buf_add_char(out, '0');
	else
		buf_addf(out, "%llu%s", (unsigned long long)(n / best->factor),
		    best->name);
}

/* " and ms, s, m or h", or nothing: the units that a number may have. */
static void
add_units(struct buf *out, const struct unit *units)
{
	const char *before = " with ";

	for (; units->name; units++) {
		bool is_last = !units[1].name;

		if (!*units->name)
			continue;
		buf_add_cstr(out, before);
		buf_add_cstr(out, units->name);
		before = units[1].name && !units[2].name ? " or " : ", ";
		if (is_last)
			buf_add_cstr(out, " behind it");
	}
}

/* Says what `s` takes; returns -1. */
static int
refuse_quantity(const struct setting *s, const struct unit *units,
    const char *text, struct err *e)
{
	struct buf all;

	buf_init(&all, 4096);
	buf_add_cstr(&all, "a whole number");
	add_units(&all, units);
	buf_add_cstr(&all, ", between ");
	add_quantity(&all, units, s->min);
	buf_add_cstr(&all, " and ");
	add_quantity(&all, units, s->max);
	err_set(e, ERR_INVALID, "\"%s\" is %s, not \"%s\"", s->key,
	    buf_cstr(&all) ? all.ptr : "a whole number", text);
	buf_release(&all);
	return -1;
}

/* A whole number and one of `units`. */
static int
parse_quantity(const struct setting *s, const char *text,
    const struct unit *units, uint64_t *out, struct err *e)
{
	const struct unit *u = units;
	unsigned long long n;
	uint64_t value;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (end == text || *text < '0' || *text > '9' || errno)
		return refuse_quantity(s, units, text, e);
	while (u->name && strcmp(u->name, end) != 0)
		u++;
	if (!u->name ||
	    __builtin_mul_overflow((uint64_t)n, u->factor, &value) ||
	    value < s->min || value > s->max)
		return refuse_quantity(s, units, text, e);
	*out = value;
	return 0;
}

static int
parse_number(const struct setting *s, struct config *c, void *field,
    const char *text, struct err *e)
{
	uint64_t n;

	(void)c;
	if (parse_quantity(s, text, no_units, &n, e) < 0)
		return -1;
	*(unsigned *)field = (unsigned)n;
	return 0;
}

static int
parse_bytes(const struct setting *s, struct config *c, void *field,
    const char *text, struct err *e)
{
	(void)c;
	return parse_quantity(s, text, byte_units, field, e);
}

static int
parse_time(const struct setting *s, struct config *c, void *field,
    const char *text, struct err *e)
{
	(void)c;
	return parse_quantity(s, text, time_units, field, e);
}

static int
parse_flag(const struct setting *s, struct config *c, void *field,
    const char *text, struct err *e)
{
	bool yes = !strcmp(text, "yes") || !strcmp(text, "true");

	(void)c;
	if (!yes && strcmp(text, "no") != 0 && strcmp(text, "false") != 0)
		return err_set(e, ERR_INVALID,
		    "\"%s\" is yes or no, not \"%s\"", s->key, text);
	*(bool *)field = yes;
	return 0;
}

/* The index of `text` among `words`, or -1 and *e. */
static int
parse_word(const struct setting *s, const char *const *words, const char *text,
    struct err *e)
{
	char all[128] = "";
	size_t used = 0;

	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], text))
			return i;
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
		    i ? ", " : "", words[i]);
	}
	return err_set(e, ERR_INVALID, "\"%s\" is one of %s, not \"%s\"",
	    s->key, all, text);
}

static const char *const ticket_words[] = { "auto", "on", "off", NULL };
static const char *const log_words[] = { "off", "stderr", "syslog", NULL };

static int
parse_tickets(const struct setting *s, struct config *c, void *field,
    const char *text, struct err *e)
{
	int n = parse_word(s, ticket_words, text, e);

	(void)c;
	if (n < 0)
		return -1;
	*(enum config_tickets *)field = (enum config_tickets)n;
	return 0;
}

static int
parse_log(const struct setting *s, struct config *c, void *field,
    const char *text, struct err *e)
{
	int n = parse_word(s, log_words, text, e);

	(void)c;
	if (n < 0)
		return -1;
	*(enum config_log *)field = (enum config_log)n;
	return 0;
}

/* All but "off". */
static int
parse_messages(const struct setting *s, struct config *c, void *field,
    const char *text, struct err *e)
{
	int n = parse_word(s, log_words + CONFIG_LOG_STDERR, text, e);

	(void)c;
	if (n < 0)
		return -1;
	*(enum config_log *)field = (enum config_log)(n + CONFIG_LOG_STDERR);
	return 0;
}

#define AT(field) offsetof(struct config, field)
#define DAY_MS    ((uint64_t)24 * 3600 * 1000)

static const struct setting settings[] = {
	{ "store.folder", parse_text, AT(store), "store", 0, 0,
	    "folder of the published pages" },
	{ "store.map_size", parse_bytes, AT(map_bytes), "64G", 16 << 20,
	    (uint64_t)16 << 40, "address space for the store; not disk" },
	{ "hosts", parse_list, AT(hosts), NULL, 0, 0,
	    "host names served; the first stands in links" },
	{ "listen.gemini", parse_list, AT(listen_gemini), NULL, 0, 0,
	    "ADDR:PORT for Gemini; [::]:1965 and 0.0.0.0:1965 if empty" },
	{ "listen.gopher", parse_list, AT(listen_gopher), NULL, 0, 0,
	    "ADDR:PORT for Gopher; [::]:70 and 0.0.0.0:70 if empty" },
	{ "listen.spartan", parse_list, AT(listen_spartan), NULL, 0, 0,
	    "ADDR:PORT for Spartan, without TLS; not served if empty" },
	{ "public.gemini", parse_number, AT(public_gemini), "0", 0, 65535,
	    "port readers reach Gemini at; 0: the one listened on" },
	{ "public.gopher", parse_number, AT(public_gopher), "0", 0, 65535,
	    "port readers reach Gopher at; 0: the one listened on" },
	{ "certs", parse_text, AT(certs), "certs", 0, 0,
	    "folder of HOST.crt and HOST.key" },
	{ "workers", parse_number, AT(workers), "0", 0, 256,
	    "worker processes; 0: one a core, at least two" },
	{ "user", parse_text, AT(user), "", 0, 0,
	    "user to become when started as root; _qasid or nobody if empty" },
	{ "limits.connections", parse_number, AT(max_conns), "16000", 1,
	    1000000, "connections a worker holds" },
	{ "limits.per_address", parse_number, AT(per_address), "0", 0, 1000000,
	    "connections of one address, all workers; 0: half of all" },
	{ "limits.handshake", parse_time, AT(handshake_ms), "60s", 10, DAY_MS,
	    "time for the TLS handshake" },
	{ "limits.request", parse_time, AT(request_ms), "30s", 10, DAY_MS,
	    "time for the request line" },
	{ "limits.stall", parse_time, AT(stall_ms), "60s", 10, DAY_MS,
	    "time a reader may take nothing of a page" },
	{ "limits.rate", parse_number, AT(rate_bytes), "50", 0, 1 << 20,
	    "bytes a second a reader must take over limits.rate_window" },
	{ "limits.rate_window", parse_time, AT(rate_window_ms), "5m", 10,
	    DAY_MS, "time over which limits.rate counts" },
	{ "limits.drain", parse_time, AT(drain_ms), "10s", 10, DAY_MS,
	    "time for the peer to close after the last byte" },
	{ "limits.search", parse_time, AT(search_ms), "500ms", 0, 60000,
	    "time for one search; 0: nothing is searched" },
	{ "limits.stop", parse_time, AT(stop_ms), "60s", 0, DAY_MS,
	    "time transfers may go on after a stop" },
	{ "limits.reload", parse_time, AT(reload_ms), "1h", 0, DAY_MS,
	    "time transfers may go on in the old workers after a reload" },
	{ "gopher.tls", parse_flag, AT(gopher_tls), "yes", 0, 0,
	    "answer TLS on Gopher's port as well (gophers://)" },
	{ "tls.tickets", parse_tickets, AT(tickets), "auto", 0, 0,
	    "session tickets: auto, on or off" },
	{ "tls.ticket_keys", parse_text, AT(ticket_file), "", 0, 0,
	    "file of keys shared with other nodes; of our own if empty" },
	{ "proxy.from", parse_list, AT(proxies), NULL, 0, 0,
	    "addresses or ranges of proxies that send a PROXY header" },
	{ "log", parse_log, AT(log), "off", 0, 0,
	    "one line a request, without address or query: off, stderr, "
	    "syslog" },
	{ "messages", parse_messages, AT(messages), "stderr", 0, 0,
	    "where the server's own words go: stderr or syslog" },
	{ "syslog", parse_text, AT(syslog), "/dev/log", 0, 0,
	    "socket of the system's log" },
	{ "counts", parse_text, AT(counts), "", 0, 0,
	    "folder of how often each article was read, a file a day; none "
	    "if empty" },
	{ "replies.inbox", parse_text, AT(inbox), "", 0, 0,
	    "folder where readers' replies wait; none are taken if empty" },
	{ "replies.max", parse_number, AT(inbox_max), "1000", 1, 100000,
	    "replies that may wait" },
	{ "replies.hour", parse_number, AT(replies_an_hour), "60", 1, 1000000,
	    "replies taken in an hour, of all readers" },
	{ "status.socket", parse_text, AT(status_socket), "", 0, 0,
	    "Unix socket that tells the counters; none if empty" },
	{ "sandbox.allow_no_landlock", parse_flag, AT(allow_no_landlock), "no",
	    0, 0, "serve where the kernel has no Landlock" },
	{ "sandbox.allow_no_seccomp", parse_flag, AT(allow_no_seccomp), "no", 0,
	    0, "serve where the kernel has no seccomp filters" },
};

enum {
	SETTINGS = sizeof(settings) / sizeof(settings[0])
};

static void *
field_of(const struct setting *s, struct config *c)
{
	return (char *)c + s->offset;
}

static const void *
value_of(const struct setting *s, const struct config *c)
{
	return (const char *)c + s->offset;
}

static const struct setting *
find_setting(const char *key)
{
	for (size_t i = 0; i < SETTINGS; i++)
		if (!strcmp(settings[i].key, key))
			return &settings[i];
	return NULL;
}

const struct config_list *
config_get_list(const struct config *c, const char *key)
{
	return value_of(find_setting(key), c);
}

int
config_init(struct config *c, struct err *e)
{
	*c = (struct config){ 0 };
	arena_init(&c->arena, ARENA_MAX);
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];

		if (s->preset &&
		    s->parse(s, c, field_of(s, c), s->preset, e) < 0) {
			config_release(c);
			return -1;
		}
	}
	return 0;
}

void
config_release(struct config *c)
{
	arena_release(&c->arena);
	*c = (struct config){ 0 };
}

/* A key or group near enough to be what was meant, or an empty slice. */
static struct slice
suggest(const char *key)
{
	struct slice name = slice_cstr(key), best = SLICE_NONE;
	/* A short key that is half wrong may be anything. */
	size_t least = name.len < 12 ? 1 + name.len / 4 + 1 : 4;

	for (size_t i = 0; i < SETTINGS; i++) {
		struct slice whole = slice_cstr(settings[i].key);
		struct slice group = slice_upto(whole, slice_find(whole, '.'));
		struct slice last = slice_from(whole, group.len + 1);
		const struct {
			struct slice like, meant;
		} tries[] = { { whole, whole }, { last, whole },
			{ group, group } };

		for (size_t k = 0; k < sizeof(tries) / sizeof(tries[0]); k++) {
			size_t d = slice_distance(name, tries[k].like);

			if (!tries[k].like.len || d >= least || d >= name.len)
				continue;
			least = d;
			best = tries[k].meant;
		}
	}
	return best;
}

static int
unknown_key(const char *key, struct err *e)
{
	struct slice near = suggest(key);

	if (near.len)
		return err_set(e, ERR_INVALID,
		    "unknown key \"%s\"; did you mean \"%.*s\"?", key,
		    SLICE_FMT(near));
	return err_set(e, ERR_INVALID, "unknown key \"%s\"", key);
}

/* Gives *e the place of `n`, keeping its text. */
static int
place(const char *file, unsigned line, unsigned column, struct err *e)
{
	if (e) {
		char text[sizeof(e->text)];

		memcpy(text, e->text, sizeof(text));
		err_at(e, file, line, column, "%s", text);
	}
	return -1;
}

static int
assign(struct config *c, const struct setting *s, const struct yaml_node *n,
    const char *file, struct err *e)
{
	void *field = field_of(s, c);

	if (memchr(n->text.ptr ? n->text.ptr : "", '\0', n->text.len)) {
		err_set(e, ERR_INVALID, "\"%s\" holds a NUL", s->key);
		return place(file, n->line, n->column, e);
	}
	if (s->parse == parse_list)
		((struct config_list *)field)->count = 0;
	if (s->parse == parse_list && n->type == YAML_SEQUENCE) {
		const struct yaml_node *item = n->first;

		for (; item; item = item->next) {
			if (item->type != YAML_SCALAR) {
				err_set(e, ERR_INVALID,
				    "\"%s\" is a list of strings", s->key);
				return place(file, item->line, item->column, e);
			}
			if (s->parse(s, c, field, item->text.ptr, e) < 0)
				return place(file, item->line, item->column, e);
		}
		return 0;
	}
	if (n->type != YAML_SCALAR) {
		err_set(e, ERR_INVALID, "\"%s\" is not %s", s->key,
		    yaml_type_name(n));
		return place(file, n->line, n->column, e);
	}
	if (s->parse(s, c, field, n->text.ptr, e) < 0)
		return place(file, n->line, n->column, e);
	return 0;
}

/* Whether `name` is the first part of a dotted key. */
static bool
is_group(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < SETTINGS; i++)
		if (!strncmp(settings[i].key, name, n) &&
		    settings[i].key[n] == '.')
			return true;
	return false;
}

static int
apply_key(struct config *c, const char *group, const struct yaml_node *n,
    const char *file, struct err *e)
{
	const struct setting *s;
	char key[KEY_MAX * 2];

	snprintf(key, sizeof(key), "%s%s%.*s", group, *group ? "." : "",
	    SLICE_FMT(slice_upto(n->key, KEY_MAX)));
	s = find_setting(key);
	if (!s) {
		unknown_key(key, e);
		return place(file, n->key_line, n->key_column, e);
	}
	return assign(c, s, n, file, e);
}

int
config_parse(
    struct config *c, struct slice text, const char *file, struct err *e)
{
	struct yaml_source src = { .text = text, .file = file };
	const struct yaml_node *n, *m;
	struct yaml_node *root = NULL;

	if (yaml_parse(&c->arena, &src, &root, e) < 0)
		return -1;
	if (!root)
		return 0;
	if (root->type != YAML_MAPPING)
		return err_at(e, file, root->line, root->column,
		    "settings are \"key: value\" lines, not %s",
		    yaml_type_name(root));
	for (n = root->first; n; n = n->next) {
		if (!is_group(n->key.ptr)) {
			if (apply_key(c, "", n, file, e) < 0)
				return -1;
			continue;
		}
		if (n->type != YAML_MAPPING)
			return err_at(e, file, n->line, n->column,
			    "\"%s\" is a group of keys, not %s", n->key.ptr,
			    yaml_type_name(n));
		for (m = n->first; m; m = m->next)
			if (apply_key(c, n->key.ptr, m, file, e) < 0)
				return -1;
	}
	return 0;
}

int
config_read(struct config *c, const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = -1;
	struct buf text;

	if (fd < 0)
		return err_errno(e, "open", path);
	buf_init(&text, YAML_BYTES_MAX);
	for (;;) {
		ssize_t n;

		if (buf_reserve(&text, 1) < 0) {
			err_set(e, ERR_LIMIT, "settings \"%s\" are over %d KB",
			    path, YAML_BYTES_MAX / 1024);
			goto out;
		}
		n = read(fd, text.ptr + text.len, text.cap - text.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_errno(e, "read", path);
			goto out;
		}
		if (n == 0)
			break;
		text.len += (size_t)n;
	}
	r = config_parse(c, buf_slice(&text), path, e);
out:
	buf_release(&text);
	close(fd);
	return r;
}

int
config_set(struct config *c, const char *key, const char *value, struct err *e)
{
	const struct setting *s = find_setting(key);

	if (!s)
		return unknown_key(key, e);
	return s->parse(s, c, field_of(s, c), value, e);
}

void
config_clear(struct config *c, const char *key)
{
	const struct setting *s = find_setting(key);

	if (s && s->parse == parse_list)
		((struct config_list *)field_of(s, c))->count = 0;
}

static void
print_text(struct buf *out, const char *text)
{
	buf_add_char(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_add_char(out, '\\');
		buf_add_char(out, *text);
	}
	buf_add_char(out, '"');
}

static void
print_list(struct buf *out, const struct config_list *list)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < list->count; i++) {
		buf_add_cstr(out, i ? ", " : "");
		print_text(out, list->items[i]);
	}
	buf_add_char(out, ']');
}

static void
print_value(struct buf *out, const struct setting *s, const struct config *c)
{
	const void *v = value_of(s, c);

	if (s->parse == parse_text)
		print_text(out, *(const char *const *)v);
	else if (s->parse == parse_number)
		buf_addf(out, "%u", *(const unsigned *)v);
	else if (s->parse == parse_bytes)
		add_quantity(out, byte_units, *(const uint64_t *)v);
	else if (s->parse == parse_time)
		add_quantity(out, time_units, *(const uint64_t *)v);
	else if (s->parse == parse_flag)
		buf_add_cstr(out, *(const bool *)v ? "yes" : "no");
	else if (s->parse == parse_tickets)
		buf_add_cstr(
		    out, ticket_words[*(const enum config_tickets *)v]);
	else if (s->parse == parse_log || s->parse == parse_messages)
		buf_add_cstr(out, log_words[*(const enum config_log *)v]);
	else
		print_list(out, v);
}

void
config_print(struct buf *out, const struct config *c)
{
	char group[KEY_MAX] = "";

	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];
		const char *dot = strchr(s->key, '.');
		size_t n = dot ? (size_t)(dot - s->key) : 0;

		if (n && (strncmp(group, s->key, n) != 0 || group[n])) {
			snprintf(group, sizeof(group), "%.*s", (int)n, s->key);
			buf_addf(out, "%s:\n", group);
		}
		buf_addf(out, "%s%s: ", n ? "  " : "", dot ? dot + 1 : s->key);
		print_value(out, s, c);
		buf_addf(out, " # %s\n", s->help);
	}
}
