"""A small course on disk, whole and in order, for tests to break."""

from __future__ import annotations

from pathlib import Path

import pytest

from lablib.errors import ContentError

CHAPTER = """\
id = "cgroups"
title = { en = "Control groups", zh = "控制组" }
packages = ["procps"]

[[task]]
id = "move"
title = { en = "Move", zh = "移动" }
points = 10
needs = ["controller:memory"]

[[task]]
id = "clean-up"
title = { en = "Clean up", zh = "清理" }
points = 5

[[question]]
id = "why"
title = { en = "Why", zh = "为何" }
points = 3
answer = 2
experiment = "try"

[step.try]
status = 1
shows = ["not +permitted"]
varies = ["pid [0-9]+"]
scene = "made"
inside = "look"
seconds = 2.5
needs = ["program:rm", "feature:psi", "systemd"]
"""

PAGE = """\
# Control groups

A *cgroup* is a folder.
- [a list](x)

```bash {run id=look enters}
ls /sys/fs/cgroup
```
```console {of=look}
cgroup.procs
```

```python
inert = {}
```

> [!NOTE]
> Not ours.

> [!TASK] move
> Move it.
>
>     indented

> [!HINT] move
> First.

Between.

> [!HINT] move
> Second.

```bash {run id=try leaves}
rm -r test
```

> [!QUESTION] why
> What does it say?
>
> - a list of the body
>
> So?
>
> - Nothing.
> - It is *not* permitted.

> [!ANSWER] why
> The files are the kernel's.

## The end

> [!TASK] clean-up
> Remove it.
"""

FILES = {
    "chapter.toml": CHAPTER,
    "en.md": PAGE,
    "zh.md": PAGE,
    "scenes/move.sh": "#!/bin/sh\n",
    "scenes/made.sh": "#!/bin/sh\n",
    "solutions/move/b.sh": "#!/bin/sh\n",
    "solutions/move/a.py": "#!/usr/bin/python3\n",
    "solutions/clean-up/a.sh": "#!/bin/sh\n",
    "wrong/move/no.sh": "#!/bin/sh\n# Some words.\n# fails: is-in-test cgroups.no-test\ntrue\n",
    "wrong/clean-up/no.sh": "# fails: is-gone cgroups.not-removed\n",
}


def make(content: Path, name: str = "02-cgroups", **changed: str) -> Path:
    """A chapter's folder below `content`; `changed` files by name, with `__` for `/` and `_` for `.`."""
    folder = content / name
    for path, text in FILES.items():
        write(folder / path, changed.get(path.replace("/", "__").replace(".", "_"), text))
    return folder


def write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    if {"solutions", "wrong"} & set(path.parts):
        path.chmod(0o755)


def line_of(text: str, part: str, occurrence: int = 1) -> int:
    """The line of `text`, from 1, where `part` begins for the `occurrence`th time."""
    at = -1
    for _ in range(occurrence):
        at = text.index(part, at + 1)
    return text.count("\n", 0, at) + 1


def says(caught: pytest.ExceptionInfo[ContentError], path: Path, line: int, reason: str) -> None:
    """Asserts what a ContentError says and where."""
    assert caught.value.key == "content"
    assert caught.value.params["where"] == f"{path}:{line}"
    assert reason in caught.value.params["reason"]
