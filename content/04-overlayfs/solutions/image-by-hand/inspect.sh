#!/bin/sh
# For an image UpperDir is its topmost layer, and LowerDir what is below it. The layers by names that are short: a newer
# mount(8) hands over each option with fsconfig(2), which takes 255 bytes.
set -e
mkdir -p /lab/three/upper /lab/three/work /lab/three/merged
cd /var/lib/containers/storage/overlay
top=$(podman image inspect lab-three --format '{{.GraphDriver.Data.UpperDir}}')
below=$(podman image inspect lab-three --format '{{.GraphDriver.Data.LowerDir}}')
lower=$(echo "$top:$below" | sed "s|$PWD/||g")
mount -t overlay overlay -o "lowerdir=$lower,upperdir=/lab/three/upper,workdir=/lab/three/work" /lab/three/merged
