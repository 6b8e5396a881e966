"""The item at hand in two lines: for screens that have no room for a task's card."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text
from textual.widgets import Static

from lablib.verdict import Verdict
from tui.lesson.state import Item, StepState, TaskState
from tui.lesson.task_card import color_of, note_of, standing, with_code
from tui.lesson.text import Words, step_note


class ItemLine(Static):
    def __init__(self, words: Words) -> None:
        super().__init__(id="item-line")
        self._words = words

    def show(self, item: Item | None, title: str) -> None:
        """`title` is what the item is called; without an item, the sentence that says so."""
        colors = self.app.theme_variables
        if isinstance(item, TaskState):
            where, news = (standing(item, self._words), color_of(item)), self._news(item)
        elif isinstance(item, StepState):
            where, news = step_note(item, self._words), item.step.commands.strip("\n").split("\n")[0]
        else:
            where, news = ("✓" if item and item.passed else "", "success"), ""
        top = Text.assemble((title, "bold"), "  ", (where[0].split("\n")[0], colors[where[1]]))
        below = with_code(news, colors["text-muted-hex"], colors["accent"])
        self.update(Group(_one_line(top), _one_line(below)))

    def _news(self, state: TaskState) -> str:
        troubled = (r for r in state.results if r.verdict is not Verdict.PASS and r.key)
        first = next(troubled, None)
        if first is None or state.trouble:
            return note_of(state, self._words)
        return self._words.why(first.key, first.params).replace("\n", " ")


def _one_line(text: Text) -> Text:
    text.no_wrap, text.overflow = True, "ellipsis"
    return text
