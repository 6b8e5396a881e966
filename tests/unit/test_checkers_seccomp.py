"""What the checks of the seccomp chapter say, filter by filter."""

from __future__ import annotations

from pathlib import Path

import pytest

import checkers  # noqa: F401 - registers the checks
from lablib.kernel.bpf import INSTRUCTION, MAX_INSTRUCTIONS
from lablib.kernel.seccomp import RET_ALLOW, RET_KILL_PROCESS, Rule, compile_deny_list, errno_return
from lablib.verdict import REGISTRY, Result, Verdict
from tests.unit.fake_kernel import FakeKernel

EPERM, ENOSYS = errno_return(1), errno_return(38)
MKDIR, MKDIRAT, SETHOSTNAME, UNSHARE, CLONE, CLONE3 = 83, 258, 170, 272, 56, 435
NEWUSER = 0x10000000
LOG, TRACE, USER_NOTIF, TRAP, KILL_THREAD = 0x7FFC0000, 0x7FF00000, 0x7FC00000, 0x00030000, 0
FIRST = {MKDIR: EPERM, MKDIRAT: EPERM, SETHOSTNAME: RET_KILL_PROCESS}
LOAD_ARCH, LOAD_NUMBER, X86_64, I386 = (0x20, 0, 0, 4), (0x20, 0, 0, 0), 0xC000003E, 0x40000003


@pytest.fixture
def kernel(tmp_path: Path) -> FakeKernel:
    made = FakeKernel(tmp_path)
    (made.folder / "files/root/lab").mkdir(parents=True)
    return made


def write(kernel: FakeKernel, name: str, data: bytes) -> None:
    (kernel.folder / "files/root/lab" / name).write_bytes(data)


def rules(answers: dict[int, int]) -> bytes:
    return compile_deny_list([Rule(number, action) for number, action in answers.items()], "x86_64")


def assembled(*instructions: tuple[int, int, int, int]) -> bytes:
    return b"".join(INSTRUCTION.pack(*instruction) for instruction in instructions)


def results(kernel: FakeKernel, task: str) -> dict[str, Result]:
    return {result.id: result for result in REGISTRY.run(task, kernel.context())}


def keys(kernel: FakeKernel, task: str) -> dict[str, str]:
    return {id: result.key for id, result in results(kernel, task).items()}


# first-filter


def first(kernel: FakeKernel, answers: dict[int, int], mode: str = "2") -> dict[str, str]:
    write(kernel, "first.bpf", rules(answers))
    kernel.process(7)
    with (kernel.folder / "proc/7/status").open("a") as status:
        status.write(f"NoNewPrivs:\t1\nSeccomp:\t{mode}\nSeccomp_filters:\t1\n")
    return {id: key for id, key in keys(kernel, "seccomp/first-filter").items() if key}


def test_the_filter_that_is_asked_for_passes(kernel: FakeKernel) -> None:
    assert first(kernel, FIRST) == {}


@pytest.mark.parametrize(
    ("change", "failed"),
    [
        ({MKDIR: RET_ALLOW}, {"mkdir-fails-with-eperm": "seccomp.lets-through"}),
        ({MKDIRAT: RET_ALLOW}, {"mkdir-fails-with-eperm": "seccomp.another-door"}),
        ({MKDIRAT: LOG}, {"mkdir-fails-with-eperm": "seccomp.another-door"}),
        ({MKDIR: RET_KILL_PROCESS}, {"mkdir-fails-with-eperm": "seccomp.kills-instead"}),
        ({MKDIR: errno_return(13)}, {"mkdir-fails-with-eperm": "seccomp.another-answer"}),
        ({MKDIR: errno_return(0)}, {"mkdir-fails-with-eperm": "seccomp.another-answer"}),
        ({SETHOSTNAME: EPERM}, {"sethostname-kills": "seccomp.does-not-kill"}),
        ({SETHOSTNAME: TRAP}, {"sethostname-kills": "seccomp.does-not-kill"}),
        ({SETHOSTNAME: RET_ALLOW}, {"sethostname-kills": "seccomp.lets-through"}),
        ({SETHOSTNAME: KILL_THREAD}, {"sethostname-kills": "seccomp.kills-a-thread"}),
        ({84: EPERM}, {"all-else-is-allowed": "seccomp.refuses-others"}),
        ({84: LOG}, {}),
    ],
)
def test_each_wrong_answer_has_its_reason(kernel: FakeKernel, change: dict[int, int], failed: dict[str, str]) -> None:
    assert first(kernel, {**FIRST, **change}) == failed


def test_an_action_that_the_kernel_does_not_know_is_a_kill(kernel: FakeKernel) -> None:
    assert first(kernel, {**FIRST, SETHOSTNAME: 0x12340000}) == {}


@pytest.mark.parametrize("mode", ["0", "1"])
def test_a_sleep_without_a_filter_is_told_with_its_mode(kernel: FakeKernel, mode: str) -> None:
    assert first(kernel, FIRST, mode) == {"sleep-runs-under-it": "seccomp.not-loaded"}
    result = results(kernel, "seccomp/first-filter")["sleep-runs-under-it"]
    assert (result.params, result.actual) == ({"pid": "7", "mode": mode}, f"Seccomp: {mode}")


def test_a_sleep_that_has_ended_or_is_none_of_the_students_does_not_count(tmp_path: Path) -> None:
    kernel = FakeKernel(tmp_path, depth=1)
    kernel.process(7)  # lives in our pid namespace only
    kernel.process(8, state="Z", shown=3)
    assert keys(kernel, "seccomp/first-filter")["sleep-runs-under-it"] == "seccomp.no-sleep"


def test_without_a_file_every_answer_is_missing(kernel: FakeKernel) -> None:
    assert set(keys(kernel, "seccomp/no-holes").values()) == {"seccomp.no-file"}
    (kernel.folder / "files/root/lab/closed.bpf").mkdir()
    assert set(keys(kernel, "seccomp/no-holes").values()) == {"seccomp.no-file"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"mkdir: EPERM\n",
        b"if ($arch == 3221225534)",
        rules(FIRST)[:-8],
        rules(FIRST) + b"\0",
        assembled(*[(6, 0, 0, RET_ALLOW)] * (MAX_INSTRUCTIONS + 1)),
        assembled((0x60, 0, 0, 0), (0x16, 0, 0, 0)),
    ],
    ids=["empty", "text", "pseudo code", "cut off", "odd", "too long", "memory that was never written"],
)
def test_what_is_no_filter_is_said_to_be_none(kernel: FakeKernel, data: bytes) -> None:
    write(kernel, "first.bpf", data)
    found = results(kernel, "seccomp/first-filter")
    assert found["sethostname-kills"].key == "seccomp.not-a-filter"
    assert found["sethostname-kills"].actual


# no-users


def users(*calls: int, mask: int = NEWUSER, equals: bool = False, clone3: int = ENOSYS, action: int = EPERM) -> bytes:
    made = [Rule(call, action, argument=0, mask=mask, equals=equals) for call in calls]
    return compile_deny_list([*made, Rule(CLONE3, clone3)], "x86_64")


@pytest.mark.parametrize(
    ("data", "failed"),
    [
        (users(UNSHARE, CLONE), {}),
        (users(UNSHARE), {"new-user-namespaces-are-refused": "seccomp.new-users-allowed"}),
        (users(CLONE), {"new-user-namespaces-are-refused": "seccomp.new-users-allowed"}),
        (users(UNSHARE, CLONE, equals=True), {"new-user-namespaces-are-refused": "seccomp.only-that-value"}),
        (users(UNSHARE, CLONE, action=0), {"new-user-namespaces-are-refused": "seccomp.kills-instead"}),
        (users(UNSHARE, CLONE, action=ENOSYS), {"new-user-namespaces-are-refused": "seccomp.another-answer"}),
        (users(UNSHARE, CLONE, mask=0x7E020000), {"other-flags-are-allowed": "seccomp.flags-not-looked-at"}),
        (users(UNSHARE, CLONE, mask=0xFFFFFFFF), {"other-flags-are-allowed": "seccomp.flags-not-looked-at"}),
        (
            users(UNSHARE, CLONE, clone3=RET_ALLOW),
            {"clone3-is-as-if-it-did-not-exist": "seccomp.clone3-allowed"},
        ),
        (users(UNSHARE, CLONE, clone3=EPERM), {"clone3-is-as-if-it-did-not-exist": "seccomp.clone3-breaks-threads"}),
        (users(UNSHARE, CLONE, clone3=0), {"clone3-is-as-if-it-did-not-exist": "seccomp.clone3-breaks-threads"}),
    ],
)
def test_flags_are_judged_bit_by_bit(kernel: FakeKernel, data: bytes, failed: dict[str, str]) -> None:
    write(kernel, "no-users.bpf", data)
    assert {id: key for id, key in keys(kernel, "seccomp/no-users").items() if key} == failed


# no-holes


def closed(i386: list[tuple[int, int, int, int]], x32: int | None) -> bytes:
    """A filter with `i386` for that architecture's instructions, and `x32` as the answer to all x32 calls."""
    own = [(0x15, 0, 1, MKDIR), (6, 0, 0, EPERM), (0x15, 0, 1, MKDIRAT), (6, 0, 0, EPERM), (6, 0, 0, RET_ALLOW)]
    if x32 is not None:
        own = [(0x35, 0, 1, 0x40000000), (6, 0, 0, x32), *own]
    return assembled(
        LOAD_ARCH,
        (0x15, 0, 1 + len(own), X86_64),
        LOAD_NUMBER,
        *own,
        (0x15, 1, 0, I386),
        (6, 0, 0, 0),
        LOAD_NUMBER,
        *i386,
    )


REFUSES = [(0x15, 1, 0, 39), (0x15, 0, 1, 296), (6, 0, 0, EPERM), (6, 0, 0, RET_ALLOW)]
FORGETS_MKDIRAT = [(0x15, 0, 1, 39), (6, 0, 0, EPERM), (6, 0, 0, RET_ALLOW)]
NUMBERS_OF_X86_64 = [(0x15, 1, 0, 83), (0x15, 0, 1, 258), (6, 0, 0, EPERM), (6, 0, 0, RET_ALLOW)]


@pytest.mark.parametrize(
    ("i386", "x32", "failed"),
    [
        (REFUSES, RET_KILL_PROCESS, {}),
        (REFUSES, TRAP, {}),
        (REFUSES, ENOSYS, {}),
        (REFUSES, None, {"mkdir-is-refused-to-x32": "seccomp.x32-hole"}),
        (REFUSES, LOG, {"mkdir-is-refused-to-x32": "seccomp.x32-hole"}),
        (REFUSES, TRACE, {"mkdir-is-refused-to-x32": "seccomp.x32-hole"}),
        (REFUSES, USER_NOTIF, {"mkdir-is-refused-to-x32": "seccomp.x32-hole"}),
        (FORGETS_MKDIRAT, 0, {"mkdir-is-refused-to-i386": "seccomp.i386-hole"}),
        (NUMBERS_OF_X86_64, 0, {"mkdir-is-refused-to-i386": "seccomp.i386-hole"}),
        ([(6, 0, 0, RET_ALLOW)], 0, {"mkdir-is-refused-to-i386": "seccomp.i386-hole"}),
        ([(6, 0, 0, RET_KILL_PROCESS)], 0, {"mkdir-is-refused-to-i386": "seccomp.i386-killed"}),
        ([(6, 0, 0, EPERM)], 0, {"mkdir-is-refused-to-i386": "seccomp.i386-refused"}),
        ([(6, 0, 0, ENOSYS)], 0, {"mkdir-is-refused-to-i386": "seccomp.another-answer"}),
    ],
)
def test_each_table_of_calls_is_judged(
    kernel: FakeKernel, i386: list[tuple[int, int, int, int]], x32: int | None, failed: dict[str, str]
) -> None:
    write(kernel, "closed.bpf", closed(i386, x32))
    assert {id: key for id, key in keys(kernel, "seccomp/no-holes").items() if key} == failed


def test_evidence_is_the_call_with_its_answer(kernel: FakeKernel) -> None:
    write(kernel, "closed.bpf", closed(REFUSES, None))
    found = results(kernel, "seccomp/no-holes")
    (evidence,) = found["mkdir-is-refused-to-x32"].evidence
    assert (evidence.source, evidence.text) == ("~/lab/closed.bpf", "mkdir (x32: 0x40000053): ALLOW")
    assert found["mkdir-is-refused"].verdict is Verdict.PASS
