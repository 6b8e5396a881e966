"""Whether the program still behaves under a filter: the same exit status and the same output as without one."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lablib.errors import LabsError
from lablib.kernel import seccomp
from lablib.minimize.launch import CROWD, OUTPUT_LIMIT, Decide, End, Filter, Launcher, Ran
from lablib.minimize.names import number

ENOSYS = 38
KILL = seccomp.RET_KILL_PROCESS
DENY = seccomp.errno_return(ENOSYS)
LIMIT = 10.0
"""Seconds that the program may take without a filter, or watched."""
_PATIENCE = 20
"""How many times the time it takes when watched a launch may take that denies something."""
_SHORTEST = 0.5


_OUTPUT = (
    "write", "writev", "pwrite64", "pwritev", "pwritev2", "sendfile", "splice", "tee", "vmsplice", "copy_file_range",
    "sendto", "sendmsg", "sendmmsg", "io_submit", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "process_vm_writev", "ptrace", "pidfd_getfd",
)  # fmt: skip
"""Whatever can put bytes into a pipe, or have another process do it."""
_END = ("exit", "exit_group")


@dataclass
class Trace:
    """The calls of one launch."""

    first: dict[int, None] = field(default_factory=dict)
    """Each call, in the order of its first time."""
    last: dict[int, None] = field(default_factory=dict)
    """Each call, in the order of its last time."""
    alone: set[int] = field(default_factory=set)
    """Those that the program's first thread made before another thread or process made any that is not of them."""
    follows: dict[int, int] = field(default_factory=dict)
    """After each call, the one that the same thread made next, the first time."""
    _before: dict[int, int] = field(default_factory=dict)
    """The last call of each thread."""
    _is_alone: bool = True

    def note(self, thread: int, number: int, is_first: bool) -> None:
        """A call is made; `is_first` says that it is by the program's first thread."""
        self.first.setdefault(number)
        self.last.pop(number, None)
        self.last[number] = None
        if not is_first and number not in self.alone:
            self._is_alone = False
        if self._is_alone:
            self.alone.add(number)
        if thread in self._before:
            self.follows.setdefault(self._before[thread], number)
        self._before[thread] = number


class Oracle:
    """Launches a program under allow-lists, and compares. The default action of each is `action`: KILL or DENY."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], action: int, limit: float = LIMIT) -> None:
        self.action = action
        self.launches = 0
        self._limit = self._seconds = limit
        self._launcher = Launcher(argv, environment)
        self._name = os.path.basename(argv[0])
        self._usual: Ran | None = None

    def close(self) -> None:
        self._launcher.close()

    def watch(self) -> Trace:
        """Launches it with every call allowed and seen, and then without a filter, to know how it behaves. Raises
        LabsError for a program that does not end, fails, or does otherwise each time."""
        watched, trace = self._traced(Filter({}, seccomp.RET_USER_NOTIF), None)
        self._check(watched)
        free = self._launch(None, self._limit)
        self._check(free)
        if (free.status, free.output) != (watched.status, watched.output):
            raise LabsError("minimize-unstable", program=self._name)
        self._usual = free
        self._seconds = min(self._limit, max(_SHORTEST, _PATIENCE * watched.seconds))
        return trace

    @property
    def musts(self) -> Sequence[frozenset[int]]:
        """Of each of these, which have no call in common, one at least must be allowed for the program to behave as it
        does, whatever it is and short of help from outside: its output leaves it through one of the first, and it has a
        status from one of the others."""
        if self._usual is None or self.action == KILL:
            return ()
        needed = (_OUTPUT, _END) if self._usual.output else (_END,)
        numbers = [frozenset(known for one in names if (known := number(one)) is not None) for names in needed]
        return [each for each in numbers if each]

    def works(self, allowed: Collection[int]) -> bool:
        """Whether it behaves when only `allowed`, and execve, are."""
        answers = dict.fromkeys(allowed, seccomp.RET_ALLOW)
        return self._is_usual(self._launch(Filter(answers, self.action), self._seconds))

    def probe(self, allowed: Collection[int], denied: Collection[int], error: int | None = None) -> tuple[bool, Trace]:
        """Whether it behaves when `denied` is denied and every other call than those `allowed` fails with `error`, or
        for None is done; and the trace of those others."""
        answers = dict.fromkeys(allowed, seccomp.RET_ALLOW) | dict.fromkeys(denied, self.action)
        ran, trace = self._traced(Filter(answers, seccomp.RET_USER_NOTIF), lambda thread, number, first: error)
        return self._is_usual(ran), trace

    def replay(self, allowed: Collection[int]) -> Trace:
        """The trace of a launch where only `allowed` are done and every call is seen."""

        def decide(thread: int, number: int, is_first: bool) -> int | None:
            return None if number in allowed else ENOSYS

        return self._traced(Filter({}, seccomp.RET_USER_NOTIF), decide)[1]

    def _is_usual(self, ran: Ran) -> bool:
        assert self._usual, "it was not watched"
        return ran.end is End.ITSELF and (ran.status, ran.output) == (self._usual.status, self._usual.output)

    def _traced(self, filter: Filter, decide: Decide | None) -> tuple[Ran, Trace]:
        trace = Trace()

        def note(thread: int, number: int, is_first: bool) -> int | None:
            trace.note(thread, number, is_first)
            return decide(thread, number, is_first) if decide else None

        return self._launch(filter, self._seconds, note), trace

    def _launch(self, filter: Filter | None, seconds: float, decide: Decide | None = None) -> Ran:
        self.launches += 1
        try:
            return self._launcher.launch(filter, seconds, decide)
        except OSError as error:
            reason = f"{error.strerror or error}"
            raise LabsError("minimize-kernel", reason=reason, release=os.uname().release) from error

    def _check(self, ran: Ran) -> None:
        if ran.failure:
            raise LabsError("minimize-exec", program=self._name, reason=os.strerror(ran.failure))
        match ran.end:
            case End.TIME:
                raise LabsError("minimize-hangs", program=self._name, seconds=f"{self._limit:g}")
            case End.CROWD:
                raise LabsError("minimize-forks", program=self._name, limit=CROWD)
            case End.OUTPUT:
                raise LabsError("minimize-output", program=self._name, limit=OUTPUT_LIMIT >> 20)
        if ran.status:
            raise LabsError("minimize-fails", program=self._name, status=ran.status)
