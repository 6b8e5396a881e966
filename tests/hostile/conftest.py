"""Hostile cohorts, graded by the command itself, with an honest student among them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest

from lablib.kernel.procfs import ProcFS
from lablib.machine.room import OWNER, PREFIX, candidates, identity
from tests.cli.cohorts import SOLUTION, hand_in, results
from tests.cli.conftest import PROJECT
from tests.hostile import handed_in, in_the_guest
from tests.hostile.attack import HONEST, SECRET, Attack, Place

GROUPS: dict[str, tuple[Attack, ...]] = {
    "forgeries": in_the_guest.FORGERIES,
    "agent": in_the_guest.AGENT,
    "endings": in_the_guest.ENDINGS,
    "the-host": in_the_guest.THE_HOST,
    "bombs": in_the_guest.BOMBS,
    "staying": (*in_the_guest.STAYING, *in_the_guest.READERS),
    "handed-in": handed_in.ATTACKS,
}
SCRIPT_SECONDS = 5
GROUP_SECONDS = 280.0
"""In which the worst group must be graded on a machine with other work to do."""


@dataclass(frozen=True)
class Graded:
    """What a cohort left: its results, and this machine before and after."""

    submissions: dict[str, dict[str, Any]]
    out: Path
    place: Place
    before: frozenset[str]
    after: frozenset[str]
    target: tuple[bytes, os.stat_result]
    connections: list[bytes]
    printed: str

    def verdict(self, submission: str) -> str:
        """Of the one task or question that it has marks for; empty where it has none."""
        return next((task["verdict"] for task in self.submissions[submission]["tasks"]), "")


@pytest.fixture(scope="session")
def graded(guests_boot: None, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Graded]:
    """Grades a group of attacks, once."""
    return cache(lambda group: _grade(GROUPS[group], tmp_path_factory.mktemp(group)))


def _grade(attacks: tuple[Attack, ...], folder: Path) -> Graded:
    with _listening() as (port, connections):
        place = _place(folder, port)
        hand_in(place.submissions, HONEST, SOLUTION)
        for attack in attacks:
            attack.make(attack.name, place)
        mark = f"{SECRET} {folder}"
        before = _this_machine(mark)
        status = place.target.stat()
        command = [sys.executable, str(PROJECT / "labs/__main__.py"), "grade", str(place.submissions)]
        options = ["--out", str(folder / "out"), "--jobs", "2", "--timeout", str(SCRIPT_SECONDS), "--lang", "en"]
        environment = os.environ | {"LABS_TEST_SECRET": mark}
        ran = subprocess.run(
            [*command, *options], env=environment, capture_output=True, timeout=GROUP_SECONDS, cwd=folder
        )
        assert ran.returncode == 0, ran.stderr.decode()
        printed = ran.stdout.decode()
    found = results(folder / "out")
    return Graded(
        found,
        folder / "out",
        place,
        before,
        _settled(before, mark),
        (place.target.read_bytes(), status),
        connections,
        printed,
    )


def _place(folder: Path, port: int) -> Place:
    secret, target = folder / "secret", folder / "target"
    secret.write_text(SECRET)
    target.write_text("as it was")
    for file in (secret, target):
        file.chmod(0o666)  # nothing but the guest's cell keeps it
    folder.chmod(0o777)
    submissions = folder / "submissions"
    submissions.mkdir()
    return Place(secret, target, submissions, port)


@contextmanager
def _listening() -> Iterator[tuple[int, list[bytes]]]:
    """A server of the grader's on 127.0.0.1: its port, and what was said to it."""
    heard: list[bytes] = []

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            heard.append(self.request.recv(100))

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], heard
        server.shutdown()


def _this_machine(mark: str) -> frozenset[str]:
    """Processes with `mark` in their environment, folders of guests whose owner is gone, and mounts."""
    proc = ProcFS()
    running = {f"process {pid} {proc.comm(pid)}" for pid in proc.pids() if _has(pid, mark)}
    folders = {str(folder) for parent in set(candidates()) for folder in parent.glob(f"{PREFIX}*") if _is_left(folder)}
    return frozenset(running | folders | {f"mount {mount.point}" for mount in proc.mounts(os.getpid())})


def _is_left(folder: Path) -> bool:
    try:
        owner = (folder / OWNER).read_text("ascii")
        return owner != identity(int(owner.split()[0]))
    except OSError:
        return folder.exists() and (folder / OWNER).exists()  # else it is just being made, or taken away
    except (ValueError, IndexError):
        return True


def _has(pid: int, mark: str) -> bool:
    """Whether a process was started with `mark` in its environment, as workers and keepers are."""
    try:
        return mark.encode() in Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False


def _settled(before: frozenset[str], mark: str, seconds: float = 20.0) -> frozenset[str]:
    """This machine once it is as before, or else after a while."""
    end = time.monotonic() + seconds
    while not (after := _this_machine(mark)) <= before and time.monotonic() < end:
        time.sleep(0.1)
    return after
