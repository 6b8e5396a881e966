#!/bin/sh
# fails: tools-are-inside namespaces.own-program
pid=$(pgrep -x app)
cp -L "$(command -v busybox)" "/proc/$pid/root/busybox"
nsenter --target "$pid" --all /busybox sleep 1d &
until pgrep -x busybox >/dev/null; do sleep 0.1; done
