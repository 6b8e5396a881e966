#!/bin/sh
# fails: only-uts namespaces.another-uts
unshare --uts sh -c 'hostname web && exec sleep 1d' &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
