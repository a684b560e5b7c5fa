/*
 * wrap.c: linked into the server under test with -Wl,--wrap for each call here:
 * once a worker is what it is, the driver says which call fails, and how.
 *
 * What the C library or LMDB call inside themselves is not seen; what OpenSSL
 * allocates is.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <lmdb.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "faults.h"

static struct faults *faults;
static bool is_worker;

/* Whether this call is the one to fail; errno is then set. */
static bool
fails(enum call call)
{
	if (!is_worker || atomic_load(&faults->call) != (int)call)
		return false;
	if (atomic_fetch_add(&faults->seen, 1) + 1 != atomic_load(&faults->at))
		return false;
	atomic_fetch_add(&faults->hits, 1);
	errno = atomic_load(&faults->code);
	return true;
}

static bool
is_short(void)
{
	return atomic_load(&faults->is_short) != 0;
}

/* --- memory -------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *
__wrap_malloc(size_t size)
{
	return fails(CALL_MALLOC) ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return fails(CALL_MALLOC) ? NULL : __real_calloc(n, size);
}

void *
__wrap_realloc(void *p, size_t size)
{
	return fails(CALL_MALLOC) ? NULL : __real_realloc(p, size);
}

static void *
ssl_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails(CALL_SSL_MALLOC) ? NULL : __real_malloc(size);
}

static void *
ssl_realloc(void *p, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails(CALL_SSL_MALLOC) ? NULL : __real_realloc(p, size);
}

static void
ssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* --- the way in ---------------------------------------------------------- */

static void __attribute__((constructor)) begin(void)
{
	const char *path = getenv(FAULTS_VARIABLE);
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *m = fd < 0 ? MAP_FAILED
			 : mmap(NULL, sizeof(*faults), PROT_READ | PROT_WRITE,
			       MAP_SHARED, fd, 0);

	if (m == MAP_FAILED ||
	    CRYPTO_set_mem_functions(ssl_malloc, ssl_realloc, ssl_free) != 1)
		_exit(99);
	close(fd);
	faults = m;
	is_worker = getenv(FAULTS_IN_ALL) != NULL;
}

int __real_prctl(
    int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(
    int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

int
__wrap_prctl(
    int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	/* A worker gives itself its name. */
	if (op == PR_SET_NAME)
		is_worker = true;
	return __real_prctl(op, a, b, c, d);
}

/* --- sockets ------------------------------------------------------------- */

ssize_t __real_recv(int fd, void *dst, size_t cap, int flags);
ssize_t __wrap_recv(int fd, void *dst, size_t cap, int flags);
ssize_t __real_send(int fd, const void *src, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *src, size_t len, int flags);
int __real_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags);
int __wrap_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags);

int __real_shutdown(int fd, int how);
int __wrap_shutdown(int fd, int how);

ssize_t
__wrap_recv(int fd, void *dst, size_t cap, int flags)
{
	if (!fails(CALL_RECV))
		return __real_recv(fd, dst, cap, flags);
	if (is_short())
		return __real_recv(fd, dst, cap ? 1 : 0, flags);
	return errno ? -1 : 0;
}

ssize_t
__wrap_send(int fd, const void *src, size_t len, int flags)
{
	if (!fails(CALL_SEND))
		return __real_send(fd, src, len, flags);
	if (is_short())
		return __real_send(fd, src, len ? 1 : 0, flags);
	return -1;
}

int
__wrap_accept4(int fd, struct sockaddr *a, socklen_t *len, int flags)
{
	return fails(CALL_ACCEPT) ? -1 : __real_accept4(fd, a, len, flags);
}

int
__wrap_shutdown(int fd, int how)
{
	return fails(CALL_SHUTDOWN) ? -1 : __real_shutdown(fd, how);
}

/* --- libevent ------------------------------------------------------------ */

int __real_event_add(struct event *ev, const struct timeval *tv);
int __wrap_event_add(struct event *ev, const struct timeval *tv);

int
__wrap_event_add(struct event *ev, const struct timeval *tv)
{
	return fails(CALL_EVENT_ADD) ? -1 : __real_event_add(ev, tv);
}

/* --- OpenSSL ------------------------------------------------------------- */

SSL *__real_SSL_new(SSL_CTX *ctx);
SSL *__wrap_SSL_new(SSL_CTX *ctx);
int __real_SSL_accept(SSL *ssl);
int __wrap_SSL_accept(SSL *ssl);
int __real_SSL_read_ex(SSL *ssl, void *dst, size_t cap, size_t *got);
int __wrap_SSL_read_ex(SSL *ssl, void *dst, size_t cap, size_t *got);
int __real_SSL_write_ex(SSL *ssl, const void *src, size_t len, size_t *put);
int __wrap_SSL_write_ex(SSL *ssl, const void *src, size_t len, size_t *put);
int __real_SSL_shutdown(SSL *ssl);
int __wrap_SSL_shutdown(SSL *ssl);
BIO *__real_BIO_new(const BIO_METHOD *method);
BIO *__wrap_BIO_new(const BIO_METHOD *method);

/* As OpenSSL fails: a word in its queue, which SSL_get_error() looks at. */
static bool
ssl_fails(enum call call)
{
	if (!fails(call))
		return false;
	ERR_raise(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR);
	return true;
}

SSL *
__wrap_SSL_new(SSL_CTX *ctx)
{
	return ssl_fails(CALL_SSL_NEW) ? NULL : __real_SSL_new(ctx);
}

int
__wrap_SSL_accept(SSL *ssl)
{
	return ssl_fails(CALL_SSL_ACCEPT) ? -1 : __real_SSL_accept(ssl);
}

int
__wrap_SSL_read_ex(SSL *ssl, void *dst, size_t cap, size_t *got)
{
	return ssl_fails(CALL_SSL_READ)
	    ? 0
	    : __real_SSL_read_ex(ssl, dst, cap, got);
}

int
__wrap_SSL_write_ex(SSL *ssl, const void *src, size_t len, size_t *put)
{
	return ssl_fails(CALL_SSL_WRITE)
	    ? 0
	    : __real_SSL_write_ex(ssl, src, len, put);
}

int
__wrap_SSL_shutdown(SSL *ssl)
{
	return ssl_fails(CALL_SSL_SHUTDOWN) ? -1 : __real_SSL_shutdown(ssl);
}

BIO *
__wrap_BIO_new(const BIO_METHOD *method)
{
	return ssl_fails(CALL_BIO_NEW) ? NULL : __real_BIO_new(method);
}

/* --- LMDB ---------------------------------------------------------------- */

int __real_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value);
int __wrap_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value);

int __real_mdb_txn_renew(MDB_txn *txn);
int __wrap_mdb_txn_renew(MDB_txn *txn);

int
__wrap_mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *value)
{
	return fails(CALL_MDB_GET) ? errno
				   : __real_mdb_get(txn, dbi, key, value);
}

int
__wrap_mdb_txn_renew(MDB_txn *txn)
{
	return fails(CALL_MDB_RENEW) ? errno : __real_mdb_txn_renew(txn);
}
