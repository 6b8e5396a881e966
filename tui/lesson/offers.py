"""What a lesson's palette offers: all that can be done in it now, with the keys, what is done most first."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from tui.lesson.commands import Command, named
from tui.lesson.phase import Phase
from tui.lesson.state import StepState
from tui.lesson.status_bar import Focus
from tui.lesson.text import item_title
from tui.lesson.theme import DARK, LIGHT

if TYPE_CHECKING:
    from tui.lesson.app import LessonApp


def offers(lesson: LessonApp) -> Iterator[Command]:
    name = partial(named, lesson.words)
    if lesson.phase is Phase.FAILED:
        yield name("do_retry", lesson.action_again, "F5")
    if lesson.readable:
        yield from _on_the_way(lesson)
    if lesson.ready:
        yield from _in_the_panes(lesson)
    if lesson.course_map is not None:
        yield name("do_map", lesson.action_map, "F10")
    yield name("do_help", lesson.action_help, "F1")
    yield from _of_looks(lesson)
    yield name("do_quit", lesson.action_leave, "^Q")
    if lesson.readable:
        yield from _items(lesson)


def _on_the_way(lesson: LessonApp) -> Iterator[Command]:
    name, guide = partial(named, lesson.words), lesson.guide
    if guide.walk.item is not None and guide.may_go_on:
        yield name(f"do_{guide.next_act}", lesson.action_go_on, "F2")
    if guide.hints_left:
        yield name("do_hint", lesson.action_hint, "F3")
    if guide.at_task:
        yield name("do_card", lesson.action_card, "F4")
        if lesson.ready:
            yield name("do_again", lesson.action_again, "F5")
    if guide.walk.at > 0:
        yield name("do_back", partial(lesson.action_move, -1), "F6")
    if not guide.walk.last:
        yield name("do_skip", partial(lesson.action_move, 1), "F7")


def _in_the_panes(lesson: LessonApp) -> Iterator[Command]:
    name, viewed = partial(named, lesson.words), lesson.viewed
    for view in lesson.views_here if lesson.live else ():
        if view != viewed:
            yield name(f"do_view_{view}", partial(lesson.look_at, view), "F8")
    if viewed:
        yield name("do_no_view", partial(lesson.look_at, ""), "F8")
    yield name("do_reset", lesson.action_reset, "F9")
    yield name("do_zoom", lesson.action_zoom, "F11")
    if lesson.may_add_terminal:
        yield name("do_new_terminal", lesson.action_new_terminal, "t")
    for number in range(lesson.terminals if lesson.terminals > 1 else 0):
        yield name("do_terminal", partial(lesson.action_terminal, number), "F12", number=number + 1)
    yield name("do_search", lesson.action_search, "/")
    yield name("do_copy", lesson.action_copy, "v")
    to = "shell" if lesson.focus_is is Focus.TEXT else "text"
    yield name(f"do_to_{to}", lesson.action_toggle_terminal, "^]")


def _of_looks(lesson: LessonApp) -> Iterator[Command]:
    name = partial(named, lesson.words)
    if lesson.no_color:
        yield name("do_colors", lesson.toggle_colors)
    elif not lesson.few_colors:
        theme = LIGHT if lesson.theme == DARK.name else DARK
        yield name(f"do_{'dark' if theme.dark else 'light'}", partial(lesson.use_theme, theme))
    if not lesson.no_color:
        yield name("do_no_colors", lesson.toggle_colors)
    if lesson.ready and lesson.readable and not lesson.few_signs:
        for other in lesson.words.others:
            yield name(f"do_language_{other.language}", partial(lesson.speak, other.language))


def _items(lesson: LessonApp) -> Iterator[Command]:
    """Every item of this chapter but the one at hand."""
    walk = lesson.guide.walk
    for at, item in enumerate(walk.items):
        if at != walk.at:
            title, *also = (item_title(item, walk, words) for words in (lesson.words, *lesson.words.others))
            if isinstance(item, StepState):
                title += f"  {item.step.commands.strip().splitlines()[0]}"
            yield Command(title, partial(lesson.go_to_item, item.id), also=" ".join(also))
