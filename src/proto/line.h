/*
 * line.h: how far a request line has come.
 */
#ifndef PROTO_LINE_H
#define PROTO_LINE_H

enum line_state {
	LINE_MORE,  /* the end is not there yet */
	LINE_WHOLE, /* the line's length is known */
	LINE_BAD,   /* it can no longer become a request */
};

#endif
