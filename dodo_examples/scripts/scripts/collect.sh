#!/bin/sh
# List the names of the functions that the modules in a directory define.
LC_ALL=C sed -n 's/^ *def \([A-Za-z_][A-Za-z0-9_]*\).*/\1/p' "$1"/*.py | LC_ALL=C sort
