#!/bin/sh
# fails: merged-has-the-layers-of-the-image overlayfs.unknown-layer
mkdir -p /lab/three/all /lab/three/upper /lab/three/work /lab/three/merged
cd /lab/three
podman create --name exported lab-three
podman export exported | tar -C all -xf -
mount -t overlay overlay -o lowerdir=all,upperdir=upper,workdir=work merged
