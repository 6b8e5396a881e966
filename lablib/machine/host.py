"""This host as a lab: its own kernel, a subtree of its cgroups, a copy-on-write view of its files, and everything taken
away at the end. For root, who may become root by sudo(8), or who has a systemd that delegates cgroups, on a host with
cgroup v2."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

from lablib.errors import MachineError
from lablib.kernel.cgroup2 import find_cgroup2
from lablib.machine.agent.subtree import SYSTEMD
from lablib.machine.agent.world import WORK_FOLDER
from lablib.machine.base import Capabilities
from lablib.machine.bundle import bundle
from lablib.machine.code import START, put_code
from lablib.machine.kernels import find_python
from lablib.machine.link import Link
from lablib.machine.room import run_folder
from lablib.machine.rootless import command, environment, hindrance
from lablib.machine.served import ServedMachine, capabilities

_START_SECONDS = 20.0
_END_SECONDS = 30.0


class HostMachine(ServedMachine):
    """The agent runs beside us, and ends when we do; its warden clears up (`agent/host.py`). `work` is the folder that
    is its `~/lab`, and stays; without one that goes with the machine. `sudo` is for who is not root, and asks for no
    password any more (`sudo --validate`); who is not root and has it not gets a lab in a user namespace."""

    kind = "host"

    def __init__(self, *, work: Path | None = None, sudo: bool = False) -> None:
        super().__init__()
        self._work = work
        self._sudo = sudo
        self._run: Path | None = None
        self._warden: subprocess.Popen[bytes] | None = None

    def identity(self) -> bytes:
        here = os.uname()
        return f"{here.machine} {here.release} {here.version}".encode()

    def _launch(self) -> tuple[Link, Capabilities]:
        if not has_memory_controller():
            raise MachineError("host-no-cgroup2")
        rootless = os.geteuid() != 0 and not self._sudo
        if rootless and (problem := hindrance(os.geteuid())):
            raise problem
        if self._work is not None:
            try:
                self._work.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                raise MachineError("host-start", reason=str(error)) from error
        python = find_python()
        self._run = run_folder()
        put_code(self._run / "code", "host", bundle(python))
        line, theirs = socket.socketpair()
        with theirs:
            begin = command() if rootless else [*_as_root(), *_delegated()]
            self._warden = subprocess.Popen(
                [*begin, str(python), "-IS", str(self._run / "code" / START), str(self._work or "")],
                env=environment() if rootless else None,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                process_group=0,  # Ctrl-C is not for the lab; in another session sudo would know us no more
            )
        link = Link(line)
        try:
            hello = link.hello(_START_SECONDS)
        except TimeoutError:
            hello = None
        if hello is None:
            link.close()
            raise MachineError("host-start", reason=self._last_words())
        shutil.rmtree(self._run, ignore_errors=True)  # the agent has what it needs
        return link, capabilities(self.kind, hello, WORK_FOLDER)

    def _take_down(self) -> None:
        """The agent's line has ended, so the warden is taking everything away; wait for that."""
        if self._warden is not None:
            try:
                self._warden.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                self._warden.kill()
                self._warden.wait()
            if self._warden.stderr:
                self._warden.stderr.close()
        if self._run is not None:
            shutil.rmtree(self._run, ignore_errors=True)

    def _last_words(self) -> str:
        if self._warden is None:
            return ""
        try:
            _, said = self._warden.communicate(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._warden.kill()
            _, said = self._warden.communicate()
        lines = said.decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else ""


def has_memory_controller() -> bool:
    """Whether labs can be here: cgroup v2 with what no lesson on it does without."""
    root = find_cgroup2()
    return root is not None and "memory" in (root / "cgroup.controllers").read_text().split()


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "--non-interactive", "--"]


def _delegated() -> list[str]:
    """On a host run by systemd, a scope of our own in which it leaves the cgroups to us (Delegate= in
    systemd.resource-control(5))."""
    if os.path.exists(f"/{SYSTEMD}") and (program := shutil.which("systemd-run")):
        return [program, "--scope", "--quiet", "--collect", "-p", "Delegate=yes", "--"]
    return []
