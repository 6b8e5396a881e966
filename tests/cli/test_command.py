"""What the command prints and how it ends: stable forms, exit statuses, one sentence and a remedy for every mistake."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import PROJECT, Labs

TASK = "cgroups/memory-only"


def said(done: subprocess.CompletedProcess[str]) -> str:
    """What was said to the user: a sentence, a remedy, and never a traceback."""
    lines = done.stderr.splitlines()
    assert len(lines) == 2, done.stderr
    assert lines[0].startswith("labs: ")
    assert lines[1].startswith("      ")
    return done.stderr


def keep(home: Path, *tasks: str) -> Path:
    path = home / ".local/state/container-labs/passed"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(["container-labs 1", *tasks]))
    return path


# list and the map


def test_list_json_has_its_stable_form(labs: Labs, home: Path) -> None:
    keep(home, TASK)
    done = labs("list", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    value = json.loads(done.stdout)
    assert set(value) == {"chapters"}
    assert {frozenset(chapter) for chapter in value["chapters"]} == {frozenset({"id", "title", "tasks", "questions"})}
    tasks = {task["id"]: task for chapter in value["chapters"] for task in chapter["tasks"]}
    assert {frozenset(task) for task in tasks.values()} == {frozenset({"id", "title", "state"})}
    assert tasks[TASK]["state"] == "passed"
    assert {task["state"] for name, task in tasks.items() if name != TASK} == {"open"}


def test_titles_are_in_the_chosen_language(labs: Labs) -> None:
    def titles(*words: str, **environment: str) -> list[str]:
        return [
            chapter["title"] for chapter in json.loads(labs("list", "--json", *words, **environment).stdout)["chapters"]
        ]

    assert titles() != titles("--lang", "zh")
    assert titles("--lang=zh") == titles(LANG="zh_CN.UTF-8") == titles(LABS_LANG="zh")
    assert titles("--lang", "en", LANG="zh_CN.UTF-8") == titles()


def test_list_names_every_task_and_marks_the_passed(labs: Labs, home: Path) -> None:
    keep(home, TASK)
    lines = labs("list").stdout.splitlines()
    assert any(line.strip().startswith(f"✓ {TASK} ") for line in lines)
    assert any(line.strip().startswith("· cgroups/") for line in lines)


def test_the_map_says_how_to_go_on(labs: Labs) -> None:
    done = labs()
    assert done.returncode == 0
    assert "labs start namespaces" in done.stdout


def test_a_locale_that_cannot_print_our_characters_is_no_error(labs: Labs) -> None:
    done = labs("list", "--lang", "zh", LC_ALL="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert TASK in done.stdout


def test_a_broken_record_of_progress_is_said_and_the_list_is_printed(labs: Labs, home: Path) -> None:
    keep(home).write_text("{")
    done = labs("list")
    assert done.returncode == 0
    assert TASK in done.stdout
    assert "passed.broken" in said(done)


# help


COMMANDS = ["", "list", "start", "run", "shell", "reset", "check", "doctor", "finish", "dev"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_there_in_both_languages(labs: Labs, command: str) -> None:
    words = [command] if command else []
    en, zh = labs(*words, "--help"), labs(*words, "-h", "--lang", "zh")
    assert (en.returncode, zh.returncode, en.stderr, zh.stderr) == (0, 0, "", "")
    assert "usage: labs" in en.stdout
    assert "用法：labs" in zh.stdout
    assert "{{" not in en.stdout


def test_version_is_the_projects(labs: Labs) -> None:
    import tomllib

    version = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    assert labs("--version").stdout == f"labs {version}\n"


# wrong usage


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["lsit"], "labs list"),
        (["check", "cgroups/memory-onyl"], TASK),
        (["check", "memory-only"], TASK),
        (["check", "nonsense"], "labs list"),
        (["check", "cgroups"], "cgroups/"),
        (["check", "cgroups/"], "cgroups/"),
        (["check", "../../etc/passwd"], "labs list"),
        (["start", "cgroup"], "cgroups"),
        (["start", "cgruops"], "cgroups"),
        (["start", "zzz"], "labs list"),
        (["run", "cgroup"], "cgroups"),
        (["run"], "labs list"),
        (["run", "cgroups", "--on", "moon"], "guest"),
        (["run", "cgroups", "twice"], "labs run --help"),
        (["dev", "recrod", "cgroups"], "labs dev record"),
        (["dev", "record", "cgroup"], "cgroups"),
        (["dev", "record"], "labs list"),
        (["list", "--jsno"], "--json"),
        (["list", "--lang", "fr"], "en, zh"),
        (["list", "--lang"], "`--lang "),
        (["list", "--json=yes"], "--json"),
        (["list", "extra"], "labs list --help"),
        (["check"], "labs list"),
        (["check", TASK, "--script", "s", "--timeout", "soon"], "--timeout 30"),
        (["check", TASK, "--script", "s", "--timeout", "-1"], "--timeout 30"),
        (["check", TASK, "--script", "s", "--timeout", "nan"], "--timeout 30"),
        (["check", TASK, "--script", "s", "--on", "moon"], "guest"),
        (["check", TASK, "--timeout", "3"], "--script"),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_mistake_on_the_command_line_has_a_remedy_and_status_2(
    labs: Labs, words: list[str], remedy: str, language: str
) -> None:
    done = labs(*words, LABS_LANG=language)
    assert (done.returncode, done.stdout) == (2, "")
    assert remedy in said(done)


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "device", "loop", "large", "below a file"])
def test_what_cannot_be_a_script_has_a_remedy_and_status_2(labs: Labs, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "script"
    match kind:
        case "folder":
            path.mkdir()
        case "fifo":
            os.mkfifo(path)
        case "device":
            path = Path("/dev/zero")
        case "loop":
            path.symlink_to(path)
        case "large":
            path.write_bytes(b"#" * ((1 << 20) + 1))
        case "below a file":
            path.touch()
            path = path / "script"
    done = labs("check", TASK, "--script", str(path))
    assert (done.returncode, done.stdout) == (2, "")
    assert str(path) in said(done)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything; run this as an ordinary user")
def test_a_script_that_may_not_be_read_has_a_remedy_and_status_2(labs: Labs, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text("true")
    path.chmod(0)
    done = labs("check", TASK, "--script", str(path))
    assert done.returncode == 2
    assert "chmod u+r" in said(done)


def test_a_script_on_standard_input_is_bounded_too(labs: Labs) -> None:
    done = labs("check", TASK, "--script", "-", stdin="#" * ((1 << 20) + 1))
    assert done.returncode == 2
    assert "1024 KiB" in said(done)


# could not be checked


def test_without_a_guest_kernel_nothing_can_be_checked_and_the_package_is_named(labs: Labs, tmp_path: Path) -> None:
    (tmp_path / "script").write_text("true")
    done = labs("check", TASK, "--script", "script", PATH="/nonexistent")
    assert (done.returncode, done.stdout) == (3, "")
    assert "user-mode-linux" in said(done)


def test_a_lesson_without_a_terminal_is_refused_in_one_sentence(labs: Labs) -> None:
    done = labs("start", "cgroups")
    assert (done.returncode, done.stdout) == (3, "")
    assert "terminal" in said(done)


# doctor and finish


def test_doctor_json_says_of_everything_what_to_do(labs: Labs) -> None:
    done = labs("doctor", "--json")
    value = json.loads(done.stdout)
    assert set(value) == {"state", "findings"}
    assert done.returncode == (3 if value["state"] == "fail" else 0)
    for finding in value["findings"]:
        assert set(finding) == {"id", "state", "text", "remedy", "chapters", "fix"}
        assert bool(finding["remedy"]) == (finding["state"] != "ok")
    assert {"kernel", "room", "landlock", "python", "cgroup", "kvm"} <= {finding["id"] for finding in value["findings"]}


def test_doctor_fails_where_labs_cannot_run(labs: Labs) -> None:
    done = labs("doctor", LABS_GUEST_KERNEL="/nonexistent")
    assert done.returncode == 3
    assert "LABS_GUEST_KERNEL" in done.stdout
    assert done.stderr == ""


def test_finish_says_what_it_took_away(labs: Labs, tmp_path: Path) -> None:
    left = tmp_path / "container-labs-left"
    left.mkdir()
    (left / "owner").write_text("1 1")
    done = labs("finish", "--json", TMPDIR=str(tmp_path))
    assert done.returncode == 0
    assert str(left) in json.loads(done.stdout)["removed"]
    assert not left.exists()
    assert labs("finish", TMPDIR=str(tmp_path)).returncode == 0


# the end of a run


def test_a_reader_that_goes_away_is_no_error_of_ours(environment: dict[str, str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, str(PROJECT / "labs/__main__.py"), "list"],
        env=environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_ctrl_c_ends_a_run_without_a_traceback(environment: dict[str, str]) -> None:
    running = subprocess.Popen(
        [sys.executable, str(PROJECT / "labs/__main__.py"), "check", TASK, "--script", "-"],
        env=environment,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdin
    running.stdin.write(b"#" * (512 << 10))  # more than a pipe holds: once it is written, it is being read
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (130, b"")


def test_an_error_that_nobody_foresaw_is_a_sentence_and_with_labs_debug_a_traceback(labs: Labs, home: Path) -> None:
    (home / "catalogue").mkdir()
    break_it = "import json\ndef dumps(*words, **options): raise ZeroDivisionError('broken')\njson.dumps = dumps\n"
    (home / "catalogue/sitecustomize.py").write_text(break_it)
    done = labs("list", "--json", PYTHONPATH=str(home / "catalogue"))
    assert done.returncode == 3
    assert "ZeroDivisionError" in said(done)
    assert "Traceback" in labs("list", "--json", PYTHONPATH=str(home / "catalogue"), LABS_DEBUG="1").stderr
