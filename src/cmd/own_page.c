#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/io.h"

#include "cmd/own_page.h"

void
own_page_begin(struct buf *page, const char *by)
{
	buf_addf(page, "---\n# written by %s: do not edit\n", by);
}

void
own_page_add_name(
    struct buf *out, struct slice path, struct slice lang, bool first)
{
	struct slice stem = path;

	if (slice_ends(path, SLICE_LIT(".md")))
		stem.len -= 3;
	buf_add(out, stem);
	if (!first)
		buf_add_char(out, '-');
	for (size_t i = 0; !first && i < lang.len; i++)
		buf_add_char(out,
		    (char)(lang.ptr[i] >= 'A' && lang.ptr[i] <= 'Z'
			    ? lang.ptr[i] - 'A' + 'a'
			    : lang.ptr[i]));
	buf_add(out, slice_from(path, stem.len));
}

/* Whether `fd`, the file there, holds `text`; refuses another's. */
static int
compare(
    int fd, const char *path, const char *by, struct slice text, struct err *e)
{
	struct buf old, mark;
	int r;

	buf_init(&old, OWN_PAGE_MAX + 1);
	buf_init(&mark, 256);
	own_page_begin(&mark, by);
	r = io_read_all(fd, path, OWN_PAGE_MAX, &old, e);
	if (r == 0 && !slice_starts(buf_slice(&old), buf_slice(&mark)))
		r = err_set(e, ERR_CONFLICT,
		    "\"%s\" was not written by %s, and is left as it is: "
		    "give --page another name, or remove it",
		    path, by);
	if (r == 0)
		r = slice_eq(buf_slice(&old), text);
	buf_release(&mark);
	buf_release(&old);
	return r;
}

int
own_page_write(const char *path, const char *by, struct slice text, bool put,
    struct err *e)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int same = 0;

	if (fd < 0 && errno != ENOENT)
		return err_errno(e, "open", path);
	if (fd >= 0) {
		same = compare(fd, path, by, text, e);
		close(fd);
	}
	if (same < 0)
		return -1;
	if (same || !put)
		return 0;
	return io_write_file(AT_FDCWD, path, text, 0644, e);
}
