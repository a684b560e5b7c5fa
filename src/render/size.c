#include "base/buf.h"

#include "render/render.h"

void
render_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = { "KB", "MB", "GB", "TB" };
	size_t unit = 0;
	uint64_t tenths; /* of the unit */

	if (bytes < 1000) {
		buf_add_uint(out, bytes);
		buf_add_cstr(out, bytes == 1 ? " byte" : " bytes");
		return;
	}
	for (; bytes >= 995000 && unit < 3; unit++)
		bytes = bytes / 1000 + (bytes % 1000 >= 500);
	/* Now 1000 to 994,999 thousandths of the unit. */
	tenths = (bytes + 50) / 100;
	if (tenths < 100) {
		buf_add_uint(out, tenths / 10);
		buf_add_char(out, '.');
		buf_add_uint(out, tenths % 10);
	} else if (bytes < 99500) {
		buf_add_uint(out, (bytes + 500) / 1000);
	} else {
		buf_add_uint(out, (bytes + 5000) / 10000 * 10);
	}
	buf_add_char(out, ' ');
	buf_add_cstr(out, units[unit]);
}
