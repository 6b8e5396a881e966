"""What the machine's side of the lesson has to say: messages from its threads to the screen."""

from __future__ import annotations

from textual.message import Message

from lablib.machine.base import Capabilities
from lablib.machine.seen import Rows
from lablib.player import Played
from lablib.session.recording import Recorded
from lablib.verdict import Result
from tui.threads import Handed


class MachineReady(Message):
    def __init__(self, capabilities: Capabilities, seconds: float) -> None:
        super().__init__()
        self.capabilities = capabilities
        self.seconds = seconds


class MachineResetting(Message):
    """This machine is being taken away for a fresh one; MachineReady or MachineFailed follows."""


class Trouble(Message):
    """Something fails that the lesson goes on without, such as keeping what is in `~/lab`: `error` says what, once for
    each reason. When it refuses a reset, the machine is left as it is."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class MachineFailed(Message):
    """The machine could not be had."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class MachineLost(Message):
    """The machine that was ready has ended by itself."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class MachineClosed(Message):
    """The machine is gone, or `error` says why that is not certain."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self.error = error


class Checked(Handed):
    """What the checks of a task say now. `turn` is the one that `begin` returned."""

    def __init__(self, turn: int, results: tuple[Result, ...]) -> None:
        super().__init__()
        self.turn = turn
        self.results = results


class Seen(Handed):
    """The view `name` as it is now."""

    def __init__(self, name: str, rows: Rows) -> None:
        super().__init__()
        self.name = name
        self.rows = rows


class TurnFailed(Message):
    """The scene could not be set, or the checks cannot be watched (any more)."""

    def __init__(self, turn: int, error: Exception) -> None:
        super().__init__()
        self.turn = turn
        self.error = error


class StepPlayed(Message):
    """A step has ended, or waits. Of one that went otherwise than it declares, `recorded` is what it did when it was
    recorded, where it was."""

    def __init__(self, played: Played, recorded: Recorded | None = None) -> None:
        super().__init__()
        self.played = played
        self.recorded = recorded


class StepFailed(Message):
    """The step called `step` could not be played."""

    def __init__(self, step: str, error: Exception) -> None:
        super().__init__()
        self.step = step
        self.error = error


class Missing(Message):
    """Debian packages that the chapter uses and this machine does not have."""

    def __init__(self, packages: str) -> None:
        super().__init__()
        self.packages = packages
