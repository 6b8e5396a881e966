#!/bin/sh
# fails: merged-has-the-layers-of-the-image overlayfs.wrong-order
mkdir -p /lab/three/upper /lab/three/work /lab/three/merged
top=$(podman image inspect lab-three --format '{{.GraphDriver.Data.UpperDir}}')
below=$(podman image inspect lab-three --format '{{.GraphDriver.Data.LowerDir}}')
cd /var/lib/containers/storage/overlay
lower=$(echo "$below:$top" | sed "s|$PWD/||g")
mount -t overlay overlay -o "lowerdir=$lower,upperdir=/lab/three/upper,workdir=/lab/three/work" /lab/three/merged
