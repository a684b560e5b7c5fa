/*
 * Manifests: one that is taken is sorted, keeps the path rule, and is written
 * again as the same bytes.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "sync/path.h"
#include "sync/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice s = slice_make((const char *)data, size);
	struct sync_tree t;
	struct buf again;

	sync_tree_init(&t);
	(void)sync_path_fault(s);
	if (sync_tree_parse(&t, s, NULL) == 0) {
		buf_init(&again, size + 1);
		sync_tree_write(&t, &again);
		if (!slice_eq(buf_slice(&again), s))
			abort();
		for (size_t i = 0; i < t.count; i++)
			if (sync_path_fault(t.files[i]->path))
				abort();
		buf_release(&again);
	}
	sync_tree_release(&t);
	return 0;
}
