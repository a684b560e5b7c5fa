#include "base/buf.h"

#include "replies/texts.h"

void
reply_texts_write(struct buf *out, const struct reply_texts *t)
{
	for (int i = 0; i < REPLY_TEXTS; i++) {
		struct slice s = t->text[i];

		for (size_t k = 0; k < s.len; k++)
			if (s.ptr[k] == '\n')
				buf_add_char(out, ' ');
			else
				buf_add_char(out, s.ptr[k]);
		buf_add_char(out, '\n');
	}
}

void
reply_texts_read(struct slice body, struct reply_texts *out)
{
	for (int i = 0; i < REPLY_TEXTS; i++)
		out->text[i] = slice_take(&body, '\n');
}
