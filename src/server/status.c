#include <sys/mman.h>

#include "base/buf.h"
#include "base/mem.h"

#include "server/status.h"

struct status *
status_map_new(size_t slots)
{
	size_t bytes;
	void *m;

	if (!mem_mul(slots, sizeof(struct status), &bytes))
		return NULL;
	m = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return m == MAP_FAILED ? NULL : m;
}

void
status_map_free(struct status *map, size_t slots)
{
	if (map)
		munmap(map, slots * sizeof(*map));
}

void
status_count(struct status *s, const struct conn_event *event)
{
	if (event->status > 0 && event->status < STATUS_CODES)
		s->requests[event->protocol][event->status]++;
	s->ended[event->reason]++;
	s->bytes[event->protocol] += event->bytes;
	s->handshakes[event->protocol] += event->handshaken;
	s->resumed[event->protocol] += event->resumed;
}

void
status_sum(const struct status *map, size_t slots, struct status *out)
{
	*out = (struct status){ 0 };
	for (size_t i = 0; i < slots; i++) {
		out->accepted += map[i].accepted;
		out->pauses += map[i].pauses;
		out->open += map[i].open;
		for (int r = 0; r < CONN_REASONS; r++)
			out->ended[r] += map[i].ended[r];
		for (int p = 0; p < PROTOCOLS; p++) {
			out->bytes[p] += map[i].bytes[p];
			out->handshakes[p] += map[i].handshakes[p];
			out->resumed[p] += map[i].resumed[p];
			for (int c = 0; c < STATUS_CODES; c++)
				out->requests[p][c] += map[i].requests[p][c];
		}
	}
}

void
status_print(struct buf *out, const struct status *s)
{
	buf_addf(out, "accepted %llu", (unsigned long long)s->accepted);
	for (int p = 0; p < PROTOCOLS; p++)
		for (int c = 0; c < STATUS_CODES; c++)
			if (s->requests[p][c])
				buf_addf(out, ", %s %d %llu",
				    protocols[p]->name, c,
				    (unsigned long long)s->requests[p][c]);
	for (int r = 0; r < CONN_REASONS; r++)
		if (s->ended[r])
			buf_addf(out, ", %s %llu",
			    conn_reason_name((enum conn_reason)r),
			    (unsigned long long)s->ended[r]);
}
