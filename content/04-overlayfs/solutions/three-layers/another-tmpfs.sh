#!/bin/sh
# What is written goes to a tmpfs of its own, as for a container that is to leave nothing.
set -e
mkdir -p /lab/image/merged /mnt/scratch
mount -t tmpfs scratch /mnt/scratch
mkdir /mnt/scratch/upper /mnt/scratch/work
cd /mnt/scratch
mount -t overlay overlay \
    -o lowerdir=/lab/image/app:/lab/image/runtime:/lab/image/base,upperdir=upper,workdir=work /lab/image/merged
