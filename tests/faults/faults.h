/*
 * faults.h: what the driver (drive.c) tells the server under test (wrap.c), in
 * a file that both map: which call is to fail, how, and when.
 */
#ifndef FAULTS_FAULTS_H
#define FAULTS_FAULTS_H

#include <stdatomic.h>

/* Calls that a worker makes, and that can be made to fail. */
enum call {
	CALL_RECV,
	CALL_SEND,
	CALL_ACCEPT,
	CALL_SHUTDOWN,
	CALL_EVENT_ADD,
	CALL_SSL_NEW,
	CALL_SSL_ACCEPT,
	CALL_SSL_READ,
	CALL_SSL_WRITE,
	CALL_SSL_SHUTDOWN,
	CALL_BIO_NEW,
	CALL_MDB_GET,
	CALL_MDB_RENEW,
	CALL_MALLOC,     /* our own */
	CALL_SSL_MALLOC, /* OpenSSL's */
};

struct faults {
	atomic_int call;     /* one of the above; -1: none */
	atomic_int code;     /* errno; 0: the call's own way to fail */
	atomic_int is_short; /* it does a byte's work, and succeeds */
	atomic_int at;       /* the call that fails, counted from 1 */
	atomic_int seen;     /* calls since then */
	atomic_int hits;
};

/* The variables that name the file, and say that all processes are meant. */
#define FAULTS_VARIABLE "QASID_TEST_FAULTS"
#define FAULTS_IN_ALL   "QASID_TEST_FAULTS_IN_ALL"

#endif
