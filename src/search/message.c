#include "base/buf.h"
#include "base/pack.h"
#include "search/query.h"

#include "search/message.h"

void
search_question_pack(struct buf *out, const struct search_question *q)
{
	pack_number(out, q->ticket);
	pack_number(out, q->page);
	pack_slice(out, q->lang);
	pack_slice(out, q->words);
}

int
search_question_unpack(struct slice bytes, struct search_question *out)
{
	struct unpack in = { .rest = bytes };

	out->ticket = unpack_number(&in);
	out->page = (unsigned)unpack_number(&in);
	out->lang = unpack_slice(&in);
	out->words = unpack_slice(&in);
	return in.failed || in.rest.len ? -1 : 0;
}

void
search_answer_pack(struct buf *out, const struct search_answer *a)
{
	const struct find_page *p = &a->found;

	pack_number(out, a->ticket);
	pack_number(out, a->status);
	if (a->status != SEARCH_FOUND)
		return;
	pack_number(out, p->total);
	pack_number(out, p->count);
	for (size_t i = 0; i < p->count; i++) {
		pack_slice(out, p->hits[i].address);
		pack_slice(out, p->hits[i].title);
		pack_slice(out, p->hits[i].size);
		pack_slice(out, p->hits[i].lang);
		pack_slice(out, p->hits[i].excerpt);
		pack_number(out, p->hits[i].day);
		pack_number(out, p->hits[i].in_parts);
	}
}

int
search_answer_unpack(struct slice bytes, struct search_answer *out)
{
	struct unpack in = { .rest = bytes };
	struct find_page *p = &out->found;
	uint64_t status;

	out->ticket = unpack_number(&in);
	status = unpack_number(&in);
	p->total = p->count = 0;
	if (in.failed || status >= SEARCH_STATUSES)
		return -1;
	out->status = (enum search_status)status;
	if (out->status != SEARCH_FOUND)
		return in.rest.len ? -1 : 0;
	p->total = unpack_number(&in);
	p->count = unpack_count(&in);
	if (p->count > FIND_PAGE)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		p->hits[i].address = unpack_slice(&in);
		p->hits[i].title = unpack_slice(&in);
		p->hits[i].size = unpack_slice(&in);
		p->hits[i].lang = unpack_slice(&in);
		p->hits[i].excerpt = unpack_slice(&in);
		p->hits[i].day = (unsigned)unpack_number(&in);
		p->hits[i].in_parts = unpack_number(&in) != 0;
	}
	return in.failed || in.rest.len ? -1 : 0;
}

void
search_answer_make(struct search_finder *f, const struct search_question *q,
    struct search_answer *out)
{
	static const enum search_status of_parse[] = {
		[QUERY_FINE] = SEARCH_FOUND,
		[QUERY_EMPTY] = SEARCH_WAS_EMPTY,
		[QUERY_TOO_LONG] = SEARCH_WAS_TOO_LONG,
		[QUERY_NO_TEXT] = SEARCH_WAS_NO_TEXT,
	};
	static const enum search_status of_find[] = {
		[FIND_FINE] = SEARCH_FOUND,
		[FIND_LATE] = SEARCH_WAS_LATE,
		[FIND_FAILED] = SEARCH_FAILED,
	};
	struct query query;

	out->ticket = q->ticket;
	out->status = of_parse[query_parse(q->words, &query)];
	if (out->status != SEARCH_FOUND)
		return;
	if (q->lang.len)
		query_add_lang(&query, q->lang);
	out->status = of_find[search_find(f, &query, q->page, &out->found)];
}
