"""~/lab survives what a student, a crash or a hostile guest does to it."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lablib.errors import MachineError
from lablib.machine.base import Size
from lablib.machine.guest import GuestMachine
from lablib.machine.work import NOT_RESTORED
from tests.guests import python, sh

PROJECT = Path(__file__).parents[2]
Boot = Callable[..., GuestMachine]

LIST = r"find . -mindepth 1 -printf '%P|%y|%m|%U:%G|%s|%l|%T@\n' | sed 's/\.[0-9]*$//' | sort"
FILL = r"""
mkdir -p a/b; echo '#!/bin/sh' > a/b/script; chown -R 1000:1000 a; chmod 4751 a/b/script
ln -s / root; ln -s /nowhere/at/all dangling; mkdir empty; chmod 700 empty
echo odd > "$(printf 'new\nline')"; echo bytes > "$(printf '\377\376')"; touch -d 2001-02-03 old
"""


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "cgroups.tar"


def saved(guest: GuestMachine) -> bool:
    time.sleep(0.05)  # what changes within a tick of the clock is read twice
    return guest.save_work()


def key(save: Callable[[], object]) -> str:
    with pytest.raises(MachineError) as caught:
        save()
    return caught.value.key


def test_the_work_folder_comes_back_in_the_next_machine(boot: Boot, work: Path) -> None:
    first = boot(work=work)
    sh(first, FILL)
    assert saved(first)
    assert not saved(first), "nothing new"
    before = sh(first, LIST)
    first.close()
    again = boot(work=work)
    assert sh(again, LIST) == before
    assert not saved(again), "what was put back is kept already"
    assert again.capabilities.warnings == ()
    assert not (again.folder / "code/work.tar").exists()
    assert work.stat().st_mode & 0o777 == 0o600


def test_reading_it_out_shows_nowhere_in_the_students_world(boot: Boot, work: Path) -> None:
    guest = boot(work=work)
    sh(guest, "head -c 8M /dev/urandom > large")
    pids = []
    for keep in (lambda: True, lambda: True, lambda: saved(guest)):
        assert keep()
        pids.append(int(sh(guest, "echo $$").split()[0]))
    assert pids[2] - pids[1] == pids[1] - pids[0]
    assert sh(guest, "ls -A / /root /tmp /run") == sh(boot(), "ls -A / /root /tmp /run")


def test_a_shell_is_answered_while_a_large_folder_is_read_out(boot: Boot, work: Path) -> None:
    guest = boot(work=work)
    sh(guest, "mkdir m; cd m; for i in $(seq 15); do head -c 1M /dev/urandom > $i; done", timeout=60)
    shell = guest.shell(Size(80, 24), ["/bin/cat"])
    saving = threading.Thread(target=guest.save_work)
    saving.start()
    began = time.monotonic()
    shell.write(b"echo\n")
    assert shell.read()
    answered = time.monotonic() - began
    assert saving.is_alive() or answered < 0.3
    saving.join(20)
    assert work.stat().st_size > 15 << 20
    shell.close()


def test_a_mount_on_it_hides_nothing_from_being_kept_and_is_not_kept_itself(boot: Boot, work: Path) -> None:
    guest = boot(work=work)
    sh(guest, "echo mine > file; mkdir inner; mount -t tmpfs t inner; echo no > inner/no; mount -t tmpfs t /root/lab")
    sh(guest, "echo hidden > /root/lab/hidden")
    assert saved(guest)
    guest.close()
    assert sh(boot(work=work), "find . | sort").split() == [".", "./file", "./inner", "status=0"]


HOSTILE = {
    "a link to the root": ("rmdir /root/lab; ln -s / /root/lab", "work-no-folder"),
    "a link above it": ("mv /root /r; ln -s /usr /root", "work-no-folder"),
    "no folder at all": ("rmdir /root/lab", "work-no-folder"),
    "a file in its place": ("rmdir /root/lab; echo x > /root/lab", "work-no-folder"),
    "a sparse tebibyte": ("truncate -s 1T /root/lab/huge", "work-too-large"),
}


@pytest.mark.parametrize("trick", HOSTILE)
def test_a_folder_that_cannot_be_kept_is_said_and_the_last_one_stays(boot: Boot, work: Path, trick: str) -> None:
    guest = boot(work=work)
    sh(guest, "echo precious > file")
    assert saved(guest)
    kept = work.read_bytes()
    script, wanted = HOSTILE[trick]
    sh(guest, f"rm file; cd /; {script}")
    assert key(guest.save_work) == wanted
    assert work.read_bytes() == kept
    assert sh(guest, "echo alive").startswith("alive"), "the agent has taken no harm"


def test_a_hundred_thousand_entries_are_refused_and_harm_nobody(boot: Boot, work: Path) -> None:
    guest = boot(work=work)
    python(guest, "import os\nfor n in range(100_000): os.close(os.open(str(n), os.O_CREAT))", timeout=120)
    began = time.monotonic()
    assert key(guest.save_work) == "work-too-large"
    assert time.monotonic() - began < 5
    sh(guest, "find . -delete", timeout=60)
    assert saved(guest)


def test_pipes_that_nobody_writes_to_and_names_of_any_bytes_are_no_trouble(boot: Boot, work: Path) -> None:
    guest = boot(work=work)
    sh(guest, 'mkfifo pipe; echo 1 > "$(printf "\\033[2J\\n\\377")"; echo 2 > -rf')
    assert saved(guest)
    guest.close()
    assert sh(boot(work=work), 'ls | wc -l; cat ./-rf "$(printf "\\033[2J\\n\\377")"').split()[-3:] == [
        "2",
        "1",
        "status=0",
    ]


def test_a_guest_that_dies_says_so_and_the_last_work_stays(boot: Boot, work: Path) -> None:
    guest = boot(work=work)
    sh(guest, "echo kept > file")
    assert saved(guest)
    with pytest.raises(MachineError):
        guest.run(["sh", "-c", "echo c > /proc/sysrq-trigger; sleep 60"], timeout=30)
    assert key(guest.save_work) == "machine-gone"
    assert sh(boot(work=work), "cat file") == "kept\nstatus=0"


@pytest.mark.parametrize("content", [b"", b"nonsense", None], ids=["empty", "nonsense", "truncated"])
def test_an_archive_that_cannot_be_unpacked_is_put_aside_and_the_lab_starts(
    boot: Boot, work: Path, content: bytes | None
) -> None:
    if content is None:
        guest = boot(work=work)
        sh(guest, "echo precious > file")
        assert saved(guest)
        guest.close()
        content = work.read_bytes()[:700]
    work.write_bytes(content)
    guest = boot(work=work)
    assert guest.capabilities.warnings == (NOT_RESTORED,)
    assert sh(guest, "ls | wc -l; echo new > new").split()[0] == "0"
    assert saved(guest)
    assert work.with_name(f"{work.name}.broken").read_bytes() == content


def test_a_full_disk_keeps_the_last_work_and_is_said(boot: Boot, work: Path) -> None:
    guest = boot(work=work)
    sh(guest, "echo precious > file")
    assert saved(guest)
    kept = work.read_bytes()
    sh(guest, "head -c 1M /dev/urandom > more")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, before[1]))  # write(2) then fails in the middle of the file
    try:
        assert key(guest.save_work) == "work-not-kept"
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert work.read_bytes() == kept
    assert [path.name for path in work.parent.iterdir()] == [work.name]
    assert guest.save_work(), "with room again it is kept after all"


WORKING = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from lablib.machine.choose import machine_factory
machine = machine_factory("guest", Path(sys.argv[2]).with_suffix(""))(); machine.open()
write = "while :; do n=$((n+1)); head -c 300000 /dev/urandom > data; echo $n > new; mv new number; done &"
machine.run(["sh", "-c", "echo 1 > number; " + write])  # it is there from the first moment on, and always whole
for _ in range(100000):
    if machine.save_work(): print(flush=True)
"""


def test_a_kill_in_the_middle_of_keeping_it_loses_only_the_last_moment(boot: Boot, work: Path) -> None:
    for _ in range(2):
        labs = subprocess.Popen([sys.executable, "-c", WORKING, str(PROJECT), str(work)], stdout=subprocess.PIPE)
        assert labs.stdout
        for _ in range(4):
            assert labs.stdout.readline()
        time.sleep(int.from_bytes(os.urandom(1), "big") / 2550)
        labs.send_signal(signal.SIGKILL)
        labs.wait()
        labs.stdout.close()
        guest = boot(work=work)
        assert guest.capabilities.warnings == ()
        assert int(sh(guest, "cat number").split()[0]) > 0
        guest.close()


def test_output_as_large_as_its_limit_arrives_however_late_it_is_read(shared_guest: GuestMachine) -> None:
    done = shared_guest.run(["sh", "-c", "head -c 6M /dev/zero; head -c 6M /dev/zero >&2"], limit=8 << 20)
    assert (len(done.out), len(done.err), done.truncated) == (6 << 20, 6 << 20, False)
