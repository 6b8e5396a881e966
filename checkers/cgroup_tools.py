"""The check of the cgroups chapter on what the cg* tools of libcgroup do: answers, compared with a trace of those very
tools that the scene took on this machine. What they do differs from version to version, so nothing is known beforehand.

Source: strace(1), whose options `-f -y` the scene uses; openat(2), mkdir(2), rmdir(2), write(2).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lablib.kernel.cgroup2 import MOUNT_POINT
from lablib.verdict import Blocked, Context, Evidence, Failure, check, remember

TOOLS = ("cgcreate", "cgset", "cgexec", "cgdelete")
CALLS = ("mkdir", "open", "write", "rmdir")
ANSWERS = "traced"
_TRACES = "/run/labs-traced"
_SCENE_CGROUP = f"{MOUNT_POINT}/traced-by-scene"
_STUDENT_CGROUP = f"{MOUNT_POINT}/traced"
_MAX_ANSWERS = 16 * 1024

_CALL = re.compile(r"^(?:\[?(?:pid +)?[0-9]+\]? +)?(?P<name>[a-z0-9]+)\((?P<arguments>.*)\) += (?P<returned>[0-9]+)")
"""A line of strace's about a call that succeeded."""
_PATH = re.compile(r'^(?:AT_FDCWD(?:<[^>]*>)?, )?"(?P<path>/[^"]*)"(?P<rest>.*)')
_DESCRIPTOR = re.compile(r"^[0-9]+<(?P<path>/[^>]*)>")
_FOR_WRITING = re.compile(r"O_WRONLY|O_RDWR")


@remember(task="cgroups/traced")
def what_the_tools_do(ctx: Context) -> Mapping[str, Any]:
    """By tool, each call and its path. Raises OSError when the scene left no trace, LookupError for one of nothing."""
    found = {tool: [list(did) for did in traced(ctx.files.text(f"{_TRACES}/{tool}"))] for tool in TOOLS}
    if not all(found.values()):
        raise LookupError("a trace without any call on a cgroup")
    return {"traces": found}


@check(task="cgroups/traced")
def cgcreate_is_told(ctx: Context) -> Evidence:
    """What cgcreate makes, opens and writes."""
    return _told(ctx, "cgcreate")


@check(task="cgroups/traced")
def cgset_is_told(ctx: Context) -> Evidence:
    """What cgset opens and writes."""
    return _told(ctx, "cgset")


@check(task="cgroups/traced")
def cgexec_is_told(ctx: Context) -> Evidence:
    """What cgexec opens and writes."""
    return _told(ctx, "cgexec")


@check(task="cgroups/traced")
def cgdelete_is_told(ctx: Context) -> Evidence:
    """What cgdelete opens and removes."""
    return _told(ctx, "cgdelete")


def traced(text: str) -> list[tuple[str, str]]:
    """What a trace tells of changes below /sys/fs/cgroup: a call of `CALLS` and its path, each once, in order. An open
    counts that is for writing: reading changes nothing."""
    return list(dict.fromkeys(did for line in text.splitlines() if (did := _call(line))))


def _call(line: str) -> tuple[str, str] | None:
    found = _CALL.match(line)
    if not found:
        return None
    name, arguments = found["name"], found["arguments"]
    target = (_DESCRIPTOR if name == "write" else _PATH).match(arguments)
    if not target:
        return None
    kind = _kind(name, arguments)
    path = posixpath.normpath(target["path"])
    if kind not in CALLS or not path.startswith(f"{MOUNT_POINT}/"):
        return None
    return kind, re.sub(rf"^{_SCENE_CGROUP}(?=/|$)", _STUDENT_CGROUP, path)


def _kind(name: str, arguments: str) -> str:
    """The call by the name that the task gives it: of several that do the same, the one without `at`."""
    if name in ("open", "openat"):
        return "open" if _FOR_WRITING.search(arguments) else "read"
    if name == "unlinkat":
        return "rmdir" if "AT_REMOVEDIR" in arguments else "unlink"
    return {"creat": "open", "mkdirat": "mkdir"}.get(name, name)


def _told(ctx: Context, tool: str) -> Evidence:
    """That the answers about `tool` are what its trace tells, no less and no more."""
    traces = ctx.remembered.get("traces")
    if traces is None:
        raise Blocked("cgroups.no-trace", expected=_TRACES, actual="-")
    expected = {(call, path) for call, path in traces[tool]}
    answers = [(call, path) for of, call, path in _answers(ctx) if of == tool]
    evidence = [Evidence(f"~/lab/{ANSWERS}", "\n".join(f"{tool} {call} {path}" for call, path in answers) or "-")]
    for call, path in answers:
        if (call, path) not in expected:
            raise Failure(
                "cgroups.answer-wrong",
                expected=f"{len(expected)}",
                actual=f"{tool} {call} {path}",
                evidence=evidence,
                tool=tool,
                call=call,
                path=path,
            )
    if missing := sorted(expected - set(answers)):
        raise Failure(
            "cgroups.answer-missing",
            expected=f"{len(expected)}",
            actual=f"{len(set(answers))}",
            evidence=evidence,
            tool=tool,
            call=missing[0][0],
            number=len(missing),
        )
    return evidence[0]


def _answers(ctx: Context) -> Iterable[tuple[str, str, str]]:
    path = f"{ctx.work_folder}/{ANSWERS}"
    try:
        text = ctx.files.text(path, _MAX_ANSWERS)
    except OSError as error:
        evidence = [Evidence(path, error.strerror or "-")]
        raise Failure("cgroups.no-answers", expected=path, actual="-", evidence=evidence, path=path) from None
    return list(_parsed(text))


def _parsed(text: str) -> Iterator[tuple[str, str, str]]:
    for line in text.splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 3 or words[0] not in TOOLS or words[1] not in CALLS or not words[2].startswith("/"):
            raise Failure(
                "cgroups.answer-form",
                expected="TOOL CALL PATH",
                actual=line[:200],
                evidence=[Evidence(f"~/lab/{ANSWERS}", line[:200])],
                line=line[:200],
            )
        yield words[0], words[1], posixpath.normpath(words[2])
