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
from lablib.session.transcript import Pause, Transcript
from lablib.session.typed import keeping

QUIET = 1.0
"""Seconds without output after which a program is taken to wait for keys, if it looks so."""
_LOOK_AGAIN = QUIET / 4
PROMPT_SECONDS = 5.0
"""How long a prompt that should be there may take: bash reads its start-up files first."""
INTERRUPT_SECONDS = 1.0
"""How long a program may take to end after a key that interrupts it, before the next is tried."""
_DEEPEST = 100
"""Shells open one in another; a program that writes marks of ever new ones makes no more."""
_FIRST_LINE = b"\x05\x15"
"""Ctrl-E, Ctrl-U: what is half typed at the prompt is dropped (readline(3))."""
_INTERRUPTS = (b"\x03", b"\x03", b"\x1c")
"""Ctrl-C, again (a shell that was just about to read takes the first only with the next key), and Ctrl-\\."""
_PASTE = b"\x1b[200~%s\x1b[201~\r"
"""Bracketed paste, so that several lines are one piece of input and completion does not see a tab."""
_PASTED = b"\x1b[200~"
_ROOM, _MOST_ROWS = 4, 1000
"""Rows for a prompt, and those that bash is told of at most."""
_AT_A_PROMPT = (End.EXITED, End.ENTERED, End.LEFT)


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
    pauses: tuple[Pause, ...] = ()
    """When it was silent."""


class Session:
    """One bash of a machine, with marks. Reading must go on in one thread while others run steps."""

    def __init__(self, machine: Machine, size: Size) -> None:
        self._size = size
        self._tall = False
        """Whether bash has been told of more rows than there are."""
        self._nonce = secrets.token_hex(4)
        self._marks = MarkReader(self._nonce)
        kept = keeping(machine.capabilities.work_folder)
        self._shell = machine.shell(size, environment=environment(self._nonce) | kept)
        self._news = threading.Condition()
        self._running = threading.RLock()
        self._shells: dict[str, int] = {}
        """Their numbers, by what their marks say."""
        self._opened = 0
        self._last_prompt = Mark("", "")
        self._prompts = 0
        self._at_prompt = self._continued = self._closed = False
        self._transcript: Transcript | None = None
        """Of the step that runs, until the prompt after its last command."""
        self._last_output = time.monotonic()

    # A shell, to whoever shows it

    def read(self) -> bytes:
        data = b""
        try:
            data = self._shell.read()
        finally:
            with self._news:
                news = self._hear(data)
                self._news.notify_all()
            if news and self._tall:  # it has been taken, or dropped
                self._tall = False
                self._shell.resize(self._size)
        return data

    def write(self, data: bytes) -> None:
        if data.startswith(_PASTED):  # its lines are no Enter
            if self._at_prompt:
                self._make_room(data)
        elif b"\r" in data or b"\n" in data:
            with self._news:  # until bash says what became of the line
                self._at_prompt = self._continued = False
        self._shell.write(data)

    def resize(self, size: Size) -> None:
        self._size, self._tall = size, False
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
    def shells(self) -> tuple[int, ...]:
        """The shells that are open one in another, the first one first; none before its first prompt. A number is not
        used again."""
        with self._news:
            return tuple(self._shells.values())

    def find_prompt(self) -> None:
        """Waits until something can be typed at a prompt. A bash without marks is given them; a command that was begun
        and wants another line is dropped. Raises BusyError, MachineError."""
        with self._running:
            holder = self._await(lambda: self._at_prompt or self._continued, 0.0, PROMPT_SECONDS)
            if holder is not None and not (_has_no_marks(holder) and self._adopt()):
                raise BusyError("session-busy", program=holder.program or "?")
            if self._closed:
                raise BusyError("session-ended")
            if self._continued and not self.interrupt():
                raise BusyError("session-busy", program="bash")

    def run(self, commands: str, seconds: float = 10.0) -> Outcome:
        """Types `commands` at the prompt and waits for how they end, at most `seconds`. Raises BusyError when there is
        no prompt to type at, MachineError."""
        with self._running:
            self.find_prompt()
            return self._run(commands, seconds)

    def interrupt(self) -> bool:
        """Ends what runs by the keys a user has for that; whether the prompt is there then. A step that runs in another
        thread ends as it would at the user's own keys."""
        for key in _INTERRUPTS:
            with self._news:
                if self._idle() or self._closed:
                    break
            self._shell.write(key)
            self._wait(lambda: self._idle() or self._closed, INTERRUPT_SECONDS)
        with self._news:
            return self._idle() and not self._closed

    def drain(self) -> None:
        """Reads until the shell has ended; for a session that nobody looks at."""
        while self.read():
            pass

    def _run(self, commands: str, seconds: float) -> Outcome:
        began = time.monotonic()
        with self._news:
            prompts, depth = self._prompts, len(self._shells)
            self._transcript = transcript = Transcript()
            self._last_output = began
        try:
            self._type(commands)
            holder = self._await(lambda: self._prompts > prompts, QUIET, seconds)
            if holder is not None and _has_no_marks(holder) and not self._continued and self._adopt():
                holder = None
            with self._news:
                end = self._end(holder, prompts, depth)
                status = self._last_prompt.status if end in _AT_A_PROMPT else None
                output, program = transcript.text(), holder.program if holder else ""
            return Outcome(end, status, output, time.monotonic() - began, program, transcript.pauses)
        finally:
            with self._news:
                self._transcript = None

    def _end(self, holder: Foreground | None, prompts: int, depth: int) -> End:
        """How a step ended that was typed at prompt number `prompts`, in a shell `depth` deep; if it has not, `holder`
        has the terminal."""
        if holder is not None:
            return End.WAITING if holder.waits else End.TIMEOUT
        if self._prompts == prompts:
            return End.LOST
        now = len(self._shells)
        return End.EXITED if now == depth else End.ENTERED if now > depth else End.LEFT

    def _await(self, wanted: Callable[[], bool], quiet: float, seconds: float) -> Foreground | None:
        """Waits for `wanted` or the shell's end. Or else says who has the terminal: at `seconds`, or once it has
        waited for keys for two looks in a row (its last words may still be on the way) and printed nothing for `quiet`
        seconds."""
        until = time.monotonic() + seconds
        waited = None
        while not self._wait(lambda: wanted() or self._closed, max(0.0, min(_LOOK_AGAIN, until - time.monotonic()))):
            late = time.monotonic() >= until
            if not late and time.monotonic() - self._last_output < quiet - _LOOK_AGAIN:
                waited = None
                continue
            before, waited = waited, self.foreground()
            if late or (waited.waits and waited == before):
                return waited
        return None

    def _adopt(self) -> bool:
        """Gives marks to the bash that waits for a line."""
        with self._news:
            prompts, transcript, self._transcript = self._prompts, self._transcript, None
            self._last_prompt = Mark("", "")
            if transcript is not None:
                transcript.drop_line()  # its prompt
        self._type(adoption(self._nonce))
        self._wait(lambda: self._prompts > prompts or self._closed, PROMPT_SECONDS)
        return self._prompts > prompts

    def _type(self, commands: str) -> None:
        typed = commands.strip("\n").encode()
        self._make_room(typed)
        self._shell.write(_FIRST_LINE + _PASTE % typed)

    def _make_room(self, typed: bytes) -> None:
        """Tells bash of a terminal that all of `typed` fits into, until it is taken. Of a command with more rows than
        that readline(3) shows some, and writes others over them; the terminal itself has a history for what scrolls."""
        columns = max(1, self._size.columns)
        # No character is wider than two columns, and a tab than eight; a prompt stands before it all.
        rows = sum(1 + (2 * len(line) + 8 * line.count("\t")) // columns for line in _lines(typed)) + _ROOM
        if rows > self._size.rows:
            self._tall = True
            self._shell.resize(Size(columns, min(rows, _MOST_ROWS)))

    def _wait(self, wanted: Callable[[], bool], seconds: float) -> bool:
        with self._news:
            return self._news.wait_for(wanted, seconds)

    def _idle(self) -> bool:
        return self._at_prompt and not self._continued and self._transcript is None

    def _hear(self, data: bytes) -> bool:
        """Whether a command has begun, or a new prompt has come."""
        if not data:
            self._closed = True
            return False
        self._last_output = time.monotonic()
        news = False
        for piece in self._marks.feed(data):
            if isinstance(piece, Mark):
                news |= piece.kind != "P" and piece != self._last_prompt  # which may only be drawn again
                self._take(piece)
            elif self._transcript is not None:
                self._transcript.add(piece)
        return news

    def _take(self, mark: Mark) -> None:
        if mark.kind == "P":
            self._continued = True
        elif mark.kind == "C":
            self._at_prompt = self._continued = False
            if self._transcript is not None:
                self._transcript.begin()
        elif mark != self._last_prompt or not self._at_prompt:  # one that is only drawn again has the same time
            self._last_prompt = mark
            if self._transcript is not None:
                self._transcript.look_at_clock()
                self._transcript = None
            self._prompts += 1
            self._at_prompt, self._continued = True, False
            self._enter(mark.shell)

    def _enter(self, shell: str) -> None:
        """`shell` has the prompt: what was opened in it has ended."""
        if shell in self._shells:
            while next(reversed(self._shells)) != shell:
                self._shells.popitem()
        elif len(self._shells) < _DEEPEST:
            self._opened += 1
            self._shells[shell] = self._opened


def _lines(typed: bytes) -> list[str]:
    """Lines as they are typed, by CR, or as they are written, by LF."""
    return typed.decode(errors="replace").replace("\r", "\n").split("\n")


def _has_no_marks(holder: Foreground) -> bool:
    """Whether `holder`, which has the terminal though no mark said that it would, is a bash that waits for a line: its
    `read` waits too, but not for single keys."""
    return holder.waits and holder.raw and holder.program == "bash"
