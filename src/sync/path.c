#include <stdlib.h>

#include <unicase.h>
#include <uninorm.h>

#include "base/buf.h"
#include "base/utf8.h"

#include "sync/path.h"

/* Controls, and what turns or hides text. */
static bool
is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || cp == 0x2028 ||
	    cp == 0x2029 || (cp >= 0x202a && cp <= 0x202e) ||
	    (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

static const char *
name_fault(struct slice name)
{
	if (!name.len)
		return "an empty component";
	if (name.len > SYNC_NAME_MAX)
		return "a component over 255 bytes";
	if (name.ptr[0] == '.')
		return "a component that begins with a dot";
	if (name.ptr[0] == '-')
		return "a component that begins with a hyphen";
	if (name.ptr[0] == ' ' || name.ptr[name.len - 1] == ' ')
		return "a component with a blank at its edge";
	return NULL;
}

static bool
is_nfc(struct slice s)
{
	uint8_t room[4 * SYNC_PATH_MAX];
	size_t len = sizeof(room);
	uint8_t *norm = u8_normalize(
	    UNINORM_NFC, (const uint8_t *)s.ptr, s.len, room, &len);
	bool same = norm && len == s.len && !memcmp(norm, s.ptr, len);

	if (norm != room)
		free(norm);
	return same;
}

const char *
sync_path_fault(struct slice path)
{
	struct slice rest = path;
	bool ascii = true;
	uint32_t cp;
	size_t n;

	if (path.len > SYNC_PATH_MAX)
		return "over 500 bytes";
	for (size_t i = 0; i < path.len; i += n) {
		if (!(n = utf8_decode(path.ptr + i, path.len - i, &cp)))
			return "no valid UTF-8";
		if (is_control(cp))
			return "a control character";
		if (cp == '\\')
			return "a backslash";
		ascii = ascii && cp < 0x80;
	}
	if (!ascii && !is_nfc(path))
		return "not in NFC";
	do {
		const char *fault;

		n = slice_find(rest, '/');
		if ((fault = name_fault(slice_upto(rest, n))))
			return fault;
		rest = slice_from(rest, n + 1);
	} while (rest.len);
	return path.ptr[path.len - 1] == '/' ? "an empty component" : NULL;
}

static char
fold_ascii(char ch)
{
	if (ch == '/')
		return '\001';
	return (char)(ch >= 'A' && ch <= 'Z' ? ch - 'A' + 'a' : ch);
}

int
sync_path_fold(struct buf *out, struct slice path)
{
	size_t start = out->len, len = 0;
	bool ascii = true;

	for (size_t i = 0; i < path.len && ascii; i++)
		ascii = (unsigned char)path.ptr[i] < 0x80;
	if (ascii) {
		buf_add(out, path);
	} else {
		uint8_t *folded = u8_casefold((const uint8_t *)path.ptr,
		    path.len, NULL, UNINORM_NFC, NULL, &len);

		if (!folded)
			return -1;
		buf_add_mem(out, folded, len);
		free(folded);
	}
	if (buf_failed(out))
		return -1;
	for (size_t i = start; i < out->len; i++)
		out->ptr[i] = fold_ascii(out->ptr[i]);
	return 0;
}
