/*
 * child.h: how each process that the supervisor forks begins.
 */
#ifndef SERVER_CHILD_H
#define SERVER_CHILD_H

/*
 * Takes `name` (15 bytes at most) for the list of processes, leaves signals to
 * the parent, which tells by the control socket what is to be done, and sends
 * lines of the log there.
 */
void child_begin(const char *name);

#endif
