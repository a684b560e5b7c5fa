/*
 * get.h: the two forms of `qasid get`: a page out of a store, a URL off the
 * network.
 */
#ifndef CMD_GET_H
#define CMD_GET_H

/* qasid get --store DIR ...; arguments and status as a subcommand's. */
int get_from_store(int argc, char **argv);

#endif
