/*
 * The unpacker: bytes that claim to be a frame, opened against a base.  No more
 * comes out than was allowed, whatever they are.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "sync/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* So that a finding in the child is a signal, not an exit code of its own. */
const char *
__asan_default_options(void)
{
	return "abort_on_error=1";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make((const char *)data, size);
	struct err e = ERR_INIT;
	struct buf out;

	buf_init(&out, 1 << 20);
	if (sync_frame_read(
		&out, s, SLICE_LIT("a base of a few words"), 65536, &e) == 0
		? out.len > 65536
		: e.kind == ERR_SYSTEM)
		abort();
	buf_release(&out);
	return 0;
}
