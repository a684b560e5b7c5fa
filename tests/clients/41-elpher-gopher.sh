#!/bin/sh
# elpher over Gopher.
SITE_URL=$GOPHER/1
. tests/clients/40-elpher.sh
