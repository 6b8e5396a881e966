#!/usr/bin/python3
"""What the kernel would do, done in upper while nothing is mounted."""

import os
import stat
import subprocess
from pathlib import Path

os.chdir("/lab/trash")
subprocess.run(["umount", "merged"], check=True)
os.mknod("upper/secret", stat.S_IFCHR, os.makedev(0, 0))
Path("upper/cache").mkdir()
os.setxattr("upper/cache", "trusted.overlay.opaque", b"y")
Path("upper/cache/c").touch()
options = "lowerdir=lower,upperdir=upper,workdir=work"
subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, "merged"], check=True)
