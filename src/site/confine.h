/*
 * confine.h: what a conversion helper gives up before it reads a foreign byte.
 *
 * It parses what authors, and libmagic what anybody, wrote; so it may read
 * files and write to the pipes it has, and nothing else:
 *
 *	no file is written, made, renamed or removed (RLIMIT_FSIZE 0, and
 *	Landlock where the kernel has it: Linux 5.13)
 *	no socket, no other program, no signal to or look into another process
 *	(a seccomp filter, on x86-64 and arm64)
 *	no core dump, no new privileges, at most CONFINE_DATA_BYTES of memory
 *
 * What it does not do: descriptors that were open stay open, to be read.
 */
#ifndef SITE_CONFINE_H
#define SITE_CONFINE_H

#define CONFINE_DATA_BYTES ((unsigned long long)1 << 30)

/*
 * For good, for the calling process and its children.  0, or -1 when the kernel
 * refuses what it has: then nothing foreign may be parsed.
 */
int confine_helper(void) __attribute__((warn_unused_result));

#endif
