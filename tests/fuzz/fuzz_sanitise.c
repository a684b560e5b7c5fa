/*
 * fuzz_sanitise.c: whatever goes in, what comes out is valid UTF-8 without
 * controls, a fixed point, and warned about when bytes were replaced.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/diag.h"
#include "base/utf8.h"
#include "markdown/sanitise.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int good)
{
	if (!good)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_make((const char *)data, size);
	struct diag d = { .sink = NULL };
	struct buf once, twice;

	buf_init(&once, 64 * 1024 * 1024);
	buf_init(&twice, 64 * 1024 * 1024);
	md_sanitise(&once, in, "fuzz", &d);
	check(!buf_failed(&once));
	check(utf8_valid(buf_slice(&once)));
	check(utf8_valid(in) == (d.warnings == 0));
	for (size_t i = 0; i < once.len; i++) {
		unsigned char c = (unsigned char)once.ptr[i];

		check(c >= ' ' || c == '\n' || c == '\t');
		check(c != 0x7f);
	}
	/* A mark that comes first now would be taken for a second one. */
	if (!slice_starts(buf_slice(&once), SLICE_LIT("\xef\xbb\xbf"))) {
		md_sanitise(&twice, buf_slice(&once), "fuzz", &d);
		check(slice_eq(buf_slice(&once), buf_slice(&twice)));
	}
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
