#include "base/buf.h"
#include "base/pack.h"

#include "search/record.h"

void
search_record_pack(struct buf *out, const struct search_record *r)
{
	pack_slice(out, r->path);
	pack_slice(out, r->address);
	pack_slice(out, r->title);
	pack_slice(out, r->size);
	pack_slice(out, r->lang);
	pack_number(out, r->day);
	pack_number(out, r->in_parts);
	pack_slice(out, r->title_words);
	pack_slice(out, r->tag_words);
	pack_slice(out, r->body_words);
	pack_slice(out, r->facets);
	pack_number(out, r->length);
}

int
search_record_unpack(struct slice bytes, struct search_record *out)
{
	struct unpack in = { .rest = bytes };

	out->path = unpack_slice(&in);
	out->address = unpack_slice(&in);
	out->title = unpack_slice(&in);
	out->size = unpack_slice(&in);
	out->lang = unpack_slice(&in);
	out->day = (unsigned)unpack_number(&in);
	out->in_parts = unpack_number(&in) != 0;
	out->title_words = unpack_slice(&in);
	out->tag_words = unpack_slice(&in);
	out->body_words = unpack_slice(&in);
	out->facets = unpack_slice(&in);
	out->length = (unsigned)unpack_number(&in);
	return in.failed || in.rest.len ? -1 : 0;
}
