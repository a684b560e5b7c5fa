/*
 * notify.h: words to the service manager that started us, where there is one
 * (the protocol of sd_notify(3): a datagram to $NOTIFY_SOCKET).
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include <stdint.h>

/* We serve: at start, and after a reload. */
void notify_ready(void);
/* A reload begins, at `now_ms` of the monotonic clock. */
void notify_reloading(uint64_t now_ms);
void notify_stopping(void);

#endif
