#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/date.h"
#include "base/err.h"
#include "base/io.h"
#include "cert/cert.h"

#include "cert/folder.h"

enum {
	OLD_MAX = 1000, /* of one name */
	AT_MAX = 64,    /* bytes of HOST.next.at */
};

/* Replaced by the next one as soon as that is whole: any time that is past. */
#define AT_ONCE INT64_C(1)

/* --- names --------------------------------------------------------------- */

struct names {
	char crt[CERT_PATH_MAX], key[CERT_PATH_MAX];
	char next_crt[CERT_PATH_MAX], next_key[CERT_PATH_MAX];
	char next_at[CERT_PATH_MAX];
};

static int
set_name(char out[CERT_PATH_MAX], const char *dir, const char *host,
    const char *ending, struct err *e)
{
	int n = snprintf(out, CERT_PATH_MAX, "%s/%s%s", dir, host, ending);

	if (n < 0 || n >= CERT_PATH_MAX)
		return err_set(e, ERR_LIMIT, "\"%s\" is too long a path", dir);
	return 0;
}

static int
set_names(struct names *n, const char *dir, const char *host, struct err *e)
{
	if (set_name(n->crt, dir, host, ".crt", e) < 0 ||
	    set_name(n->key, dir, host, ".key", e) < 0 ||
	    set_name(n->next_crt, dir, host, ".next.crt", e) < 0 ||
	    set_name(n->next_key, dir, host, ".next.key", e) < 0 ||
	    set_name(n->next_at, dir, host, ".next.at", e) < 0)
		return -1;
	return 0;
}

static bool
is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* --- finding ------------------------------------------------------------- */

/* What HOST.next.at says; where there is none, after the old one's end. */
static int
read_at(const struct names *n, int64_t *at_s, struct err *e)
{
	struct cert old;
	struct date when;
	struct buf text;
	int fd = open(n->next_at, O_RDONLY | O_CLOEXEC), r;

	if (fd < 0 && errno != ENOENT)
		return err_errno(e, "open", n->next_at);
	if (fd < 0) {
		if (cert_load_public(&old, n->crt, e) < 0)
			return -1;
		*at_s = old.not_after + 1;
		cert_release(&old);
		return 0;
	}
	buf_init(&text, AT_MAX + 1);
	r = io_read_all(fd, n->next_at, AT_MAX, &text, e);
	if (r == 0 && date_parse(slice_trim(buf_slice(&text)), &when) < 0)
		r = err_set(e, ERR_SYNTAX, "\"%s\" holds no time", n->next_at);
	if (r == 0)
		*at_s = date_unix(&when);
	buf_release(&text);
	close(fd);
	return r;
}

static int
find_ours(
    const struct names *n, int64_t now_s, struct cert_files *out, struct err *e)
{
	int64_t at_s = 0;

	if (is_there(n->next_crt) && read_at(n, &at_s, e) < 0)
		return -1;
	*out = (struct cert_files){ .is_ours = true,
		.is_next = at_s && at_s <= now_s,
		.next_s = at_s };
	memcpy(out->crt, out->is_next ? n->next_crt : n->crt, CERT_PATH_MAX);
	memcpy(out->key, out->is_next ? n->next_key : n->key, CERT_PATH_MAX);
	return 0;
}

int
cert_folder_find(const char *dir, const char *host, int64_t now_s,
    struct cert_files *out, struct err *e)
{
	struct cert_files bot = { .is_ours = false };
	struct names n;

	if (set_names(&n, dir, host, e) < 0)
		return -1;
	if (is_there(n.crt))
		return find_ours(&n, now_s, out, e);
	if (set_name(bot.crt, dir, host, "/fullchain.pem", e) < 0 ||
	    set_name(bot.key, dir, host, "/privkey.pem", e) < 0)
		return -1;
	if (!is_there(bot.crt))
		return err_set(e, ERR_MISSING,
		    "no certificate for \"%s\" in \"%s\"; make one with: "
		    "qasid cert --host %s --dir %s",
		    host, dir, host, dir);
	*out = bot;
	return 0;
}

int
cert_folder_find_next(
    const char *dir, const char *host, struct cert_files *out, struct err *e)
{
	struct names n;

	if (set_names(&n, dir, host, e) < 0)
		return -1;
	if (!is_there(n.crt) || !is_there(n.next_crt))
		return err_set(e, ERR_MISSING,
		    "no next certificate for \"%s\" in \"%s\"", host, dir);
	if (find_ours(&n, INT64_MIN, out, e) < 0)
		return -1;
	out->is_next = true;
	memcpy(out->crt, n.next_crt, CERT_PATH_MAX);
	memcpy(out->key, n.next_key, CERT_PATH_MAX);
	return 0;
}

/* --- changing ------------------------------------------------------------ */

/* A key that anybody can replace is nobody's. */
static int
check_folder(const char *dir, struct err *e)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return err_errno(e, "stat", dir);
	if (st.st_mode & S_IWOTH)
		return err_set(e, ERR_INVALID,
		    "everybody may write to \"%s\": chmod o-w it first", dir);
	return 0;
}

/* So that the names, too, are there after a power loss. */
static int
sync_folder(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 || fsync(fd) < 0 ? err_errno(e, "fsync", dir) : 0;

	if (fd >= 0)
		close(fd);
	return r;
}

int
cert_folder_put(
    const char *path, mode_t mode, struct slice bytes, struct err *e)
{
	char beside[CERT_PATH_MAX + 8];
	int r;

	snprintf(beside, sizeof(beside), "%s.new", path);
	if (io_write_file(AT_FDCWD, beside, bytes, mode, e) < 0)
		return -1;
	r = link(beside, path);
	if (r < 0 && errno == EEXIST)
		err_set(e, ERR_CONFLICT, "\"%s\" is there already", path);
	else if (r < 0)
		err_errno(e, "link", path);
	unlink(beside);
	return r;
}

/* A second name for what is about to be replaced; none is ever taken away. */
static int
keep(const char *path, struct err *e)
{
	char old[CERT_PATH_MAX + 16];

	snprintf(old, sizeof(old), "%s.old", path);
	for (int i = 2; link(path, old) < 0; i++) {
		if (errno != EEXIST || i == OLD_MAX)
			return err_errno(e, "link", old);
		snprintf(old, sizeof(old), "%s.old.%d", path, i);
	}
	return 0;
}

/* `from` stands under the name `to` too, in place of what did. */
static int
link_over(const char *from, const char *to, struct err *e)
{
	char beside[CERT_PATH_MAX + 8];

	snprintf(beside, sizeof(beside), "%s.new", to);
	unlink(beside);
	if (link(from, beside) < 0)
		return err_errno(e, "link", beside);
	/* Of two names for one file, rename() would leave both. */
	if (rename(beside, to) < 0) {
		err_errno(e, "rename", beside);
		unlink(beside);
		return -1;
	}
	unlink(beside);
	return 0;
}

static int
drop(const char *path, struct err *e)
{
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, "unlink", path);
	return 0;
}

static int
begin(struct names *n, const char *dir, const char *host, struct err *e)
{
	return set_names(n, dir, host, e) < 0 || check_folder(dir, e) < 0 ? -1
									  : 0;
}

int
cert_folder_add(const char *dir, const char *host, struct slice crt_pem,
    struct slice key_pem, struct err *e)
{
	struct names n;

	if (begin(&n, dir, host, e) < 0)
		return -1;
	if (is_there(n.crt))
		return err_set(e, ERR_CONFLICT,
		    "\"%s\" is there already: readers know it", n.crt);
	if (cert_folder_put(n.key, 0600, key_pem, e) < 0)
		return -1;
	if (cert_folder_put(n.crt, 0644, crt_pem, e) < 0) {
		unlink(n.key);
		return -1;
	}
	return sync_folder(dir, e);
}

int
cert_folder_renew(
    const char *dir, const char *host, struct slice crt_pem, struct err *e)
{
	struct names n;

	if (begin(&n, dir, host, e) < 0 || keep(n.crt, e) < 0 ||
	    io_write_file(AT_FDCWD, n.crt, crt_pem, 0644, e) < 0)
		return -1;
	return sync_folder(dir, e);
}

static int
write_at(const struct names *n, int64_t at_s, struct err *e)
{
	struct date when = date_from_unix(at_s);
	char text[DATE_RFC3339_BYTES + 2];
	size_t len;

	when.has_time = true;
	date_format_rfc3339(&when, text);
	len = strlen(text);
	text[len] = '\n';
	return io_write_file(
	    AT_FDCWD, n->next_at, slice_make(text, len + 1), 0644, e);
}

/* Its certificate comes last: it is what makes it the next. */
static int
prepare(const struct names *n, struct slice crt_pem, struct slice key_pem,
    int64_t at_s, struct err *e)
{
	if (is_there(n->next_crt))
		return err_set(e, ERR_CONFLICT,
		    "\"%s\" is there already: what comes next is prepared",
		    n->next_crt);
	/* Of one that was broken off; its key was announced to nobody. */
	if (is_there(n->next_key) &&
	    (keep(n->next_key, e) < 0 || drop(n->next_key, e) < 0))
		return -1;
	if (cert_folder_put(n->next_key, 0600, key_pem, e) < 0 ||
	    write_at(n, at_s, e) < 0)
		return -1;
	return cert_folder_put(n->next_crt, 0644, crt_pem, e);
}

int
cert_folder_prepare(const char *dir, const char *host, struct slice crt_pem,
    struct slice key_pem, int64_t at_s, struct err *e)
{
	struct names n;

	if (begin(&n, dir, host, e) < 0 ||
	    prepare(&n, crt_pem, key_pem, at_s, e) < 0)
		return -1;
	return sync_folder(dir, e);
}

int
cert_folder_replace(const char *dir, const char *host, struct slice crt_pem,
    struct slice key_pem, struct err *e)
{
	if (cert_folder_prepare(dir, host, crt_pem, key_pem, AT_ONCE, e) < 0)
		return -1;
	return cert_folder_settle(dir, host, AT_ONCE, e);
}

int
cert_folder_move(const char *dir, const char *host, int64_t at_s, struct err *e)
{
	struct names n;

	if (begin(&n, dir, host, e) < 0 || write_at(&n, at_s, e) < 0)
		return -1;
	return sync_folder(dir, e);
}

int
cert_folder_cancel(const char *dir, const char *host, struct err *e)
{
	struct names n;

	if (begin(&n, dir, host, e) < 0)
		return -1;
	if (!is_there(n.next_crt))
		return err_set(e, ERR_MISSING,
		    "no next certificate for \"%s\" in \"%s\"", host, dir);
	if (keep(n.next_key, e) < 0 || keep(n.next_crt, e) < 0 ||
	    drop(n.next_crt, e) < 0 || drop(n.next_key, e) < 0 ||
	    drop(n.next_at, e) < 0)
		return -1;
	return sync_folder(dir, e);
}

/*
 * Until the next one's certificate has gone, it is what is found; from then on
 * its copy under the old one's name is.
 */
int
cert_folder_settle(
    const char *dir, const char *host, int64_t now_s, struct err *e)
{
	struct cert_files files;
	struct names n;

	if (begin(&n, dir, host, e) < 0)
		return -1;
	if (!is_there(n.crt) || !is_there(n.next_crt))
		return 0;
	if (find_ours(&n, now_s, &files, e) < 0)
		return -1;
	if (!files.is_next)
		return 0;
	if (keep(n.key, e) < 0 || keep(n.crt, e) < 0 ||
	    link_over(n.next_key, n.key, e) < 0 ||
	    link_over(n.next_crt, n.crt, e) < 0 || sync_folder(dir, e) < 0 ||
	    drop(n.next_crt, e) < 0 || drop(n.next_key, e) < 0 ||
	    drop(n.next_at, e) < 0)
		return -1;
	return sync_folder(dir, e);
}
