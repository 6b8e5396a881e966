"""`labs dev minimize`: which system calls a program needs, as a reader, a container engine or a program takes it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import textwrap
from contextlib import closing
from typing import TYPE_CHECKING, Any

from lablib.errors import LabsError, UsageError
from lablib.i18n import Catalogue, catalogue
from lablib.kernel.seccomp import AUDIT_ARCH
from lablib.text import one_line
from labs import stderr
from labs.arguments import Arguments, seconds
from labs.exits import ExitCode

if TYPE_CHECKING:
    from lablib.minimize.search import Found

ACTIONS = ("errno", "kill")
FORMATS = ("report", "text", "oci", "pyseccomp")


def run_minimize(program: list[str], arguments: Arguments, language: str) -> int:
    """Finds and prints the list. Raises UsageError for what is no program, LabsError for one that cannot be judged."""
    action, form = _one_of("--action", ACTIONS, arguments), _one_of("--format", FORMATS, arguments)
    argv = [_path(program), *program[1:]]
    if os.uname().machine not in AUDIT_ARCH:
        raise LabsError("minimize-architecture", machine=os.uname().machine)
    from lablib.minimize import formats, oracle, search
    from lablib.minimize.names import names

    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, _interrupt)
    words = catalogue(language)
    default = oracle.KILL if action == "kill" else oracle.DENY
    limit = seconds(arguments, oracle.LIMIT)
    with closing(oracle.Oracle(argv, dict(os.environ), default, limit)) as asked, closing(_Shown(words)) as shown:
        found = search.minimize(asked, exact=arguments.has("--exact"), progress=shown.show)
    allowed = names(found.calls)
    if arguments.has("--json"):
        print(json.dumps(_value(found, allowed, action)))
    elif form == "report":
        print("\n".join(_report(found, allowed, action, words)))
    else:
        write = {"text": formats.text, "oci": formats.oci, "pyseccomp": formats.pyseccomp}[form]
        print(write(allowed, default), end="")
    return ExitCode.INTERRUPTED if found.interrupted else ExitCode.PASS


def _interrupt(number: int, frame: object) -> None:
    """A terminal that is closed ends it as Ctrl-C does: nothing of the program stays."""
    raise KeyboardInterrupt


def _one_of(option: str, known: tuple[str, ...], arguments: Arguments) -> str:
    value = arguments.value(option, known[0])
    if value not in known:
        raise UsageError("option-choice", option=option, value=value, known=", ".join(known))
    return value


def _path(program: list[str]) -> str:
    """Where the program is, absolutely: many look for their parts by the path they were started by."""
    if not program:
        raise UsageError("minimize-no-program")
    name = program[0]
    path = name if "/" in name else shutil.which(name)
    if not name or path is None or not os.path.exists(path):
        raise UsageError("minimize-not-found", program=one_line(name))
    if os.path.isdir(path) or not os.access(path, os.X_OK):
        raise UsageError("minimize-not-executable", program=one_line(path))
    return os.path.abspath(path)


def _value(found: Found, allowed: list[str], action: str) -> dict[str, Any]:
    return {
        "allowed": allowed,
        "proved": found.proved,
        "launches": found.launches,
        "seconds": round(found.seconds, 3),
        "action": action,
    }


def _report(found: Found, allowed: list[str], action: str, words: Catalogue) -> list[str]:
    certainty = "proved" if found.proved else "minimal" if found.is_minimal else "unfinished"
    made = len({*found.calls, *found.trace.first}) if found.trace else len(allowed)
    return [
        words.text(f"minimize.{certainty}", count=len(allowed), made=made),
        *textwrap.wrap(" ".join(allowed), 100, initial_indent="  ", subsequent_indent="  "),
        words.text(f"minimize.default-{action}"),
        *_denied(found, words),
        words.text("minimize.spent", launches=found.launches, seconds=f"{found.seconds:.1f}"),
    ]


def _denied(found: Found, words: Catalogue) -> list[str]:
    from lablib.minimize.fallback import fallbacks
    from lablib.minimize.names import name, names

    fell = fallbacks(found)
    if fell is None:
        return []
    told = {
        "instead": sorted(f"{name(call)} → {name(then)}" for call, then in fell.instead.items()),
        "ignored": names(fell.ignored),
        "unasked": names(fell.unasked),
    }
    return [words.text(f"minimize.{key}", calls=", ".join(calls)) for key, calls in told.items() if calls]


class _Shown:
    """How far it is, in one line of a terminal that is written over and taken away at the end."""

    def __init__(self, words: Catalogue) -> None:
        self._words = words
        self._until = -1.0

    def show(self, found: Found) -> None:
        if not sys.stderr.isatty() or found.seconds < self._until:
            return
        self._until = found.seconds + 0.1
        stage = self._words.text(f"minimize.stage-{found.stage}")
        line = self._words.text(
            "minimize.progress",
            stage=stage,
            count=len(found.calls),
            launches=found.launches,
            seconds=f"{found.seconds:.0f}",
        )
        stderr.progress(line)

    def close(self) -> None:
        if self._until >= 0:
            stderr.progress("")
