#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "base/mem.h"

#include "client/known.h"

int
known_parse(struct slice line, struct known_line *out)
{
	struct date day;
	uint64_t port;

	out->host = slice_take(&line, ' ');
	if (!out->host.len || out->host.len > KNOWN_HOST_MAX)
		return -1;
	if (slice_uint(slice_take(&line, ' '), 65535, &port) < 0 ||
	    hash_parse(slice_take(&line, ' '), &out->cert.spki) < 0 ||
	    hash_parse(slice_take(&line, ' '), &out->cert.cert) < 0 ||
	    line.len != DATE_DAY_BYTES || date_parse(line, &day) < 0)
		return -1;
	out->port = (int)port;
	out->cert.not_before = 0;
	out->cert.not_after = date_unix(&day);
	return 0;
}

static bool
same_server(const struct known_line *a, const struct known_line *b)
{
	return a->port == b->port && slice_eq_nocase(a->host, b->host);
}

enum known_found
known_find(struct slice text, const struct known_line *got, int64_t now_s,
    bool *same_cert)
{
	struct known_line known;

	*same_cert = false;
	while (text.len) {
		struct slice line = slice_take(&text, '\n');

		if (known_parse(line, &known) < 0 || !same_server(&known, got))
			continue;
		if (hash_eq(&known.cert.spki, &got->cert.spki)) {
			*same_cert = hash_eq(&known.cert.cert, &got->cert.cert);
			return KNOWN_SAME;
		}
		return known.cert.not_after < now_s ? KNOWN_EXPIRED
						    : KNOWN_CHANGED;
	}
	return KNOWN_NEW;
}

int
known_load(const char *path, char **text, size_t *len, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t used = 0;
	char *bytes;

	*text = NULL;
	*len = 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(e, "open", path);
	if (!(bytes = mem_alloc(KNOWN_FILE_MAX))) {
		close(fd);
		return err_memory(e);
	}
	while (used < KNOWN_FILE_MAX) {
		ssize_t n = read(fd, bytes + used, KNOWN_FILE_MAX - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_errno(e, "read", path);
			goto fail;
		}
		if (n == 0)
			break;
		used += (size_t)n;
	}
	if (used == KNOWN_FILE_MAX) {
		err_set(e, ERR_LIMIT, "\"%s\" is over %d bytes", path,
		    KNOWN_FILE_MAX);
		goto fail;
	}
	close(fd);
	*text = bytes;
	*len = used;
	return 0;
fail:
	close(fd);
	mem_free(bytes);
	return -1;
}

static void
add_line(struct buf *out, const struct known_line *line)
{
	char spki[HASH_HEX_BYTES + 1], cert[HASH_HEX_BYTES + 1];
	char day[DATE_DAY_BYTES + 1];
	struct date end = date_from_unix(line->cert.not_after);

	if (!date_is_set(&end)) /* a year beyond 9999 */
		end = (struct date){ .year = 9999, .month = 12, .day = 31 };
	hash_hex(&line->cert.spki, spki);
	hash_hex(&line->cert.cert, cert);
	date_format_day(&end, day);
	buf_addf(out, "%.*s %d %s %s %s\n", SLICE_FMT(line->host), line->port,
	    spki, cert, day);
}

static int
write_all(int fd, struct slice s)
{
	while (s.len) {
		ssize_t n = write(fd, s.ptr, s.len);

		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0)
			s = slice_from(s, (size_t)n);
	}
	return 0;
}

/* A new file beside `path`, renamed over it. */
static int
replace_file(const char *path, struct slice bytes, struct err *e)
{
	struct buf temp;
	const char *name;
	int fd, r = -1;

	buf_init(&temp, 4096);
	buf_addf(&temp, "%s.%ld", path, (long)getpid());
	if (!(name = buf_cstr(&temp)))
		return err_set(e, ERR_LIMIT, "\"%s\" is too long", path);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		err_errno(e, "open", name);
		buf_release(&temp);
		return -1;
	}
	if (write_all(fd, bytes) < 0 || fsync(fd) < 0)
		err_errno(e, "write", name);
	else if (rename(name, path) < 0)
		err_errno(e, "rename", name);
	else
		r = 0;
	if (r < 0)
		unlink(name);
	close(fd);
	buf_release(&temp);
	return r;
}

int
known_save(const char *path, struct slice text, const struct known_line *line,
    struct err *e)
{
	struct known_line old;
	struct buf out;
	int r;

	buf_init(&out, KNOWN_FILE_MAX - 1);
	while (text.len) {
		struct slice one = slice_take(&text, '\n');

		if (known_parse(one, &old) == 0 && same_server(&old, line))
			continue;
		buf_add(&out, one);
		buf_add_char(&out, '\n');
	}
	add_line(&out, line);
	if (buf_failed(&out))
		r = err_set(e, ERR_LIMIT, "\"%s\" would be over %d bytes", path,
		    KNOWN_FILE_MAX);
	else
		r = replace_file(path, buf_slice(&out), e);
	buf_release(&out);
	return r;
}
