"""A guest as its users meet it: shells on a real PTY, programs, files, checks, and its faults in a sentence."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lablib.errors import MachineError
from lablib.machine.base import Shell, Size
from lablib.machine.code import put_code
from lablib.machine.guest import GuestMachine
from lablib.machine.probing import best
from tests.guests import new_guest, python, sh

PROJECT = Path(__file__).parents[2]
Boot = Callable[..., GuestMachine]


class Typist:
    """Types into a shell and waits for what it prints."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.seen = bytearray()
        self.total = 0
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        while data := self.shell.read():
            self.total += len(data)
            self.seen += data
            del self.seen[:-65536]

    def expect(self, text: str, seconds: float = 15.0) -> str:
        end = time.monotonic() + seconds
        while text.encode() not in self.seen:
            assert time.monotonic() < end, f"no {text!r} in {bytes(self.seen[-800:])!r}"
            time.sleep(0.01)
        found = self.seen.decode(errors="replace")
        self.seen.clear()
        return found

    def type(self, text: str) -> None:
        self.shell.write(text.encode())


@pytest.fixture
def typist(shared_guest: GuestMachine) -> Iterator[Typist]:
    typist = Typist(shared_guest.shell(Size(80, 24)))
    typist.expect("# ")
    yield typist
    typist.shell.close()
    typist.reader.join(5)


def test_every_controller_is_enabled_at_the_root(shared_guest: GuestMachine) -> None:
    assert {"cpu", "memory", "pids", "io"} <= set(shared_guest.capabilities.controllers)
    out = sh(shared_guest, "mkdir /sys/fs/cgroup/t; cat /sys/fs/cgroup/t/cgroup.controllers; rmdir /sys/fs/cgroup/t")
    assert set(out.split()[:-1]) == set(shared_guest.capabilities.controllers)


def test_a_shell_has_a_terminal_of_its_world_with_the_right_size(typist: Typist) -> None:
    typist.type("tty; stty size; echo en''d\r")
    seen = typist.expect("end")
    assert "/dev/pts/" in seen
    assert "24 80" in seen


def test_a_resize_reaches_the_terminal_and_signals_the_program(typist: Typist) -> None:
    typist.type('sh -c \'trap "echo re""sized" WINCH; echo re""ady; while :; do sleep 0.1; done\'\r')
    typist.expect("ready")
    typist.shell.resize(Size(101, 33))
    typist.expect("resized")
    typist.type("\x03stty size\r")
    typist.expect("33 101")


def test_job_control_stops_and_continues_a_program(typist: Typist) -> None:
    typist.type("sleep 300\r")
    time.sleep(0.3)
    typist.type("\x1a")
    typist.expect("Stopped")
    typist.type("kill %1; wait %1; echo st''atus\r")
    typist.expect("status")


def test_ctrl_c_is_answered_under_a_flood(typist: Typist) -> None:
    typist.type("yes\r")
    time.sleep(0.5)
    typist.type("\x03echo al''ive\r")
    typist.expect("alive", seconds=5)


def test_a_reader_that_stops_reading_stops_the_flood_and_loses_nothing(shared_guest: GuestMachine) -> None:
    shell = shared_guest.shell(Size(80, 24), ["/bin/sh", "-c", "stty -opost; seq 1 200000; echo last"])
    assert shell.read()
    time.sleep(1)  # far more than the window is waiting in the program now; nothing is buffered without bound
    assert sh(shared_guest, "echo others go on") == "others go on\nstatus=0"
    seen = bytearray()
    while data := shell.read():
        seen += data
    assert seen.endswith(b"200000\nlast\n")
    assert shell.status == 0


def test_closing_a_shell_hangs_up_its_programs(shared_guest: GuestMachine) -> None:
    shell = shared_guest.shell(Size(80, 24), ["/bin/sh", "-c", "exec sleep 4321"])
    time.sleep(0.3)
    shell.close()
    assert shell.read() == b""
    assert shell.status == -1
    assert "4321" not in sh(shared_guest, "ps ax -o args | grep '[s]leep'")


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -9 $$"], -9),
        (["/nonexistent"], 127),
        (["/etc"], 126),
        (["no-such-program"], 127),
        (["/root/lab/plain"], 126),
        (["/root/lab/text", "7"], 7),
    ],
)
def test_a_program_reports_how_it_ended(shared_guest: GuestMachine, argv: list[str], status: int) -> None:
    shared_guest.put("/root/lab/plain", b"exit 7\n", 0o644)
    shared_guest.put("/root/lab/text", b"exit $1\n", 0o755)  # no interpreter line
    assert shared_guest.run(argv).status == status


BEGUN = """import os
print(sorted(map(int, os.listdir("/proc/self/fd")))[:-1], os.getsid(0) == os.getpid(), oct(os.umask(0)), os.getcwd())
print(open("/proc/self/oom_score_adj").read().strip(), open("/proc/1/oom_score_adj").read().strip())
print(os.readlink("/proc/1/cwd"))
"""


def test_a_program_begins_with_nothing_of_who_began_it(shared_guest: GuestMachine) -> None:
    said = shared_guest.run(["python3", "-IS", "-c", BEGUN]).out.decode().splitlines()
    assert said[0] == "[0, 1, 2] True 0o22 /root/lab"
    assert said[1:] == ["0 -1000", "/"]


def test_a_program_has_the_signals_that_any_program_has(shared_guest: GuestMachine) -> None:
    said = shared_guest.run(["grep", "^Sig[BI]", "/proc/self/status"]).out.decode().split()
    named = (1 << 31) - 1  # 32 and 33 are glibc's own, which its posix_spawn(3) leaves ignored
    assert [int(mask, 16) & named for mask in said[1::2]] == [0, 0], said


def test_a_program_begins_where_its_folder_was_taken_away_and_where_there_is_no_proc() -> None:
    with new_guest() as guest:
        sh(guest, "rm -rf /root/lab; mount -t tmpfs none /proc")
        assert guest.run(["pwd"]).out == b"/\n"


def test_output_beyond_the_limit_is_dropped_and_the_program_goes_on(shared_guest: GuestMachine) -> None:
    done = shared_guest.run(["sh", "-c", "seq 1 100000; echo end >&2"], limit=100)
    assert (done.status, len(done.out), done.err, done.truncated) == (0, 100, b"end\n", True)


def test_a_program_over_its_time_is_left_running(shared_guest: GuestMachine) -> None:
    done = shared_guest.run(["sh", "-c", "echo begun; exec sleep 5432"], timeout=1)
    assert (done.status, done.out) == (None, b"begun\n")
    assert "5432" in sh(shared_guest, "ps ax -o args | grep '[s]leep'; pkill -f 5432")


def test_what_a_program_leaves_in_the_background_is_not_killed_by_its_pipe(shared_guest: GuestMachine) -> None:
    shared_guest.run(["sh", "-c", "(while :; do echo tick; sleep 0.05; done) & echo $! > /tmp/ticker"])
    time.sleep(0.5)
    assert "status=0" in sh(shared_guest, "kill -0 $(cat /tmp/ticker) && kill $(cat /tmp/ticker)")


def test_a_file_is_put_with_its_bytes_and_mode(shared_guest: GuestMachine) -> None:
    data = os.urandom(100_000)
    shared_guest.put("/root/lab/deep/er/file", data, 0o750)
    done = shared_guest.run(["cat", "deep/er/file"])
    assert done.out == data
    assert "750" in sh(shared_guest, "stat -c %a deep/er/file; rm -r deep")


def test_a_put_follows_no_link_out_of_the_students_world(shared_guest: GuestMachine) -> None:
    sh(shared_guest, "ln -s /proc/1/root/../../../run /tmp/out")
    shared_guest.put("/tmp/out/planted", b"x")
    assert sh(shared_guest, "cat /run/planted; rm /run/planted /tmp/out") == "xstatus=0"


def test_the_world_has_its_users_and_nothing_of_the_runners_home(shared_guest: GuestMachine) -> None:
    assert (
        sh(shared_guest, "id -un; pwd; su student -c 'id -un'; hostname") == "root\n/root/lab\nstudent\nlab\nstatus=0"
    )
    assert set(sh(shared_guest, "ls -A /root").split()) - {".bash_history", "status=0"} == {".bashrc", "lab"}


def test_the_student_becomes_root_by_sudo_without_a_word(shared_guest: GuestMachine) -> None:
    assert sh(shared_guest, "su student -c 'sudo id -u' 2>&1").split() == ["0", "status=0"]


def test_the_loopback_interface_is_up(shared_guest: GuestMachine) -> None:
    connect = "s = socket.create_server(('127.0.0.1', 0)); socket.create_connection(s.getsockname()); print('met')"
    assert python(shared_guest, f"import socket; {connect}") == "met\n"


def test_an_overlay_can_be_mounted_on_tmp_and_lab(shared_guest: GuestMachine) -> None:
    for folder in ("/tmp", "/lab"):
        out = sh(
            shared_guest,
            f"cd {folder} && mkdir l u w m && echo 1 > l/a && mount -t overlay o -olowerdir=l,upperdir=u,workdir=w m "
            "&& cat m/a; umount m; rm -r l u w m",
        )
        assert out == "1\nstatus=0"


def test_an_image_in_a_file_can_be_a_block_device(shared_guest: GuestMachine) -> None:
    assert {"loop", "squashfs"} <= set(shared_guest.capabilities.features)
    image = "cd /tmp && echo image > i && truncate -s 4096 i && one=$(losetup -f --show i) && head -n 1 $one"
    assert sh(shared_guest, f"{image}; losetup -d $one; rm i") == "image\nstatus=0"


def test_a_change_in_usr_is_the_students_own(shared_guest: GuestMachine) -> None:
    sh(shared_guest, "echo mine > /usr/bin/mine")
    assert not Path("/usr/bin/mine").exists()
    assert sh(shared_guest, "cat /usr/bin/mine; rm /usr/bin/mine") == "mine\nstatus=0"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_it_boots_for_an_ordinary_user(guests_boot: None) -> None:
    program = (
        "import os, sys; os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)\n"
        f"os.environ['HOME'] = '/'; sys.path.insert(0, {str(PROJECT)!r})\n"
        "from lablib.machine.choose import machine_factory\n"
        "with machine_factory('guest')() as machine: print(machine.run(['id', '-u']).out)"
    )
    if not os.stat(PROJECT).st_mode & stat.S_IXOTH or str(PROJECT).startswith("/root/"):
        pytest.skip("this checkout is not readable by others")
    with tempfile.TemporaryDirectory() as folder:  # where that user may execute it, wherever it was built
        kernel = shutil.copy(best()[0].program, folder)
        os.chmod(folder, 0o755)
        environment = {**os.environ, "LABS_GUEST_KERNEL": kernel}
        command = ["/usr/bin/python3", "-B", "-c", program]
        done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout == "b'0\\n'\n", done.stderr


# Faults


def test_a_missing_kernel_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("LABS_GUEST_KERNEL", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with pytest.raises(MachineError) as caught:
        new_guest().open()
    assert caught.value.key == "guest-kernel-missing"


def test_a_file_that_is_no_kernel_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kernel = tmp_path / "kernel"
    kernel.write_text("no kernel")
    kernel.chmod(0o755)
    monkeypatch.setenv("LABS_GUEST_KERNEL", str(kernel))
    with pytest.raises(MachineError) as caught:
        new_guest().open()
    assert caught.value.key == "guest-boot"


def test_a_guest_waits_for_its_code_however_long_it_takes(boot: Boot, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(folder: Path, entry: str, packed: bytes) -> None:
        time.sleep(2.5)
        put_code(folder, entry, packed)

    monkeypatch.setattr("lablib.machine.kept.put_code", slowly)
    assert sh(boot(), "echo up") == "up\nstatus=0"


def test_a_guest_that_panics_ends_what_waits_for_it(boot: Boot) -> None:
    guest = boot()
    shell = guest.shell(Size(80, 24))
    with pytest.raises(MachineError) as caught:
        guest.run(["sh", "-c", "echo c > /proc/sysrq-trigger; sleep 60"], timeout=30)
    assert caught.value.key == "machine-gone"
    while shell.read():
        pass
    assert shell.status is None
    with pytest.raises(MachineError):
        guest.check("cgroups/move-sleep")


def test_a_line_that_dies_ends_what_waits_for_it(boot: Boot) -> None:
    guest = boot()
    assert guest._link is not None
    threading.Timer(0.5, guest._link.close).start()
    with pytest.raises(MachineError) as caught:
        guest.run(["sleep", "60"])
    assert caught.value.key == "machine-gone"


def test_two_guests_run_side_by_side_and_know_nothing_of_each_other(boot: Boot) -> None:
    one, other = boot(), boot()
    sh(one, "mkdir /sys/fs/cgroup/mine; echo x > /tmp/mine")
    assert "No such file" in sh(other, "ls -d /sys/fs/cgroup/mine /tmp/mine")


def test_a_second_close_is_harmless(boot: Boot) -> None:
    guest = boot()
    guest.close()
    guest.close()
    assert sys.exc_info() == (None, None, None)
