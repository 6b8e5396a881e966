#!/bin/sh
# fails: bomb-has-room-for-twenty cgroups.not-made
# RLIMIT_NPROC does not hold for root (setrlimit(2)).
(ulimit -u 20; for i in $(seq 30); do sleep 1d & done) > /dev/null 2>&1
pkill sleep
