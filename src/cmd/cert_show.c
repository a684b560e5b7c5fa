#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/err.h"
#include "base/mem.h"
#include "cert/cert.h"
#include "cert/folder.h"

#include "cmd/cert.h"

enum {
	DAY_S = 86400
};

void
cert_when(int64_t time_s, char out[CERT_WHEN_BYTES])
{
	struct date d = date_from_unix(time_s);
	char day[DATE_DAY_BYTES + 1];

	date_format_day(&d, day);
	if (d.second)
		snprintf(out, CERT_WHEN_BYTES, "%s %02u:%02u:%02u UTC", day,
		    d.hour, d.minute, d.second);
	else
		snprintf(out, CERT_WHEN_BYTES, "%s %02u:%02u UTC", day, d.hour,
		    d.minute);
}

void
cert_print_end(FILE *to, const struct cert *c, int64_t now_s)
{
	char end[CERT_WHEN_BYTES];
	long long left = (long long)(c->not_after - now_s);

	cert_when(c->not_after, end);
	if (c->not_after >= CERT_NEVER)
		fprintf(to, "no end");
	else if (left < 0)
		fprintf(to, "expired %s", end);
	else
		fprintf(to, "until %s, %lld day%s left", end, left / DAY_S,
		    left / DAY_S == 1 ? "" : "s");
}

void
cert_print_prints(FILE *to, const char *indent, const struct cert *c)
{
	char hex[HASH_HEX_BYTES + 1];

	hash_hex(&c->fingerprint, hex);
	fprintf(to, "%scertificate sha256 %s\n", indent, hex);
	hash_hex(&c->spki, hex);
	fprintf(to, "%spublic-key sha256 %s\n", indent, hex);
}

/* --- which hosts --------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
add_host(struct cert_hosts *h, struct slice name, struct err *e)
{
	char *copy;

	if (h->count == CERT_HOSTS_MAX)
		return err_set(e, ERR_LIMIT,
		    "over %d hosts: name those that are meant with --host",
		    CERT_HOSTS_MAX);
	if (!(copy = mem_calloc(1, name.len + 1)))
		return err_memory(e);
	memcpy(copy, name.ptr, name.len);
	h->names[h->count++] = copy;
	return 0;
}

/* HOST of HOST.crt, but not of HOST.next.crt; empty: another file. */
static struct slice
host_of(const char *name)
{
	struct slice s = slice_cstr(name);

	if (!slice_ends(s, SLICE_LIT(".crt")) ||
	    slice_ends(s, SLICE_LIT(".next.crt")))
		return SLICE_NONE;
	return slice_upto(s, s.len - (sizeof(".crt") - 1));
}

static int
find_all(struct cert_hosts *h, const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int r = 0;

	if (!d)
		return err_errno(e, "open", dir);
	while (r == 0 && (entry = readdir(d))) {
		struct slice host = host_of(entry->d_name);

		if (host.len)
			r = add_host(h, host, e);
	}
	closedir(d);
	if (r == 0 && !h->count)
		r = err_set(e, ERR_MISSING, "no certificate in \"%s\"", dir);
	qsort(h->names, h->count, sizeof(h->names[0]), by_name);
	return r;
}

int
cert_hosts_find(struct cert_hosts *h, const struct cert_args *a, struct err *e)
{
	int r = 0;

	h->count = 0;
	for (size_t i = 0; i < a->host_count && r == 0; i++)
		r = add_host(h, slice_cstr(a->hosts[i]), e);
	if (!a->host_count)
		r = find_all(h, a->dir, e);
	if (r < 0)
		cert_hosts_release(h);
	return r;
}

void
cert_hosts_release(struct cert_hosts *h)
{
	while (h->count)
		mem_free(h->names[--h->count]);
}

/* --- the list ------------------------------------------------------------ */

static void
tell(const char *host, const char *state, const struct cert *c, int64_t now_s)
{
	printf("%s: %s, ", host, state);
	cert_print_end(stdout, c, now_s);
	putchar('\n');
	cert_print_prints(stdout, "  ", c);
}

static int
list_host(const char *host, const struct cert_args *a, struct err *e)
{
	char state[CERT_WHEN_BYTES + 64], at[CERT_WHEN_BYTES];
	struct cert_files f;
	struct cert c;

	if (cert_folder_find(a->dir, host, a->now_s, &f, e) < 0 ||
	    cert_load_public(&c, f.crt, e) < 0)
		return -1;
	tell(host, "in use", &c, a->now_s);
	cert_release(&c);
	if (!f.next_s || f.is_next)
		return 0;
	cert_when(f.next_s, at);
	snprintf(state, sizeof(state), "next from %s on, in %lld days", at,
	    (long long)(f.next_s - a->now_s) / DAY_S);
	if (cert_folder_find_next(a->dir, host, &f, e) < 0 ||
	    cert_load_public(&c, f.crt, e) < 0)
		return -1;
	tell(host, state, &c, a->now_s);
	cert_release(&c);
	return 0;
}

int
cert_list(const struct cert_args *a, struct err *e)
{
	struct cert_hosts h;
	int r = cert_hosts_find(&h, a, e);

	if (r < 0)
		return -1;
	for (size_t i = 0; i < h.count && r == 0; i++)
		r = list_host(h.names[i], a, e);
	cert_hosts_release(&h);
	return r;
}
