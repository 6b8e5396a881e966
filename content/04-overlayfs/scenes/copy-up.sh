#!/bin/sh
# /lab/site/merged is an overlay of lower (config/port, page) and an empty upper. One that is there is kept, unless its
# lower layer has been changed.
mkdir -p /lab/site
cd /lab/site
if grep -q ' /lab/site/merged overlay ' /proc/mounts &&
    [ "$(cat lower/config/port)" = 8080 ] && [ "$(echo $(ls -A lower))" = "config page" ]; then
    exit 0
fi
while umount -l merged 2>/dev/null; do :; done
rm -rf lower upper work merged
mkdir -p lower/config upper work merged
echo 8080 > lower/config/port
echo "Hello from the image" > lower/page
mount -t overlay overlay -o lowerdir=/lab/site/lower,upperdir=/lab/site/upper,workdir=/lab/site/work merged
