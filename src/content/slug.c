#include <stdlib.h>

#include <unictype.h>
#include <uninorm.h>

#include "base/utf8.h"

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

/* Whether it stands within a word and is passed over. */
static bool
is_silent(uint32_t c)
{
	return c == '\'' || c == 0x2019 || c == 0x200c || c == 0x200d ||
	    uc_is_general_category(c, UC_MARK);
}

/* Back to the end of the last whole word, if there is one. */
static size_t
cut_word(const char *out, size_t len)
{
	size_t n = len;

	while (n && out[n - 1] != '-')
		n--;
	return n ? n - 1 : len;
}

/* False when there is no room, and no half of a word is left. */
static bool
add_letter(char *out, size_t *len, bool gap, char c)
{
	if (*len + (gap ? 2 : 1) > SLUG_MAX) {
		*len = gap ? *len : cut_word(out, *len);
		return false;
	}
	if (gap)
		out[(*len)++] = '-';
	out[(*len)++] = c;
	return true;
}

size_t
slug_of_title(struct slice title, char out[SLUG_MAX + 1])
{
	size_t len = 0, total = 0, latin = 0, foreign = 0, n;
	bool gap = false, full = false;
	uint8_t *s = u8_normalize(UNINORM_NFKD,
	    (const uint8_t *)(title.len ? title.ptr : ""), title.len, NULL,
	    &total);

	for (size_t i = 0; s && i < total; i += n) {
		uint32_t c;

		n = utf8_decode((const char *)s + i, total - i, &c);
		n = n ? n : 1;
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (c < 0x80 && is_word((char)c)) {
			latin += c > '9';
			full = full || !add_letter(out, &len, gap, (char)c);
			gap = false;
		} else if (!is_silent(c)) {
			foreign += uc_is_alpha(c);
			gap = len > 0;
		}
	}
	free(s);
	if (foreign > latin)
		len = 0;
	out[len] = '\0';
	return len;
}
