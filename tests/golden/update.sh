#!/bin/sh
# update.sh QASID: writes what the filter gives now over the golden files and
# shows each difference.  Read them: what is not better is a regression.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
case $1 in /*) ;; *) set -- "$top/$1" ;; esac
QASID=$1 UPDATE=1 sh "$top/tests/golden/run.sh"
