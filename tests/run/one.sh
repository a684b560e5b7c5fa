#!/bin/sh
# one.sh LOGS NAME COMMAND...: runs one test, keeps its output and exit status.
set -u
logs=$1 name=$2
shift 2
log=$logs/$(printf '%s' "$name" | tr / -)
start=$(date +%s)
timeout -k 5 240 "$@" >"$log.out" 2>&1
code=$?
echo "$code" >"$log.exit"
case $code in 0) word=ok ;; 77) word='not run' ;; *) word=FAILED ;; esac
echo "$word $name ($(($(date +%s) - start)) s)"
