#!/bin/sh
# fails: mkdir-fails-with-eperm seccomp.no-file
mkfifo first.bpf
sleep 1d &
