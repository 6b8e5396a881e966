#!/bin/sh
# /lab/image has the three layers of an image. They are laid out anew, unless an overlay lies on them already.
grep -q ' /lab/image/merged overlay ' /proc/mounts && exit 0
mkdir -p /lab/image
cd /lab/image
rm -rf base runtime app
mkdir -p base/etc base/opt base/bin runtime/etc runtime/opt runtime/lib app/etc app/srv
for layer in base runtime app; do echo $layer > $layer/etc/version; done
touch base/bin/sh base/opt/old runtime/lib/python app/srv/main.py
# A whiteout may be made by anybody: the kernel asks for CAP_MKNOD for every device but this one.
mknod runtime/opt/old c 0 0
