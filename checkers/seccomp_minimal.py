"""The checks of the seccomp challenge: the fewest system calls that one interpreter needs.

A student's program loads an allow-list and becomes the interpreter. It is run where it would be at the prompt, and
what it hands to the kernel as filters is taken (`lablib.minimize.capture`). From there on nothing of the student's
runs: those programs are asked for their answer to every call there is, and the interpreter is started under them, from
the agent's own view of the machine, with something to do that nobody knew before. So a launcher that prints the
answer, another interpreter under the same name, or a filter for the one occasion, gain nothing.

How few there can be is found out by the same means (`lablib.minimize.search`), on this machine, and proved: no number
is written down here. All of it is done by processes beside the agent (`ctx.trials`), again when the file has changed.

Source of the rules they name: seccomp(2), execve(2), syscall(2).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from lablib.verdict import REGISTRY, Blocked, Context, Evidence, Failure, Told, check

MACHINE = "x86_64"
_LIST_LIMIT = 64 * 1024
_SHOWN = 12
"""Calls that are named where there may be hundreds."""


class Challenge(NamedTuple):
    """A task of this kind."""

    task: str
    workload: str
    """As `lablib.minimize.workload` calls it."""
    file: str
    """The program in `~/lab`; the list, for who starts with that, is called so with `.txt`."""
    default: str
    """How every other call must be answered."""


KILL = Challenge("seccomp/python-minimal-kill", "kill", "minimal-kill", "KILL_PROCESS")
ERRNO = Challenge("seccomp/python-minimal-errno", "errno", "minimal-errno", "ERRNO(ENOSYS)")
PLAIN = Challenge("seccomp/python-minimal-plain", "plain", "minimal-plain", "KILL_PROCESS")


def _register(challenge: Challenge) -> None:
    """The checks that all of them have: what must hold of any list, and what is worth something."""
    task = challenge.task
    REGISTRY.add_measure(task, _minimum(challenge))

    @check(task=task)
    def becomes_the_interpreter(ctx: Context) -> Evidence:
        """An allow-list is loaded, and the interpreter runs under it."""
        return _list(_tried(ctx, challenge), _source(ctx, challenge))

    @check(task=task)
    def answers_are_two(ctx: Context) -> Evidence:
        """A call is allowed or gets the default answer; other tables of calls are closed."""
        found = _understood(ctx, challenge)
        source = _source(ctx, challenge)
        if hole := found["hole"]:
            raise _failure("seccomp.other-table", challenge.default, hole, source, call=hole)
        if other := found["other"]:
            raise _failure("seccomp.third-answer", challenge.default, other, source, answer=other)
        return Evidence(source, f"{found['filters']} / {found['instructions']}")

    @check(task=task)
    def python_works_under_it(ctx: Context) -> Told:
        """Python does under it what it is told."""
        found = _closed(ctx, challenge)
        if broken := found.get("broken"):
            missed = found["missed"]
            raise _failure(
                "seccomp.python-broken", "status 0", broken, _source(ctx, challenge), call=missed, end=broken
            )
        return Told(count=len(found["allowed"]))

    @check(task=task, share=0.2)
    def a_program_loads_it(ctx: Context) -> None:
        """It is a program of yours that loads the list."""
        _working(ctx, challenge)
        if _program(ctx, challenge) is None:
            path = _path(ctx, challenge)
            raise _failure("seccomp.only-a-list", path, "-", f"{path}.txt", path=path)

    @check(task=task, share=0.5 if challenge is not ERRNO else 0.3)
    def none_can_be_left_out(ctx: Context) -> Told:
        """None of the calls can be left out."""
        found = _working(ctx, challenge)
        if needless := found["needless"]:
            raise _failure("seccomp.needless", "-", needless, _source(ctx, challenge), call=needless)
        return Told(tuple(f"seccomp.role.{call}" for call in found["allowed"]))


def _register_kill(challenge: Challenge) -> None:
    """Under KILL_PROCESS a list of which none can be left out is the smallest; half of the way is worth something."""

    @check(task=challenge.task, share=0.3)
    def at_most_twice_as_many(ctx: Context) -> None:
        """At most twice as many calls as it takes."""
        allowed, least = _working(ctx, challenge)["allowed"], _least(ctx, challenge)
        if len(allowed) > 2 * least:
            raise _too_many("seccomp.far-too-many", ctx, challenge, len(allowed), 2 * least)


def _register_errno(challenge: Challenge) -> None:
    """Where calls only fail, a list from which none can be left out need not be the smallest."""

    @check(task=challenge.task, share=0.2)
    def only_what_it_asks_for(ctx: Context) -> None:
        """Only calls that the interpreter asks for."""
        if unasked := _working(ctx, challenge)["unasked"]:
            shown = ", ".join(unasked[:_SHOWN])
            raise _failure("seccomp.never-asked", "-", shown, _source(ctx, challenge), calls=shown, count=len(unasked))

    @check(task=challenge.task, share=0.3)
    def as_few_as_there_can_be(ctx: Context) -> None:
        """As few as there can be."""
        allowed, least = _working(ctx, challenge)["allowed"], _least(ctx, challenge)
        if len(allowed) > least:
            raise _too_many("seccomp.more-than-least", ctx, challenge, len(allowed), least)


# What the checks share


def _minimum(challenge: Challenge) -> Mapping[str, Any]:
    return {"kind": "minimum", "workload": challenge.workload}


def _least(ctx: Context, challenge: Challenge) -> int:
    assert ctx.trials
    found = ctx.trials.found(_minimum(challenge))
    if found is None:
        raise Failure("seccomp.minimum-unknown", expected="", actual="")
    return int(found["count"])


def _path(ctx: Context, challenge: Challenge) -> str:
    return f"{ctx.work_folder}/{challenge.file}"


def _source(ctx: Context, challenge: Challenge) -> str:
    """The file that is judged."""
    path = _path(ctx, challenge)
    return path if _program(ctx, challenge) is not None else f"{path}.txt"


def _program(ctx: Context, challenge: Challenge) -> os.stat_result | None:
    try:
        return ctx.files.stat(_path(ctx, challenge))
    except OSError:
        return None


def _tried(ctx: Context, challenge: Challenge) -> Mapping[str, Any]:
    """What came of trying the file as it is now."""
    if ctx.trials is None:
        raise Blocked("seccomp.only-in-a-lab", expected="-", actual="-")
    if os.uname().machine != MACHINE:
        raise Blocked("seccomp.another-machine", expected=MACHINE, actual=os.uname().machine)
    found = ctx.trials.found(_order(ctx, challenge), instead_of=challenge.task)
    if found is None:
        raise Failure("seccomp.being-tried", expected="", actual="")
    return found


def _order(ctx: Context, challenge: Challenge) -> Mapping[str, Any]:
    path = _path(ctx, challenge)
    order = {"workload": challenge.workload}
    if (file := _program(ctx, challenge)) is not None:
        stamp = [file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns, file.st_ctime_ns, file.st_mode]
        return {**order, "kind": "program", "path": path, "stamp": stamp}
    try:
        return {**order, "kind": "list", "text": ctx.files.text(f"{path}.txt", _LIST_LIMIT)}
    except OSError as error:
        said = error.strerror or "-"
        raise _failure("seccomp.no-program", path, "-", path, said, path=path) from error


def _list(found: Mapping[str, Any], source: str) -> Evidence:
    if reason := found.get("reason"):
        raise _failure(f"seccomp.{_REASONS[reason]}", "-", found["detail"] or "-", source, detail=found["detail"])
    if "execve" not in found["allowed"]:
        raise _failure("seccomp.blocks-execve", "execve", "-", source, detail="execve")
    allowed = found["allowed"]
    shown = ", ".join(allowed) if len(allowed) < 100 else f"{', '.join(allowed[:_SHOWN])}, …"
    sometimes = ", ".join(found["conditional"][:_SHOWN])
    return Evidence(source, f"{len(allowed)}: {shown}" + (f"\n({sometimes})" if sometimes else ""))


_REASONS = {
    "no-program": "cannot-be-started", "hangs": "launcher-hangs", "forks": "launcher-forks", "no-filter": "no-filter",
    "not-executed": "never-executes", "unfiltered": "python-unfiltered", "denied": "blocks-execve",
    "killed": "killed-on-the-way", "other-program": "another-interpreter", "other-arguments": "other-arguments",
    "unseen": "unseen-filter", "not-a-filter": "not-understood", "unknown-call": "unknown-call",
}  # fmt: skip
"""The sentence for each reason of `lablib.minimize.capture` and `examine`."""


def _understood(ctx: Context, challenge: Challenge) -> Mapping[str, Any]:
    """The same, of a list that could be read; what is wrong with another one is told by the check for that."""
    found = _tried(ctx, challenge)
    if found.get("reason") or "execve" not in found["allowed"]:
        raise Failure("seccomp.first-the-list", expected="", actual="")
    return found


def _closed(ctx: Context, challenge: Challenge) -> Mapping[str, Any]:
    found = _understood(ctx, challenge)
    if found["hole"] or found["other"]:
        raise Failure("seccomp.first-the-list", expected="", actual="")
    return found


def _working(ctx: Context, challenge: Challenge) -> Mapping[str, Any]:
    found = _closed(ctx, challenge)
    if found.get("broken"):
        raise Failure("seccomp.first-the-list", expected="", actual="")
    return found


def _too_many(key: str, ctx: Context, challenge: Challenge, count: int, most: int) -> Failure:
    return _failure(key, str(most), str(count), _source(ctx, challenge), count=count)


def _failure(key: str, expected: str, actual: str, source: str, said: str = "", **params: str | int) -> Failure:
    return Failure(key, expected=expected, actual=actual, evidence=[Evidence(source, said or actual)], **params)


for _each in (KILL, ERRNO, PLAIN):
    _register(_each)
    (_register_errno if _each is ERRNO else _register_kill)(_each)
