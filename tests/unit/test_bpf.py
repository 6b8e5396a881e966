"""The machine that runs filters answers as the kernel does, and takes only what the kernel takes."""

from __future__ import annotations

import pytest

from lablib.kernel import seccomp
from lablib.kernel.bpf import INSTRUCTION, Call, decode, run

X86_64 = seccomp.AUDIT_ARCH["x86_64"]
I386 = 0x40000003
RETURN_A, RETURN_7 = (0x16, 0, 0, 0), (0x06, 0, 0, 7)


def assembled(*instructions: tuple[int, int, int, int]) -> bytes:
    return b"".join(INSTRUCTION.pack(*instruction) for instruction in instructions)


def answer(*instructions: tuple[int, int, int, int], arguments: tuple[int, ...] = ()) -> int:
    return run(decode(assembled(*instructions)), Call(83, X86_64, arguments))


def test_a_filter_of_ours_answers_as_its_rules_say() -> None:
    rules = [
        seccomp.Rule(83, seccomp.errno_return(1)),
        seccomp.Rule(272, seccomp.errno_return(13), argument=0, mask=0x10000000),
    ]
    program = decode(seccomp.compile_deny_list(rules, "x86_64"))
    assert run(program, Call(83, X86_64)) == seccomp.errno_return(1)
    assert run(program, Call(272, X86_64, (0x10020000,))) == seccomp.errno_return(13)
    assert run(program, Call(272, X86_64, (0x00020000,))) == seccomp.RET_ALLOW
    assert run(program, Call(83 | seccomp.X32_SYSCALL_BIT, X86_64)) == seccomp.RET_KILL_PROCESS
    assert run(program, Call(39, 0x40000003)) == seccomp.RET_KILL_PROCESS


@pytest.mark.parametrize("otherwise", [seccomp.RET_KILL_PROCESS, seccomp.errno_return(38)])
def test_an_allow_list_allows_its_calls_and_nothing_else(otherwise: int) -> None:
    program = decode(seccomp.compile_answers(dict.fromkeys([231, 0, 59], seccomp.RET_ALLOW), otherwise, "x86_64"))
    answers = {number: run(program, Call(number, X86_64)) for number in (*range(1024), 0x3FFFFFFF)}
    assert [number for number, answer in answers.items() if answer == seccomp.RET_ALLOW] == [0, 59, 231]
    assert {answer for answer in answers.values() if answer != seccomp.RET_ALLOW} == {otherwise}


def test_an_allow_list_has_no_hole_of_another_abi() -> None:
    """execve is 59 here, and 11 on i386, where 59 is another call; x32 has these numbers with a bit set, and others."""
    program = decode(seccomp.compile_answers({59: seccomp.RET_ALLOW}, seccomp.errno_return(38), "x86_64"))
    foreign = [Call(number | seccomp.X32_SYSCALL_BIT, X86_64) for number in (0, 59, 520, 547)]
    foreign += [Call(number, arch) for number in (11, 59) for arch in (I386, seccomp.AUDIT_ARCH["aarch64"], 0)]
    foreign += [Call(0xFFFFFFFF, X86_64)]
    assert {run(program, call) for call in foreign} == {seccomp.RET_KILL_PROCESS}


def test_an_allow_list_is_of_the_machine_it_is_for() -> None:
    program = decode(seccomp.compile_answers({221: seccomp.RET_ALLOW}, seccomp.RET_KILL_PROCESS, "aarch64"))
    assert run(program, Call(221, seccomp.AUDIT_ARCH["aarch64"])) == seccomp.RET_ALLOW
    assert run(program, Call(221, X86_64)) == seccomp.RET_KILL_PROCESS
    with pytest.raises(KeyError):
        seccomp.compile_answers({}, seccomp.RET_KILL_PROCESS, "vax")


def test_the_data_is_read_as_the_processor_lays_it_out() -> None:
    argument = 0x1122334455667788
    assert answer((0x20, 0, 0, 0), RETURN_A) == 83
    assert answer((0x20, 0, 0, 4), RETURN_A) == X86_64
    assert answer((0x20, 0, 0, 24), RETURN_A, arguments=(0, argument)) == 0x55667788
    assert answer((0x20, 0, 0, 28), RETURN_A, arguments=(0, argument)) == 0x11223344
    assert answer((0x80, 0, 0, 0), RETURN_A) == 64


@pytest.mark.parametrize(
    ("code", "k", "result"),
    [
        (0x04, 0xFFFFFFFF, 11), (0x14, 13, 0xFFFFFFFF), (0x24, 0xF0000001, 0x4000000C), (0x34, 5, 2),
        (0x44, 3, 15), (0x54, 10, 8), (0x64, 30, 0), (0x74, 2, 3), (0xA4, 5, 9), (0x84, 0, 0xFFFFFFF4),
    ],
)  # fmt: skip
def test_arithmetic_is_of_32_bits(code: int, k: int, result: int) -> None:
    assert answer((0x00, 0, 0, 12), (code, 0, 0, k), RETURN_A) == result


@pytest.mark.parametrize(
    ("code", "holds"),
    [(0x15, [12]), (0x25, [0, 4, 8, 11]), (0x35, [0, 4, 8, 11, 12]), (0x45, [4, 8, 11, 12, 13])],
)
def test_comparisons_jump_where_they_say(code: int, holds: list[int]) -> None:
    jumped = [k for k in (0, 4, 8, 11, 12, 13) if answer((0, 0, 0, 12), (code, 1, 0, k), RETURN_7, RETURN_A) == 12]
    assert jumped == holds


def test_the_index_register_and_memory_work() -> None:
    assert answer((0x01, 0, 0, 5), (0x00, 0, 0, 12), (0x0C, 0, 0, 0), RETURN_A) == 17
    assert answer((0x00, 0, 0, 9), (0x02, 0, 0, 3), (0x61, 0, 0, 3), (0x87, 0, 0, 0), RETURN_A) == 9
    assert answer((0x00, 0, 0, 9), (0x07, 0, 0, 0), (0x03, 0, 0, 15), (0x60, 0, 0, 15), RETURN_A) == 9
    assert answer((0x00, 0, 0, 9), (0x3C, 0, 0, 0), RETURN_7) == 0, "a division by zero in X kills"
    assert answer((0x05, 0, 0, 1), RETURN_A, RETURN_7) == 7


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!/bin/sh\n",
        assembled((0x20, 0, 0, 0)),
        assembled(RETURN_7, (0x20, 0, 0, 0)),
        assembled((0x20, 0, 0, 64), RETURN_A),
        assembled((0x20, 0, 0, 2), RETURN_A),
        assembled((0x28, 0, 0, 0), RETURN_A),
        assembled((0x15, 0, 1, 0), RETURN_A),
        assembled((0x15, 1, 0, 0), RETURN_A),
        assembled((0x05, 0, 0, 1), RETURN_A),
        assembled((0x05, 0, 0, 0xFFFFFFFF), RETURN_A),
        assembled((0x34, 0, 0, 0), RETURN_A),
        assembled((0x64, 0, 0, 32), RETURN_A),
        assembled((0x94, 0, 0, 2), RETURN_A),
        assembled((0x60, 0, 0, 16), RETURN_A),
        assembled((0x1006, 0, 0, 0)),
        assembled(*[RETURN_7] * 4097),
    ],
)  # fmt: skip
def test_what_the_kernel_would_not_load_is_no_filter(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(data)


def test_a_cell_that_was_never_stored_to_cannot_be_loaded() -> None:
    with pytest.raises(ValueError, match="cell 3"):
        answer((0x60, 0, 0, 3), RETURN_A)
