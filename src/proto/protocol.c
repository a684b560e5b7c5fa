#include "proto/gopher.h"
#include "proto/spartan.h"

#include "proto/protocol.h"

const struct protocol *const protocols[PROTOCOLS] = {
	[PROTOCOL_GEMINI] = &gemini_protocol,
	[PROTOCOL_GOPHER] = &gopher_protocol,
	[PROTOCOL_SPARTAN] = &spartan_protocol,
};
