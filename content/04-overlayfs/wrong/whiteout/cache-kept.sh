#!/bin/sh
# fails: cache-is-opaque overlayfs.cache-kept
rm /lab/trash/merged/secret
