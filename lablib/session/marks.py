"""Marks that bash writes into its own output, so that whoever reads it knows when a command has begun and ended.

They are OSC 133 sequences (the terminal's "semantic prompts"; a terminal shows nothing for them), with our fields:

    ESC ] 133 ; C ; s=SHELL ; k=NONCE BEL            a command begins
    ESC ] 133 ; D ; STATUS ; s=SHELL ; t=TIME ; k=NONCE BEL    a prompt: the command before it ended with STATUS
    ESC ] 133 ; P ; s=SHELL ; k=NONCE BEL            a command wants another line

SHELL is `$$.$SHLVL`. Two exported variables carry the marks, so every bash below has them too, also in another
namespace or file system; no function, no trap, no option of its own, so that ps(1) shows plain `bash`. The nonce keeps
a program that prints marks by accident from being believed. It is no secret from the reader: marks end steps, they
never grade.

Source: bash(1), "PROMPTING"; the proposal "Semantic prompts" of the freedesktop terminal working group.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lablib.session.typed import APPEND

_SHELL = "s=$$.$SHLVL"
_LONGEST = 256
"""Bytes; what is longer is no mark of ours."""
_START = b"\x1b]133;"
_MARK = re.compile(
    rb"\x1b\]133;(?P<kind>[CDP])(?:;(?P<status>\d{1,3}))?;s=(?P<shell>[\d.]{1,40})(?:;t=(?P<time>[\d.,]{0,40}))?"
    rb";k=(?P<nonce>\w{1,64})\x07"
)


class Mark(NamedTuple):
    """One mark. `time` is a prompt's own, so that one drawn again (a resize, a list of completions) is known."""

    kind: str
    """C, D or P, as above."""
    shell: str
    status: int | None = None
    time: str = ""


def environment(nonce: str) -> dict[str, str]:
    """What makes a bash write marks, and every bash below it.

    PROMPT_COMMAND only sees to it that PS1 and PS2 have them, whatever a start-up file or the reader made of these; the
    marks are then made by expanding the prompt. It runs no simple command and no plain assignment, but assigns by
    `for`: these would set PIPESTATUS, which bash gives back to the reader only if it was there before, and so not at
    the first prompt of a bash without start-up files.
    """
    prompt, more = _in_prompt(f"D;$?;{_SHELL};t=${{EPOCHREALTIME-}};k={nonce}"), _in_prompt(f"P;{_SHELL};k={nonce}")
    assign = f"""for PS1 in '{prompt}'"$PS1"; do for PS2 in '{more}'"$PS2"; do case . in esac; done; done"""
    heal = f"case $PS1 in *{nonce}*) {APPEND};; *) {assign};; esac"
    return {"PROMPT_COMMAND": heal, "PS0": rf"\e]133;C;{_SHELL};k={nonce}\a"}


def adoption(nonce: str) -> str:
    """A line that makes the bash it is typed in write marks: one that lost its environment, as under `su -`. The space
    before it keeps it out of the history (HISTCONTROL)."""
    return " export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in environment(nonce).items())


class MarkReader:
    """Finds the marks of one nonce in a program's output, however the output is cut. All others stay output."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce.encode()
        self._held = b""

    def feed(self, data: bytes) -> Iterator[bytes | Mark]:
        """The output in `data` and the marks between, in order. What may be the beginning of a mark is kept back."""
        data, self._held = self._held + data, b""
        at = 0
        for found in _MARK.finditer(data):
            if found["nonce"] != self._nonce:
                continue
            if found.start() > at:
                yield data[at : found.start()]
            at = found.end()
            yield _mark(found)
        rest = data[at:]
        cut = _unfinished(rest)
        self._held = rest[cut:]
        if cut:
            yield rest[:cut]


def _mark(found: re.Match[bytes]) -> Mark:
    status, time = found["status"], found["time"]
    return Mark(
        found["kind"].decode(),
        found["shell"].decode(),
        int(status) if status else None,
        time.decode() if time else "",
    )


def _unfinished(data: bytes) -> int:
    """Where in `data` a mark begins that has not ended yet; the end of `data` where none does."""
    at = data.rfind(b"\x1b")
    tail = data[at:] if at >= 0 else b""
    begun = tail.startswith(_START) or _START.startswith(tail)
    return at if tail and begun and b"\x07" not in tail and len(tail) < _LONGEST else len(data)


def _in_prompt(text: str) -> str:
    r"""`\[` and `\]` tell readline(3) that this takes no room on the screen."""
    return rf"\[\e]133;{text}\a\]"


def command_mark(nonce: str, shell: str) -> str:
    """What bash writes when a command begins."""
    return f"\x1b]133;C;s={shell};k={nonce}\x07"


def prompt_mark(nonce: str, shell: str, status: int, time: str) -> str:
    """What bash writes before a prompt."""
    return f"\x1b]133;D;{status};s={shell};t={time};k={nonce}\x07"


def nonce_of(variables: Mapping[str, str]) -> str:
    """The nonce in what `environment` made; empty where there is none."""
    found = re.search(r";k=(\w+)", variables.get("PS0", ""))
    return found[1] if found else ""
