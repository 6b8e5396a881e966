#!/bin/sh
# fails: merged-has-the-layers-of-the-image overlayfs.wrong-order
mkdir -p /lab/three/upper /lab/three/work /lab/three/merged
top=$(podman image inspect lab-three --format '{{.GraphDriver.Data.UpperDir}}')
below=$(podman image inspect lab-three --format '{{.GraphDriver.Data.LowerDir}}')
cd /lab/three
mount -t overlay overlay -o "lowerdir=$below:$top,upperdir=upper,workdir=work" merged
