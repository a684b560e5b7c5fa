#include "base/diag.h"
#include "base/pack.h"

#include "site/site_internal.h"

void
messages_pack(void *ctx, const struct diag_item *item)
{
	struct buf *out = ctx;

	pack_number(out, item->level);
	pack_number(out, item->line);
	pack_number(out, item->column);
	pack_slice(out, slice_cstr(item->text));
	/* With its NUL: who unpacks it points to it. */
	pack_slice(out,
	    item->code ? slice_make(item->code, strlen(item->code) + 1)
		       : SLICE_NONE);
}

void
messages_tell(struct diag *d, const char *file, struct slice packed)
{
	struct unpack in = { .rest = packed };

	while (in.rest.len && !in.failed) {
		unsigned level = (unsigned)unpack_number(&in);
		unsigned line = (unsigned)unpack_number(&in);
		unsigned column = (unsigned)unpack_number(&in);
		struct slice text = unpack_slice(&in);
		struct slice code = unpack_slice(&in);

		d->code = code.len ? code.ptr : NULL;
		if (!in.failed)
			diag_at(d,
			    level > DIAG_ERROR ? DIAG_ERROR
					       : (enum diag_level)level,
			    file, line, column, "%.*s", SLICE_FMT(text));
	}
	d->code = NULL;
}
