"""What checks want tried out and takes longer than a shell may wait: each order is a process of its own (`prover.py`),
which is heard when it is done. Nothing of the agent's is in it: it is started by posix_spawn(3), which copies no
memory."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from selectors import EVENT_READ
from typing import Any, Protocol

from lablib.machine.agent.lab import Lab

SECONDS = 100.0
MINIMUM_SECONDS = 1800.0
"""The search for a minimum, which may wait for everything else."""
MAX_ANSWER = 1 << 20


class _Listens(Protocol):
    def __call__(self, ready: Callable[[int, int], None], descriptor: int, events: int) -> None: ...


class Trials:
    """The orders, and what came of them. `done` is called whenever one is over."""

    def __init__(self, lab: Lab, listen: _Listens, done: Callable[[], None]) -> None:
        self._lab = lab
        self._listen = listen
        self._done = done
        self._trials: dict[str, _Trial] = {}

    @property
    def running(self) -> bool:
        return any(trial.answer is None for trial in self._trials.values())

    def found(self, order: Mapping[str, Any], instead_of: str = "") -> Mapping[str, Any] | None:
        """See `verdict.Trials`."""
        name = instead_of or _name(order)
        trial = self._trials.get(name)
        if trial is None or trial.order != order:
            if trial is not None:
                self._give_up(trial)
            trial = self._trials[name] = self._start(order)
        elif trial.answer is not None and "fault" in trial.answer and not trial.is_second:
            trial = self._trials[name] = self._start(order)  # what failed for our fault is tried once more
            trial.is_second = True
        if trial.answer is None and time.monotonic() > trial.until:
            self._give_up(trial)
            trial.answer = {"fault": "it took too long"}
        if trial.answer is not None and "fault" in trial.answer:
            raise RuntimeError(trial.answer["fault"])
        return trial.answer

    def know(self, order: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """What came of `order` elsewhere, on a machine like this one."""
        self._trials[_name(order)] = _Trial(order, -1, -1, 0.0, answer)

    def _start(self, order: Mapping[str, Any]) -> _Trial:
        given = {**order, "jail": self._lab.jail}
        source = os.memfd_create("order", os.MFD_CLOEXEC)
        os.write(source, json.dumps(given).encode())
        os.lseek(source, 0, os.SEEK_SET)
        output, end = os.pipe2(os.O_CLOEXEC)
        try:
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-IS", sys.argv[0], "prover"],
                {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"},
                file_actions=[(os.POSIX_SPAWN_DUP2, source, 0), (os.POSIX_SPAWN_DUP2, end, 1)],
            )
        finally:
            os.close(source)
            os.close(end)
        seconds = MINIMUM_SECONDS if order["kind"] == "minimum" else SECONDS
        trial = _Trial(order, pid, output, time.monotonic() + seconds)
        self._listen(lambda *_: self._read(trial), output, EVENT_READ)
        return trial

    def _read(self, trial: _Trial) -> None:
        data = os.read(trial.output, 1 << 16)
        trial.said += data
        if data and len(trial.said) <= MAX_ANSWER:
            return
        self._give_up(trial)
        try:
            trial.answer = json.loads(trial.said)
        except ValueError:
            trial.answer = {"fault": f"the prover ended with {trial.status}"}
        self._done()

    def _give_up(self, trial: _Trial) -> None:
        if trial.output < 0:
            return
        self._listen(lambda *_: None, trial.output, 0)
        os.close(trial.output)
        trial.output = -1
        if trial.answer is None and not _has_ended(trial.pid):
            os.kill(trial.pid, signal.SIGKILL)
        trial.status = os.waitstatus_to_exitcode(os.waitpid(trial.pid, 0)[1])


class _Trial:
    def __init__(
        self, order: Mapping[str, Any], pid: int, output: int, until: float, answer: Mapping[str, Any] | None = None
    ) -> None:
        self.order = order
        self.pid = pid
        self.output = output
        self.until = until
        self.answer = answer
        self.said = b""
        self.status = 0
        self.is_second = False


def _name(order: Mapping[str, Any]) -> str:
    return json.dumps(order, sort_keys=True)


def _has_ended(pid: int) -> bool:
    """Or is about to: it has closed its output, which is the last it does."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
