/*
 * norandom.c: norandom COMMAND...: runs it where getrandom(2) is not there.
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);

	if (argc < 2 || !ctx ||
	    seccomp_rule_add(
		ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(getrandom), 0) < 0 ||
	    seccomp_load(ctx) < 0) {
		fprintf(stderr, "norandom: no filter\n");
		return 77;
	}
	seccomp_release(ctx);
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
