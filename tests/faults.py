"""Kills what runs a chapter at random moments, again and again, and says what was left behind: on this machine for a
guest, inside a guest for the host machine.

    python3 -m tests.faults guest|host [COUNT]    prints {"struck": …, "left": […], "passed": …}
"""

from __future__ import annotations

import faulthandler
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lablib.course.parser import load_chapter
from lablib.kernel import syscalls
from lablib.kernel.cgroup2 import find_cgroup2
from lablib.kernel.mountinfo import parse
from lablib.kernel.mounts import private
from lablib.kernel.procfs import ProcFS
from lablib.machine.agent.journal import folder_of
from lablib.machine.base import Size
from lablib.machine.choose import machine_factory
from lablib.machine.leftovers import sweep
from lablib.machine.room import PREFIX
from lablib.player import perform
from lablib.progress import FILE, Progress
from lablib.state import state_folder

PROJECT = Path(__file__).parents[1]
CHAPTERS = ("02-cgroups", "04-overlayfs")
LONGEST = 7.0
"""Seconds into a chapter at which it is struck at the latest."""
AFTER_A_STEP = 3
"""The number of a strike that comes after a step was noted, however slow the machine is."""
STEP_SECONDS = 120.0
SETTLE_SECONDS = 40.0
STUCK_SECONDS = 280.0
"""After which one strike, with all that is waited for, is stuck: it ends with where it is, and where others wait."""
VICTIMS = (("screen",), ("agent",), ("screen", "agent"), ("watch",), ("screen", "agent", "watch"))
"""The watch is the process that clears up behind the agent: a guest's keeper, a host's warden."""
PROC = ProcFS()


def judge(said: str, kind: str, count: int) -> None:
    """Fails where `said`, the line that `count` strikes printed, tells of anything left or lost."""
    found = json.loads(said)
    print(f"{kind}: struck {found['struck']} times, left {len(found['left'])} things, {found['passed']} steps noted")
    assert found["left"] == []
    assert found["struck"] == count
    assert found["passed"] > 0, "a moment came after a step"


def play(kind: str, name: str, work: Path) -> None:
    """What a lesson does: plays the steps, and notes how far it came."""
    chapter = load_chapter(PROJECT / "content" / name)
    with machine_factory(kind, work)() as machine:
        for played in perform(chapter, machine, Size(80, 24)):
            Progress().mark_passed(f"{chapter.id}/{played.step.id}")
            machine.save_work()


def strike_often(kind: str, count: int, seed: int) -> dict[str, object]:
    """Strikes `count` times."""
    chance = random.Random(seed)
    syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)  # what loses its parent becomes our child, and is counted
    if os.geteuid() == 0:  # what others mount meanwhile, such as podman, is not counted
        syscalls.unshare(syscalls.CLONE_NEWNS)
        private("/").execute()
    left: list[str] = []
    passed = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        os.chmod(folder, 0o755)  # root's guests have a uid of their own
        for variable, name in {"TMPDIR": "tmp", "XDG_STATE_HOME": "state", "XDG_DATA_HOME": "data"}.items():
            Path(folder, name).mkdir()
            os.chmod(f"{folder}/{name}", 0o755)
            os.environ[variable] = f"{folder}/{name}"
        before = there(Path(folder))
        for number in range(count):
            faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
            victims = VICTIMS[number % len(VICTIMS)]
            screen = _screen(kind, CHAPTERS[number % len(CHAPTERS)], Path(folder, "work"))
            time.sleep(chance.uniform(0.0, LONGEST))
            if number == AFTER_A_STEP:
                _await_step()
            found = _settled(Path(folder), before, swept=not _strike(screen, victims))
            left += [f"{number} {'+'.join(victims)}: {thing}" for thing in found]
            passed = _progress(passed)
        faulthandler.dump_traceback_later(STUCK_SECONDS, exit=True)
        _starts(kind, Path(folder, "work"))
        left += [f"at the end: {thing}" for thing in _settled(Path(folder), before)]
    faulthandler.cancel_dump_traceback_later()
    return {"struck": count, "left": left, "passed": passed}


def _screen(kind: str, chapter: str, work: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults", "play", kind, chapter, str(work)],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _strike(screen: subprocess.Popen[bytes], victims: tuple[str, ...]) -> bool:
    """Whether the watch was at work, and lives to clear up."""
    watch = next(_children(screen.pid), 0)
    pids = {"screen": screen.pid, "watch": watch, "agent": _agent_of(watch) if watch else 0}
    there = [victim for victim in victims if pids[victim]] or ["screen"]  # so early, it may be all there is
    for victim in there:
        _kill(pids[victim])
    end = time.monotonic() + SETTLE_SECONDS
    while any(PROC.process(pids[victim]) for victim in there):  # what is held by the killed is held until they are gone
        if time.monotonic() > end:
            raise SystemExit(f"killed, and not gone: {[(pids[victim], PROC.status(pids[victim])) for victim in there]}")
        time.sleep(0.01)
    if "screen" not in there:
        try:
            screen.wait(SETTLE_SECONDS)  # it tells its user that the machine is gone, and ends
        except subprocess.TimeoutExpired:
            raise SystemExit(f"without its {victims} the screen stays") from None
    screen.wait()
    return bool(pids["agent"]) and "watch" not in there


def _agent_of(watch: int) -> int:
    """The agent of a host, the kernel of a guest."""
    return next((pid for pid in _children(watch) if PROC.comm(pid) != "lab-init"), 0)


def _settled(folder: Path, before: set[str], *, swept: bool = False) -> set[str]:
    """What is there beyond `before`, once nothing of it goes any more by itself, or `swept` as the next start does it.
    What the killed had just begun holds their claim until it has seen that they are gone."""
    end = time.monotonic() + SETTLE_SECONDS
    while found := there(folder) - before:
        if time.monotonic() > end:
            for pid in _below(os.getpid()):
                _kill(pid)
            break
        if swept:
            sweep()
        time.sleep(0.05)
    return found


def there(folder: Path) -> set[str]:
    """Cgroups, mounts, processes below us with their namespaces, and folders of labs."""
    _reap()
    root = find_cgroup2()
    # Not by Path.rglob, which fails where a cgroup goes meanwhile.
    cgroups = {f"{parent}/{name}" for parent, names, _ in os.walk(root or "") for name in names if PREFIX in name}
    control = (root / "cgroup.subtree_control").read_text().split() if root and os.geteuid() == 0 else []
    mounts = {f"mount {mount.point}" for mount in parse(Path("/proc/self/mountinfo").read_text())}
    folders = {str(path) for path in (*folder.glob(f"tmp/{PREFIX}*"), *_entries(folder_of(os.geteuid())))}
    processes = {f"process {pid} {PROC.comm(pid)} {PROC.namespace(pid, 'mnt')}" for pid in _below(os.getpid())}
    return cgroups | mounts | folders | processes | {f"control {name}" for name in control}


def _entries(folder: str) -> list[str]:
    try:
        return [f"{folder}/{name}" for name in os.listdir(folder)]
    except FileNotFoundError:  # it goes with the last lab
        return []


def _progress(passed: int) -> int:
    """How many steps are noted: never fewer than before, and in a file that can be read."""
    path = Path(state_folder(), FILE)
    progress = Progress()
    if progress.problem is not None:
        raise SystemExit(f"progress: {progress.problem}")
    now = len(path.read_text().splitlines()) - 1 if path.exists() else 0
    if now < passed:
        raise SystemExit(f"progress: {now} after {passed}")
    return now


def _await_step() -> None:
    end = time.monotonic() + STEP_SECONDS
    while not _progress(0):
        if time.monotonic() > end:
            raise SystemExit("no step is noted")
        time.sleep(0.05)


def _starts(kind: str, work: Path) -> None:
    with machine_factory(kind, work)() as machine:
        if machine.run(["echo", "here"]).out != b"here\n":
            raise SystemExit("the next start does not work")


def _children(pid: int) -> Iterator[int]:
    yield from (child for child in PROC.pids() if PROC.parent(child) == pid)


def _below(pid: int) -> list[int]:
    found = list(_children(pid))
    for child in found:
        found += _children(child)
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


if __name__ == "__main__":
    if sys.argv[1] == "play":
        play(sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    else:
        print(json.dumps(strike_often(sys.argv[1], int((sys.argv[2:] or ["20"])[0]), seed=201)))
