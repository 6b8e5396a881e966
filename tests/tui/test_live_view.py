"""Live views: what they show of a machine, and what lights up."""

from __future__ import annotations

from collections.abc import Mapping

from rich.text import Text
from textual.app import App, ComposeResult
from textual.widgets import Static

from lablib.machine.seen import CgroupRow, Gauges, NameRow, NamespacesRow, OverlayRow, Row, SeccompRow
from tests.tui.waiting import until
from tui.lesson.theme import DARK
from tui.lesson.words import Words
from tui.views import VIEWS, views_of
from tui.views.cgroups import size, stems
from tui.views.changes import FRESH_SECONDS, SETTLING_SECONDS, Changes
from tui.views.look import Look
from tui.views.overlays import below, seen
from tui.views.pane import RENDERERS, LiveView

EMPTY = CgroupRow((), (), 0, (), Gauges())
LATER = SETTLING_SECONDS + 1


def cgroup(*processes: tuple[int, str], gauges: Gauges | None = None) -> CgroupRow:
    return CgroupRow(("memory",), (), len(processes), processes, gauges or Gauges())


def drawn(view: str, *pictures: Mapping[str, Row], after: float = 0.0, width: int = 120) -> list[Text]:
    """The lines of `view`, so wide, when `pictures` came one after the other, the first long ago, and `after` seconds
    passed."""
    changes = Changes()
    for number, rows in enumerate(pictures):
        changes.take(rows, number and LATER)
    changes.look(LATER + after)
    return list(RENDERERS[view](pictures[-1], changes, Look(Words("en"), {}, width)))


def styled(line: Text, style: str) -> list[str]:
    return [line.plain[span.start : span.end] for span in line.spans if style in str(span.style).split()]


def fresh(lines: list[Text]) -> list[str]:
    return [piece for line in lines for piece in styled(line, "reverse")]


def gone(lines: list[Text]) -> list[str]:
    return [piece for line in lines for piece in styled(line, "strike")]


# what lights up


def test_a_process_that_moves_lights_up_where_it_is_and_is_struck_out_where_it_was() -> None:
    first = {"": EMPTY, "/a": cgroup((7, "sleep")), "/b": cgroup()}
    second = {"": EMPTY, "/a": cgroup(), "/b": cgroup((7, "sleep"))}
    lines = drawn("cgroups", first, second)
    assert [line.plain.strip() for line in lines] == ["/  –", "├─a  memory  7 sleep", "└─b  memory  7 sleep"]
    assert (fresh(lines), gone(lines)) == (["7 sleep"], ["7 sleep"])
    assert styled(lines[1], "strike") and styled(lines[2], "reverse")


def test_what_has_lit_up_is_plain_again_after_a_moment() -> None:
    first, second = {"": EMPTY, "/a": cgroup((7, "sleep"))}, {"": EMPTY, "/a": cgroup(), "/b": cgroup((7, "sleep"))}
    assert fresh(drawn("cgroups", first, second, after=FRESH_SECONDS - 0.1)) == ["b", "7 sleep"]
    lines = drawn("cgroups", first, second, after=FRESH_SECONDS + 0.1)
    assert fresh(lines) == gone(lines) == []
    assert len(lines) == 3


def test_nothing_lights_up_of_what_was_there_when_the_view_was_opened() -> None:
    lines = drawn("cgroups", {"": EMPTY, "/a": cgroup((7, "sleep"))})
    assert fresh(lines) == []


def test_a_cgroup_that_was_removed_stays_struck_out_for_a_moment() -> None:
    first, second = {"": EMPTY, "/a": EMPTY, "/a/b": EMPTY}, {"": EMPTY, "/a": EMPTY}
    assert gone(drawn("cgroups", first, second)) == ["b"]
    assert len(drawn("cgroups", first, second, after=FRESH_SECONDS + 1)) == 2


def test_each_change_of_a_row_that_changes_all_the_time_lights_up_as_long_as_any() -> None:
    changes = Changes()
    for tenth in range(60):
        changes.take({"/a": cgroup(gauges=Gauges(cpu=tenth)), "/b": cgroup()}, tenth / 10)
    changes.take({"/a": cgroup((7, "sleep"), gauges=Gauges(cpu=60)), "/b": cgroup()}, 6.0)
    changes.look(6.0 + FRESH_SECONDS - 0.1)
    before = changes.before("/a")
    assert isinstance(before, CgroupRow) and before.processes == ()
    changes.look(6.0 + FRESH_SECONDS)
    assert not changes.any


# views


def test_a_limit_is_shown_as_a_gauge_and_what_has_no_limit_is_not_measured() -> None:
    gauges = Gauges(memory=15 << 20, memory_max=16 << 20, oom_kill=2, pids=3, pids_max=4, cpu=50, cpu_max=100)
    (line,) = drawn("cgroups", {"/a": cgroup(gauges=gauges)})
    for part in ("mem ▮▮▮▮▮▮ 15M/16M", "cpu ▮▮▮▯▯▯ 50%/100%", "pids ▮▮▮▮▯▯ 3/4", "oom_kill 2"):
        assert part in line.plain
    (line,) = drawn("cgroups", {"/a": cgroup(gauges=Gauges(memory=0, pids=3, cpu=0))})
    assert line.plain.endswith("memory")
    (line,) = drawn("cgroups", {"/a": cgroup(gauges=Gauges(memory=5, memory_max=0, frozen=True))})
    assert "5/0" in line.plain and "frozen" in line.plain


def test_a_limit_that_was_just_set_lights_up_and_use_that_goes_up_does_not() -> None:
    before = {"/a": cgroup(gauges=Gauges(memory=1 << 20))}
    lines = drawn("cgroups", before, {"/a": cgroup(gauges=Gauges(memory=2 << 20, memory_max=4 << 20))})
    assert fresh(lines) == ["2M/4M"]
    assert fresh(drawn("cgroups", before, {"/a": cgroup(gauges=Gauges(memory=2 << 20))})) == []


def test_a_cgroup_with_more_to_say_than_a_line_holds_goes_on_below_its_name_and_breaks_nothing() -> None:
    gauges = Gauges(memory=15 << 20, memory_max=16 << 20)
    rows = {
        "": EMPTY,
        "/a": cgroup((7, "sleep"), (8, "cat"), gauges=gauges),
        "/a/b": cgroup((9, "x" * 40)),
        "/c": EMPTY,
    }
    assert [line.plain for line in drawn("cgroups", rows, width=36)] == [
        "/  –",
        "├─a  memory  mem ▮▮▮▮▮▮ 15M/16M",
        "│ │ 7 sleep  8 cat",
        "│ └─b  memory",
        "│     9 " + "x" * 40,
        "└─c  –",
    ]


def test_where_there_is_no_room_for_columns_only_what_is_a_process_s_own_is_told() -> None:
    base, own = (1,) * 8, (4026532099, *(1,) * 6, None)
    rows = {"1": NamespacesRow("lab-init", base, (1,)), "12": NamespacesRow("sh", own, (12, 1))}
    assert [line.plain.split() for line in drawn("namespaces", rows, width=33)] == [
        ["PID", "COMMAND"],
        ["12→1", "sh", "uts", "32099"],
        ["1", "lab-init"],
    ]
    everything = {"1": rows["1"], "12": NamespacesRow("sh", tuple(range(4026532100, 4026532108)), (12, 1))}
    assert all(line.cell_len <= 33 for line in drawn("namespaces", everything, width=33))
    filtered = {"1": SeccompRow("lab-init", 0, 0, False), "2": SeccompRow("sh", 2, 1, True)}
    assert [line.plain.split() for line in drawn("seccomp", filtered, width=33)] == [
        ["PID", "COMMAND"],
        ["2", "sh", "Seccomp", "2", "filter"],
        ["Seccomp_filters", "1", "NoNewPrivs", "1"],
        ["1", "lab-init"],
    ]


def test_an_overlay_fits_a_narrow_view_with_its_mount_point_whole() -> None:
    rows = {
        "1": OverlayRow("/root/lab/merged", 7, ("/x/upper", "/x/lower"), True),
        "1/dir": NameRow(("d", "d")),
    }
    lines = drawn("overlayfs", rows, width=33)
    assert [line.plain.split() for line in lines] == [
        ["/root/lab/merged"],
        ["upper", "lower", "seen"],
        ["dir/", "●", "●", "upper+lower"],
    ]
    assert all(line.cell_len <= 33 for line in lines)


def test_stems_join_a_tree_of_any_shape() -> None:
    assert stems([0, 1, 2, 2, 1, 2]) == ["", "├─", "│ ├─", "│ └─", "└─", "  └─"]
    assert stems([0]) == [""]
    assert stems([]) == []


def test_sizes_are_short() -> None:
    assert [size(count) for count in (0, 1023, 1024, 1536, 200 << 20, 5 << 50)] == [
        "0", "1023", "1K", "1.5K", "200M", "5120T",
    ]  # fmt: skip


def test_namespaces_are_told_by_how_they_differ_from_those_of_process_1() -> None:
    base, own = (1,) * 8, (4026532099, *(1,) * 6, None)
    rows = {"1": NamespacesRow("lab-init", base, (1,)), "12": NamespacesRow("sh", own, (12, 1))}
    head, second, first = (line.plain.split() for line in drawn("namespaces", rows))
    assert head[:4] == ["PID", "COMMAND", "uts", "pid"]
    assert first == ["1", "lab-init", *"········"]
    assert second == ["12→1", "sh", "32099", *"······"]


def test_a_namespace_that_a_process_has_just_entered_lights_up() -> None:
    one, two = NamespacesRow("sh", (1,) * 8, (2,)), NamespacesRow("sh", (77, *(1,) * 7), (2,))
    base = {"1": NamespacesRow("lab-init", (1,) * 8, (1,))}
    assert fresh(drawn("namespaces", base | {"2": one}, base | {"2": two})) == ["00077"]
    assert fresh(drawn("namespaces", base, base | {"2": two})) == ["2"], "of a new process, the process"


def test_a_filter_that_was_just_loaded_lights_up() -> None:
    one, two = SeccompRow("sh", 0, 0, False), SeccompRow("sh", 2, 1, True)
    lines = drawn("seccomp", {"2": one}, {"2": two})
    assert lines[1].plain.split() == ["2", "sh", "2", "filter", "1", "1"]
    assert fresh(lines) == ["2 filter", "1", "1"]


def test_of_an_overlay_it_is_told_which_layer_each_name_is_seen_from() -> None:
    rows = {
        "1": OverlayRow("/m", 7, ("/x/upper", "/x/lower"), True),
        "1/both": NameRow(("f", "f")),
        "1/dir": NameRow(("d", "d")),
        "1/gone": NameRow(("w", "f")),
        "1/new": NameRow(("o", "d")),
        "1/new/old": NameRow(("", "f")),
        "1/new/own": NameRow(("f", "")),
    }
    told = [line.plain.split() for line in drawn("overlayfs", rows)]
    assert told == [
        ["/m", "upper", "lower", "seen"],
        ["both", "●", "○", "upper"],
        ["dir/", "●", "●", "upper+lower"],
        ["gone", "✗", "○", "nothing"],
        ["new/", "■", "○", "upper"],
        ["old", "·", "○", "nothing"],
        ["own", "●", "·", "upper"],
    ]


def test_what_is_seen_of_layers_is_as_overlayfs_merges_them() -> None:
    assert seen(("", "f", "f"), 3) == {1}
    assert seen(("d", "", "d"), 3) == {0, 2}
    assert seen(("d", "f", "d"), 3) == {0}, "a file below hides what is below it"
    assert seen(("d", "w", "d"), 3) == {0}
    assert seen(("w", "d"), 2) == seen(("f",), 0) == set()
    assert [below(kinds, 2) for kinds in (("d", "d"), ("o", "d"), ("w", "d"), ("", "f"))] == [2, 1, 0, 1]


def test_a_chapter_has_the_view_that_it_is_about_and_any_other_has_all() -> None:
    assert views_of("cgroups") == ("cgroups",)
    assert views_of("container") == VIEWS == tuple(RENDERERS)


class Alone(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name

    def compose(self) -> ComposeResult:
        yield LiveView(Words("en"))


async def test_names_of_a_stranger_s_are_shown_not_obeyed() -> None:
    rows: dict[str, Row] = {
        "": CgroupRow(("cpu",), (), 1, ((1, "lab-init"),), Gauges()),
        "/[b]\x1b[31mevil": CgroupRow((), (), 30, ((7, "a\nb"),), Gauges()),
    }
    app = Alone()
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(LiveView).turn_to("cgroups", "")
        app.query_one(LiveView).show(rows)
        await until(pilot, lambda: "lab-init" in str(app.query_one("#rows", Static).content))
        text = str(app.query_one("#rows", Static).content)
        assert "[b]␛[31mevil" in text and "+29" in text
        assert text.count("\n") == 1 and "7 a⏎b" in text
