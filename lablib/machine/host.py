"""This host as a lab: its own kernel, a subtree of its cgroups, and everything taken away at the end. For root, on a
host with cgroup v2."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

from lablib.errors import MachineError
from lablib.kernel.cgroup2 import find_cgroup2
from lablib.machine.agent.subtree import kill_subtree, left_behind
from lablib.machine.base import Capabilities
from lablib.machine.bundle import bundle
from lablib.machine.code import START, put_code
from lablib.machine.kernels import find_python
from lablib.machine.link import Link
from lablib.machine.room import run_folder
from lablib.machine.served import ServedMachine, capabilities

_START_SECONDS = 20.0
_END_SECONDS = 20.0


class HostMachine(ServedMachine):
    """The agent runs as root beside us, and ends when we do. `work` is the folder that is its `~/lab`, and stays;
    without one it is made for this machine and goes with it."""

    kind = "host"

    def __init__(self, *, work: Path | None = None) -> None:
        super().__init__()
        self._work = work
        self._agent: subprocess.Popen[bytes] | None = None
        self._undo = ExitStack()

    def identity(self) -> bytes:
        here = os.uname()
        return f"{here.machine} {here.release} {here.version}".encode()

    def _launch(self) -> tuple[Link, Capabilities]:
        if os.geteuid() != 0:
            raise MachineError("host-needs-root")
        root = find_cgroup2()
        if root is None or "memory" not in (root / "cgroup.controllers").read_text().split():
            raise MachineError("host-no-cgroup2")
        run = run_folder()
        self._undo.callback(shutil.rmtree, run, ignore_errors=True)
        work_folder = self._work or run / "lab"
        try:
            work_folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise MachineError("host-start", reason=str(error)) from error
        python = find_python()
        put_code(run / "code", "host", bundle(python))
        line, theirs = socket.socketpair()
        with theirs:
            command = [str(python), "-IS", str(run / "code" / START), str(theirs.fileno()), str(work_folder)]
            self._agent = subprocess.Popen(
                [*_delegated(), *command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        link = Link(line)
        try:
            hello = link.hello(_START_SECONDS)
        except TimeoutError:
            hello = None
        if hello is None:
            link.close()
            raise MachineError("host-start", reason=self._last_words())
        return link, capabilities(self.kind, hello, str(work_folder))

    def _take_down(self) -> None:
        """The agent's line has ended, so it is taking its cgroups away; wait for that."""
        if self._agent is not None:
            try:
                self._agent.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._agent.kill()
                self._agent.wait()
            if self._agent.stderr:
                self._agent.stderr.close()
        self._undo.close()
        sweep_cgroups()

    def _last_words(self) -> str:
        if self._agent is None or self._agent.stderr is None:
            return ""
        self._agent.kill()
        lines = self._agent.stderr.read(4096).decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else ""


def sweep_cgroups() -> list[str]:
    """Takes away the cgroups of agents that were killed; says which. Nothing where we may not."""
    root: Path | None = find_cgroup2() if os.geteuid() == 0 else None
    taken = []
    for subtree in left_behind(root) if root else []:
        kill_subtree(subtree)
        taken.append(str(subtree))
    return taken


def _delegated() -> list[str]:
    """On a host run by systemd, a scope of our own in which it leaves the cgroups to us (Delegate= in
    systemd.resource-control(5))."""
    if os.path.exists("/run/systemd/system") and (program := shutil.which("systemd-run")):
        return [program, "--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--"]
    return []
