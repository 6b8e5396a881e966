#!/bin/sh
# fails: merged-is-an-overlay overlayfs.not-mounted
mkdir -p /lab/first/lower/dir /lab/first/upper/dir /lab/first/work /lab/first/merged
for n in 1 2 3; do echo lower > /lab/first/lower/dir/file$n; done
for n in 3 4; do echo upper > /lab/first/upper/dir/file$n; done
