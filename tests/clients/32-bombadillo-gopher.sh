#!/bin/sh
# bombadillo over Gopher, where it ends its requests with a bare LF.
SITE_URL=$GOPHER/1
. tests/clients/31-bombadillo.sh
