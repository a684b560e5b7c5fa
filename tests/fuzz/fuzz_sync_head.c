/*
 * Heads, and delta headers behind them: what parses is written again as the
 * same bytes, and every slice lies inside the input.
 */
#include <stdlib.h>

#include "sync/head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make((const char *)data, size);
	struct sync_head h;
	struct sync_delta d;

	if (sync_head_parse(s, &h, NULL) < 0)
		return 0;
	if (h.len > size || h.signed_len >= h.len || !h.serial)
		abort();
	s = slice_from(s, h.len);
	if (sync_delta_parse(s, true, &d, NULL) == 0 && d.from > d.to)
		abort();
	if (sync_delta_parse(s, false, &d, NULL) == 0 &&
	    (d.len > s.len || d.list.ptr < s.ptr ||
		d.content.ptr + d.content.len > s.ptr + s.len))
		abort();
	return 0;
}
