#include "base/buf.h"
#include "base/err.h"
#include "base/utf8.h"

#include "sync/head.h"

/* A line of `*s` that begins with `word` and a blank; *rest is what follows. */
static bool
take_line(struct slice *s, const char *word, struct slice *rest)
{
	size_t end = slice_find(*s, '\n');
	struct slice line = slice_upto(*s, end);
	size_t n = strlen(word);

	if (end == s->len || line.len < n + 1 || line.ptr[n] != ' ' ||
	    memcmp(line.ptr, word, n) != 0)
		return false;
	*s = slice_from(*s, end + 1);
	*rest = slice_from(line, n + 1);
	return true;
}

static bool
take_number(struct slice *rest, uint64_t *out)
{
	return slice_uint(slice_take(rest, ' '), INT64_MAX, out) == 0;
}

static bool
take_time(struct slice *rest, int64_t *out)
{
	uint64_t n;

	if (!take_number(rest, &n))
		return false;
	*out = (int64_t)n;
	return true;
}

static bool
take_hash(struct slice *rest, struct hash *out)
{
	return hash_parse(slice_take(rest, ' '), out) == 0;
}

static bool
is_site_name(struct slice s)
{
	if (!s.len || s.len > SYNC_SITE_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= 0x20 || s.ptr[i] >= 0x7f)
			return false;
	return true;
}

/* A word that was split off must not have left a blank at the line's end. */
static bool
parse_lines(struct slice *s, struct sync_head *h)
{
	struct slice r;

	if (!take_line(s, "qasid-sync 1", &h->name) || !is_site_name(h->name))
		return false;
	if (!take_line(s, "serial", &r) || !take_number(&r, &h->serial) ||
	    r.len || !h->serial)
		return false;
	if (!take_line(s, "time", &r) || !take_time(&r, &h->time_s) || r.len)
		return false;
	if (!take_line(s, "until", &r) || !take_time(&r, &h->until_s) || r.len)
		return false;
	if (!take_line(s, "tree", &r) || !take_hash(&r, &h->tree) ||
	    !take_number(&r, &h->files) || !take_number(&r, &h->bytes) || r.len)
		return false;
	if (!take_line(s, "snap", &r) || !take_number(&r, &h->snap) ||
	    !take_hash(&r, &h->snap_list) ||
	    !take_number(&r, &h->snap_list_bytes) || r.len)
		return false;
	h->has_next = take_line(s, "next", &r);
	return !h->has_next || sign_key_parse(r, &h->next) == 0;
}

/* The lines of `h` above the signature. */
static void
write_lines(struct buf *out, const struct sync_head *h)
{
	char tree[HASH_HEX_BYTES + 1], snap[HASH_HEX_BYTES + 1];

	hash_hex(&h->tree, tree);
	hash_hex(&h->snap_list, snap);
	buf_addf(out,
	    "qasid-sync 1 %.*s\nserial %llu\ntime %lld\nuntil %lld\n"
	    "tree %s %llu %llu\nsnap %llu %s %llu\n",
	    SLICE_FMT(h->name), (unsigned long long)h->serial,
	    (long long)h->time_s, (long long)h->until_s, tree,
	    (unsigned long long)h->files, (unsigned long long)h->bytes,
	    (unsigned long long)h->snap, snap,
	    (unsigned long long)h->snap_list_bytes);
	if (h->has_next) {
		char key[SIGN_KEY_TEXT + 1];

		sign_key_text(&h->next, key);
		buf_addf(out, "next %s\n", key);
	}
}

/* Whether `lines` is how `h` is written: one spelling, no other. */
static bool
is_canonical(const struct sync_head *h, struct slice lines)
{
	struct buf again;
	bool same;

	buf_init(&again, SYNC_HEAD_MAX);
	write_lines(&again, h);
	same = !buf_failed(&again) && slice_eq(buf_slice(&again), lines);
	buf_release(&again);
	return same;
}

int
sync_head_parse(struct slice s, struct sync_head *out, struct err *e)
{
	struct slice whole = slice_upto(s, SYNC_HEAD_MAX), rest = whole, sig;
	struct sync_head h = { .serial = 0 };

	if (!slice_starts(s, SLICE_LIT("qasid-sync ")))
		return err_set(e, ERR_SYNTAX, "no head of a mirror's origin");
	if (!parse_lines(&rest, &h) ||
	    !is_canonical(&h, slice_upto(whole, whole.len - rest.len)))
		return err_set(e, ERR_SYNTAX, "a head that was cut or changed");
	h.signed_len = whole.len - rest.len;
	if (!take_line(&rest, "sig", &sig) || sign_parse(sig, &h.sig) < 0 ||
	    !rest.len || rest.ptr[0] != '\n')
		return err_set(e, ERR_SYNTAX, "a head without its signature");
	h.len = whole.len - rest.len + 1;
	*out = h;
	return 0;
}

bool
sync_head_check(
    struct slice s, const struct sync_head *h, const struct sign_key *key)
{
	return sign_check(key, slice_upto(s, h->signed_len), &h->sig);
}

static int
add_signature(
    struct buf *out, struct slice pem, struct slice message, struct err *e)
{
	char text[SIGN_TEXT + 1];
	struct signature sig;

	if (sign_make(pem, message, &sig, e) < 0)
		return -1;
	sign_text(&sig, text);
	buf_addf(out, "sig %s\n", text);
	return buf_failed(out) ? err_memory(e) : 0;
}

int
sync_head_write(
    struct buf *out, const struct sync_head *h, struct slice pem, struct err *e)
{
	size_t start = out->len;

	if (!is_site_name(h->name))
		return err_set(e, ERR_INVALID, "\"%.*s\" is no name of a site",
		    SLICE_FMT(h->name));
	write_lines(out, h);
	if (buf_failed(out))
		return err_memory(e);
	if (add_signature(out, pem, slice_from(buf_slice(out), start), e) < 0)
		return -1;
	buf_add_char(out, '\n');
	return buf_failed(out) ? err_memory(e) : 0;
}

/* --- deltas -------------------------------------------------------------- */

/* The lines of `d` above the signature. */
static void
write_delta_lines(struct buf *out, const struct sync_delta *d)
{
	char hex[HASH_HEX_BYTES + 1];

	hash_hex(&d->tree, hex);
	buf_addf(out, "delta %llu %llu %llu %llu\nto %s\n",
	    (unsigned long long)d->from, (unsigned long long)d->to,
	    (unsigned long long)d->list_bytes,
	    (unsigned long long)d->content_bytes, hex);
}

/* What its signature is over. */
static int
delta_message(struct buf *out, const struct sync_delta *d)
{
	struct hash list, content;

	if (hash_of(d->list, &list) < 0 || hash_of(d->content, &content) < 0)
		return -1;
	write_delta_lines(out, d);
	buf_add_mem(out, list.b, HASH_BYTES);
	buf_add_mem(out, content.b, HASH_BYTES);
	return buf_failed(out) ? -1 : 0;
}

static bool
parse_delta_lines(struct slice *s, struct sync_delta *d)
{
	struct slice r, sig;

	if (!take_line(s, "delta", &r) || !take_number(&r, &d->from) ||
	    !take_number(&r, &d->to) || !take_number(&r, &d->list_bytes) ||
	    !take_number(&r, &d->content_bytes) || r.len)
		return false;
	if (!d->from || d->from > d->to || d->list_bytes > SYNC_FRAME_MAX ||
	    d->content_bytes > INT64_MAX / 2)
		return false;
	if (!take_line(s, "to", &r) || !take_hash(&r, &d->tree) || r.len)
		return false;
	return take_line(s, "sig", &sig) && sign_parse(sig, &d->sig) == 0;
}

int
sync_delta_parse(
    struct slice s, bool peek, struct sync_delta *out, struct err *e)
{
	struct slice rest = s;
	struct sync_delta d = { .from = 0 };
	struct buf again;
	size_t head;
	bool same;

	if (!parse_delta_lines(&rest, &d))
		return err_set(
		    e, ERR_SYNTAX, "a delta that was cut or changed");
	head = s.len - rest.len;
	buf_init(&again, SYNC_DELTA_HEAD_MAX);
	write_delta_lines(&again, &d);
	same = slice_starts(s, buf_slice(&again));
	buf_release(&again);
	if (!same)
		return err_set(e, ERR_SYNTAX, "a delta that was changed");
	if (!peek) {
		if (rest.len < d.list_bytes ||
		    rest.len - d.list_bytes < d.content_bytes)
			return err_set(e, ERR_SYNTAX, "a delta that was cut");
		d.list = slice_upto(rest, d.list_bytes);
		d.content =
		    slice_upto(slice_from(rest, d.list_bytes), d.content_bytes);
	}
	d.len = head + d.list_bytes + d.content_bytes;
	*out = d;
	return 0;
}

bool
sync_delta_check(const struct sync_delta *d, const struct sign_key *key)
{
	struct buf message;
	bool good;

	buf_init(&message, SYNC_DELTA_HEAD_MAX);
	good = delta_message(&message, d) == 0 &&
	    sign_check(key, buf_slice(&message), &d->sig);
	buf_release(&message);
	return good;
}

int
sync_delta_write(struct buf *out, const struct sync_delta *d, struct slice pem,
    struct err *e)
{
	struct sync_delta whole = *d;
	struct buf message;
	int r = -1;

	whole.list_bytes = d->list.len;
	whole.content_bytes = d->content.len;

	buf_init(&message, SYNC_DELTA_HEAD_MAX);
	if (delta_message(&message, &whole) < 0) {
		err_memory(e);
		goto out;
	}
	/* The lines, without the two hashes. */
	buf_add(out,
	    slice_upto(
		buf_slice(&message), message.len - HASH_BYTES - HASH_BYTES));
	if (add_signature(out, pem, buf_slice(&message), e) < 0)
		goto out;
	buf_add(out, d->list);
	buf_add(out, d->content);
	r = buf_failed(out) ? err_memory(e) : 0;
out:
	buf_release(&message);
	return r;
}
