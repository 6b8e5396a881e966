"""`labs grade --dask`: a real scheduler and real workers, on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from lablib.errors import LabsError
from lablib.grading.cluster import Certificates, DaskWorkers
from lablib.grading.dispatch import Dispatch
from lablib.grading.job import QUARANTINED, Job
from tests.cli.cohorts import NOT_RIGHT, QUESTION, SOLUTION, TASK, WRONG, answer, hand_in, noted, verdicts
from tests.cli.conftest import PROJECT, Labs
from tests.clusters import cluster
from tests.unit.doomed_work import work

pytestmark = [pytest.mark.kernel, pytest.mark.usefixtures("guest")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "submissions"


def test_a_cluster_gives_the_verdicts_that_this_machine_gives(folder: Path, tmp_path: Path, labs: Labs) -> None:
    for number in range(3):
        hand_in(folder, f"right{number}", SOLUTION)
        hand_in(folder, f"wrong{number}", WRONG)
    answer(folder, "s1")
    answer(folder, "s2", NOT_RIGHT)
    with cluster(tmp_path) as made:
        done = labs("grade", str(folder), "--out", "there", "--dask", made.address, "--batch", "3", timeout=200)
    assert (done.returncode, done.stderr) == (0, "")
    assert labs("grade", str(folder), "--out", "here", timeout=200).returncode == 0
    assert verdicts(tmp_path / "there") == verdicts(tmp_path / "here")
    assert set(verdicts(tmp_path / "here").values()) == {"pass", "fail"}
    assert verdicts(tmp_path / "there")["s2", QUESTION] == "fail"


def test_a_worker_that_is_killed_at_its_work_loses_and_repeats_nothing(
    folder: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    for number in range(10):
        hand_in(folder, f"s{number}", SOLUTION)
    command = [sys.executable, str(PROJECT / "labs/__main__.py"), "grade", str(folder), "--out", str(tmp_path / "out")]
    with cluster(tmp_path) as made:
        options = ["--dask", made.address, "--batch", "1"]
        running = subprocess.Popen([*command, *options], env=environment, stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        for line in running.stdout:
            if TASK in line:
                break
        victim, *_ = made.workers()
        os.kill(victim, signal.SIGKILL)
        running.stdout.read()
        assert running.wait(200) == 0
    assert Counter(noted(tmp_path / "out")) == {(f"s{number}", TASK): 1 for number in range(10)}
    assert set(verdicts(tmp_path / "out").values()) == {"pass"}


def test_what_ends_its_workers_is_put_aside_after_two_tries(tmp_path: Path) -> None:
    jobs = [Job(f"s{number}", TASK, b"dies" if number == 4 else b"fine") for number in range(12)]
    with cluster(tmp_path) as made:
        workers = DaskWorkers(made.address, batch=4)
        reports = dict(Dispatch(workers, work).run(jobs))
    assert set(reports) == set(jobs)
    keys = {job.submission: report.results[0].key for job, report in reports.items()}
    assert keys == {f"s{number}": QUARANTINED if number == 4 else "" for number in range(12)}


def test_with_tls_only_who_has_a_certificate_is_served(tmp_path: Path) -> None:
    authority, certificate, key = (tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem"))
    ca_key, request = tmp_path / "ca-key.pem", tmp_path / "request.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ca", "-keyout", ca_key, "-out", authority)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=labs", "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", authority, "-CAkey", ca_key, "-CAcreateserial", "-out", certificate)
    files = ("--tls-ca-file", str(authority), "--tls-cert", str(certificate), "--tls-key", str(key))
    with cluster(tmp_path, workers=1, options=files) as made:
        assert made.address.startswith("tls://")
        workers = DaskWorkers(made.address, Certificates(authority, certificate, key))
        (one,) = Dispatch(workers, work).run([Job("s", TASK, b"fine")])
        assert not one[1].results[0].key
        with pytest.raises(LabsError) as caught:
            DaskWorkers(made.address)
        assert caught.value.key == "no-cluster"


def openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


def test_a_cluster_that_is_not_there_is_said(folder: Path, labs: Labs, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(folder, "s1")
    done = labs("grade", str(folder), "--out", "out", "--dask", "tcp://127.0.0.1:9", "--lang", "en")
    assert done.returncode == 3 and "tcp://127.0.0.1:9" in done.stderr


def test_workers_of_another_version_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lablib.grading.cluster.course_digest", lambda: "another")
    with cluster(tmp_path, workers=1) as made, pytest.raises(LabsError) as caught:
        DaskWorkers(made.address)
    assert caught.value.key == "cluster-unfit"
