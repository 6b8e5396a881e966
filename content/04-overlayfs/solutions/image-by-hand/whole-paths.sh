#!/bin/sh
# The layers by their whole paths, which is more than fsconfig(2) takes: mount(8) is told to do without it.
set -e
mkdir -p /lab/three/upper /lab/three/work /lab/three/merged
top=$(podman image inspect lab-three --format '{{.GraphDriver.Data.UpperDir}}')
below=$(podman image inspect lab-three --format '{{.GraphDriver.Data.LowerDir}}')
cd /lab/three
LIBMOUNT_FORCE_MOUNT2=always mount -t overlay overlay -o "lowerdir=$top:$below,upperdir=upper,workdir=work" merged
