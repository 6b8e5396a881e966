"""What a student leaves on the machine itself, by carelessness or for fun, and is no process, mount or cgroup."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lablib.machine.guest import GuestMachine
from tests.guests import sh
from tests.kernel.test_host_machine import HEAD
from tests.projects import put_project

OTHERS = """
mkdir -p /tmp/others && truncate -s 1M /tmp/others/image && losetup --find /tmp/others/image
python3 -c 'import ctypes; ctypes.CDLL(None).syscall(248, b"user", b"of others", b"x", 1, -4)'
"""
"""What was there before, and stays."""
THERE = """
for number in 0 1 2 3 4 5 6 7; do losetup /dev/loop$number 2> /dev/null; done; cut -d' ' -f1,7- /proc/keys | sort
ip -o link; ls /run/netns; cat /proc/sysvipc/*; ls /dev/mqueue
"""
MESS = """
truncate -s 4M /tmp/image /usr/image /lab/image ~/lab/image
for image in /tmp/image /usr/image ~/lab/image; do losetup --find "$image" || exit; done
mkdir /tmp/on && mke2fs -q /lab/image && mount -o loop /lab/image /tmp/on || exit
ip netns add web && ip netns exec web ip link set lo up && ipcmk -Q && ipcmk -M 100 || exit
python3 - <<END
import ctypes
libc = ctypes.CDLL(None)
for keyring in (-3, -4): assert libc.syscall(248, b"user", b"a student's", b"x", 1, keyring) > 0  # add_key(2)
assert ctypes.CDLL("librt.so.1").mq_open(b"/queue", 0o102, 0o600, None) >= 0
END
"""
LAB = """
machine = HostMachine(work=Path("/tmp/work"))
machine.open()
done = machine.run(["sh", "-c", sys.argv[1]])
print(done.status, done.err.decode())
if sys.argv[2] == "killed":
    import os, signal
    warden = machine._warden.pid
    agent = int(Path(f"/proc/{warden}/task/{warden}/children").read_text().split()[0])
    for pid in (warden, agent, os.getpid()): os.kill(pid, signal.SIGKILL)
machine.close()
"""


@pytest.mark.parametrize("how", ["finished", "killed"])
def test_loop_devices_keys_networks_and_queues_are_taken_away_and_those_of_others_are_not(
    boot: Callable[..., GuestMachine], how: str
) -> None:
    host = boot(memory=1 << 30)
    put_project(host)
    assert sh(host, OTHERS) == "status=0"
    before = sh(host, THERE)
    assert "loop" in before and "of others" in before
    host.put("/root/lab/try.py", HEAD.encode() + LAB.encode())
    host.put("/root/lab/mess.sh", MESS.encode())
    said = sh(host, f'python3 try.py "$(cat mess.sh)" {how}', timeout=60)
    assert said.split()[0] == "0" if how == "finished" else "status=" in said, said
    if how == "killed":
        assert sh(host, THERE) != before, "nothing was there to be taken away"
    taken = sh(host, "cd project && python3 labs/__main__.py finish", timeout=60)
    assert ("Taken away: loops /tmp/work" in taken) == (how == "killed"), taken
    assert sh(host, THERE) == before
