/*
 * Which program this is: the build-id that the linker gave it, or where there
 * is none the hash of its file.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/io.h"

#include "site/site_internal.h"

enum {
	PROGRAM_MAX = 256 * 1024 * 1024 /* bytes of our own executable */
};

struct search {
	struct slice id;
};

/* The build-id in the notes of `size` bytes at `p`. */
static struct slice
find_id(const char *p, size_t size)
{
	ElfW(Nhdr) n;

	while (size >= sizeof(n)) {
		size_t name, all;

		memcpy(&n, p, sizeof(n));
		name = ((size_t)n.n_namesz + 3) & ~(size_t)3;
		all =
		    sizeof(n) + name + (((size_t)n.n_descsz + 3) & ~(size_t)3);
		if (all > size)
			break;
		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 &&
		    !memcmp(p + sizeof(n), "GNU", 4))
			return slice_make(p + sizeof(n) + name, n.n_descsz);
		p += all;
		size -= all;
	}
	return SLICE_NONE;
}

/* The program itself comes first; nothing else is looked at. */
static int
look(struct dl_phdr_info *info, size_t size, void *ctx)
{
	struct search *s = ctx;

	(void)size;
	for (int i = 0; i < info->dlpi_phnum && !s->id.len; i++) {
		const ElfW(Phdr) *h = &info->dlpi_phdr[i];
		uintptr_t at = info->dlpi_addr + h->p_vaddr;
		const char *p = (const char *)at; /* NOLINT(performance-*) */

		if (h->p_type == PT_NOTE)
			s->id = find_id(p, h->p_memsz);
	}
	return 1;
}

static int
hash_file(struct hash *out, struct err *e)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), rc;
	struct buf program;

	*out = (struct hash){ { 0 } };
	if (fd < 0)
		return 0;
	buf_init(&program, PROGRAM_MAX + 1);
	rc = io_read_all(fd, "the program", PROGRAM_MAX, &program, e);
	if (!rc && hash_of(buf_slice(&program), out) < 0)
		rc = err_memory(e);
	buf_release(&program);
	close(fd);
	return rc;
}

int
program_hash(struct hash *out, struct err *e)
{
	struct search s = { SLICE_NONE };

	dl_iterate_phdr(look, &s);
	if (!s.id.len)
		return hash_file(out, e);
	return hash_of(s.id, out) < 0 ? err_memory(e) : 0;
}
