#!/bin/sh
# /lab/trash/merged is an overlay of lower (secret, cache/a, cache/b, keep) and an empty upper. One that is there is
# kept, unless its lower layer has been changed.
mkdir -p /lab/trash
cd /lab/trash
if grep -q ' /lab/trash/merged overlay ' /proc/mounts &&
    [ "$(echo $(ls -A lower lower/cache))" = "lower: cache keep secret lower/cache: a b" ]; then
    exit 0
fi
while umount -l merged 2>/dev/null; do :; done
rm -rf lower upper work merged
mkdir -p lower/cache upper work merged
echo "the password is 201" > lower/secret
touch lower/keep lower/cache/a lower/cache/b
mount -t overlay overlay -o lowerdir=/lab/trash/lower,upperdir=/lab/trash/upper,workdir=/lab/trash/work merged
