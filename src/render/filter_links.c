#include "render/render_internal.h"

#include "render/filter_links.h"

enum {
	MAX_LINK_BYTES = 1024 * 1024
};

/* What a file is, by its extension: its Gopher type and the word for it. */
static const struct extension {
	const char *name;
	char type;
	const char *kind;
} extensions[] = {
	{ "7z", '9', "7Z" },
	{ "aac", 's', "AAC" },
	{ "avi", '9', "AVI" },
	{ "avif", 'I', "image" },
	{ "bmp", 'I', "image" },
	{ "bz2", '9', "BZ2" },
	{ "csv", '0', "CSV" },
	{ "djvu", '9', "DJVU" },
	{ "doc", '9', "DOC" },
	{ "docx", '9', "DOCX" },
	{ "epub", '9', "EPUB" },
	{ "flac", 's', "FLAC" },
	{ "gif", 'g', "image" },
	{ "gmi", '0', "" },
	{ "gz", '9', "GZ" },
	{ "htm", '9', "HTML" },
	{ "html", '9', "HTML" },
	{ "jpeg", 'I', "image" },
	{ "jpg", 'I', "image" },
	{ "json", '0', "JSON" },
	{ "m4a", 's', "M4A" },
	{ "mkv", '9', "MKV" },
	{ "mobi", '9', "MOBI" },
	{ "mov", '9', "MOV" },
	{ "mp3", 's', "MP3" },
	{ "mp4", '9', "MP4" },
	{ "odp", '9', "ODP" },
	{ "ods", '9', "ODS" },
	{ "odt", '9', "ODT" },
	{ "ogg", 's', "OGG" },
	{ "opus", 's', "OPUS" },
	{ "pdf", '9', "PDF" },
	{ "png", 'I', "image" },
	{ "ppt", '9', "PPT" },
	{ "pptx", '9', "PPTX" },
	{ "ps", '9', "PS" },
	{ "rtf", '9', "RTF" },
	{ "svg", 'I', "image" },
	{ "tar", '9', "TAR" },
	{ "tgz", '9', "TGZ" },
	{ "tif", 'I', "image" },
	{ "tiff", 'I', "image" },
	{ "tsv", '0', "TSV" },
	{ "txt", '0', "" },
	{ "wav", 's', "WAV" },
	{ "webm", '9', "WEBM" },
	{ "webp", 'I', "image" },
	{ "xls", '9', "XLS" },
	{ "xlsx", '9', "XLSX" },
	{ "xml", '0', "XML" },
	{ "xz", '9', "XZ" },
	{ "zip", '9', "ZIP" },
};

void
filter_links_init(struct filter_links *f, struct slice folder)
{
	f->folder = folder;
	buf_init(&f->uri, MAX_LINK_BYTES);
	buf_init(&f->menu, MAX_LINK_BYTES);
}

void
filter_links_release(struct filter_links *f)
{
	buf_release(&f->uri);
	buf_release(&f->menu);
}

/* The scheme that `href` begins with, or an empty slice. */
static struct slice
scheme_of(struct slice href)
{
	size_t i;

	for (i = 0; i < href.len; i++) {
		char c = href.ptr[i], low = (char)(c | 0x20);

		if (c == ':')
			return slice_upto(href, i);
		if (low >= 'a' && low <= 'z')
			continue;
		if (!i || !((c >= '0' && c <= '9') || strchr("+-.", c)))
			break;
	}
	return SLICE_NONE;
}

static bool
is_script(struct slice scheme)
{
	return slice_eq_nocase(scheme, SLICE_LIT("javascript")) ||
	    slice_eq_nocase(scheme, SLICE_LIT("vbscript")) ||
	    slice_eq_nocase(scheme, SLICE_LIT("data"));
}

static void
outside(struct filter_links *f, struct slice href, struct render_target *out)
{
	if (slice_starts(href, SLICE_LIT("//")))
		buf_add(&f->uri, SLICE_LIT("https:"));
	render_url(&f->uri, href);
	if (buf_failed(&f->uri))
		return;
	out->kind = RENDER_OUTSIDE;
	out->uri = buf_slice(&f->uri);
}

/* What stands behind the last dot of the last part of `path`. */
static struct slice
extension_of(struct slice path)
{
	for (size_t i = path.len; i-- > 0 && path.ptr[i] != '/';)
		if (path.ptr[i] == '.')
			return slice_from(path, i + 1);
	return SLICE_NONE;
}

/* Takes the last part off out's path, which ends with a slash. */
static void
go_up(struct buf *out, size_t start)
{
	size_t len = out->len;

	if (len > start + 1)
		len--;
	while (len > start + 1 && out->ptr[len - 1] != '/')
		len--;
	buf_truncate(out, len);
}

/* Appends `path` as an absolute selector, without dot segments. */
static void
add_selector(struct buf *out, struct slice folder, struct slice path)
{
	size_t start = out->len;

	if (path.ptr[0] == '/') {
		buf_add_char(out, '/');
		path = slice_from(path, 1);
	} else {
		buf_add(out, folder);
	}
	while (path.len) {
		size_t n = slice_find(path, '/');
		struct slice part = slice_upto(path, n);

		if (slice_eq_cstr(part, "..")) {
			go_up(out, start);
		} else if (!slice_eq_cstr(part, ".")) {
			/* What no selector can hold stays encoded. */
			if (!render_decode(out, part))
				render_url(out, part);
			if (n < path.len)
				buf_add_char(out, '/');
		}
		path = slice_from(path, n + 1);
	}
}

static void
set_type(struct slice path, bool image, struct render_target *out)
{
	struct slice extension = extension_of(path);
	const struct extension *found = NULL;

	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (slice_eq_nocase(extension, slice_cstr(extensions[i].name)))
			found = &extensions[i];
	out->menu_type = path.ptr[path.len - 1] == '/' ? '1' : '0';
	if (found) {
		out->menu_type = found->type;
		out->file_kind = slice_cstr(found->kind);
	}
	if (image && out->menu_type != 'g')
		out->menu_type = 'I';
	out->text_type = out->menu_type;
}

static void
own(struct filter_links *f, struct slice href, bool image,
    struct render_target *out)
{
	struct slice path = slice_upto(href, slice_find(href, '?'));
	struct slice query = slice_from(href, path.len), extension;
	const char *source = NULL;

	if (!path.len)
		return;
	extension = extension_of(path);
	if (slice_eq_cstr(extension, "md") ||
	    slice_eq_cstr(extension, "markdown")) {
		source = extension.ptr;
		path.len = (size_t)(source - path.ptr);
	}
	render_url(&f->uri, path);
	add_selector(&f->menu, f->folder, path);
	if (source) {
		buf_add(&f->uri, SLICE_LIT("gmi"));
		buf_add(&f->menu, SLICE_LIT("txt"));
		out->menu_type = out->text_type = '0';
	} else {
		set_type(path, image, out);
	}
	render_url(&f->uri, query);
	render_url(&f->menu, query);
	if (buf_failed(&f->uri) || buf_failed(&f->menu))
		return;
	out->kind = RENDER_OWN;
	out->uri = buf_slice(&f->uri);
	out->menu_selector = out->text_selector = buf_slice(&f->menu);
}

void
filter_links_resolve(
    void *ctx, struct slice href, bool image, struct render_target *out)
{
	struct filter_links *f = ctx;
	struct slice scheme;

	*out = (struct render_target){ .kind = RENDER_NO_TARGET };
	buf_clear(&f->uri);
	buf_clear(&f->menu);
	href = slice_trim(href);
	scheme = scheme_of(href);
	if (!href.len || href.ptr[0] == '#' || is_script(scheme))
		return;
	if (scheme.len || slice_starts(href, SLICE_LIT("//"))) {
		outside(f, href, out);
		return;
	}
	own(f, slice_upto(href, slice_find(href, '#')), image, out);
}
