#include <magic.h>

#include "base/err.h"
#include "base/mem.h"

#include "site/mime.h"

struct mime {
	magic_t magic;
};

static const struct {
	const char *extension, *media;
} by_name[] = {
	{ "csv", "text/csv" },
	{ "gmi", "text/gemini" },
	{ "htm", "text/html" },
	{ "html", "text/html" },
	{ "json", "application/json" },
	{ "markdown", "text/markdown" },
	{ "md", "text/markdown" },
	{ "svg", "image/svg+xml" },
	{ "tsv", "text/tab-separated-values" },
	{ "txt", "text/plain" },
	{ "xml", "application/xml" },
	{ "yaml", "application/yaml" },
};

static const struct {
	const char *media, *kind;
} kinds[] = {
	{ "application/epub+zip", "EPUB" },
	{ "application/gzip", "gzip" },
	{ "application/json", "JSON" },
	{ "application/msword", "Word" },
	{ "application/pdf", "PDF" },
	{ "application/postscript", "PostScript" },
	{ "application/vnd.ms-excel", "Excel" },
	{ "application/vnd.oasis.opendocument.spreadsheet", "ODS" },
	{ "application/vnd.oasis.opendocument.text", "ODT" },
	{ "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	    "Excel" },
	{ "application/vnd.openxmlformats-officedocument."
	  "wordprocessingml.document",
	    "Word" },
	{ "application/x-tar", "tar" },
	{ "application/xml", "XML" },
	{ "application/yaml", "YAML" },
	{ "application/zip", "ZIP" },
	{ "text/csv", "CSV" },
	{ "text/gemini", "gemtext" },
	{ "text/html", "HTML" },
	{ "text/markdown", "Markdown" },
	{ "text/plain", "text" },
	{ "text/tab-separated-values", "TSV" },
};

struct mime *
mime_new(struct err *e)
{
	struct mime *m = mem_calloc(1, sizeof(*m));

	if (!m) {
		err_memory(e);
		return NULL;
	}
	m->magic = magic_open(MAGIC_MIME_TYPE | MAGIC_ERROR |
	    MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR | MAGIC_NO_CHECK_ELF);
	if (m->magic && magic_load(m->magic, NULL) == 0)
		return m;
	err_set(e, ERR_SYSTEM, "libmagic: %s",
	    m->magic ? magic_error(m->magic) : "out of memory");
	mime_free(m);
	return NULL;
}

void
mime_free(struct mime *m)
{
	if (!m)
		return;
	if (m->magic)
		magic_close(m->magic);
	mem_free(m);
}

static const char *
guess_by_name(struct slice name)
{
	size_t dot = name.len;

	while (dot && name.ptr[dot - 1] != '.' && name.ptr[dot - 1] != '/')
		dot--;
	if (!dot || name.ptr[dot - 1] != '.')
		return NULL;
	name = slice_from(name, dot);
	for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++)
		if (slice_eq_nocase(name, slice_cstr(by_name[i].extension)))
			return by_name[i].media;
	return NULL;
}

/* Magic says no more of these than that they are text, or bytes. */
static bool
is_vague(struct slice media)
{
	return slice_starts(media, SLICE_LIT("text/")) ||
	    slice_eq_cstr(media, "application/octet-stream") ||
	    slice_eq_cstr(media, "application/x-empty") ||
	    slice_eq_cstr(media, "inode/x-empty") ||
	    slice_eq_cstr(media, "application/json") ||
	    slice_eq_cstr(media, "application/csv");
}

struct slice
mime_of(struct mime *m, struct slice head, struct slice name)
{
	const char *found = magic_buffer(m->magic, head.ptr,
	    head.len < MIME_LOOK_BYTES ? head.len : MIME_LOOK_BYTES);
	struct slice media = slice_cstr(found ? found : "");
	const char *guess;

	if (!media.len)
		media = SLICE_LIT("application/octet-stream");
	if (!is_vague(media))
		return media;
	if ((guess = guess_by_name(name)))
		return slice_cstr(guess);
	if (slice_starts(media, SLICE_LIT("text/")))
		return SLICE_LIT("text/plain");
	if (slice_starts(media, SLICE_LIT("inode/")))
		return SLICE_LIT("application/octet-stream");
	return media;
}

struct slice
mime_kind(struct slice media)
{
	struct slice kind = slice_from(media, slice_find(media, '/') + 1);

	if (slice_starts(media, SLICE_LIT("image/")))
		return SLICE_NONE;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (slice_eq_cstr(media, kinds[i].media))
			return slice_cstr(kinds[i].kind);
	if (slice_starts(kind, SLICE_LIT("x-")))
		kind = slice_from(kind, 2);
	return slice_eq_cstr(kind, "octet-stream") ? SLICE_LIT("file") : kind;
}

char
mime_gopher_type(struct slice media)
{
	if (slice_eq_cstr(media, "image/gif"))
		return 'g';
	if (slice_starts(media, SLICE_LIT("image/")))
		return 'I';
	if (slice_starts(media, SLICE_LIT("audio/")))
		return 's';
	if (slice_starts(media, SLICE_LIT("text/")) &&
	    !slice_eq_cstr(media, "text/html"))
		return '0';
	return '9';
}
