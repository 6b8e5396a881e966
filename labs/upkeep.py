"""`labs doctor` and `labs finish`: what this machine can do, and what a lab left on it."""

from __future__ import annotations

import json

from lablib.i18n import catalogue
from lablib.text import one_line
from labs import course
from labs.arguments import Arguments
from labs.exits import ExitCode


def run_doctor(arguments: Arguments, language: str) -> int:
    from lablib import doctor

    words = catalogue(language)
    findings = doctor.examine(course.packages())
    state = doctor.worst(findings)
    if arguments.has("--json"):
        rows = [finding.as_json(words) for finding in findings]
        print(json.dumps({"state": str(state), "findings": rows}, ensure_ascii=False))
    else:
        for finding in findings:
            print(f"[{words.text(f'doctor.state-{finding.state}')}] {finding.text(words)}")
            if finding.remedy:
                print(f"    → {finding.remedy_text(words)}")
        print(words.text(f"doctor.sum-{state}"))
    return ExitCode.NOT_CHECKED if state is doctor.State.FAIL else ExitCode.PASS


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
