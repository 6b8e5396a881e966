"""`labs doctor --fix`: the remedies that are commands, shown and then done."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

from lablib.i18n import Catalogue
from labs.asking import agrees

if TYPE_CHECKING:
    from lablib.doctor import Finding


def mend(findings: Iterable[Finding], words: Catalogue, out: TextIO, *, agreed: bool) -> bool:
    """Shows the commands that would mend `findings` on `out`, and runs them if that is agreed, by `agreed` or at the
    terminal; whether any was run. One that fails keeps the others from nothing: what is still wrong is found again."""
    commands = list(_commands(findings))
    if not commands:
        print(words.text("doctor.nothing-to-fix"), file=out)
        return False
    print(words.text("doctor.will-run"), file=out)
    for command in commands:
        print(f"    {shlex.join(command)}", file=out)
    if not agreed and not agrees(words.text("doctor.question"), out):
        return False
    for command in commands:
        print(f"$ {shlex.join(command)}", file=out, flush=True)
        try:
            subprocess.run(command, stdout=out)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}", file=out)
    return True


def _commands(findings: Iterable[Finding]) -> Iterator[tuple[str, ...]]:
    """Each once, as root."""
    as_root = () if os.geteuid() == 0 else ("sudo",)
    yield from dict.fromkeys((*as_root, *command) for finding in findings for command in finding.fix)
