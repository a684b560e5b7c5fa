#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "server/log.h"

#include "server/child.h"

void
child_begin(const char *name)
{
	/* A signal to the group is the parent's. */
	static const int ignored[] = { SIGPIPE, SIGTERM, SIGINT, SIGHUP,
		SIGUSR1, SIGUSR2 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		sigaction(ignored[i], &ignore, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	log_enter_worker();
	prctl(PR_SET_NAME, name, 0, 0, 0);
}
