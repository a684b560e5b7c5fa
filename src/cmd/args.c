#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/slice.h"

#include "cmd/args.h"

enum {
	DAY_S = 86400,
	PORT_MAX = 65535,
};

int
args_number(const char *text, uint64_t max, uint64_t *out)
{
	return slice_uint(slice_cstr(text), max, out);
}

int
args_seconds(const char *text, int *out_ms)
{
	uint64_t n;

	if (args_number(text, DAY_S, &n) < 0)
		return -1;
	*out_ms = (int)n * 1000;
	return 0;
}

int
args_connect(
    const char *text, char room[ARGS_HOST_ROOM], struct fetch_opts *opts)
{
	const char *colon = strrchr(text, ':');
	uint64_t port;
	size_t len;

	if (!colon || colon == text ||
	    args_number(colon + 1, PORT_MAX, &port) < 0 || !port)
		return -1;
	len = (size_t)(colon - text);
	if (text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (!len || len >= ARGS_HOST_ROOM)
		return -1;
	memcpy(room, text, len);
	room[len] = '\0';
	opts->connect_host = room;
	opts->connect_port = colon + 1;
	return 0;
}

void
args_note(void *ctx, const char *text)
{
	char clean[600];

	err_escape(clean, sizeof(clean), text, strlen(text));
	fprintf(stderr, "qasid %s: warning: %s\n", (const char *)ctx, clean);
}
