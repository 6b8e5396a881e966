"""Allow-lists that students' programs load, honest ones and others: what is taken of them is what they load, and what
it is worth is found out under the real interpreter. Needs root, as the agent has, and a sandbox that lets it make
namespaces."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import textwrap
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from lablib.kernel import bpf, seccomp
from lablib.minimize.examine import asked, examine_list, examine_program, smallest
from lablib.minimize.names import number
from lablib.minimize.workload import HELLO, INTERPRETER, WORKLOADS
from tests.sandbox import needs_notify, needs_root

ERRNO, KILL = WORKLOADS["errno"], WORKLOADS["kill"]
ALLOW, LOG, TRACE, NOTIF = seccomp.RET_ALLOW, 0x7FFC0000, 0x7FF00000, seccomp.RET_USER_NOTIF
ENOSYS = seccomp.errno_return(38)
LIST = [
    "execve", "arch_prctl", "mmap", "mprotect", "openat", "read", "pread64", "newfstatat", "close", "futex", "fcntl",
    "getdents64", "write", "exit_group",
]  # fmt: skip

pytestmark = [needs_root, needs_notify]

LOADER = f"""
import ctypes, os, struct, threading
libc = ctypes.CDLL(None, use_errno=True)
LIST = bytes.fromhex("%s")
ALL = struct.pack("HBBI", 6, 0, 0, {ALLOW})

def load(program, flags=0, by_prctl=False):
    buffer = ctypes.create_string_buffer(program, len(program))
    fprog = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer)))
    libc.prctl(38, 1, 0, 0, 0)
    done = libc.prctl(22, 2, fprog) if by_prctl else libc.syscall(317, 1, flags, fprog)
    assert done >= 0, os.strerror(ctypes.get_errno())
    return done

def become(path={INTERPRETER!r}, argv=({INTERPRETER!r}, "-ISEB", "-c", {HELLO!r}), env={{}}):
    os.execve(path, argv, env)
"""


def filter_of(calls: Iterable[str | int], otherwise: int = ENOSYS, answer: int = ALLOW) -> bytes:
    numbers = [call if isinstance(call, int) else number(call) for call in calls]
    return seccomp.compile_answers({one: answer for one in numbers if one is not None}, otherwise)


@pytest.fixture
def launcher(tmp_path: Path) -> Any:
    def write(code: str, program: bytes | None = None) -> Path:
        made = filter_of(LIST) if program is None else program
        file = tmp_path / "launcher"
        file.write_text(f"#!{sys.executable} -IS\n{LOADER % made.hex()}\n{textwrap.dedent(code)}")
        file.chmod(0o755)
        return file

    return write


def examined(file: Path, workload: Any = ERRNO) -> dict[str, Any]:
    """In a process of its own, since who captures may have no other children."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = examine_program(str(file), {"PATH": "/usr/bin:/bin"}, workload, lambda: None)
            os.write(writing, json.dumps(found).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return dict(json.loads(said))


def reason(file: Path) -> tuple[str, str]:
    found = examined(file)
    return found.get("reason", ""), found.get("detail", "")


def nothing_is_left(word: str) -> bool:
    return not any(word.encode() in path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline"))


def test_a_shortest_list_is_taken_as_it_is_and_nothing_can_be_left_out(launcher: Any) -> None:
    found = examined(launcher("load(LIST); become()"))
    assert (found["allowed"], found["filters"]) == (sorted(LIST), 1)
    assert (found["hole"], found["other"], found["conditional"], found["unasked"]) == ("", "", [], [])
    assert found["needless"] == ""


def test_filters_loaded_in_either_way_and_by_turns_are_all_taken(launcher: Any) -> None:
    # The first two allow what loads the third; Python has to live with all of them.
    code = f"""
    load(bytes.fromhex("{filter_of([*LIST, "seccomp", "prctl", "brk"]).hex()}"))
    load(ALL, by_prctl=True)
    load(LIST)
    become()
    """
    found = examined(launcher(code))
    assert (found["filters"], found["allowed"], found["needless"]) == (3, sorted(LIST), "")


def test_a_filter_that_another_thread_loads_for_all_is_taken_too(launcher: Any) -> None:
    thread = "thread = threading.Thread(target=load, args=(LIST, 1)); thread.start(); thread.join(); become()"
    assert examined(launcher(thread))["allowed"] == sorted(LIST)


def test_a_child_that_becomes_the_interpreter_while_its_parent_goes_is_followed(launcher: Any) -> None:
    code = "if os.fork(): os._exit(0)\nload(LIST); become()"
    assert examined(launcher(code))["allowed"] == sorted(LIST)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("print('hello')", ("no-filter", "")),
        ("become()", ("unfiltered", "-")),
        ("load(ALL)", ("not-executed", "-")),
        ("threading.Thread(target=load, args=(ALL,)).start(); become()", ("unfiltered", "-")),
        ("if os.fork() == 0: load(LIST); os._exit(0)\nos.wait(); become()", ("unfiltered", "-")),
        ("load(ALL); become(env={'LD_PRELOAD': '/tmp/helps.so'})", ("other-arguments", None)),
        ("load(ALL); become(env={'PYTHONHOME': '/tmp'})", ("other-arguments", None)),
        (f"load(ALL); become(argv=({INTERPRETER!r}, '-c', {HELLO!r}))", ("other-arguments", None)),
        ("load(ALL); become('/bin/true')", ("other-program", "/usr/bin/true")),
    ],
)
def test_what_does_not_end_in_the_interpreter_under_a_filter_is_told(
    launcher: Any, code: str, expected: tuple[str, str | None]
) -> None:
    found = reason(launcher(code))
    assert found[0] == expected[0]
    assert expected[1] in (None, found[1])


def test_a_filter_that_denies_execve_is_told_with_its_answer(launcher: Any) -> None:
    program = filter_of([call for call in LIST if call != "execve"])
    assert reason(launcher("load(LIST); become()", program)) == ("denied", os.strerror(38))
    killed = filter_of([call for call in LIST if call != "execve"], seccomp.RET_KILL_PROCESS)
    assert reason(launcher("load(LIST); become()", killed)) == ("killed", "execve")


def test_what_kills_it_on_the_way_is_named(launcher: Any) -> None:
    killing = filter_of(LIST, seccomp.RET_KILL_PROCESS)
    assert reason(launcher("load(LIST); os.getppid(); become()", killing)) == ("killed", "getppid")


def test_another_interpreter_under_the_name_that_was_asked_for_is_told(launcher: Any, tmp_path: Path) -> None:
    fake = tmp_path / "python3"
    fake.write_bytes(Path("/bin/echo").read_bytes())
    fake.chmod(0o755)
    assert reason(launcher(f"load(ALL); become({str(fake)!r})")) == ("other-program", str(fake))


def test_a_copy_of_the_interpreter_is_the_interpreter(launcher: Any, tmp_path: Path) -> None:
    copy = tmp_path / "copied"
    copy.write_bytes(Path(INTERPRETER).read_bytes())
    copy.chmod(0o755)
    assert examined(launcher(f"load(LIST); become({str(copy)!r})"))["needless"] == ""


def test_what_is_no_program_is_told(tmp_path: Path) -> None:
    file = tmp_path / "launcher"
    assert reason(file) == ("no-program", os.strerror(2))
    file.write_bytes(b"\x7fELF of another machine")
    assert reason(file) == ("no-program", os.strerror(13))
    file.chmod(0o755)
    assert reason(file) == ("no-program", os.strerror(8))


def test_one_that_hangs_is_ended_in_time_with_all_it_started(launcher: Any) -> None:
    word = f"1000.{os.getpid()}"
    code = f"""
    import subprocess, time
    for _ in range(2):
        subprocess.Popen(["sleep", "{word}"], start_new_session=True)
    CLONE_UNTRACED = 0x00800000
    if libc.syscall(56, CLONE_UNTRACED | 17, 0, 0, 0, 0) == 0:
        os.execv("/bin/sleep", ["sleep", "{word}"])
    time.sleep(1000)
    """
    began = time.monotonic()
    assert reason(launcher(code))[0] == "hangs"
    assert time.monotonic() - began < 8
    assert nothing_is_left(word)


def test_one_that_forks_for_ever_is_ended(launcher: Any) -> None:
    began = time.monotonic()
    assert reason(launcher("while True: os.fork()"))[0] == "forks"
    assert time.monotonic() - began < 5


def test_one_that_is_stopped_by_a_signal_goes_on(launcher: Any) -> None:
    assert examined(launcher("os.kill(os.getpid(), 19); load(LIST); become()"))["allowed"] == sorted(LIST)


def test_a_filter_of_all_the_instructions_there_may_be_is_judged_in_time(launcher: Any) -> None:
    jumps = bpf.INSTRUCTION.pack(0x05, 0, 0, 0) * (bpf.MAX_INSTRUCTIONS - len(filter_of(LIST)) // 8)
    began = time.monotonic()
    found = examined(launcher("load(LIST); become()", jumps + filter_of(LIST)))
    assert (found["instructions"], found["needless"]) == (bpf.MAX_INSTRUCTIONS, "")
    assert time.monotonic() - began < 10


def test_a_supervisor_that_answers_notifications_gains_nothing(launcher: Any) -> None:
    answers = {call: ALLOW for name in LIST if (call := number(name)) is not None} | {1: NOTIF, 257: NOTIF}
    found = examined(launcher("load(LIST, 8); become()", seccomp.compile_answers(answers, ENOSYS)))
    assert found["other"] == "write: USER_NOTIF"


def test_a_filter_that_looks_where_the_calls_come_from_does_not_work_for_others(launcher: Any) -> None:
    program = b"".join(
        bpf.INSTRUCTION.pack(*step)
        for step in [
            (0x20, 0, 0, 4), (0x15, 1, 0, 0xC000003E), (6, 0, 0, seccomp.RET_KILL_PROCESS),
            (0x20, 0, 0, 0), (0x35, 0, 1, 0x40000000), (6, 0, 0, seccomp.RET_KILL_PROCESS),
            (0x15, 0, 1, 59), (6, 0, 0, ALLOW),
            (0x20, 0, 0, 12), (0x15, 0, 1, 0x7FFF), (6, 0, 0, ENOSYS), (6, 0, 0, ALLOW),
        ]
    )  # fmt: skip
    found = examined(launcher("load(LIST); become()", program))
    assert len(found["allowed"]) == 1024 and len(found["conditional"]) == 1023
    assert found.get("broken") or found["needless"]


def test_a_filter_that_lets_one_way_of_working_through_does_not_work_for_another(launcher: Any) -> None:
    rule = [(0x15, 0, 4, 1), (0x20, 0, 0, 32), (0x15, 0, 1, len("hello\n")), (6, 0, 0, ALLOW), (6, 0, 0, ENOSYS)]
    own = filter_of([call for call in LIST if call != "write"])
    program = own[: 6 * 8] + b"".join(bpf.INSTRUCTION.pack(*step) for step in rule) + own[6 * 8 :]
    found = examined(launcher("load(LIST); become()", program))
    assert (found["conditional"], bool(found["broken"])) == (["write"], True)


def test_a_launcher_that_chooses_its_filter_by_what_it_is_asked_knows_nothing_to_choose_by(launcher: Any) -> None:
    code = "import sys; load(ALL if sys.argv[1:] or os.isatty(1) else LIST); become()"
    assert examined(launcher(code))["needless"] == ""


def test_a_filter_that_came_through_another_table_of_calls_is_missed_and_that_is_told(launcher: Any) -> None:
    code = """
    import mmap
    low = ctypes.CDLL(None).mmap
    low.restype = ctypes.c_void_p
    low.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 4]
    page = low(None, 4096, 7, 0x22 | 0x40, -1, 0)  # MAP_32BIT
    filter = struct.pack("HBBI", 6, 0, 0, 0x7FFF0000)
    ask = bytes.fromhex("53b862010000bb01000000b900000000ba")
    body = ask + struct.pack("I", page + 512) + bytes.fromhex("cd805bc3")
    ctypes.memmove(page, body, len(body))
    ctypes.memmove(page + 512, struct.pack("HxxI", 1, page + 600), 8)
    ctypes.memmove(page + 600, filter, 8)
    libc.prctl(38, 1, 0, 0, 0)
    ctypes.CFUNCTYPE(ctypes.c_int)(page)()
    become()
    """
    found = reason(launcher(code))
    if found[0] == "no-filter":
        pytest.skip("this kernel has no table of i386")
    assert found == ("unseen", "1")


def answered(program: bytes, workload: Any = ERRNO) -> Any:
    return asked([seccomp.Load(program)], workload.action)


@pytest.mark.parametrize("answer", [LOG, TRACE, NOTIF, seccomp.errno_return(0), seccomp.errno_return(1), 0, 0x30000])
def test_only_the_two_answers_of_the_task_are_taken(answer: int) -> None:
    assert answered(filter_of([*LIST], answer)).other
    program = seccomp.compile_answers({0: ALLOW, 1: answer}, ENOSYS)
    assert answered(program).other.startswith("write: ")
    assert answered(filter_of(LIST)).other == ""


def test_an_unknown_action_is_a_kill() -> None:
    assert answered(filter_of(LIST, 0x12340000), KILL).other == ""
    assert answered(filter_of(LIST, 0x12340000), ERRNO).other == "open: KILL_PROCESS"


def test_every_table_but_its_own_is_closed() -> None:
    own = filter_of(LIST)
    number_alone = own[3 * 8 :]  # without the look at the architecture
    assert answered(number_alone).hole.startswith("i386: ")
    without_x32 = own[: 4 * 8] + own[6 * 8 :]
    assert answered(without_x32).hole == ""  # equal numbers only: x32's are others
    masked = bpf.INSTRUCTION.pack(0x54, 0, 0, 0x3FFFFFFF)
    through = own[: 4 * 8] + masked + own[6 * 8 :]
    assert answered(through).hole == "x32: 0x40000000"


def test_a_call_allowed_for_some_arguments_counts_and_is_listed() -> None:
    rule = [
        bpf.INSTRUCTION.pack(*step)
        for step in [(0x15, 0, 4, 1), (0x20, 0, 0, 16), (0x15, 0, 1, 1), (6, 0, 0, ALLOW), (6, 0, 0, ENOSYS)]
    ]
    own = filter_of(["read"])
    found = answered(own[: 6 * 8] + b"".join(rule) + own[6 * 8 :])
    assert (found.allowed, found.conditional) == ({0, 1}, ["write"])


def test_calls_that_are_never_asked_for_and_one_that_is_not_needed_are_named() -> None:
    found = examine_list("\n".join([*LIST, "brk", "io_uring_setup", "io_uring_enter"]), ERRNO)
    assert found["unasked"] == ["io_uring_enter", "io_uring_setup"]
    assert found["needless"] in ("io_uring_enter", "io_uring_setup")
    assert examine_list("\n".join([*LIST, "brk"]), ERRNO)["needless"] == "brk"


@pytest.mark.parametrize(("missing", "named"), [("write", "write"), ("pread64", "pread64")])
def test_what_python_misses_is_named(missing: str, named: str) -> None:
    found = examine_list("\n".join(call for call in LIST if call != missing), ERRNO)
    assert found["broken"]
    assert found["missed"] == named
    under_kill = [call for call in smallest(KILL)["calls"] if call != missing]
    found = examine_list("\n".join(under_kill), KILL)
    assert (found["broken"], found["missed"]) == ("signal 31", named)


@pytest.mark.parametrize("text", ["reed", "read write", "r\u00e9ad", "\0", "x" * 60000])
def test_a_name_that_no_call_has_is_told(text: str) -> None:
    found = examine_list(f"read\n{text}\n", ERRNO)
    assert found["reason"] == "unknown-call"
    assert found["detail"] == text[:80]


def test_a_list_may_have_comments_and_empty_lines() -> None:
    assert examine_list("# mine\n\nexecve # first\nread\n", ERRNO)["allowed"] == ["execve", "read"]


def test_a_start_cannot_be_foreseen_and_the_interpreter_prints_what_is_expected() -> None:
    import subprocess

    (argv, output), (other, _) = ERRNO.made_up(), ERRNO.made_up()
    assert argv != other
    assert subprocess.run(argv, env={}, capture_output=True, check=True).stdout == output


def test_under_kill_the_minimum_is_proved_by_a_handful_of_launches() -> None:
    found = smallest(KILL)
    assert found["launches"] <= 5
    assert found["count"] == len(found["calls"]) > 20
    assert examine_list("\n".join(found["calls"]), KILL)["needless"] == ""


def test_capturing_leaves_our_own_pid_namespace_as_it_was(launcher: Any) -> None:
    before = os.readlink("/proc/self/ns/pid_for_children")
    examined(launcher("load(LIST); become()"))
    assert os.readlink("/proc/self/ns/pid_for_children") == before
    assert ctypes.CDLL(None).getpid() == os.getpid()
