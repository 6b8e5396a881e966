"""What is to be said of an allow-list for the interpreter: what the filters in question answer, whether the interpreter
runs under those very programs, and which of the calls they allow it could do without."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from itertools import pairwise
from typing import Any, NamedTuple

from lablib.kernel import bpf, reach, seccomp
from lablib.minimize.capture import SECONDS, Captured, Wanted, capture
from lablib.minimize.launch import EXECVE, End, Launcher, Ran
from lablib.minimize.names import name, names, number
from lablib.minimize.oracle import Oracle
from lablib.minimize.search import minimize
from lablib.minimize.workload import ENVIRONMENT, Workload

REPLAYS = 5
MAX_LIST = 64 * 1024
_REPLAY_SECONDS = 10.0
_TRIED = 16
"""Calls of which one may be what a list lacks, the last first."""
_I386 = 0x40000003
_ALLOW, _LOG, _TRACE, _NOTIF = seccomp.RET_ALLOW, 0x7FFC0000, 0x7FF00000, seccomp.RET_USER_NOTIF
_THROUGH = {_ALLOW: "ALLOW", _LOG: "LOG", _TRACE: "TRACE", _NOTIF: "USER_NOTIF"}
_DENIED = {0: "KILL_THREAD", 0x30000: "TRAP"}
_ACTION_BITS = 0xFFFF0000


class Asked(NamedTuple):
    """What the filters answer, by names."""

    allowed: frozenset[int]
    """Numbers of the machine's own calls that may be let through."""
    conditional: list[str]
    """Those of them that are let through sometimes only."""
    hole: str = ""
    """A call of another table that may be let through."""
    other: str = ""
    """A call that may be answered otherwise than by ALLOW or the default."""


def examine_program(
    path: str, cwd_environment: Mapping[str, str], workload: Workload, enter: Callable[[], None]
) -> dict[str, Any]:
    """Of the filters that the program `path` loads. Raises OSError."""
    captured = capture([path], cwd_environment, Wanted(workload.argv(), ENVIRONMENT), enter, SECONDS)
    if captured.reason:
        return {"reason": captured.reason, "detail": _told(captured)}
    return _examined(captured.loads, workload)


def examine_list(text: str, workload: Workload) -> dict[str, Any]:
    """Of an allow-list, a name in each line, which is loaded by us."""
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    found = {line: number(line) for line in lines if line}
    if unknown := [line for line, known in found.items() if known is None]:
        return {"reason": "unknown-call", "detail": unknown[0][:80]}
    allowed = [known for known in found.values() if known is not None]
    answers = dict.fromkeys(allowed, _ALLOW)
    return _examined([seccomp.Load(seccomp.compile_answers(answers, workload.action))], workload)


def smallest(workload: Workload) -> dict[str, Any]:
    """The proven minimum for `workload` on this machine: how many calls, and one list of them. Raises LabsError."""
    with closing(Oracle(workload.argv(), ENVIRONMENT, workload.action)) as oracle:
        found = minimize(oracle, exact=True)
    return {"count": len(found.calls), "calls": names(found.calls), "launches": found.launches}


def asked(loads: Sequence[seccomp.Load], action: int) -> Asked:
    """Puts every number of every table to the filters. Raises ValueError for what is no filter."""
    programs = [bpf.decode(load.program) for load in loads]
    x86_64 = seccomp.AUDIT_ARCH["x86_64"]
    own = reach.answers(programs, x86_64)
    allowed = frozenset(index for index, answers in enumerate(own) if _through(answers))
    return Asked(
        allowed,
        names(call for call in allowed if not own[call] <= {_ALLOW}),
        _first_hole(reach.answers(programs, _I386), "i386", 0)
        or _first_hole(reach.answers(programs, x86_64, seccomp.X32_SYSCALL_BIT), "x32", seccomp.X32_SYSCALL_BIT),
        next((f"{name(call)}: {shown}" for call, shown in _others(own, action)), ""),
    )


def _examined(loads: Sequence[seccomp.Load], workload: Workload) -> dict[str, Any]:
    try:
        found = asked(loads, workload.action)
    except ValueError as error:
        return {"reason": "not-a-filter", "detail": str(error)}
    answer: dict[str, Any] = {
        "allowed": names(found.allowed),
        "filters": len(loads),
        "instructions": sum(len(load.program) for load in loads) // bpf.INSTRUCTION.size,
        "conditional": found.conditional,
        "hole": found.hole,
        "other": found.other,
    }
    if found.hole or found.other:
        return answer
    if broken := _replayed(loads, workload):
        return answer | {"broken": broken, "missed": _missed(found.allowed, workload)}
    return answer | _needs(found.allowed, workload)


def _replayed(loads: Sequence[seccomp.Load], workload: Workload) -> str:
    """How a replay went wrong; empty where none did."""
    for _ in range(REPLAYS):
        argv, output = workload.made_up()
        with closing(Launcher(argv, ENVIRONMENT)) as launcher:
            ran = launcher.replay(loads, _REPLAY_SECONDS)
        if ran.end is not End.ITSELF or ran.status or ran.output != output:
            return _told_of(ran)
    return ""


def _missed(allowed: frozenset[int], workload: Workload) -> str:
    """The call that the interpreter most likely wanted. One that is killed makes no other after it; one that is denied
    goes on for a while."""
    with closing(Oracle(workload.argv(), ENVIRONMENT, workload.action)) as oracle:
        trace = oracle.watch()
        if workload.action == seccomp.RET_KILL_PROCESS:
            return next((name(call) for call in trace.first if call not in allowed), "-")
        denied = [call for call in oracle.replay(allowed).last if call not in allowed]
        if alone := next((call for call in denied[:-_TRIED:-1] if oracle.works(allowed | {call})), None):
            return name(alone)
    unusual = (before for before, then in pairwise(denied) if then not in trace.first)
    return name(next(unusual, denied[-1])) if denied else "-"


def _needs(allowed: frozenset[int], workload: Workload) -> dict[str, Any]:
    """Which of the calls the interpreter never asks for, and one that it can do without: what it never asks for is
    tried first. Under KILL_PROCESS nothing that its first thread asks for need be tried (`search`)."""
    with closing(Oracle(workload.argv(), ENVIRONMENT, workload.action)) as oracle:
        trace = oracle.watch()
        made = {*trace.first, *oracle.replay(allowed).first, EXECVE}
        needed = {EXECVE, *(trace.alone if workload.action == seccomp.RET_KILL_PROCESS else ())}
        tried = sorted(allowed - needed, key=lambda call: (call in made, call))
        needless = next((call for call in tried if oracle.works(allowed - {call})), None)
    return {"unasked": names(allowed - made), "needless": "" if needless is None else name(needless)}


def _through(answers: Iterable[int]) -> bool:
    return any(answer & _ACTION_BITS in _THROUGH for answer in answers)


def _first_hole(answers: Sequence[frozenset[int]], table: str, base: int) -> str:
    return next((f"{table}: {index + base:#x}" for index, each in enumerate(answers) if _through(each)), "")


def _others(own: Sequence[frozenset[int]], action: int) -> Iterable[tuple[int, str]]:
    for call, answers in enumerate(own):
        for answer in sorted(answers):
            if answer & _ACTION_BITS != _ALLOW and shown(answer) != shown(action):
                yield call, shown(answer)


def shown(answer: int) -> str:
    """What a filter returned, as it is written: an action unknown to the kernel is KILL_PROCESS (seccomp(2))."""
    action, value = answer & _ACTION_BITS, answer & 0xFFFF
    if action == seccomp.RET_ERRNO:
        return f"ERRNO({errno.errorcode.get(value, value)})"
    return _THROUGH.get(action) or _DENIED.get(action) or "KILL_PROCESS"


def _told(captured: Captured) -> str:
    return name(int(captured.detail)) if captured.reason == "killed" else captured.detail[:200]


def _told_of(ran: Ran) -> str:
    if ran.failure:
        return f"execve: {os.strerror(ran.failure)}"
    if ran.end is not End.ITSELF:
        return f"{ran.end.value} ({_REPLAY_SECONDS:g} s)"
    return f"status {ran.status}" if ran.status >= 0 else f"signal {-ran.status}"
