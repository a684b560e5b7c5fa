/*
 * What stands behind a good signature, and is hostile all the same: the first
 * byte's lowest bit says whether the rest is the list of a delta or of a
 * snapshot, up to its empty line, with contents behind it.  It is unpacked into
 * a stage of its own; nothing may appear outside of it.
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "sync/changes.h"
#include "sync/place.h"
#include "sync/unload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
open_room(void)
{
	static char dir[] = "/tmp/qasid-fuzz-XXXXXX";
	static int fd = -1;

	if (fd < 0 &&
	    (!mkdtemp(dir) || (fd = open(dir, O_RDONLY | O_DIRECTORY)) < 0))
		abort();
	return fd;
}

static int
is_hash(void *ctx, const char *path, bool regular, struct err *e)
{
	(void)ctx;
	(void)e;
	if (!regular ||
	    (strspn(path, "0123456789abcdef") != HASH_HEX_BYTES &&
		strcmp(path, "part") != 0))
		abort();
	return unlinkat(open_room(), path, 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint64_t max[2] = { 100, 1 << 20 };
	struct slice s;
	struct changes c;
	struct unload *u;
	int fd = open_room();

	if (!size)
		return 0;
	s = slice_from(slice_make((const char *)data, size), 1);
	if (changes_read(&c, s, data[0] & 1, max, NULL) == 0) {
		u = unload_new(fd, c.adds, c.add_count, NULL);
		if (!u)
			abort();
		if (unload_add(u, slice_from(s, c.len), NULL) == 0 &&
		    unload_end(u, NULL) == 0 && c.len + c.add_bytes != s.len)
			abort();
		unload_free(u);
	}
	changes_release(&c);
	if (place_walk(fd, is_hash, NULL, NULL) < 0)
		abort();
	return 0;
}
