#!/bin/sh
# fails: crun-gave-it-namespaces container.shared-namespaces
mkdir -p /lab/bundle
cd /lab/bundle
crun spec
python3 - <<'END'
import json

with open("config.json") as file:
    config = json.load(file)
config["process"]["terminal"] = False
config["process"]["args"] = ["sleep", "1d"]
config["root"]["path"] = "/lab/image"
linux = config["linux"]
linux["namespaces"].append({"type": "user"})
linux["uidMappings"] = linux["gidMappings"] = [{"containerID": 0, "hostID": 0, "size": 65536}]
linux["resources"] = {"memory": {"limit": 64 << 20}, "pids": {"limit": 32}}
linux["seccomp"] = {
    "defaultAction": "SCMP_ACT_ALLOW",
    "syscalls": [{"names": ["reboot", "keyctl", "bpf"], "action": "SCMP_ACT_ERRNO"}],
}
linux["namespaces"] = [one for one in linux["namespaces"] if one["type"] != "network"]
# sysfs shows a network, and only the network's owner may mount it.
config["mounts"] = [one for one in config["mounts"] if not one["destination"].startswith("/sys")]
linux["maskedPaths"] = []
with open("config.json", "w") as file:
    json.dump(config, file)
END
crun run --detach box </dev/null >/dev/null 2>&1
until pgrep -xf "sleep 1d" >/dev/null; do :; done
