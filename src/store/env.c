/*
 * env.c: opening the LMDB environment, for readers and for the writer.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

#include "store/store_internal.h"

enum {
	DISK_FULL_BYTES = 1024 * 1024, /* with less than this left it is full */
	LOCK_BYTES = STORE_MAX_READERS * 64 + 128, /* as LMDB lays it out */
};

/*
 * LMDB takes a short write for an I/O error and does not say why it was short;
 * nearly always the disk is full.
 */
static bool
is_full(const char *dir)
{
	struct statvfs fs;

	return statvfs(dir, &fs) == 0 &&
	    fs.f_bavail < DISK_FULL_BYTES / fs.f_frsize;
}

int
store_fail(struct err *e, const char *what, const struct store_env *env, int rc)
{
	if (rc == EIO && is_full(env->dir))
		rc = ENOSPC;
	switch (rc) {
	case MDB_MAP_FULL:
		return err_set(e, ERR_LIMIT,
		    "%s \"%s\": the store is full: it holds 64 GB at most",
		    what, env->dir);
	case MDB_CORRUPTED:
	case MDB_INVALID:
	case MDB_PAGE_NOTFOUND:
	case MDB_VERSION_MISMATCH:
		return err_set(e, ERR_CORRUPT,
		    "%s \"%s\": %s; remove the folder and build again", what,
		    env->dir, mdb_strerror(rc));
	default:
		err_set(e, ERR_SYSTEM, "%s \"%s\": %s", what, env->dir,
		    mdb_strerror(rc));
		if (e && rc > 0)
			e->saved_errno = rc;
		return -1;
	}
}

int
store_make_dir(const char *dir, struct err *e)
{
	char *path = mem_strndup(dir, strlen(dir));
	int r = 0;

	if (!path)
		return err_memory(e);
	for (char *p = path + 1; r == 0; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(path, 0775) < 0 && errno != EEXIST)
			r = err_errno(e, "mkdir", path);
		*p = was;
		if (!was)
			break;
	}
	mem_free(path);
	return r;
}

static int
open_dbi(MDB_txn *txn, const char *name, bool write, MDB_dbi *dbi)
{
	return mdb_dbi_open(txn, name, write ? MDB_CREATE : 0, dbi);
}

static int
check_format(MDB_txn *txn, struct store_env *env, bool write, struct err *e)
{
	MDB_val key = store_val(SLICE_LIT("format")), val;
	int rc = mdb_get(txn, env->meta, &key, &val);

	if (rc == MDB_NOTFOUND && write) {
		unsigned char bytes[4];

		store_set_u32(bytes, STORE_FORMAT);
		val = (MDB_val){ sizeof(bytes), bytes };
		rc = mdb_put(txn, env->meta, &key, &val, 0);
		return rc ? store_fail(e, "open store", env, rc) : 0;
	}
	if (rc)
		return store_fail(e, "open store", env, rc);
	if (val.mv_size != 4 || store_get_u32(val.mv_data) != STORE_FORMAT)
		return err_set(e, ERR_CORRUPT,
		    "store \"%s\" has another format than this program's; "
		    "remove the folder and build again",
		    env->dir);
	return 0;
}

static int
open_databases(struct store_env *env, bool write, struct err *e)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(env->env, NULL, write ? 0 : MDB_RDONLY, &txn);

	if (rc)
		return store_fail(e, "open store", env, rc);
	if ((rc = open_dbi(txn, "pages", write, &env->pages)) ||
	    (rc = open_dbi(txn, "bodies", write, &env->bodies)) ||
	    (rc = open_dbi(txn, "refs", write, &env->refs)) ||
	    (rc = open_dbi(txn, "state", write, &env->state)) ||
	    (rc = open_dbi(txn, "meta", write, &env->meta))) {
		mdb_txn_abort(txn);
		if (rc == MDB_NOTFOUND)
			return err_set(e, ERR_MISSING,
			    "store \"%s\" is empty: nothing was published yet",
			    env->dir);
		return store_fail(e, "open store", env, rc);
	}
	if (check_format(txn, env, write, e) < 0) {
		mdb_txn_abort(txn);
		return -1;
	}
	if ((rc = mdb_txn_commit(txn)))
		return store_fail(e, "open store", env, rc);
	return 0;
}

static bool
path_of(char path[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

	return n > 0 && n < PATH_MAX;
}

static bool
has_database(const char *dir)
{
	char path[PATH_MAX];
	struct stat st;

	return path_of(path, dir, "data.mdb") && stat(path, &st) == 0 &&
	    st.st_size;
}

/*
 * LMDB makes its lock file of a length and writes to it through memory: on a
 * full disk that ends the process with SIGBUS, so its bytes are taken first.
 */
static int
reserve_lock(const char *dir, struct err *e)
{
	char path[PATH_MAX];
	struct stat st;
	int fd = -1, rc = 0;

	if (path_of(path, dir, "lock.mdb"))
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0664);
	/* What keeps it from being opened, LMDB tells. */
	if (fd < 0)
		return 0;
	if (fstat(fd, &st) == 0 &&
	    (!st.st_size || st.st_blocks * 512 < st.st_size) &&
	    fallocate(fd, 0, 0, st.st_size ? st.st_size : LOCK_BYTES) < 0 &&
	    (errno == ENOSPC || errno == EDQUOT))
		rc = err_errno(e, "write", path);
	close(fd);
	return rc;
}

int
store_env_open(struct store_env *env, const char *dir, uint64_t map_bytes,
    bool write, struct err *e)
{
	int rc;

	*env = (struct store_env){ .dir = mem_strndup(dir, strlen(dir)) };
	if (!env->dir)
		return err_memory(e);
	if (!write && !has_database(dir)) {
		err_set(e, ERR_MISSING,
		    "no store in \"%s\": publish one with qasid build", dir);
		goto err;
	}
	if (reserve_lock(dir, e) < 0)
		goto err;
	if ((rc = mdb_env_create(&env->env)) ||
	    (rc = mdb_env_set_maxdbs(env->env, 8)) ||
	    (rc = mdb_env_set_maxreaders(env->env, STORE_MAX_READERS)) ||
	    (write &&
		(rc = mdb_env_set_mapsize(
		     env->env, map_bytes ? map_bytes : STORE_MAP_BYTES))) ||
	    (rc = mdb_env_open(
		 env->env, dir, MDB_NOTLS | (write ? 0 : MDB_RDONLY), 0664))) {
		if (rc == EACCES)
			err_set(e, ERR_SYSTEM,
			    "open store \"%s\": Permission denied; readers need "
			    "to write \"%s/lock.mdb\" as well",
			    dir, dir);
		else if (rc == ENOMEM)
			err_set(e, ERR_SYSTEM,
			    "open store \"%s\": no address space for a map of "
			    "%llu GiB: raise the limit (ulimit -v; it is no "
			    "memory)",
			    dir,
			    (unsigned long long)(map_bytes ? map_bytes
							   : STORE_MAP_BYTES) >>
				30);
		else
			store_fail(e, "open store", env, rc);
		goto err;
	}
	if (open_databases(env, write, e) < 0)
		goto err;
	return 0;
err:
	store_env_close(env);
	return -1;
}

void
store_env_close(struct store_env *env)
{
	if (env->env)
		mdb_env_close(env->env);
	mem_free(env->dir);
	*env = (struct store_env){ 0 };
}
