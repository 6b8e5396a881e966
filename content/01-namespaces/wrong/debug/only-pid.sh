#!/bin/sh
# fails: tools-are-inside namespaces.not-in-all
nsenter --target "$(pgrep -x app)" --pid unshare --mount-proc sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
