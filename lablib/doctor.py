"""What this machine offers for the labs, and for everything missing the remedy."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from lablib.errors import MachineError
from lablib.i18n import Catalogue
from lablib.kernel import landlock, tried
from lablib.kernel.cgroup2 import find_cgroup2
from lablib.kernel.user_namespace import lacking_for_ids
from lablib.machine import rootless
from lablib.machine.agent.subtree import SYSTEMD
from lablib.machine.choose import is_container
from lablib.machine.host import has_memory_controller
from lablib.machine.kept import MEMORY
from lablib.machine.kernels import find_python
from lablib.machine.probing import best
from lablib.machine.qemu import choosing as qemu
from lablib.machine.qemu import kvm
from lablib.machine.qemu.emulator import KVM, emulator
from lablib.machine.qemu.images import best_image
from lablib.machine.room import memory_folder
from lablib.packages import BASE, base_packages, installing, missing_build_packages, missing_packages

SCREEN_MODULES = ("textual", "rich", "pyghostty", "markdown_it")
OLDEST_PYTHON = (3, 11)


class State(StrEnum):
    OK = "ok"
    NOTE = "note"
    """Guests do without it; labs on this machine itself (`--on host`) or some tool do not."""
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Finding:
    """What one probe found: `key` and `remedy` name sentences of the catalogue, which `params` fill."""

    id: str
    state: State
    key: str
    params: Mapping[str, str] = field(default_factory=dict)
    remedy: str = ""
    chapters: tuple[str, ...] = ()
    """Those that it touches; none where nothing is wrong."""
    fix: tuple[tuple[str, ...], ...] = ()
    """The remedy as commands for root; none where it takes a human."""

    def text(self, words: Catalogue) -> str:
        return words.text(self.key, **self.params)

    def remedy_text(self, words: Catalogue) -> str:
        return words.text(self.remedy, **self.params) if self.remedy else ""

    def as_json(self, words: Catalogue) -> dict[str, object]:
        return {
            "id": self.id,
            "state": str(self.state),
            "text": self.text(words),
            "remedy": self.remedy_text(words),
            "chapters": list(self.chapters),
            "fix": [shlex.join(command) for command in self.fix],
        }


def examine(chapters: Mapping[str, Sequence[str]], root: Path = Path("/")) -> list[Finding]:
    """Looks at everything. `chapters` is the packages of each chapter; below `root` lie proc and dev. Nothing is
    changed, and no probe needs privilege."""
    student = _student()
    everywhere = [
        *guests_findings(_kernel(), str(root / "dev/kvm")),
        _python(),
        _room(),
        seccomp_finding(tried.seccomp_filter(), _read(root / "proc/sys/kernel/seccomp/actions_avail")),
        landlock_finding(landlock.abi()),
        ptrace_finding(_read(root / "proc/sys/kernel/yama/ptrace_scope")),
        cgroup_finding(_read(root / "proc/self/mounts")),
        host_finding(root),
        delegation_finding(*student, root),
        user_namespace_finding(tried.user_namespace(), root),
        ids_finding(*student),
        overlay_finding(tried.overlay()),
        screen_finding(SCREEN_MODULES),
        build_finding(),
        *packages_findings({BASE: base_packages(os.uname().machine)}),
    ]
    of_one = [libseccomp_finding(), *packages_findings(chapters)]
    touched = [one if one.state is State.OK else replace(one, chapters=tuple(chapters)) for one in everywhere]
    return [*touched, *of_one]


def worst(findings: Iterable[Finding]) -> State:
    states = {finding.state for finding in findings}
    return next((state for state in (State.FAIL, State.WARN) if state in states), State.OK)


def _kernel() -> Finding:
    try:
        kernel, probe = best()
    except MachineError as error:
        return _error("kernel", error)
    if not probe.boots:
        return _bad("kernel", State.FAIL, "kernel-dead", path=kernel.program, said=probe.said or "…")
    return _ok("kernel", path=kernel.program, release=probe.release)


def guests_findings(kernel: Finding, kvm_device: str = KVM) -> Iterator[Finding]:
    """`kernel`, which is what was found of User-Mode Linux; whether guests can be in QEMU, which is needed only where
    that does not boot; and KVM, which never is."""
    needed, state = kernel.state is State.FAIL, kvm.look(kvm_device)
    in_qemu = _lacking_for_qemu()
    if in_qemu is None:
        try:
            used, image = qemu.best()
            in_qemu = _ok("qemu", release=image.release, program=used.program)
            if state is kvm.Kvm.UNTRIED:
                state = kvm.Kvm.ANSWERS if used.kvm else kvm.Kvm.SILENT
        except MachineError as error:
            in_qemu = replace(_error("qemu", error), state=State.NOTE)
    yield replace(kernel, state=State.WARN) if needed and in_qemu.state is State.OK else kernel
    yield in_qemu if needed else replace(in_qemu, fix=())
    yield kvm_finding(state)


def _lacking_for_qemu() -> Finding | None:
    """What is not installed of what guests in QEMU need."""
    packages = []
    for look in (emulator, best_image):
        try:
            look()
        except MachineError as error:
            if "package" not in error.params:
                return replace(_error("qemu", error), state=State.NOTE)
            packages.append(error.params["package"])
    if not packages:
        return None
    found = _bad("qemu", State.NOTE, "qemu-missing", packages=" ".join(packages))
    return replace(found, fix=installing(packages))


def kvm_finding(state: kvm.Kvm) -> Finding:
    return _ok("kvm", f"kvm-{state}")


def _python() -> Finding:
    try:
        path = find_python()
    except MachineError as error:
        return _error("python", error)
    asked = [str(path), "-IS", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]
    version = subprocess.run(asked, capture_output=True, text=True, timeout=20).stdout.strip()
    params = {"path": str(path), "version": version or "?"}
    if not version or tuple(map(int, version.split(".")[:2])) < OLDEST_PYTHON:
        return _bad("python", State.FAIL, "python-old", **params)
    return _ok("python", **params)


def _room() -> Finding:
    try:
        return _ok("room", folder=memory_folder(MEMORY))
    except MachineError as error:
        return _error("room", error)


def landlock_finding(abi: int) -> Finding:
    """Before ABI 3 Landlock lets a confined process truncate files; seccomp refuses that then."""
    if abi == 0:
        return _bad("landlock", State.WARN, "landlock-none")
    return _ok("landlock", "landlock-old" if abi < 3 else "landlock", abi=abi)


def seccomp_finding(refused: str, actions: str) -> Finding:
    """`refused` is the errno's name that loading a filter fails with; `actions` is actions_avail of seccomp(2)."""
    if refused:
        return _bad("seccomp", State.FAIL, "seccomp-none", said=refused)
    missing = [action for action in ("errno", "kill_process", "user_notif") if action not in actions.split()]
    if missing:
        return _bad("seccomp", State.NOTE, "seccomp-actions", actions=" ".join(missing))
    return _ok("seccomp")


def libseccomp_finding() -> Finding:
    try:
        ctypes.CDLL("libseccomp.so.2")
    except OSError:
        found = _bad("libseccomp", State.WARN, "libseccomp-none")
        return replace(found, chapters=("seccomp",), fix=installing(["libseccomp2"]))
    return _ok("libseccomp")


def host_finding(root: Path) -> Finding:
    """Whether labs can be on this machine itself."""
    if is_container(root):
        return _bad("host", State.NOTE, "host-container")
    if not has_memory_controller():
        return _bad("host", State.NOTE, "host-no-memory")
    if os.geteuid() != 0 and not shutil.which("sudo"):
        hindered = rootless.hindrance(os.geteuid(), root)
        return _bad("host", State.NOTE, "host-no-root") if hindered else _ok("host", "host-rootless")
    systemd = (root / SYSTEMD).is_dir()
    return _ok("host", "host-systemd" if systemd else "host")


DROP_IN = "/etc/systemd/system/user@.service.d/container-labs.conf"
DELEGATE = "[Service]\nDelegate=cpu cpuset io memory pids\n"


def delegation_finding(uid: int, user: str, root: Path = Path("/")) -> Finding:
    """Which controllers labs on this machine itself have: root's all, anybody else's what their systemd was given."""
    hierarchy = find_cgroup2()
    if uid == 0:
        there = _read(hierarchy / "cgroup.controllers") if hierarchy else ""
        return _ok("delegation", controllers=there or "-")
    given = rootless.delegated(uid)
    params = {"uid": str(uid), "user": user, "controllers": " ".join(given) or "-", "file": DROP_IN}
    hindered = rootless.hindrance(uid, root)
    match hindered and hindered.key:
        case "host-no-user-systemd":
            found = _bad("delegation", State.NOTE, "delegation-no-user-systemd", **params)
            return replace(found, fix=(("loginctl", "enable-linger", user),)) if (root / SYSTEMD).is_dir() else found
        case "host-not-delegated":
            written = ("sh", "-c", f"printf '{DELEGATE}' > {DROP_IN}".replace("\n", "\\n"))
            fix = (("mkdir", "-p", str(Path(DROP_IN).parent)), written, ("systemctl", "daemon-reload"))
            return replace(_bad("delegation", State.NOTE, "delegation-not-delegated", **params), fix=fix)
    return _ok("delegation", **params)


def _student() -> tuple[int, str]:
    """Who would do the labs: whoever became root by sudo(8) did so for this."""
    uid, by_sudo = os.geteuid(), os.environ.get("SUDO_UID", "")
    if uid == 0 and by_sudo.isdecimal():
        uid = int(by_sudo)
    try:
        return uid, pwd.getpwuid(uid).pw_name
    except KeyError:
        return uid, str(uid)


APPARMOR = "kernel/apparmor_restrict_unprivileged_userns"
SWITCHES = {
    APPARMOR: ("1", "0"),
    "kernel/unprivileged_userns_clone": ("0", "1"),
    "user/max_user_namespaces": ("0", "15000"),
}
"""What forbids user namespaces: the file of /proc/sys, what it says then, and what it should. The first is Ubuntu's,
the second Debian's of old; the third is in namespaces(7)."""


def user_namespace_finding(refused: str, root: Path) -> Finding:
    """`refused` is the errno's name that making one fails with. Root is refused less than a student would be, so the
    switches are read as well."""
    off = {name: on for name, (bad, on) in SWITCHES.items() if _read(root / "proc/sys" / name) == bad}
    if not refused and not off:
        return _ok("userns")
    if not off:
        return _bad("userns", State.NOTE, "userns-refused", said=refused)
    key = "userns-apparmor" if list(off) == [APPARMOR] else "userns-off"
    settings = [f"{name.replace('/', '.')}={on}" for name, on in off.items()]
    found = _bad("userns", State.NOTE, key, settings=" ".join(settings))
    return replace(found, fix=tuple(("sysctl", "-w", setting) for setting in settings))


SUBORDINATE = "100000-165535"
"""The ids that useradd(8) gives the first user: login.defs(5), SUB_UID_MIN and SUB_UID_COUNT."""


def ids_finding(uid: int, user: str) -> Finding:
    """Whether there are other users in a user namespace of this one's. Root needs none."""
    lacking = lacking_for_ids(uid) if uid != 0 else []
    if not lacking:
        return _ok("ids")
    found = _bad("ids", State.NOTE, "ids-one", lacking=" ".join(lacking), user=user, ids=SUBORDINATE)
    fix = installing(["uidmap"]) if any(name.startswith("new") for name in lacking) else ()
    if any(name.startswith("/") for name in lacking):
        fix += (("usermod", "--add-subuids", SUBORDINATE, "--add-subgids", SUBORDINATE, user),)
    return replace(found, fix=fix)


def overlay_finding(refused: str) -> Finding:
    if not refused:
        return _ok("overlay")
    found = _bad("overlay", State.NOTE, "overlay-none", said=refused)
    return replace(found, fix=(("modprobe", "overlay"),)) if refused == "ENODEV" else found


def ptrace_finding(scope: str) -> Finding:
    """`scope` is Yama's ptrace_scope, empty without Yama. Only 3 refuses a process its own children; 2 asks for
    CAP_SYS_PTRACE. Source: Documentation/admin-guide/LSM/Yama.rst."""
    refused = scope == "3" or (scope == "2" and os.geteuid() != 0)
    if not refused:
        return _ok("ptrace")
    found = _bad("ptrace", State.FAIL, "ptrace-off", scope=scope)
    return replace(found, fix=(("sysctl", "-w", "kernel.yama.ptrace_scope=1"),)) if scope == "2" else found


def cgroup_finding(mounts: str) -> Finding:
    """`mounts` is /proc/self/mounts. Source: cgroups(7)."""
    types = {line.split(" ")[2] for line in mounts.splitlines() if line.count(" ") >= 2}
    v1, v2 = "cgroup" in types, "cgroup2" in types
    layout = "hybrid" if v1 and v2 else "v1" if v1 else "v2" if v2 else "none"
    return _ok("cgroup", f"cgroup-{layout}")


def screen_finding(modules: Sequence[str]) -> Finding:
    missing = next((name for name in modules if importlib.util.find_spec(name) is None), None)
    return _bad("screen", State.WARN, "screen-missing", module=missing) if missing else _ok("screen")


def packages_findings(groups: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """One finding for each group of packages that has any."""
    for group, packages in groups.items():
        missing = missing_packages(packages)
        if missing:
            found = _bad("packages", State.WARN, "packages-missing", group=group, packages=" ".join(missing))
            yield replace(found, chapters=() if group == BASE else (group,), fix=installing(missing))
        elif packages:
            yield _ok("packages", group=group)


def build_finding() -> Finding:
    """What `labs guest build` would have to install first. Nobody needs it, so nothing is wrong where it is missing."""
    missing = missing_build_packages()
    return _ok("build", "build-packages", packages=" ".join(missing)) if missing else _ok("build")


def _ok(probe: str, key: str = "", **params: object) -> Finding:
    return Finding(probe, State.OK, f"doctor.{key or probe}", {name: str(value) for name, value in params.items()})


def _bad(probe: str, state: State, key: str, **params: object) -> Finding:
    texts = {name: str(value) for name, value in params.items()}
    return Finding(probe, state, f"doctor.{key}", texts, f"doctor-remedy.{key}")


def _error(probe: str, error: MachineError) -> Finding:
    return Finding(probe, State.FAIL, f"error.{error.key}", error.params, f"remedy.{error.key}")


def _read(path: Path) -> str:
    """What a file of /proc says; empty where this kernel does not have it."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""
