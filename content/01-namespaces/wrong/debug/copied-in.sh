#!/bin/sh
# fails: tools-are-inside namespaces.own-program
pid=$(pgrep -x app)
cp -L "$(command -v busybox)" "/proc/$pid/root/sleep"
nsenter --target "$pid" --all /sleep 1d &
until pgrep -x sleep >/dev/null; do sleep 0.1; done
