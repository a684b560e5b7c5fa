#include <dlfcn.h>
#include <string.h>

#include "base/library.h"

const char *
library_load(
    const char *file, const struct library_function *functions, size_t count)
{
	void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!handle)
		return dlerror();
	for (size_t i = 0; i < count; i++) {
		void *p = dlsym(handle, functions[i].name);

		if (!p)
			return dlerror();
		/* A function's address comes as a datum's, as POSIX has it. */
		memcpy(functions[i].out, &p, sizeof(p));
	}
	return NULL;
}
