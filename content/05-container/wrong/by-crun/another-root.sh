#!/bin/sh
# fails: crun-took-the-image container.other-root
mkdir -p /lab/bundle/rootfs/bin
cp /bin/busybox /lab/bundle/rootfs/bin/sleep
cd /lab/bundle
crun spec
python3 - <<'END'
import json

with open("config.json") as file:
    config = json.load(file)
config["process"]["terminal"] = False
config["process"]["args"] = ["sleep", "1d"]
linux = config["linux"]
linux["namespaces"].append({"type": "user"})
linux["uidMappings"] = linux["gidMappings"] = [{"containerID": 0, "hostID": 0, "size": 65536}]
linux["resources"] = {"memory": {"limit": 64 << 20}, "pids": {"limit": 32}}
linux["seccomp"] = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [{"names": ["reboot", "keyctl", "bpf"], "action": "SCMP_ACT_ERRNO"}],
}
with open("config.json", "w") as file:
    json.dump(config, file)
END
crun run --detach box </dev/null >/dev/null 2>&1
until pgrep -xf "sleep 1d" >/dev/null; do :; done
