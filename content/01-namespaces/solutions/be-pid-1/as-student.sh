#!/bin/sh
# No root is needed where a user namespace comes with it.
export nap="${nap:-1d}"
su student -c 'unshare --user --map-root-user --pid --fork --mount-proc sleep $nap' &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
