#!/bin/sh
# serve.sh QASID: what `make run` does once the program is built: a certificate
# if there is none, the content published, both protocols served.
# HOST, STORE, GEMINI and GOPHER in the environment override the defaults.
set -eu
qasid=$1
host=${HOST:-localhost}
store=${STORE:-.build/store}
if [ ! -f "certs/$host.crt" ]; then
	"$qasid" cert --host "$host" --dir certs
fi
# Refused articles are named; the others are published and served.
"$qasid" build content --offline --store "$store" || {
	code=$?
	[ "$code" = 1 ] || exit "$code"
}
set -- --store "$store" --host "$host" --certs certs
[ -z "${GEMINI-}" ] || set -- "$@" --gemini "$GEMINI"
[ -z "${GOPHER-}" ] || set -- "$@" --gopher "$GOPHER"
exec "$qasid" serve "$@"
