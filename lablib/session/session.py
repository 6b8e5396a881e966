"""A shell that the reader types in and steps are typed into: `Session` is a `Shell` to whoever shows it, and tells a
player when a step has ended, and how."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lablib.course.model import End
from lablib.errors import LabsError
from lablib.machine.base import Foreground, Machine, Size
from lablib.session.marks import Mark, MarkReader, adoption, environment
from lablib.session.transcript import Transcript

QUIET = 1.0
"""Seconds without output after which it is asked whether a program waits for keys."""
PROMPT_SECONDS = 5.0
"""How long a prompt that should be there may take: bash reads its start-up files first."""
INTERRUPT_SECONDS = 2.0
_FIRST_LINE = b"\x05\x15"
"""Ctrl-E, Ctrl-U: what is half typed at the prompt is dropped (readline(3))."""
_INTERRUPT, _QUIT = b"\x03", b"\x1c"
_PASTE = b"\x1b[200~%s\x1b[201~\r"
"""Bracketed paste, so that several lines are one piece of input and completion does not see a tab."""


class BusyError(LabsError):
    """Something else has the terminal, so no step can be typed into it."""


@dataclass(frozen=True)
class Outcome:
    """How a step ended."""

    end: End
    status: int | None
    """Of its last command, when it ended at a prompt."""
    output: str
    """As plain text, without what was typed."""
    seconds: float
    program: str = ""
    """What has the terminal, where the step has not ended."""


class Session:
    """One bash of a machine, with marks. Reading must go on in one thread while others run steps."""

    def __init__(self, machine: Machine, size: Size) -> None:
        self._nonce = secrets.token_hex(4)
        self._marks = MarkReader(self._nonce)
        self._shell = machine.shell(size, environment=environment(self._nonce))
        self._news = threading.Condition()
        self._running = threading.Lock()
        self._shells: list[str] = []
        self._last_prompt = Mark("", "")
        self._prompts = 0
        self._at_prompt = self._continued = self._closed = False
        self._transcript: Transcript | None = None
        """Of the step that runs, from its first command to the prompt after its last."""
        self._last_output = time.monotonic()

    # A shell, to whoever shows it

    def read(self) -> bytes:
        data = self._shell.read()
        with self._news:
            if data:
                self._last_output = time.monotonic()
                for piece in self._marks.feed(data):
                    if isinstance(piece, Mark):
                        self._take(piece)
                    elif self._transcript is not None:
                        self._transcript.add(piece)
            else:
                self._closed = True
            self._news.notify_all()
        return data

    def write(self, data: bytes) -> None:
        self._shell.write(data)

    def resize(self, size: Size) -> None:
        self._shell.resize(size)

    def close(self) -> None:
        self._shell.close()

    def foreground(self) -> Foreground:
        return self._shell.foreground()

    @property
    def status(self) -> int | None:
        return self._shell.status

    # Steps

    @property
    def depth(self) -> int:
        """How many shells deep the prompt is: 1 in the first, 0 before its first prompt."""
        with self._news:
            return len(self._shells)

    def run(self, commands: str, seconds: float = 10.0) -> Outcome:
        """Types `commands` at the prompt and waits for how they end, at most `seconds`. Raises BusyError when there is
        no prompt to type at, MachineError."""
        with self._running:
            self.find_prompt()
            return self._run(commands, seconds)

    def interrupt(self) -> bool:
        """Ctrl-C, then Ctrl-\\: whether that brought the prompt back."""
        for key in (_INTERRUPT, _QUIT):
            with self._news:
                prompts = self._prompts
            self.write(key)
            if self._wait(lambda before=prompts: self._prompts > before, INTERRUPT_SECONDS):  # type: ignore[misc]
                return True
        return False

    def drain(self) -> None:
        """Reads until the shell has ended; for a session that nobody looks at."""
        while self.read():
            pass

    def _run(self, commands: str, seconds: float) -> Outcome:
        with self._news:
            prompts, depth = self._prompts, len(self._shells)
            self._transcript = transcript = Transcript()
            self._last_output = began = time.monotonic()
        self._type(commands)
        end, program = self._await_end(prompts, depth, began + seconds)
        with self._news:
            self._transcript = None
            status = self._last_prompt.status if end in (End.EXITED, End.LEFT) else None
        return Outcome(end, status, transcript.text(), time.monotonic() - began, program)

    def _await_end(self, prompts: int, depth: int, until: float) -> tuple[End, str]:
        while not self._wait(lambda: self._prompts > prompts, min(QUIET / 4, max(0.0, until - time.monotonic()))):
            with self._news:
                ended, quiet = self._closed, time.monotonic() - self._last_output
            if ended:
                return End.LOST, ""
            late = time.monotonic() >= until
            if late or quiet >= QUIET:
                holder = self.foreground()
                if holder.waits:
                    return End.WAITING, holder.program
                if late:
                    return End.TIMEOUT, holder.program
        with self._news:
            now = len(self._shells)
        return End.EXITED if now == depth else End.ENTERED if now > depth else End.LEFT, ""

    def find_prompt(self) -> None:
        """Waits for the prompt; a bash without marks is given them. Raises BusyError."""
        end = time.monotonic() + PROMPT_SECONDS
        while not self._wait(lambda: self._at_prompt or self._closed, QUIET / 4):
            holder = self.foreground()
            if not holder.waits and time.monotonic() < end:
                continue
            if holder.program != "bash" or not holder.waits or not self._adopt():
                raise BusyError("session-busy", program=holder.program or "?")
        with self._news:
            if self._closed:
                raise BusyError("session-ended")
            continued = self._continued
        if continued:  # a command was begun and waits for its next line
            self.interrupt()

    def _adopt(self) -> bool:
        self._type(adoption(self._nonce))
        return self._wait(lambda: self._at_prompt, PROMPT_SECONDS)

    def _type(self, commands: str) -> None:
        self.write(_FIRST_LINE + _PASTE % commands.strip("\n").encode())

    def _wait(self, wanted: Callable[[], bool], seconds: float) -> bool:
        with self._news:
            return self._news.wait_for(wanted, seconds)

    def _take(self, mark: Mark) -> None:
        if mark.kind == "P":
            self._continued = True
        elif mark.kind == "C":
            if self._at_prompt and self._transcript is not None:
                self._transcript.clear()  # what came before is the echo of what was typed
            self._at_prompt = self._continued = False
        elif mark != self._last_prompt:  # one that is only drawn again has the same time
            self._last_prompt = mark
            self._transcript = None
            self._prompts += 1
            self._at_prompt, self._continued = True, False
            if mark.shell in self._shells:
                del self._shells[self._shells.index(mark.shell) + 1 :]
            else:
                self._shells.append(mark.shell)
