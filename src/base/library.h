/*
 * library.h: shared libraries that are loaded when they are first needed.
 *
 * Linked, some bring so many others with them that every command would start
 * in twice the time, and stand in the process that meets the network.
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>

struct library_function {
	const char *name;
	void *out; /* the function pointer that gets it */
};

/*
 * Loads `file` ("libx.so.2") for the rest of the process, and fills in all
 * functions; NULL, or why it cannot be had (words that live until the next
 * call).
 */
const char *library_load(
    const char *file, const struct library_function *functions, size_t count);

#endif
