/*
 * loop.h: the event loop: descriptors, timers, one monotonic clock.
 *
 * libevent's core behind a few functions, so that nothing else knows it.
 * Everything runs in the one thread that calls loop_run(); callbacks may set,
 * stop and free watches and timers, their own too.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include <stdint.h>

struct loop;
struct loop_watch;
struct loop_timer;

enum loop_want {
	LOOP_NONE = 0,
	LOOP_READ = 1,
	LOOP_WRITE = 2,
};

/* NULL when memory or descriptors end. */
struct loop *loop_new(void);
/* After every watch and timer of it was freed. */
void loop_free(struct loop *l);

/* Serves until loop_stop(); 0, or -1 when the kernel refuses. */
int loop_run(struct loop *l);
void loop_stop(struct loop *l);

/* Milliseconds of the monotonic clock, read once a round of the loop. */
uint64_t loop_now_ms(struct loop *l);

/*
 * A watch calls cb(ctx, ready) while its descriptor is ready for what is
 * wanted (a hang-up or error counts as ready for that).  It can be used for
 * one descriptor after another.  NULL when memory ends.
 */
struct loop_watch *loop_watch_new(
    struct loop *l, void (*cb)(void *ctx, unsigned ready), void *ctx);
void loop_watch_free(struct loop_watch *w);
/*
 * Wants `want` of `fd` from now on; LOOP_NONE forgets the descriptor, which
 * has to be done before it is closed.  0, or -1 when the kernel refuses.
 */
int loop_watch_set(struct loop_watch *w, int fd, unsigned want);

/*
 * As above, to read, for a descriptor that several processes watch: the kernel
 * wakes one of those that wait for what comes, not all of them.
 */
int loop_watch_set_shared(struct loop_watch *w, int fd);

/* A timer calls cb(ctx) once, at or soon after its time.  NULL: no memory. */
struct loop_timer *loop_timer_new(
    struct loop *l, void (*cb)(void *ctx), void *ctx);
void loop_timer_free(struct loop_timer *t);
/* Sets it to `at_ms` of loop_now_ms()'s clock, in place of an earlier time. */
/* -1 when memory ends; it is then as it was. */
int loop_timer_at(struct loop_timer *t, uint64_t at_ms);
void loop_timer_stop(struct loop_timer *t);

#endif
