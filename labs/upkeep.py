"""`labs doctor` and `labs finish`: what this machine can do, and what a lab left on it."""

from __future__ import annotations

import json

from lablib.i18n import catalogue
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
    removed = sweep()
    if arguments.has("--json"):
        print(json.dumps({"removed": removed}, ensure_ascii=False))
    else:
        for thing in removed:
            print(words.text("finish.took", thing=thing))
        if not removed:
            print(words.text("finish.nothing"))
    return ExitCode.PASS
