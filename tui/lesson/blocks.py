"""What stands between the paragraphs of a chapter: steps, tasks and questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Markdown, OptionList, Static
from textual.widgets.option_list import Option

from tui.lesson.state import QuestionState, StepState, TaskState
from tui.lesson.task_card import color_of, standing, with_code
from tui.lesson.text import for_screen, prompted, step_note
from tui.lesson.words import Words


@dataclass
class Chosen(Message):
    """The reader clicked on the item called `id`."""

    id: str


class Block(Static):
    """A block of one item. The one the reader is at has the class `-current`."""

    def __init__(self, id: str) -> None:
        super().__init__(classes="block")
        self.item_id = id

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(Chosen(self.item_id))


class StepBlock(Block):
    """The commands of a step, and below them how it went."""

    def __init__(self, state: StepState, words: Words) -> None:
        super().__init__(state.id)
        self._state = state
        self._words = words

    def on_mount(self) -> None:
        self.show()

    def show(self) -> None:
        colors = self.app.theme_variables
        lines = [Text.assemble((mark, colors["accent"]), line) for mark, line in prompted(self._state.step.commands)]
        note, color = step_note(self._state, self._words)
        if note:
            lines.append(Text(note, colors[color]))
        self.update(Text("\n").join(lines))


class TaskBlock(Block):
    """Where a task stands in the text; its card says the rest."""

    def __init__(self, state: TaskState, title: str, words: Words) -> None:
        super().__init__(state.id)
        self._state = state
        self._title = title
        self._words = words

    def on_mount(self) -> None:
        self.show()

    def show(self) -> None:
        where = (standing(self._state, self._words), self.app.theme_variables[color_of(self._state)])
        self.update(Text.assemble((self._title, "bold"), "  ", where))


class QuestionBlock(Vertical):
    """A question with its choices, and what there is to say once it is answered."""

    topic = "question"

    BINDINGS: ClassVar[list[BindingType]] = [Binding(str(n), f"choose({n})", show=False) for n in range(1, 10)]

    @dataclass
    class Answered(Message):
        """The reader chose `choice`, counted from 1."""

        state: QuestionState
        choice: int

    def __init__(self, state: QuestionState, title: str, words: Words) -> None:
        super().__init__(classes="block")
        self.item_id = state.id
        self._state = state
        self._title = title
        self._words = words

    def compose(self) -> ComposeResult:
        language = self._words.language
        yield Static(id="question-title")
        yield Markdown(for_screen(self._state.question.body.get(language, "")), open_links=False)
        yield OptionList(id="choices")
        yield Static(self._words.screen("question_how"), id="how")
        yield Markdown(id="explanation", open_links=False)

    async def on_mount(self) -> None:
        await self.show()

    async def show(self) -> None:
        colors, state = self.app.theme_variables, self._state
        mark = ("  ✓", colors["success"]) if state.passed else ""
        self.query_one("#question-title", Static).update(Text.assemble((self._title, "bold"), mark))
        choices = self.query_one(OptionList)
        before = choices.highlighted
        choices.clear_options()
        for number, choice in enumerate(state.question.choices.get(self._words.language, ()), 1):
            choices.add_option(Option(self._choice(number, choice), disabled=state.passed or number in state.wrong))
        choices.highlighted = before
        self.query_one("#how").display = not state.passed
        explanation = state.question.explanation.get(self._words.language, "") if state.passed else ""
        await self.query_one("#explanation", Markdown).update(for_screen(explanation))

    def _choice(self, number: int, text: str) -> Text:
        colors = self.app.theme_variables
        right = self._state.passed and number == self._state.question.answer
        sign, color = ("✓", "success") if right else ("✗", "error") if number in self._state.wrong else (" ", "accent")
        return Text.assemble((f"{sign} {number} ", colors[color]), with_code(text, "", colors["accent"]))

    def choose(self) -> None:
        """Gives the choices the focus."""
        self.query_one(OptionList).focus()

    def action_choose(self, number: int) -> None:
        if number <= self.query_one(OptionList).option_count and not self._state.passed:
            self.post_message(self.Answered(self._state, number))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.post_message(self.Answered(self._state, event.option_index + 1))
