#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"
#include "replies/letter.h"

#include "replies/inbox.h"

enum {
	MODE = 0640,
};

int
inbox_each(int dir_fd, int (*each)(void *ctx, struct slice name), void *ctx,
    struct err *e)
{
	/* Another descriptor: its place in the folder is its own. */
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		err_errno(e, "open", "inbox");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while (!r && (entry = readdir(dir))) {
		struct slice name = slice_cstr(entry->d_name);
		struct letter_name parts;

		if (letter_name_parse(name, &parts))
			r = each(ctx, name);
	}
	closedir(dir);
	return r;
}

static int
count(void *ctx, struct slice name)
{
	size_t *n = ctx;

	(void)name;
	++*n;
	return 0;
}

static enum inbox_result
put(int dir_fd, const char *name, const struct letter *r, struct err *e)
{
	struct buf bytes;
	int rc;

	buf_init(&bytes, LETTER_FILE_MAX);
	letter_write(&bytes, r);
	rc = buf_failed(&bytes)
	    ? err_memory(e)
	    : io_write_file(dir_fd, name, buf_slice(&bytes), MODE, e);
	buf_release(&bytes);
	if (rc == 0)
		return INBOX_TAKEN;
	return e->saved_errno == ENOSPC || e->saved_errno == EDQUOT
	    ? INBOX_FULL
	    : INBOX_FAILED;
}

enum inbox_result
inbox_put(int dir_fd, struct slice slug, struct slice raw, int64_t now_s,
    size_t max, struct err *e)
{
	struct letter r = { .date = date_from_unix(now_s - now_s % 60) };
	enum inbox_result result = INBOX_EMPTY;
	char name[LETTER_NAME_MAX];
	struct buf text;
	size_t held = 0;

	if (raw.len > LETTER_TEXT_MAX)
		return INBOX_TOO_LONG;
	buf_init(&text, LETTER_FILE_MAX);
	letter_clean(&text, raw);
	r.text = buf_slice(&text);
	if (buf_failed(&text)) {
		err_memory(e);
		result = INBOX_FAILED;
	} else if (r.text.len) {
		if (inbox_each(dir_fd, count, &held, e) < 0 ||
		    letter_name_make(name, slug, &r) < 0)
			result = INBOX_FAILED;
		else
			result =
			    held >= max ? INBOX_FULL : put(dir_fd, name, &r, e);
	}
	buf_release(&text);
	return result;
}
