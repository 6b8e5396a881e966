#!/usr/bin/python3
# fails: cgexec-is-told cgroups.answer-wrong
from pathlib import Path

root = Path("/sys/fs/cgroup")
files = [str(root / "traced"), *(str(root / "traced" / path.name) for path in root.glob("cgroup.*"))]
calls = [(tool, call) for tool in ("cgcreate", "cgset", "cgexec", "cgdelete") for call in ("mkdir", "open", "write")]
Path("traced").write_text("".join(f"{tool} {call} {file}\n" for tool, call in calls for file in files))
