"""One page for people: the cohort as a table, who has not solved what, and each student's checks with evidence. A file
of its own: it loads nothing and runs nothing, and tells the browser not to either."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from lablib.grading.formats import Files, carried, named
from lablib.grading.report import MARKS
from lablib.i18n import Catalogue
from lablib.verdict import Verdict

FILE = "report.html"
STYLE = Path(__file__).with_name("report.css")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

Value = Mapping[str, Any]


def render(results: Value, words: Catalogue) -> Files:
    title = escape(results["title"] or words.text("report.title"))
    cohort = results["submissions"]
    tasks = {task["task"]: task["title"] for task in results["tasks"]}
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{words.language}"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<style>{STYLE.read_text('utf-8')}</style></head><body><h1>{title}</h1>",
        _sentence(words, "report.count", count=len(cohort)),
        *_table(cohort, tasks, words),
        *_open(cohort, tasks, words),
        *_fewest(cohort, tasks, words),
        *_carried(cohort, words),
        f"<h2>{escape(words.text('report.students'))}</h2>",
    ]
    for number, one in enumerate(cohort):
        lines += _submission(number, one, words)
    return {FILE: "\n".join([*lines, "</body></html>"]) + "\n"}


def _table(cohort: list[Value], tasks: Mapping[str, str], words: Catalogue) -> Iterator[str]:
    heads = "".join(
        f'<th scope="col" title="{escape(title)}"><span>{escape(id)}</span></th>' for id, title in tasks.items()
    )
    points = escape(words.text("report.points"))
    yield '<div class="wide"><table class="cohort"><thead><tr><th scope="col"></th>'
    yield f'<th scope="col">{points}</th>{heads}</tr></thead><tbody>'
    for number, one in enumerate(cohort):
        found = {task["task"]: task for task in one["tasks"]}
        cells = "".join(_cell(found.get(task)) for task in tasks)
        link = f'<a href="#s{number}">{escape(one["submission"])}</a>'
        yield f'<tr><th scope="row">{link}</th><td>{_points(one)}</td>{cells}</tr>'
    yield "</tbody></table></div>"


def _cell(task: Value | None) -> str:
    if task is None:
        return "<td></td>"
    mark = MARKS[Verdict(task["verdict"])]
    partly = f" {task['points']:g}" if task["score"] not in (None, 0, 1) else ""
    return f'<td class="{task["verdict"]}" title="{escape(task["task"])}">{mark}{partly}</td>'


def _open(cohort: list[Value], tasks: Mapping[str, str], words: Catalogue) -> Iterator[str]:
    """Who has not solved what."""
    yield f"<h2>{escape(words.text('report.open'))}</h2><dl>"
    for id, title in tasks.items():
        names = [
            f'<a href="#s{number}">{escape(one["submission"])}</a>'
            for number, one in enumerate(cohort)
            if not any(task["task"] == id and task["verdict"] == "pass" for task in one["tasks"])
        ]
        who = ", ".join(names) or escape(words.text("report.nobody"))
        yield f"<dt>{escape(title)} <code>{escape(id)}</code> ({len(names)})</dt><dd>{who}</dd>"
    yield "</dl>"


def _fewest(cohort: list[Value], tasks: Mapping[str, str], words: Catalogue) -> Iterator[str]:
    """Of each task that wants few of something: how many each submission has, the fewest first."""
    counts: dict[str, list[tuple[int, int]]] = {}
    for number, one in enumerate(cohort):
        for task in one["tasks"]:
            if task["count"] is not None:
                counts.setdefault(task["task"], []).append((task["count"], number))
    if not counts:
        return
    yield f"<h2>{escape(words.text('report.fewest'))}</h2>"
    for id in filter(counts.__contains__, tasks):
        yield f"<h3>{escape(tasks[id])} <code>{escape(id)}</code></h3>"
        yield '<table class="fewest"><tbody>'
        for count, number in sorted(counts[id]):
            link = f'<a href="#s{number}">{escape(cohort[number]["submission"])}</a>'
            yield f'<tr><td>{count}</td><th scope="row">{link}</th></tr>'
        yield "</tbody></table>"


def _carried(cohort: list[Value], words: Catalogue) -> Iterator[str]:
    """Which submissions have something of another student's parameters."""
    rows = [(number, one, task) for number, one in enumerate(cohort) for task in one["tasks"] if task["carries"]]
    if not rows:
        return
    yield f"<h2>{escape(words.text('report.carried'))}</h2>"
    yield _sentence(words, "report.carried-meaning")
    yield "<dl>"
    for number, one, task in rows:
        yield f'<dt><a href="#s{number}">{escape(one["submission"])}</a> <code>{escape(task["task"])}</code></dt>'
        for other in task["carries"]:
            yield f"<dd>{escape(words.text('report.carries', **carried(other, words)))}</dd>"
    yield "</dl>"


def _submission(number: int, one: Value, words: Catalogue) -> Iterator[str]:
    student = f" · {escape(one['student'])}" if one["student"] != one["submission"] else ""
    yield f'<section id="s{number}"><h3>{escape(one["submission"])}{student} <small>{_points(one)}</small></h3>'
    if one["fault"]:
        yield f'<p class="error">{escape(one["fault"])}</p>'
    if not one["listed"]:
        yield _sentence(words, "report.unlisted", student=one["student"])
    for task in one["tasks"]:
        yield from _task(task, words)
    if one["unread"]:
        names = ", ".join(f"<code>{escape(name)}</code>" for name in one["unread"])
        yield f"<p>{escape(words.text('report.unread'))} {names}</p>"
    yield "</section>"


def _task(task: Value, words: Catalogue) -> Iterator[str]:
    mark = f'<span class="{task["verdict"]}">{MARKS[Verdict(task["verdict"])]}</span>'
    earned = "–" if task["points"] is None else f"{task['points']:g}"
    yield f"<details><summary>{mark} {escape(task['title'])} <code>{escape(task['task'])}</code>"
    yield f"<small>{earned} / {task['max_points']:g} · {task['seconds']:.1f} s</small></summary>"
    if task["score"] is None:
        yield _sentence(words, f"report.{task['verdict']}")
    if task["parameters"]:
        yield _sentence(words, "report.parameters", parameters=named(task["parameters"]))
    for note in task["notes"]:
        yield _sentence(words, f"grading.note.{note}")
    for old in task["before"]:
        yield _sentence(words, "report.before", verdict=old["verdict"], score=str(old["score"]))
    for check in task["checks"]:
        yield from _check(check, words)
    if task["transcript"]:
        yield f"<h4>{escape(words.text('report.transcript'))}</h4><pre>{escape(task['transcript'])}</pre>"
    yield "</details>"


def _check(check: Value, words: Catalogue) -> Iterator[str]:
    mark = f'<span class="{check["verdict"]}">{MARKS[Verdict(check["verdict"])]}</span>'
    yield f"<h4>{mark} {escape(check['description'])}</h4>"
    for key in ("expected", "actual"):
        if check[key]:
            yield _sentence(words, f"grading.{key}", text=check[key])
    if check["why"]:
        yield f"<p>{escape(check['why'])}</p>"
    for evidence in check["evidence"]:
        yield f"<pre><b>{escape(evidence['source'])}</b>\n{escape(evidence['text'])}</pre>"


def _sentence(words: Catalogue, key: str, **params: str | int) -> str:
    return f"<p>{escape(words.text(key, **params))}</p>"


def _points(one: Value) -> str:
    return f"{one['points']:g} / {one['max_points']:g}"
