"""docs/threat-model.md, "The student's side of the guest": each line tried as an attack by the student, who is root."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from lablib.kernel.capabilities import Cap
from lablib.machine.guest import GuestMachine
from tests.guests import python, sh

Boot = Callable[..., GuestMachine]


def test_the_student_sees_no_process_of_the_agent(shared_guest: GuestMachine) -> None:
    out = sh(shared_guest, "for p in /proc/[0-9]*; do cat $p/comm; done")
    assert "lab-init" in out
    assert "lab-init" in sh(shared_guest, "ps -o args= -p 1")
    assert "python" not in out.split("status=")[0]


def test_pivot_root_not_chroot_so_a_user_namespace_can_be_made(shared_guest: GuestMachine) -> None:
    out = sh(shared_guest, "unshare --user --map-root-user cat /proc/self/uid_map")
    assert out.split() == ["0", "0", "1", "status=0"]


def test_proc_can_be_mounted_anew_so_proc_sys_is_not_masked(shared_guest: GuestMachine) -> None:
    assert sh(shared_guest, "unshare --pid --fork --mount-proc sh -c 'echo $$'") == "1\nstatus=0"


@pytest.mark.parametrize(
    "name",
    ["SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "MKNOD", "SYS_TIME", "BPF", "PERFMON", "MAC_ADMIN", "MAC_OVERRIDE",
     "AUDIT_CONTROL", "AUDIT_WRITE", "AUDIT_READ"],
)  # fmt: skip
def test_no_program_can_have_a_capability_that_leads_out(shared_guest: GuestMachine, name: str) -> None:
    for pid in ("self", "1"):
        out = sh(shared_guest, f"grep -E 'Cap(Bnd|Eff|Prm)' /proc/{pid}/status")
        for line in out.splitlines()[:3]:
            assert not int(line.split()[1], 16) >> getattr(Cap, name) & 1, line


def test_sys_ptrace_stays_for_nsenter(shared_guest: GuestMachine) -> None:
    out = sh(shared_guest, "grep CapEff /proc/self/status")
    assert int(out.split()[1], 16) >> Cap.SYS_PTRACE & 1


@pytest.mark.parametrize(
    "attack",
    [
        "mknod /tmp/line c 4 64 && cat /tmp/line",
        "mkdir -p /mnt/t && mount -t devtmpfs none /mnt/t && ls /mnt/t && cat /mnt/t/ttyS0",
        "cat /dev/ttyS0",
        "cat /dev/console",
        "cat /dev/mem",
    ],
)
def test_the_serial_line_has_no_name_the_student_could_open(shared_guest: GuestMachine, attack: str) -> None:
    out = sh(shared_guest, f"timeout 2 sh -c '{attack}'; umount /mnt/t 2>/dev/null")
    assert "status=" in out
    assert any(refusal in out for refusal in ("No such file", "not permitted")), out
    assert "tty0" not in out
    assert "ttyS0\n" not in out.replace("/ttyS0", "")


def test_a_user_mode_helper_runs_without_any_capability(boot: Boot) -> None:
    """core_pattern starts a program outside the jail; what it could do there is what its capabilities let it."""
    guest = boot()
    helper = (
        "s=open('/proc/self/status').read();open('/proc/sys/kernel/domainname','w').write(s[s.find('Eff')+5:][:16])"
    )
    pattern = f"|/usr/bin/python3 -c {helper}"
    assert len(pattern) < 128
    python(guest, f"open('/proc/sys/kernel/core_pattern','w').write({pattern!r})")
    sh(guest, "ulimit -c unlimited; sh -c 'kill -SEGV $$'; sleep 1")
    found = sh(guest, "cat /proc/sys/kernel/domainname").split("\n")[0]
    assert found == "0000000000000000"


def test_the_limit_on_user_mode_helpers_cannot_be_lifted(shared_guest: GuestMachine) -> None:
    out = sh(shared_guest, "cd /proc/sys/kernel/usermodehelper; echo 4294967295 4294967295 > bset; cat bset")
    assert "0\t0\n" in out


def test_the_agent_is_in_the_root_cgroup_where_nothing_can_freeze_or_kill_it(boot: Boot) -> None:
    guest = boot()
    sh(guest, "cd /sys/fs/cgroup; for f in $(find . -name cgroup.kill -o -name cgroup.freeze); do echo 1 > $f; done")
    sh(guest, "for p in $(cat /sys/fs/cgroup/cgroup.procs); do echo $p; done > /tmp/procs; kill -9 -1", timeout=5)
    assert "0" in sh(guest, "cat /sys/fs/cgroup/cgroup.procs").split()
    assert guest.stop_processes()


def test_the_key_of_the_wire_is_in_no_memory_a_student_can_read(shared_guest: GuestMachine) -> None:
    assert shared_guest._link is not None
    half = shared_guest._link._key[:16].hex()
    scan = f"""
import re
needle = bytes.fromhex("{half}")
found = read = 0
for line in open("/proc/1/maps"):
    a, b, mode = re.match(r"(\\w+)-(\\w+) (\\S+)", line).groups()
    if "r" in mode and "[v" not in line:
        with open("/proc/1/mem", "rb") as mem:
            mem.seek(int(a, 16)); data = mem.read(int(b, 16) - int(a, 16))
        read += len(data); found += needle in data
print(found, read > 1000000)
"""
    assert python(shared_guest, scan).split() == ["0", "True"]


def test_the_first_process_of_the_world_holds_no_descriptor_of_the_agents(shared_guest: GuestMachine) -> None:
    out = sh(shared_guest, "ls -l /proc/1/fd | sed 's/.*-> //'")
    kinds = {line.split(":")[0] for line in out.splitlines()[1:] if not line.startswith("status")}
    assert kinds <= {"/dev/null", "socket", "pipe"}, out


def test_a_fork_bomb_is_bounded_and_can_be_stopped(boot: Boot) -> None:
    guest = boot()
    guest.run(["/bin/sh", "-c", "bomb() { bomb | bomb & }; bomb; sleep 2"], timeout=6, limit=0)
    assert any(guest.stop_processes() for _ in range(3)), "a slow machine may need more than the time of one"
    assert guest.check("cgroups/move-sleep")


def test_stopped_means_that_nothing_moves_while_checks_read(boot: Boot) -> None:
    guest = boot()
    mover = "cd /sys/fs/cgroup; mkdir a b; while :; do echo $$ > a/cgroup.procs; echo $$ > b/cgroup.procs; done"
    guest.run(["/bin/sh", "-c", f"({mover}) & sleep 0.3"], timeout=5)
    assert guest.stop_processes()
    first = guest.check("cgroups/move-sleep")
    time.sleep(0.3)
    assert guest.check("cgroups/move-sleep") == first


def test_a_process_that_waits_for_a_stopped_child_of_vfork_counts_as_stopped(boot: Boot) -> None:
    """vfork(2) suspends the parent until its child calls execve(2) or ends; here it does neither."""
    guest = boot()
    program = (
        "#include <signal.h>\n#include <unistd.h>\n"
        "int main(void) { if (vfork() == 0) { kill(getpid(), SIGSTOP); _exit(0); } return 0; }"
    )
    if guest.run(["sh", "-c", "command -v gcc"]).status != 0:
        pytest.skip("no C compiler here to make the program with")
    guest.put("/tmp/v.c", program.encode())
    assert sh(guest, "cd /tmp && gcc -o v v.c && (./v &) && sleep 0.5", timeout=60) == "status=0"
    assert "D" in sh(guest, "ps ax -o stat,comm | grep ' v$'")
    assert guest.stop_processes()
