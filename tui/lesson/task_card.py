"""The card of a task: what is asked, what each check says and why, and the hints given so far."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Markdown, Static

from lablib.verdict import Evidence, Result, Verdict
from tui.lesson.reading import Reading
from tui.lesson.state import Scene, TaskState
from tui.lesson.text import for_screen
from tui.lesson.words import Words, visible

SIGNS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.BLOCKED: "⊘", Verdict.ERROR: "!"}
COLORS = {Verdict.PASS: "success", Verdict.FAIL: "error", Verdict.BLOCKED: "warning", Verdict.ERROR: "warning"}
_LINES = 8
"""Lines of one evidence or value that are shown."""


class TaskCard(Reading):
    """The whole card."""

    topic = "card"

    def __init__(self, words: Words) -> None:
        super().__init__(id="card")
        self._words = words
        self._shown = ("", 0)

    def compose(self) -> ComposeResult:
        yield Markdown(id="task-body", open_links=False)
        yield Static(id="task-note")
        yield Static(id="checks")
        yield Markdown(id="hints", open_links=False)

    @property
    def unread(self) -> bool:
        return not self.display or self.scroll_y < self.max_scroll_y

    async def show(self, state: TaskState, title: str) -> None:
        """Shows `state`; body and hints are made anew only when they are others."""
        self.border_title = Content(title).markup
        for name, on in (("-passed", state.passed and not state.regressed), ("-regressed", state.regressed)):
            self.set_class(on, name)
        self.query_one("#task-note", Static).update(self._note(state))
        self.query_one("#checks", Static).update(Checks(state, self._words, self.app.theme_variables).render())
        await self._show_texts(state)

    def forget(self) -> None:
        """Shows body and hints anew the next time, whether or not they are others."""
        self._shown = ("", 0)

    def _note(self, state: TaskState) -> Text:
        colors = self.app.theme_variables
        where = (standing(state, self._words), f"bold {colors[color_of(state)]}")
        note = note_of(state, self._words)
        parts = [where] if state.results else []
        parts += [(note, colors["text-muted-hex"])] if note else []
        return Text("\n").join(Text(text, style) for text, style in parts)

    async def _show_texts(self, state: TaskState) -> None:
        key = (state.task.id, state.hints)
        if key == self._shown:
            return
        before, self._shown = self._shown, key
        language = self._words.language
        if before[0] != state.task.id:
            await self.query_one("#task-body", Markdown).update(for_screen(state.task.body.get(language, "")))
        hints = state.task.hints.get(language, ())
        given = hints[: state.hints]
        heads = (self._words.screen("hint", number=n, total=len(hints)) for n in range(1, len(given) + 1))
        text = "\n\n".join(f"**{head}**\n\n{for_screen(hint)}" for head, hint in zip(heads, given, strict=True))
        await self.query_one("#hints", Markdown).update(text)
        if before[0] != state.task.id:
            self.scroll_home(animate=False)
        elif given:
            self.call_after_refresh(self.scroll_end, animate=False)


class Checks:
    """What the checks say, as text: nothing of it is read as markup, for the evidence is a stranger's."""

    def __init__(self, state: TaskState, words: Words, colors: dict[str, str]) -> None:
        self._state = state
        self._words = words
        self._colors = colors

    def render(self) -> RenderableType:
        parts: list[RenderableType] = []
        for result in self._state.results:
            parts.append(self._line(result))
            parts += [Padding(detail, (0, 0, 0, 2)) for detail in self._details(result)]
        return Group(*parts)

    def _line(self, result: Result) -> RenderableType:
        name = visible(self._words.check_name(self._state.task.id, result.id, self._state.task.parameters))
        color = self._colors[COLORS[result.verdict]]
        line = Table.grid(padding=(0, 1))  # so that a long name hangs below itself
        line.add_row(Text(SIGNS[result.verdict], f"bold {color}"), with_code(name, "bold", self._colors["accent"]))
        return line

    def _details(self, result: Result) -> list[Text]:
        muted = self._colors["text-muted-hex"]
        if result.verdict is Verdict.PASS:
            if self._state.verdict is not Verdict.PASS:  # what is still in the way needs the room
                return []
            told = [with_code(self._words.told(key), "", self._colors["accent"]) for key in result.told]
            return [self._evidence(e, muted) for e in result.evidence] + [text for text in told if text]
        details = (
            [with_code(self._words.why(result.key, result.params), "", self._colors["accent"])] if result.key else []
        )
        labels = [self._words.screen(label) for label in ("expected", "actual")]
        width = max(cell_len(label) for label in labels)
        for label, value in zip(labels, (result.expected, result.actual), strict=True):
            if value:
                shown = visible(value, lines=_LINES)
                details.append(Text.assemble((f"{set_cell_size(label, width)}  ", muted), shown))
        return details + [self._evidence(e, muted) for e in result.evidence]

    def _evidence(self, evidence: Evidence, muted: str) -> Text:
        text = visible(evidence.text, lines=_LINES)
        bars = "".join(f"\n│ {line}" for line in text.split("\n")) if text else ""
        return Text.assemble((visible(evidence.source) + bars, muted))


def standing(state: TaskState, words: Words) -> str:
    """Where the task stands, in a word or two."""
    if state.regressed:
        return words.screen("regressed")
    if state.passed:
        return f"✓ {words.screen('passed')}"
    if not state.results:
        return "…"
    done = sum(result.verdict is Verdict.PASS for result in state.results)
    sign = SIGNS[state.verdict] if state.verdict else "…"
    return f"{sign} {words.screen('open', done=done, total=len(state.results))}"


def color_of(state: TaskState) -> str:
    """The theme's name of the colour for `standing`."""
    if state.regressed:
        return "warning"
    verdict = Verdict.PASS if state.passed else state.verdict
    return COLORS[verdict] if verdict else "text-muted-hex"


def note_of(state: TaskState, words: Words) -> str:
    """What there is to say of the task as a whole; empty when the checks say it all."""
    if state.trouble:
        return state.trouble
    if state.scene is Scene.WAITING:
        return words.screen("waiting")
    if state.scene is Scene.SETTING:
        return words.screen("setting")
    if state.regressed:
        return words.screen("regressed_note")
    if state.reached:
        return words.screen("passed_now")
    notes = {Verdict.BLOCKED: "blocked_note", Verdict.ERROR: "error_note"}
    if state.verdict in notes:
        return words.screen(notes[state.verdict])
    return words.screen("passed_before") if state.passed else ""


def with_code(text: str, style: str, code: str) -> Text:
    """A sentence of ours in `style`, with what stands in backquotes in the colour `code` and the marks taken away."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        return Text(text, style)
    return Text.assemble(*((piece, f"{style} {code}".strip() if n % 2 else style) for n, piece in enumerate(pieces)))
