#include "client/menu.h"

static int
bad(const char **why, const char *text)
{
	*why = text;
	return -1;
}

int
menu_parse(struct slice line, struct menu_item *out, const char **why)
{
	struct slice rest, port;
	unsigned tabs = 0;
	uint64_t number;

	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];

		if (c == '\t')
			tabs++;
		else if (c < 0x20 || c == 0x7f)
			return bad(why, "a control character");
	}
	if (!line.len)
		return bad(why, "an empty line");
	if (tabs < 3)
		return bad(why, "fewer than three tabs");
	if (tabs > 4)
		return bad(why, "more than four tabs");
	if (line.ptr[0] == '\t')
		return bad(why, "no type");
	out->type = line.ptr[0];
	rest = slice_from(line, 1);
	out->plus = tabs == 4;
	out->name = slice_take(&rest, '\t');
	out->selector = slice_take(&rest, '\t');
	out->host = slice_take(&rest, '\t');
	port = slice_take(&rest, '\t');
	if (slice_uint(port, 65535, &number) < 0)
		return bad(why, "no port in the last field");
	out->port = (int)number;
	return 0;
}

bool
menu_is_error(struct slice body, struct slice *text)
{
	struct menu_item item;
	struct slice line, rest;
	const char *why;
	size_t end;

	if (!body.len || body.ptr[0] != '3')
		return false;
	end = slice_find(body, '\n');
	line = slice_upto(body, end);
	rest = slice_trim(slice_from(body, end));
	if (line.len && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (menu_parse(line, &item, &why) < 0 ||
	    (rest.len && !slice_eq_cstr(rest, ".")))
		return false;
	*text = item.name;
	return true;
}
