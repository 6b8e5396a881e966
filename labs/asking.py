"""Asking whether something may be done that is not to be done unasked."""

from __future__ import annotations

import sys
from typing import TextIO

_YES = frozenset({"y", "yes", "是", "好"})


def agrees(question: str, out: TextIO) -> bool:
    """Whether the answer to `question`, which is put on `out`, is a yes. Nobody who cannot answer agrees."""
    if not sys.stdin.isatty():
        return False
    print(question, end="", file=out, flush=True)
    return sys.stdin.readline().strip().lower() in _YES
