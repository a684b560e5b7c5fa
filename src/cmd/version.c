#include <stdio.h>

#include "cmd/cmd.h"

int
cmd_version(int argc, char **argv)
{
	if (argc > 1) {
		fprintf(stderr, "usage: qasid %s\n", argv[0]);
		return CMD_USAGE;
	}
	printf("qasid %s\n", QASID_VERSION);
	return CMD_FINE;
}
