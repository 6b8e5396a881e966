"""Each probe says what it found and, when that is not enough, what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lablib import doctor, packages
from lablib.doctor import Finding, State
from lablib.errors import MachineError
from lablib.i18n import LANGUAGES, catalogue
from lablib.kernel import tried
from lablib.machine import rootless
from lablib.machine.qemu import choosing
from lablib.machine.qemu.emulator import Emulator
from lablib.machine.qemu.images import Image
from lablib.machine.qemu.kvm import Kvm

PROJECT = Path(__file__).parents[2]

V2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n"
V1 = "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"


def words(finding: Finding) -> str:
    return finding.text(catalogue("en"))


@pytest.mark.parametrize(
    ("abi", "state"), [(0, State.WARN), (1, State.OK), (2, State.OK), (3, State.OK), (7, State.OK)]
)
def test_labs_run_without_landlock_but_are_warned_of_it(abi: int, state: State) -> None:
    finding = doctor.landlock_finding(abi)
    assert finding.state is state
    assert bool(finding.remedy) == (abi == 0)


def test_below_landlock_abi_3_the_one_who_refuses_truncation_is_named() -> None:
    assert "seccomp" in words(doctor.landlock_finding(2))
    assert "seccomp" not in words(doctor.landlock_finding(3))


@pytest.mark.parametrize(
    ("mounts", "layout"),
    [(V2, "version 2 only"), (V1, "version 1 only"), (V1 + V2, "side by side"), ("proc /proc proc rw 0 0\n", "none")],
)
def test_the_layout_of_cgroups_is_told_from_what_is_mounted(mounts: str, layout: str) -> None:
    finding = doctor.cgroup_finding(mounts)
    assert layout in words(finding)
    assert finding.state is State.OK, "the guest has cgroup v2 whatever the machine has"


@pytest.mark.parametrize(
    ("scope", "uid", "state"),
    [
        ("", 1000, State.OK),
        ("0", 1000, State.OK),
        ("1", 1000, State.OK),
        ("2", 0, State.OK),
        ("2", 1000, State.FAIL),
        ("3", 0, State.FAIL),
        ("3", 1000, State.FAIL),
    ],
)
def test_yama_is_a_fault_only_where_it_refuses_a_process_its_own_children(
    scope: str, uid: int, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    assert doctor.ptrace_finding(scope).state is state


def test_kvm_is_never_needed() -> None:
    assert doctor.kvm_finding(Kvm.NONE).state is State.OK
    assert "not needed" in words(doctor.kvm_finding(Kvm.NONE))


def test_a_module_that_is_missing_is_named() -> None:
    assert doctor.screen_finding(["json"]).state is State.OK
    finding = doctor.screen_finding(["json", "no_such_module"])
    assert finding.state is State.WARN
    assert "no_such_module" in words(finding)


def test_a_missing_guest_kernel_fails_with_the_package_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")  # no QEMU either
    monkeypatch.delenv("LABS_GUEST_KERNEL", raising=False)
    finding = next(f for f in doctor.examine({}) if f.id == "kernel")
    assert finding.state is State.FAIL
    assert "user-mode-linux" in finding.remedy_text(catalogue("en"))


def guests(monkeypatch: pytest.MonkeyPatch, uml: State, *lacking: str, kvm: bool = False) -> list[Finding]:
    """What is found of guests where `uml` is found of User-Mode Linux, and these packages are not there."""

    def look(package: str) -> None:
        if package in lacking:
            raise MachineError("qemu-missing", program="qemu", package=package)

    image = Image("6.1", Path("/vmlinuz"), Path("/modules"))
    monkeypatch.setattr(doctor, "emulator", lambda: look("qemu"))
    monkeypatch.setattr(doctor, "best_image", lambda: look("linux"))
    monkeypatch.setattr(choosing, "best", lambda: (Emulator("/usr/bin/qemu", "x86_64", kvm), image))
    monkeypatch.setattr("lablib.machine.qemu.kvm.look", lambda _device: Kvm.UNTRIED)
    monkeypatch.setattr(doctor, "installing", lambda names: (("install", *names),))
    return list(doctor.guests_findings(Finding("kernel", uml, "doctor.kernel-dead")))


def test_without_user_mode_linux_labs_run_in_qemu(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, in_qemu, _ = guests(monkeypatch, State.FAIL)
    assert (kernel.state, in_qemu.state) == (State.WARN, State.OK)


def test_without_either_both_remedies_are_told_and_run(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel, in_qemu, kvm = guests(monkeypatch, State.FAIL, "qemu", "linux")
    assert (kernel.state, in_qemu.state) == (State.FAIL, State.NOTE)
    assert in_qemu.fix == (("install", "qemu", "linux"),)
    assert "`labs guest fetch`" in in_qemu.remedy_text(catalogue("en"))
    assert "it is tried once" in words(kvm)


def test_what_only_some_lessons_would_have_is_installed_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    _, in_qemu, _ = guests(monkeypatch, State.OK, "linux")
    assert (in_qemu.state, in_qemu.fix) == (State.NOTE, ())


@pytest.mark.parametrize(("answers", "said"), [(True, "answers"), (False, "gets anywhere")])
def test_of_kvm_it_is_told_what_came_of_trying_it(monkeypatch: pytest.MonkeyPatch, answers: bool, said: str) -> None:
    *_, kvm = guests(monkeypatch, State.OK, kvm=answers)
    assert kvm.state is State.OK
    assert said in words(kvm)


def programs(folder: Path, **scripts: str) -> str:
    for name, script in scripts.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    return str(folder)


def test_dpkg_is_asked_which_packages_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = r"printf 'ii strace\nrc tree\nhi less\n'; exit 1"
    monkeypatch.setenv("PATH", programs(tmp_path, dpkg_query=answer))
    assert packages.missing_packages(["strace", "tree", "less", "nano"]) == ["tree", "nano"]


def test_without_dpkg_a_package_is_told_by_its_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path, strace="", cgcreate=""))
    assert packages.missing_packages(["strace", "cgroup-tools", "manpages", "tree"]) == ["tree"]


def test_the_remedy_for_missing_packages_installs_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path, dpkg_query="exit 1"))
    findings = list(doctor.packages_findings({"cgroups": ["tree", "less"], "plain": []}))
    assert [f.state for f in findings] == [State.WARN]
    assert findings[0].remedy_text(catalogue("en")).endswith("apt-get install --no-install-recommends tree less")


def test_the_guest_kernel_is_asked_for_only_where_it_is_built() -> None:
    assert "user-mode-linux" in packages.base_packages("x86_64")
    assert "user-mode-linux" in packages.base_packages("i686")
    assert "user-mode-linux" not in packages.base_packages("aarch64")


def test_the_worst_finding_is_the_verdict_on_the_machine() -> None:
    ok, bad = doctor.kvm_finding(Kvm.SILENT), doctor.landlock_finding(0)
    assert doctor.worst([]) is State.OK
    assert doctor.worst([ok, bad]) is State.WARN
    assert doctor.worst([bad, doctor.ptrace_finding("3")]) is State.FAIL


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_of_this_machine_can_be_said(language: str) -> None:
    for finding in doctor.examine({"cgroups": ["strace"]}):
        row = finding.as_json(catalogue(language))
        assert set(row) == {"id", "state", "text", "remedy", "chapters", "fix"}
        assert bool(row["remedy"]) == (row["state"] != "ok"), row


@pytest.mark.parametrize(("refused", "state"), [("", State.OK), ("EINVAL", State.FAIL)])
def test_without_seccomp_no_guest_starts(refused: str, state: State) -> None:
    found = doctor.seccomp_finding(refused, "kill_process kill_thread trap errno user_notif trace log allow")
    assert found.state is state


def test_an_action_that_only_a_tool_needs_is_a_note() -> None:
    found = doctor.seccomp_finding("", "kill_process kill_thread trap errno trace log allow")
    assert found.state is State.NOTE
    assert "user_notif" in words(found)


def switched(root: Path, **switches: str) -> Path:
    for name, value in switches.items():
        path = root / "proc/sys" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    return root


def test_the_switch_that_forbids_user_namespaces_is_named_and_turned(tmp_path: Path) -> None:
    root = switched(tmp_path, kernel__apparmor_restrict_unprivileged_userns="1", user__max_user_namespaces="15000")
    for refused in ("", "EACCES"):  # root is not refused what a student would be
        found = doctor.user_namespace_finding(refused, root)
        assert found.state is State.NOTE
        assert found.fix == (("sysctl", "-w", "kernel.apparmor_restrict_unprivileged_userns=0"),)
        assert "kernel.apparmor_restrict_unprivileged_userns=0" in found.remedy_text(catalogue("en"))
    assert (
        doctor.user_namespace_finding("", switched(tmp_path, kernel__apparmor_restrict_unprivileged_userns="0")).fix
        == ()
    )


AS_APPARMOR_DOES = """
import errno, sys
from lablib.kernel import seccomp, syscalls, tried
syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
mount = {"x86_64": 165, "aarch64": 40}[__import__("os").uname().machine]
seccomp.set_mode_filter(seccomp.compile_deny_list([seccomp.Rule(mount, seccomp.errno_return(errno.EACCES))]))
print(tried.user_namespace())
"""


def test_a_user_namespace_without_rights_inside_counts_as_refused_and_apparmor_is_named(tmp_path: Path) -> None:
    if refused := tried.user_namespace():
        pytest.skip(f"there is no user namespace to be had here: {refused}")
    done = subprocess.run([sys.executable, "-c", AS_APPARMOR_DOES], cwd=PROJECT, capture_output=True, text=True)
    assert done.stdout == "EACCES\n", done.stderr
    root = switched(tmp_path, kernel__apparmor_restrict_unprivileged_userns="1")
    found = doctor.user_namespace_finding(done.stdout.strip(), root)
    assert "AppArmor" in words(found)
    assert found.remedy_text(catalogue("en")).endswith("sysctl -w kernel.apparmor_restrict_unprivileged_userns=0")


def test_the_controllers_that_are_delegated_are_told_and_a_drop_in_gives_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "run/user/1000/systemd").mkdir(parents=True)
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    monkeypatch.setenv("PATH", programs(tmp_path, systemd_run=""))
    monkeypatch.setattr(rootless, "delegated", lambda _uid: ["pids"])
    found = doctor.delegation_finding(1000, "ada", tmp_path)
    assert found.fix == (("loginctl", "enable-linger", "ada"),)
    (tmp_path / "run/user/1000/systemd/private").touch()
    found = doctor.delegation_finding(1000, "ada", tmp_path)
    assert found.state is State.NOTE and "only pids" in words(found)
    assert found.fix[-1] == ("systemctl", "daemon-reload")
    assert doctor.DROP_IN in found.fix[1][2] and "Delegate=cpu cpuset io memory pids" in found.fix[1][2]
    monkeypatch.setattr(rootless, "delegated", lambda _uid: ["memory", "pids"])
    monkeypatch.setattr(rootless.tried, "user_namespace", lambda: "")
    found = doctor.delegation_finding(1000, "ada", tmp_path)
    assert found.state is State.OK and words(found).endswith("memory pids")


@pytest.mark.parametrize(
    ("lacking", "fix"),
    [
        ([], []),
        (["newuidmap", "newgidmap"], ["apt-get", "apt-get"]),
        (["/etc/subgid"], ["usermod"]),
        (["newuidmap", "/etc/subuid"], ["apt-get", "apt-get", "usermod"]),
    ],
)
def test_who_has_no_other_ids_is_told_what_gives_them(
    lacking: list[str], fix: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path, apt_get=""))
    monkeypatch.setattr(doctor, "lacking_for_ids", lambda _uid: lacking)
    found = doctor.ids_finding(1000, "ada")
    assert [command[0] for command in found.fix] == fix
    assert found.state is (State.NOTE if lacking else State.OK)
    assert doctor.ids_finding(0, "root").state is State.OK


def test_a_refusal_without_a_switch_has_no_command(tmp_path: Path) -> None:
    found = doctor.user_namespace_finding("EPERM", tmp_path)
    assert (found.state, found.fix) == (State.NOTE, ())
    assert "EPERM" in words(found)


def test_only_where_the_module_is_missing_overlayfs_is_loaded() -> None:
    assert doctor.overlay_finding("").state is State.OK
    assert doctor.overlay_finding("ENODEV").fix == (("modprobe", "overlay"),)
    assert doctor.overlay_finding("EPERM").fix == ()


def test_packages_are_installed_where_there_is_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", programs(tmp_path, dpkg_query="exit 1", apt_get=""))
    found = next(doctor.packages_findings({"cgroups": ["tree"]}))
    assert found.chapters == ("cgroups",)
    assert found.fix[-1] == ("apt-get", "-y", "install", "--no-install-recommends", "tree")
    (tmp_path / "apt-get").unlink()
    assert next(doctor.packages_findings({"cgroups": ["tree"]})).fix == ()


def test_in_a_container_labs_are_not_on_the_machine_itself(tmp_path: Path) -> None:
    (tmp_path / ".dockerenv").touch()
    assert doctor.host_finding(tmp_path).key == "doctor.host-container"


def test_what_touches_all_chapters_says_so() -> None:
    for finding in doctor.examine({"one": [], "two": []}):
        if finding.state is not State.OK and finding.id not in ("libseccomp", "packages"):
            assert finding.chapters == ("one", "two"), finding
