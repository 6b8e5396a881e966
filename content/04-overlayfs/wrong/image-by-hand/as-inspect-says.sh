#!/bin/sh
# fails: it-writes-elsewhere overlayfs.upper-is-a-layer
mkdir -p /lab/three/merged
data='lowerdir={{.GraphDriver.Data.LowerDir}},upperdir={{.GraphDriver.Data.UpperDir}}'
data="$data,workdir={{.GraphDriver.Data.WorkDir}}"
mount -t overlay overlay -o "$(podman image inspect lab-three --format "$data")" /lab/three/merged
