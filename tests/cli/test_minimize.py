"""`labs dev minimize`: the list in each form, a sentence for each program that cannot be judged, nothing that stays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

from tests.cli.conftest import PROJECT, Labs
from tests.sandbox import needs_notify

pytestmark = needs_notify

PYTHON = ("/usr/bin/python3", "-ISEB", "-c", "print('hello')")
COMMAND = [sys.executable, str(PROJECT / "labs/__main__.py"), "dev", "minimize"]


def minimized(labs: Labs, *words: str) -> str:
    done = labs("dev", "minimize", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("action", ["errno", "kill"])
def test_json_has_its_stable_form(labs: Labs, action: str) -> None:
    value = json.loads(minimized(labs, "--json", "--action", action, "--", *PYTHON))
    assert set(value) == {"allowed", "proved", "launches", "seconds", "action"}
    assert value["allowed"] == sorted(value["allowed"])
    assert {"execve", "write", "mmap"} <= set(value["allowed"])
    assert value["proved"] is (action == "kill")
    assert value["action"] == action


def test_exact_proves(labs: Labs) -> None:
    value = json.loads(minimized(labs, "--json", "--exact", "--", "/bin/true"))
    assert value["proved"] is True
    assert value["launches"] > 40


def test_a_reader_is_told_the_list_and_what_denied_calls_fell_back_to(labs: Labs) -> None:
    report = minimized(labs, "--", *PYTHON)
    assert "system calls are needed" in report and "none of these can be left out" in report
    assert " execve " in report
    assert "went on all the same: " in report and "brk" in report.partition("all the same: ")[2]
    assert "(ENOSYS)" in report
    killed = minimized(labs, "--action", "kill", "--lang", "zh", "--", "/bin/true")
    assert "没有更小的清单" in killed and "KILL_PROCESS" in killed


def test_text_is_a_name_in_each_line(labs: Labs) -> None:
    value = json.loads(minimized(labs, "--json", "--", "/bin/true"))
    assert minimized(labs, "--format", "text", "--", "/bin/true").splitlines() == value["allowed"]


@pytest.mark.parametrize(
    ("action", "default"),
    [
        ("errno", {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38}),
        ("kill", {"defaultAction": "SCMP_ACT_KILL_PROCESS"}),
    ],
)
def test_oci_is_a_profile(labs: Labs, action: str, default: dict[str, object]) -> None:
    profile = json.loads(minimized(labs, "--format", "oci", "--action", action, "--", "/bin/true"))
    (rule,) = profile.pop("syscalls")
    assert rule["action"] == "SCMP_ACT_ALLOW" and "execve" in rule["names"]
    assert len(profile.pop("architectures")) == 1
    assert profile == default


@pytest.mark.parametrize("action", ["errno", "kill"])
def test_the_python_code_runs_the_program_under_the_list(labs: Labs, tmp_path: Path, action: str) -> None:
    pytest.importorskip("pyseccomp", exc_type=Exception)  # it raises RuntimeError without libseccomp
    code = tmp_path / "allow.py"
    code.write_text(minimized(labs, "--format", "pyseccomp", "--action", action, "--", *PYTHON))
    done = subprocess.run([sys.executable, code, *PYTHON], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "hello\n")
    other = [*PYTHON[:-1], "import socket; socket.socket()"]
    done = subprocess.run([sys.executable, code, *other], capture_output=True, text=True)
    assert done.returncode == (-signal.SIGSYS if action == "kill" else 1)


def test_the_words_of_the_program_are_left_as_they_are(labs: Labs) -> None:
    words = ["--lang", "zh", "--help", "--json", "", "-h", "--", "--exact", "a b"]
    check = f"[ $# = {len(words)} ] && [ \"$*\" = '{' '.join(words)}' ]"
    assert "system calls are needed" in minimized(labs, "--action", "kill", "--", "/bin/sh", "-c", check, "sh", *words)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ([], 2, "no program to launch"),
        (["--"], 2, "no program to launch"),
        (["--", ""], 2, "no program"),
        (["--", "no-such-program"], 2, "no program no-such-program"),
        (["--", "/no/such\n\x1b[31m"], 2, "no program /no/such⏎"),
        (["--", "/etc/passwd"], 2, "is not a program"),
        (["--", "/etc"], 2, "is not a program"),
        (["--action", "log", "--", "true"], 2, "errno, kill"),
        (["--format", "xml", "--", "true"], 2, "report, text, oci, pyseccomp"),
        (["--timeout", "-1", "--", "true"], 2, "number of seconds"),
        (["--on", "host", "--", "true"], 2, "no option --on"),
        (["--", "false"], 3, "exit status is 1"),
        (["--timeout", "0.3", "--", "sleep", "100"], 3, "not ended after 0.3 s"),
        (["--", "sh", "-c", "f() { f | f; }; f"], 3, "more than 256 processes"),
        (["--", "yes"], 3, "more than 1 MiB"),
        (["--", "date", "+%N"], 3, "not do the same each time"),
    ],
)
def test_what_cannot_be_judged_is_told_in_a_sentence_and_a_remedy(
    labs: Labs, words: list[str], status: int, told: str
) -> None:
    done = labs("dev", "minimize", *words, timeout=15)
    assert (done.returncode, done.stdout) == (status, "")
    assert len(done.stderr.splitlines()) == 2 and told in done.stderr


def test_other_actions_take_no_more_words_than_before(labs: Labs) -> None:
    done = labs("dev", "check", "cgroups", "--", "more")
    assert done.returncode == 2 and "more" in done.stderr
    done = labs("dev", "check", "--exact")
    assert done.returncode == 2 and "no option --exact" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_gives_the_best_so_far(environment: dict[str, str], number: int) -> None:
    asked = [*COMMAND, "--exact", "--json", "--", *PYTHON]
    with subprocess.Popen(asked, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        time.sleep(1.5)
        running.send_signal(number)
        out, err = running.communicate(timeout=10)
    assert (running.returncode, err) == (130, "")
    value = json.loads(out)
    assert not value["proved"] and "execve" in value["allowed"]


def test_a_terminal_shows_how_far_it_is_and_then_the_report_alone(environment: dict[str, str]) -> None:
    with pexpect.spawn(
        COMMAND[0], [*COMMAND[1:], "--exact", "--", *PYTHON], env=os.environ | environment, encoding="utf-8", timeout=10
    ) as terminal:
        terminal.expect(r"smaller lists: \d+ calls, \d+ launches")
        terminal.sendintr()
        terminal.expect("\r\x1b\\[K\\d+ of \\d+ system calls are (enough|needed)")
        terminal.expect(pexpect.EOF)
    assert terminal.exitstatus == 130


def test_nothing_of_the_program_stays_when_it_is_killed_itself(environment: dict[str, str]) -> None:
    word = f"1000.{os.getpid()}{time.monotonic_ns()}"
    with subprocess.Popen([*COMMAND, "--", "sleep", word], env=environment) as running:
        until = time.monotonic() + 10
        while not alive(word, running.pid) and time.monotonic() < until:
            time.sleep(0.02)
        assert alive(word, running.pid)
        running.kill()
    until = time.monotonic() + 5
    while alive(word, running.pid) and time.monotonic() < until:
        time.sleep(0.02)
    assert not alive(word, running.pid)


def alive(word: str, but: int) -> list[str]:
    """Processes with `word` among their arguments."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "cmdline").read_bytes().split(b"\0") and folder.name != str(but):
                found.append(folder.name)
        except OSError:
            pass  # it ended meanwhile
    return found
