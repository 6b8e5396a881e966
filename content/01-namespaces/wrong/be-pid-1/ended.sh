#!/bin/sh
# fails: is-pid-1 namespaces.no-pid-namespace
unshare --pid --fork --mount-proc true
