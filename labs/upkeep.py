"""`labs doctor` and `labs finish`: what this machine can do, and what a lab left on it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lablib.i18n import Catalogue, catalogue
from lablib.text import one_line
from labs import course
from labs.arguments import Arguments
from labs.exits import ExitCode

if TYPE_CHECKING:
    from lablib.doctor import Finding


def run_doctor(arguments: Arguments, language: str) -> int:
    from lablib import doctor

    words, as_json = catalogue(language), arguments.has("--json")
    findings = doctor.examine(course.packages())
    if arguments.has("--fix"):
        from labs.mending import mend

        if not as_json:
            _print_findings(findings, words, as_json=False)
        out = sys.stderr if as_json else sys.stdout
        if not mend(findings, words, out, agreed=arguments.has("--yes")) and not as_json:
            return _exit(findings)
        findings = doctor.examine(course.packages())
    _print_findings(findings, words, as_json=as_json)
    return _exit(findings)


def _exit(findings: Sequence[Finding]) -> int:
    from lablib import doctor

    return ExitCode.NOT_CHECKED if doctor.worst(findings) is doctor.State.FAIL else ExitCode.PASS


def _print_findings(findings: Sequence[Finding], words: Catalogue, *, as_json: bool) -> None:
    from lablib import doctor

    state = doctor.worst(findings)
    if as_json:
        rows = [finding.as_json(words) for finding in findings]
        print(json.dumps({"state": str(state), "findings": rows}, ensure_ascii=False))
        return
    for finding in findings:
        print(f"[{words.text(f'doctor.state-{finding.state}')}] {finding.text(words)}")
        if finding.remedy:
            print(f"    → {finding.remedy_text(words)}")
        if finding.chapters:
            print(f"    {words.text('doctor.touches', chapters=', '.join(finding.chapters))}")
    print(words.text(f"doctor.sum-{state}"))


def run_finish(arguments: Arguments, language: str) -> int:
    from lablib.machine.leftovers import sweep

    words = catalogue(language)
    everyone = arguments.has("--all")
    swept = sweep(everyone=everyone)
    if arguments.has("--json"):
        names = {"removed": swept.taken, "refused": swept.refused, "stayed": swept.stayed, "others": swept.of_others}
        print(json.dumps(names, ensure_ascii=False))
        return ExitCode.NOT_CHECKED if swept.stayed else ExitCode.PASS
    said = {"took": swept.taken, "refused": swept.refused, "stayed": swept.stayed}
    if everyone:
        said["of-others"] = swept.of_others
    for key, things in said.items():
        for thing in things:
            print(words.text(f"finish.{key}", thing=one_line(thing)))
    if not any(said.values()):
        print(words.text("finish.nothing"))
    return ExitCode.NOT_CHECKED if swept.stayed else ExitCode.PASS
