#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "net/tls.h"

#include "server/tickets.h"

enum {
	LINE_LEN = TLS_TICKET_KEY_BYTES * 2,
	FILE_MAX = 4096, /* bytes */
};

static int
read_file(const char *path, struct buf *text, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), r;

	if (fd < 0)
		return err_errno(e, "open", path);
	r = io_read_all(fd, path, FILE_MAX, text, e);
	close(fd);
	return r;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
parse_key(struct slice line, unsigned char key[TLS_TICKET_KEY_BYTES])
{
	if (line.len != LINE_LEN)
		return false;
	for (size_t i = 0; i < TLS_TICKET_KEY_BYTES; i++) {
		int high = digit(line.ptr[2 * i]);
		int low = digit(line.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		key[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

int
tickets_load(struct tls_tickets *t, const char *path, struct err *e)
{
	unsigned char keys[TLS_TICKET_KEYS][TLS_TICKET_KEY_BYTES];
	struct slice rest;
	struct buf text;
	size_t count = 0;
	int r = -1;

	buf_init(&text, FILE_MAX + 1);
	if (read_file(path, &text, e) < 0)
		goto out;
	for (rest = buf_slice(&text); rest.len; count++)
		if (count == TLS_TICKET_KEYS ||
		    !parse_key(slice_take(&rest, '\n'), keys[count])) {
			err_at(e, path, (unsigned)count + 1, 0,
			    "no ticket key; make the file with: "
			    "qasid cert --ticket-keys %s",
			    path);
			goto out;
		}
	if (!count) {
		err_set(e, ERR_INVALID, "\"%s\" holds no ticket key", path);
		goto out;
	}
	tls_tickets_set(t, keys, count);
	r = 0;
out:
	explicit_bzero(keys, sizeof(keys));
	buf_release(&text);
	return r;
}

int
tickets_rotate_file(const char *path, struct err *e)
{
	unsigned char key[TLS_TICKET_KEY_BYTES];
	struct buf old, text;
	struct slice rest;
	int r = -1;

	buf_init(&old, FILE_MAX + 1);
	buf_init(&text, FILE_MAX + 1);
	if (access(path, F_OK) == 0 && read_file(path, &old, e) < 0)
		goto out;
	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key)) {
		err_errno(e, "getrandom", path);
		goto out;
	}
	for (size_t i = 0; i < sizeof(key); i++)
		buf_addf(&text, "%02x", key[i]);
	buf_add_char(&text, '\n');
	rest = buf_slice(&old);
	for (int i = 1; i < TLS_TICKET_KEYS && rest.len; i++) {
		buf_add(&text, slice_take(&rest, '\n'));
		buf_add_char(&text, '\n');
	}
	if (buf_failed(&text))
		err_memory(e);
	else
		r = io_write_file(AT_FDCWD, path, buf_slice(&text), 0600, e);
out:
	explicit_bzero(key, sizeof(key));
	buf_release(&old);
	buf_release(&text);
	return r;
}
