#!/bin/sh
# fails: mkdir-fails-with-eperm seccomp.no-file
mkfifo /lab/first.bpf
sleep 1d &
