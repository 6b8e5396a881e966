#!/bin/sh
# Paths are relative to where mount(8) is called, and the kernel shows them as they were told.
mkdir /lab/image/upper /lab/image/work /lab/image/merged
cd /lab/image/app
mount -t overlay overlay -o lowerdir=.:../runtime:../base,upperdir=../upper,workdir=../work ../merged
