#!/usr/bin/python3
# fails: becomes-the-interpreter seccomp.no-filter
from pathlib import Path

program = Path("/root/lab/minimal-kill")
program.write_text("#!/bin/sh\necho hello\n")
program.chmod(0o755)
