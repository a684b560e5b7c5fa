#include "base/pack.h"

#include "replies/message.h"

void
reply_sent_pack(struct buf *out, const struct reply_sent *s)
{
	pack_number(out, s->ticket);
	pack_slice(out, s->slug);
	pack_slice(out, s->text);
}

int
reply_sent_unpack(struct slice bytes, struct reply_sent *out)
{
	struct unpack in = { .rest = bytes };

	out->ticket = unpack_number(&in);
	out->slug = unpack_slice(&in);
	out->text = unpack_slice(&in);
	return in.failed || in.rest.len || !letter_is_slug(out->slug) ? -1 : 0;
}

void
reply_taken_pack(struct buf *out, const struct reply_taken *t)
{
	pack_number(out, t->ticket);
	pack_number(out, t->result);
}

int
reply_taken_unpack(struct slice bytes, struct reply_taken *out)
{
	struct unpack in = { .rest = bytes };
	uint64_t result;

	out->ticket = unpack_number(&in);
	result = unpack_number(&in);
	if (in.failed || in.rest.len || result >= INBOX_RESULTS)
		return -1;
	out->result = (enum inbox_result)result;
	return 0;
}
