/*
 * menu.h: Gopher menus as they come (RFC 1436 section 3), a line at a time.
 *
 * Pure.  Strict about what a menu line is (a type, three tabs, a port), silent
 * about what it means: types are the caller's.
 */
#ifndef CLIENT_MENU_H
#define CLIENT_MENU_H

#include "base/slice.h"

struct menu_item {
	char type;
	struct slice name, selector, host; /* point into the line */
	int port;                          /* 0 to 65535 */
	bool plus;                         /* a fifth field, Gopher+ */
};

/*
 * Takes apart one line, without its CRLF; 0, or -1 when it is no item, and
 * then *why says why in a few words (static text) and *out is undefined.
 */
int menu_parse(struct slice line, struct menu_item *out, const char **why)
    __attribute__((warn_unused_result));

/*
 * Whether `body`, the whole answer to a request, is nothing but one item of
 * type 3: what a server says in place of the thing asked for.  *text is then
 * what it says.
 */
bool menu_is_error(struct slice body, struct slice *text);

#endif
