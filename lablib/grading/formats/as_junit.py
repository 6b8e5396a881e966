"""JUnit XML, as Ant's JUnitReport and the schema made for it have it: a suite for each submission, a case for each
task. What this machine could not offer is skipped, what we could not grade is an error."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree

from lablib.grading.formats import Files, outcome
from lablib.i18n import Catalogue

FILE = "junit.xml"
_TAGS = {"fail": "failure", "error": "error", "blocked": "skipped"}


def render(results: Mapping[str, Any], words: Catalogue) -> Files:
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    root = ElementTree.Element("testsuites")
    for number, one in enumerate(results["submissions"]):
        verdicts = [task["verdict"] for task in one["tasks"]]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            {
                "name": one["submission"],
                "package": "labs",
                "id": str(number),
                "timestamp": now,
                "hostname": "localhost",
                "tests": str(len(verdicts)),
                "failures": str(verdicts.count("fail")),
                "errors": str(verdicts.count("error")),
                "skipped": str(verdicts.count("blocked")),
                "time": f"{sum(task['seconds'] for task in one['tasks']):.3f}",
            },
        )
        properties = ElementTree.SubElement(suite, "properties")
        for name in ("student", "points", "max_points"):
            ElementTree.SubElement(properties, "property", {"name": name, "value": str(one[name])})
        for task in one["tasks"]:
            _case(suite, one["submission"], task)
        ElementTree.SubElement(suite, "system-out")
        ElementTree.SubElement(suite, "system-err").text = one["fault"] or None
    ElementTree.indent(root)
    return {FILE: f"{ElementTree.tostring(root, encoding='unicode', xml_declaration=True)}\n"}


def _case(suite: ElementTree.Element, submission: str, task: Mapping[str, Any]) -> None:
    named = {"name": task["task"], "classname": submission, "time": f"{task['seconds']:.3f}"}
    case = ElementTree.SubElement(suite, "testcase", named)
    if tag := _TAGS.get(task["verdict"]):
        said = outcome(task)
        if tag == "skipped":
            ElementTree.SubElement(case, tag)
        else:
            told = ElementTree.SubElement(case, tag, {"type": task["verdict"], "message": said.split("\n")[0]})
            told.text = said
