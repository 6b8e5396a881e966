"""What the steps of a chapter did when it was recorded: one file for each kind of machine, `recorded/KIND.json`.

A recording is compared word for word with a live run only on the kind of machine and the kernel release it was made on;
what differs from run to run all the same (a pid, a time) a step names as `varies`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from lablib.course.model import End, Step
from lablib.course.source import broken, read_text
from lablib.session.session import Outcome
from lablib.session.transcript import Pause

MASK = "▒"
"""What stands for a match of `varies` when two outputs are compared."""


@dataclass(frozen=True)
class Recorded:
    """What one step did."""

    end: End
    status: int | None
    output: str
    pauses: tuple[Pause, ...] = ()
    """When it was silent, so that it can be shown at its own pace."""


@dataclass(frozen=True)
class Recording:
    """A chapter as it was played once."""

    kind: str
    """Of the machine."""
    release: str
    """Of its kernel."""
    distribution: str
    date: str
    """ISO 8601, the day."""
    columns: int
    """Of the terminal: programs fold their output by it."""
    steps: Mapping[str, Recorded]

    def is_of(self, kind: str, release: str) -> bool:
        return (self.kind, self.release) == (kind, release)


def recording_file(chapter: Path, kind: str) -> Path:
    return chapter / "recorded" / f"{kind}.json"


def load_recording(chapter: Path, kind: str) -> Recording | None:
    """The recording of the chapter in the folder `chapter` on a machine of `kind`; None where there is none. Raises
    ContentError."""
    path = recording_file(chapter, kind)
    if not path.exists():
        return None
    text = read_text(path)
    try:
        return _recording(json.loads(text))
    except json.JSONDecodeError as error:
        raise broken(path, error.lineno, f"this is not JSON: {error.msg}") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise broken(path, 1, f"this is not a recording: {error}") from error


def any_recording(chapter: Path) -> Recording | None:
    """The recording of a guest, or else of a host; None where nothing was recorded. Raises ContentError."""
    return load_recording(chapter, "guest") or load_recording(chapter, "host")


def save_recording(chapter: Path, recording: Recording) -> None:
    """Raises OSError."""
    path = recording_file(chapter, recording.kind)
    path.parent.mkdir(exist_ok=True)
    value = asdict(recording)
    for step in value["steps"].values():
        step["output"] = step["output"].split("\n")  # a diff is then one of lines
        step["pauses"] = [[pause["lines"], pause["seconds"]] for pause in step["pauses"]]
        if not step["pauses"]:
            del step["pauses"]
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def difference(step: Step, recorded: Recorded, outcome: Outcome) -> tuple[str, str] | None:
    """The first line that is not as it was recorded, then and now; None where all are."""
    then, now = masked(step, recorded.output), masked(step, outcome.output)
    for before, after in zip_longest(then.split("\n"), now.split("\n"), fillvalue=""):
        if before != after:
            return before, after
    return None


def masked(step: Step, output: str) -> str:
    """`output` with what varies covered."""
    for pattern in step.varies:
        output = re.sub(pattern, MASK, output, flags=re.MULTILINE)
    return output


def _recording(value: Any) -> Recording:
    """Raises an error that says what is wrong with `value`."""
    steps = {id: _recorded(step) for id, step in value.pop("steps").items()}
    recording = Recording(steps=steps, **value)
    for name in ("kind", "release", "distribution", "date"):
        if not isinstance(value[name], str):
            raise TypeError(f"{name} is no text")
    return recording


def _recorded(step: Any) -> Recorded:
    end, status, lines = End(step["end"]), step["status"], step["output"]
    if not isinstance(lines, list) or not isinstance(status, int | None):
        raise TypeError("a step has its output as a list of lines, and a number or null as its status")
    pauses = tuple(Pause(int(at), float(seconds)) for at, seconds in step.get("pauses", ()))
    return Recorded(end, status, "\n".join(lines), pauses)
