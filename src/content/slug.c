#include "content/slug.h"

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
slug_is_valid(struct slice s)
{
	if (!s.len || s.len > SLUG_MAX || s.ptr[0] == '-' ||
	    s.ptr[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_word(s.ptr[i]) &&
		    (s.ptr[i] != '-' || s.ptr[i - 1] == '-'))
			return false;
	return true;
}

size_t
slug_make(struct slice from, char out[SLUG_MAX + 1])
{
	size_t len = 0;
	bool gap = false;

	for (size_t i = 0; i < from.len; i++) {
		char c = from.ptr[i];

		if (c == ' ' || c == '\t' || c == '_' || c == '-') {
			gap = len > 0;
			continue;
		}
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!is_word(c) || len + (gap ? 2 : 1) > SLUG_MAX) {
			out[0] = '\0';
			return 0;
		}
		if (gap)
			out[len++] = '-';
		gap = false;
		out[len++] = c;
	}
	out[len] = '\0';
	return len;
}
