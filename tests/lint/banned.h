/*
 * Functions this project does not call, poisoned for the compiler: each one
 * overruns, hides an error, keeps static state or starts a shell.  Included
 * first with -include, after the system headers that declare them.
 */
#ifndef BANNED_H
#define BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef alloca
#pragma GCC poison strcpy strcat strncpy strncat strtok sprintf vsprintf
#pragma GCC poison gmtime localtime ctime asctime mktemp alloca gets
#pragma GCC poison atoi atol system popen

#endif
