"""The words a check speaks: `@check`, `Context`, `Failure`, `Evidence`, `Verdict`, `Result`.

A check is a function that reads the kernel's state and raises `Failure` when it is not as the task asks. It runs
inside the agent, beside the state it judges, so this module is standard library only. Text for people is not
made here: a failure carries a message key and its parameters, rendered where it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from lablib.kernel.cgroup2 import Cgroup
from lablib.kernel.inside import Inside
from lablib.kernel.procfs import ProcFS

MAX_TEXT = 2048
"""Characters of one expected, actual or evidence text; the rest is cut, so that a result is always small."""
MAX_EVIDENCE = 8
"""Pieces of evidence one result carries at most."""
MAX_TOLD = 64
MAX_COUNT = 1_000_000
_READS = 3


class Verdict(StrEnum):
    """What became of a check or a task."""

    PASS = "pass"
    FAIL = "fail"
    BLOCKED = "blocked"
    """This machine cannot offer what the task needs."""
    ERROR = "error"
    """Our fault: never counted against a student."""


@dataclass(frozen=True)
class Evidence:
    """A file of the kernel's and what it said when the check read it."""

    source: str
    text: str


@dataclass(frozen=True)
class Told:
    """What a check that passed found."""

    keys: tuple[str, ...] = ()
    """Of sentences that are worth telling once the whole task is passed."""
    count: int | None = None
    """How many there are of what a task wants few of, so that students can be compared."""


class Failure(Exception):
    """The state is not what the task asks for. `key` names the sentence that says which rule of the kernel matters."""

    verdict = Verdict.FAIL

    def __init__(
        self, key: str, *, expected: str, actual: str, evidence: Iterable[Evidence] = (), **params: str | int
    ) -> None:
        super().__init__(key)
        self.key = key
        self.expected = expected
        self.actual = actual
        self.evidence = tuple(evidence)
        self.params = {name: str(value) for name, value in params.items()}


class Blocked(Failure):
    """The kernel here does not have what the task needs; the student is not to blame."""

    verdict = Verdict.BLOCKED


class Trials(Protocol):
    """What takes longer than a check may, and is done beside it."""

    def found(self, order: Mapping[str, Any], instead_of: str = "") -> Mapping[str, Any] | None:
        """What came of `order`, which is begun when it is asked for first; None until it is over. Of the orders
        `instead_of` one thing only the newest counts: an older one is given up. Raises RuntimeError where it failed,
        which is our fault."""


@dataclass(frozen=True)
class Context:
    """What a check may read: the kernel's own files, through the agent's mount namespace, never the student's."""

    proc: ProcFS
    cgroup: Cgroup
    """The cgroup that the lab calls its root: `/sys/fs/cgroup` as the student sees it."""
    remembered: Mapping[str, Any] = field(default_factory=dict)
    """What this task's `@remember` function returned when its scene was set; empty where no scene was set."""
    files: Inside = field(default_factory=Inside)
    """The student's files, without what they have mounted since: of a guest, `/tmp` and `/lab` are tmpfs, and what an
    overlay of theirs has for layers is there as it is."""
    work_folder: str = "/root/lab"
    """The student's `~/lab`, among `files`."""
    trials: Trials | None = None
    """None where nothing can be tried out, as there is no agent."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What the parameters of the task are for whoever is judged (`lablib.parameters`)."""


CheckFunction = Callable[[Context], "Evidence | Told | Iterable[Evidence] | None"]
RememberFunction = Callable[[Context], Mapping[str, Any]]


@dataclass(frozen=True)
class Check:
    """One assertion about kernel state; `id` is unique within its task and never changes."""

    task: str
    id: str
    description: str
    function: CheckFunction
    share: float = 0.0
    """What it is worth of the task's points. Of a task with shares, the checks without one are what the others need."""


@dataclass(frozen=True)
class Result:
    """What one check found, small and plain enough to cross a wire. `params` fill the sentence named by `key`."""

    id: str
    verdict: Verdict
    key: str = ""
    expected: str = ""
    actual: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    """What fills that sentence, and the one that says what the check asserts: the task's parameters among it."""
    evidence: tuple[Evidence, ...] = ()
    told: tuple[str, ...] = ()
    count: int | None = None
    """Both as `Told` has them."""

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "verdict": str(self.verdict),
            "key": self.key,
            "expected": self.expected,
            "actual": self.actual,
            "params": dict(self.params),
            "evidence": [{"source": e.source, "text": e.text} for e in self.evidence],
            "told": list(self.told),
            "count": self.count,
        }

    @classmethod
    def from_json(cls, value: Any) -> Result:
        """Rebuilds a result that came from a machine. Raises ValueError for anything but the form of `as_json`."""
        try:
            return cls(
                id=_text(value["id"]),
                verdict=Verdict(value["verdict"]),
                key=_text(value["key"]),
                expected=_text(value["expected"]),
                actual=_text(value["actual"]),
                params={_text(k): _text(v) for k, v in value["params"].items()},
                evidence=tuple(
                    Evidence(_text(e["source"]), _text(e["text"])) for e in value["evidence"][:MAX_EVIDENCE]
                ),
                told=tuple(_text(key) for key in value["told"][:MAX_TOLD]),
                count=_count(value["count"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a check result: {error}") from error


class Registry:
    """The checks of every task, filled by the decorators below when the checkers are imported."""

    def __init__(self) -> None:
        self._checks: dict[str, list[Check]] = {}
        self._remember: dict[str, RememberFunction] = {}
        self._measures: dict[str, Mapping[str, Any]] = {}

    def tasks(self) -> tuple[str, ...]:
        return tuple(self._checks)

    def checks(self, task: str) -> tuple[Check, ...]:
        return tuple(self._checks.get(task, ()))

    def add(self, check: Check) -> None:
        known = self._checks.setdefault(check.task, [])
        if any(other.id == check.id for other in known):
            raise ValueError(f"{check.task} has two checks called {check.id}")
        known.append(check)

    def add_remember(self, task: str, function: RememberFunction) -> None:
        if task in self._remember:
            raise ValueError(f"{task} remembers twice")
        self._remember[task] = function

    def add_measure(self, task: str, order: Mapping[str, Any]) -> None:
        """Says that `task` needs to know what comes of `order`, which takes long and holds for every machine like
        it."""
        self._measures[task] = order

    def measure(self, task: str) -> Mapping[str, Any] | None:
        """The order whose outcome `task` needs to know; None for none."""
        return self._measures.get(task)

    def remember(self, task: str, context: Context) -> Mapping[str, Any]:
        """What must be known later about the state a scene has just set; empty for a task that needs nothing."""
        function = self._remember.get(task)
        return function(context) if function else {}

    def score(self, task: str, results: Iterable[Result]) -> float | None:
        """What `results` earn of the points of `task`, from 0 to 1: all or nothing, unless its checks have shares.
        None where it cannot be said (`error`, `blocked`), which costs nobody points."""
        found = {result.id: result.verdict for result in results}
        verdict = _overall(found.values())
        if verdict in (Verdict.ERROR, Verdict.BLOCKED):
            return None
        checks = self.checks(task)
        needed = set(found) - {check.id for check in checks if check.share}
        if verdict is Verdict.PASS or any(found[id] is Verdict.FAIL for id in needed):
            return float(verdict is Verdict.PASS)
        return sum(check.share for check in checks if found.get(check.id) is Verdict.PASS)

    def run(self, task: str, context: Context) -> tuple[Result, ...]:
        """Runs every check of `task`, in order. Never raises: what is not a `Failure` is our `error`."""
        return tuple(run_check(check, context) for check in self.checks(task))


REGISTRY = Registry()


def check(*, task: str, share: float = 0.0) -> Callable[[CheckFunction], CheckFunction]:
    """Registers a check of `task` (`chapter/task`). Its id is the function's name, its description the docstring."""

    def register(function: CheckFunction) -> CheckFunction:
        name = function.__name__
        REGISTRY.add(Check(task, name.replace("_", "-"), (function.__doc__ or "").strip(), function, share))
        return function

    return register


def remember(*, task: str) -> Callable[[RememberFunction], RememberFunction]:
    """Registers what to note, as plain JSON values, once the scene of `task` is set."""

    def register(function: RememberFunction) -> RememberFunction:
        REGISTRY.add_remember(task, function)
        return function

    return register


def run_check(check: Check, context: Context) -> Result:
    """Runs one check and turns what it raised into a result. What went away between two reads is read again: a student
    is at work while a task is watched."""
    for _ in range(_READS):
        result = _run_once(check, context)
        if result.verdict is not Verdict.ERROR:
            break
    return result


def _run_once(check: Check, context: Context) -> Result:
    try:
        found = check.function(context)
        if isinstance(found, Told):
            told = found.keys[:MAX_TOLD]
            return Result(check.id, Verdict.PASS, params=context.parameters, told=told, count=found.count)
        evidence = (found,) if isinstance(found, Evidence) else tuple(found or ())
        return Result(check.id, Verdict.PASS, params=context.parameters, evidence=_bounded(evidence))
    except Failure as failure:
        return Result(
            check.id,
            failure.verdict,
            failure.key,
            _cut(failure.expected),
            _cut(failure.actual),
            {name: _cut(value) for name, value in {**context.parameters, **failure.params}.items()},
            _bounded(failure.evidence),
        )
    except Exception as error:  # a check of ours is broken: say so, and never blame the student
        said = _cut(f"{type(error).__name__}: {error}")
        return Result(check.id, Verdict.ERROR, "check.error", actual=said, params=context.parameters)


def overall(results: Iterable[Result]) -> Verdict:
    """The verdict of a task: `pass` only if it has checks and each passed; our own errors come before any blame."""
    return _overall(result.verdict for result in results)


def _overall(found: Iterable[Verdict]) -> Verdict:
    verdicts = set(found)
    if not verdicts:
        return Verdict.ERROR
    for verdict in (Verdict.ERROR, Verdict.BLOCKED, Verdict.FAIL):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS


def _bounded(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    return tuple(Evidence(_cut(e.source), _cut(e.text)) for e in tuple(evidence)[:MAX_EVIDENCE])


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _count(value: Any) -> int | None:
    if value is not None and (type(value) is not int or not 0 <= value <= MAX_COUNT):
        raise TypeError(f"expected a count, got {value!r}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return _cut(
        value.encode("utf-8", "backslashreplace").decode()
    )  # a name need not be UTF-8; a text that is printed must
