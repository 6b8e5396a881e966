"""The record of verdicts: whole after every crash, and it knows what is still to be done."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lablib.errors import LabsError, UsageError
from lablib.grading.job import QUARANTINED, Job, failed
from lablib.grading.ledger import FILE, Entry, opened
from lablib.grading.report import Report
from lablib.verdict import Evidence, Result, Verdict

PROJECT = Path(__file__).parents[2]
TASK = "cgroups/memory-only"
JOB = Job("s1", TASK, b"true\n")
PASSED = Report(TASK, Verdict.PASS, (Result("a", Verdict.PASS, evidence=(Evidence("/f", "x\ny"),)),), "guest", 0.5)
FAILED = Report(TASK, Verdict.FAIL, (Result("a", Verdict.FAIL, "k", "e", "f"),), "guest", 0.5, ("still-running",))
ERROR = failed(TASK, "grading.no-machine", "none")


def entry(folder: Path, job: Job = JOB) -> Entry:
    with opened(folder, "1", resume=True) as ledger:
        return ledger.entries[job.key]


def is_due(folder: Path, job: Job = JOB) -> bool:
    with opened(folder, "1", resume=True) as ledger:
        return ledger.is_due(job)


def test_a_verdict_comes_back_as_it_was(tmp_path: Path) -> None:
    for report in (PASSED, FAILED, ERROR):
        with opened(tmp_path, "1", resume=True) as ledger:
            ledger.add(JOB, report)
        found = entry(tmp_path)
        assert (found.report, found.score, found.content) == (report, report.score, JOB.digest)


def test_what_has_a_verdict_is_not_due_and_a_changed_script_is(tmp_path: Path) -> None:
    with opened(tmp_path, "1", resume=False) as ledger:
        assert ledger.is_due(JOB)
        ledger.add(JOB, FAILED)
    assert not is_due(tmp_path)
    assert is_due(tmp_path, Job("s1", TASK, b"other\n"))
    assert is_due(tmp_path, Job("s2", TASK, b"true\n"))
    assert is_due(tmp_path, Job("s1", TASK, b"true\n", parameters={"small": "small-cn8p"}))
    assert is_due(tmp_path, Job("s1", TASK, b"true\n", file="no-users.bpf"))


def test_what_could_not_be_graded_is_due_once_more(tmp_path: Path) -> None:
    with opened(tmp_path, "1", resume=False) as ledger:
        assert not ledger.add(JOB, ERROR).is_final
    assert is_due(tmp_path)
    with opened(tmp_path, "1", resume=True) as ledger:
        assert ledger.add(JOB, ERROR).is_final
    assert not is_due(tmp_path)
    assert entry(tmp_path).tries == 2


def test_what_ends_its_workers_is_not_tried_again(tmp_path: Path) -> None:
    with opened(tmp_path, "1", resume=False) as ledger:
        assert ledger.add(JOB, failed(TASK, QUARANTINED, "")).is_final


def test_what_is_graded_anew_keeps_its_old_scores(tmp_path: Path) -> None:
    with opened(tmp_path, "1", resume=False) as ledger:
        ledger.add(JOB, FAILED)
        ledger.regrade("cgroups/clean-up")
        assert not ledger.is_due(JOB)
        ledger.regrade(TASK)
        assert ledger.is_due(JOB)
    assert is_due(tmp_path), "also where it was cut off then"
    with opened(tmp_path, "1", resume=True) as ledger:
        ledger.add(JOB, ERROR)
        ledger.add(JOB, PASSED)
    found = entry(tmp_path)
    assert found.before == ((Verdict.FAIL, 0.0),)
    assert (found.score, found.tries, found.is_final) == (1.0, 2, True)


def test_a_run_is_not_mixed_with_another_unless_it_is_asked_for(tmp_path: Path) -> None:
    with opened(tmp_path, "1", resume=False) as ledger:
        ledger.add(JOB, PASSED)
    with pytest.raises(UsageError) as caught, opened(tmp_path, "1", resume=False):
        pass
    assert caught.value.key == "graded-before"


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path, "1", resume=False), pytest.raises(LabsError) as caught, opened(tmp_path, "1", resume=True):
        pass
    assert caught.value.key == "grading-runs"


def test_cut_off_anywhere_it_loses_no_whole_line_and_goes_on(tmp_path: Path) -> None:
    jobs = [Job(f"s{number}", TASK, b"true\n") for number in range(3)]
    with opened(tmp_path, "1", resume=False) as ledger:
        for job in jobs:
            ledger.add(job, PASSED)
    whole = (tmp_path / FILE).read_bytes()
    for size in range(0, len(whole), 7):
        (tmp_path / FILE).write_bytes(whole[:size])
        with opened(tmp_path, "1", resume=True) as ledger:
            done = [job for job in jobs if not ledger.is_due(job)]
            assert len(done) == max(0, whole[:size].count(b"\n") - 1)
            for job in jobs:
                if ledger.is_due(job):
                    ledger.add(job, PASSED)
        assert (tmp_path / FILE).read_bytes() == whole


@pytest.mark.parametrize("line", [b"{}", b"[]", b"nonsense", b'{"submission": 1}', b"\xff", b"null"])
def test_a_file_that_is_none_of_ours_is_refused_and_left_alone(tmp_path: Path, line: bytes) -> None:
    for content in (line + b"\n", b'{"labs": "1", "form": 1}\n' + line + b"\n"):
        (tmp_path / FILE).write_bytes(content)
        with pytest.raises(LabsError) as caught, opened(tmp_path, "1", resume=True):
            pass
        assert caught.value.key == "ledger-broken"
        assert (tmp_path / FILE).read_bytes() == content


def test_a_folder_that_cannot_be_had_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabsError) as caught, opened(tmp_path / "file/out", "1", resume=False):
        pass
    assert caught.value.key == "results-not-kept"


FILLING = """
import sys; sys.path.insert(0, sys.argv[1])
from pathlib import Path
from lablib.errors import LabsError
from lablib.grading.job import Job, failed
from lablib.grading.ledger import opened
with opened(Path(sys.argv[2]), "1", resume=True) as ledger:
    for number in range(1000):
        try:
            ledger.add(Job(f"s{number}", "cgroups/memory-only", b""), failed("cgroups/memory-only", "k", "x"))
        except LabsError as error:
            sys.exit(error.key)
"""


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    def limited() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    command = [sys.executable, "-c", FILLING, str(PROJECT), str(tmp_path)]
    done = subprocess.run(command, preexec_fn=limited, capture_output=True, text=True, timeout=60)
    assert done.stderr.strip() == "results-not-kept"
    content = (tmp_path / FILE).read_bytes()
    assert content.endswith(b"\n") and 5_000 < len(content) <= 10_000
    with opened(tmp_path, "1", resume=True) as ledger:
        assert len(ledger.entries) == content.count(b"\n") - 1
