#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "base/ip.h"
#include "base/mem.h"

#include "net/peers.h"

enum {
	BUCKETS = 4096,
	ENTRIES = 8, /* of a bucket: one line of the cache */
	COUNT_BITS = 24,
};

/* A key's upper bits and, below them, a count: one word, never half read. */
struct table {
	_Atomic uint64_t entries[BUCKETS][ENTRIES];
};

struct peers {
	uint64_t secret[2];
	size_t slots, bytes;
	atomic_size_t used; /* no slot from here on was ever used */
	struct table tables[];
};

static const uint64_t count_mask = ((uint64_t)1 << COUNT_BITS) - 1;

struct peers *
peers_new(size_t slots)
{
	struct peers *p;
	size_t bytes;

	if (!mem_mul(slots, sizeof(struct table), &bytes) ||
	    !mem_add(bytes, sizeof(*p), &bytes))
		return NULL;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (getrandom(p->secret, sizeof(p->secret), 0) !=
	    (ssize_t)sizeof(p->secret)) {
		munmap(p, bytes);
		return NULL;
	}
	p->slots = slots;
	p->bytes = bytes;
	return p;
}

void
peers_free(struct peers *p)
{
	if (p)
		munmap(p, p->bytes);
}

/* Spreads each bit over all (the finaliser of MurmurHash3). */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

uint64_t
peers_key(const struct peers *p, const struct ip *ip)
{
	uint64_t word = 0, key;

	if (!ip->bits)
		return 0;
	memcpy(&word, ip->bytes, ip->bits == 32 ? 4 : 8);
	key = mix(mix(word ^ p->secret[0]) + ip->bits + p->secret[1]);
	/* An entry without a key is free. */
	return key >> COUNT_BITS ? key : key | (uint64_t)1 << 63;
}

static _Atomic uint64_t *
find(struct peers *p, size_t slot, uint64_t key)
{
	_Atomic uint64_t *bucket = p->tables[slot].entries[key % BUCKETS];

	for (int i = 0; i < ENTRIES; i++) {
		uint64_t word =
		    atomic_load_explicit(&bucket[i], memory_order_relaxed);

		if (word & count_mask && !((word ^ key) >> COUNT_BITS))
			return &bucket[i];
	}
	return NULL;
}

static _Atomic uint64_t *
find_free(struct peers *p, size_t slot, uint64_t key)
{
	_Atomic uint64_t *bucket = p->tables[slot].entries[key % BUCKETS];

	for (int i = 0; i < ENTRIES; i++)
		if (!(bucket[i] & count_mask))
			return &bucket[i];
	return NULL;
}

unsigned
peers_enter(struct peers *p, size_t slot, uint64_t key)
{
	_Atomic uint64_t *mine = find(p, slot, key);
	size_t used = atomic_load(&p->used);
	uint64_t sum = 0;

	while (used <= slot &&
	    !atomic_compare_exchange_weak(&p->used, &used, slot + 1))
		;
	if (mine) {
		atomic_fetch_add_explicit(mine, 1, memory_order_relaxed);
	} else {
		mine = find_free(p, slot, key);
		if (mine)
			atomic_store_explicit(mine, (key & ~count_mask) + 1,
			    memory_order_relaxed);
	}
	used = atomic_load(&p->used);
	for (size_t s = 0; s < used; s++) {
		const _Atomic uint64_t *entry = find(p, s, key);

		if (entry)
			sum += *entry & count_mask;
	}
	return sum > UINT32_MAX ? UINT32_MAX : (unsigned)sum;
}

void
peers_leave(struct peers *p, size_t slot, uint64_t key)
{
	_Atomic uint64_t *entry = find(p, slot, key);

	if (entry)
		atomic_fetch_sub_explicit(entry, 1, memory_order_relaxed);
}

void
peers_clear(struct peers *p, size_t slot)
{
	if (slot < atomic_load(&p->used))
		memset(&p->tables[slot], 0, sizeof(p->tables[slot]));
}
