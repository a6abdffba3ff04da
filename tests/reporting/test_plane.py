from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.reporting.plane import CHARACTER, LINE, MARK, Box, Mark, lay_out
from tests.analysis.frames import Given, Hop, build_run, system, task
from tests.reporting.conftest import Reported


def summary_of(tmp_path: Path, **systems: tuple[int, float | None]) -> Summary:
    rows = [
        Given(sample=str(i), system=name, success=i < n_right, hops=[Hop(usd=usd)])
        for name, (n_right, usd) in systems.items()
        for i in range(20)
    ]
    return summarise(build_run(tmp_path, [task()], [system(name) for name in systems], rows))


def label(mark: Mark) -> Box:
    width = CHARACTER * len(mark.label)
    left = {"start": 0.0, "middle": width / 2, "end": width}[mark.anchor]
    x, bottom = mark.label_x - left, mark.label_y + 4
    return Box(x, bottom - LINE, x + width, bottom)


@pytest.mark.parametrize("width", [350, 1120])
def test_labels_stay_clear_of_each_other_and_of_marks(tmp_path: Path, width: int) -> None:
    crowd = {f"system-{i}": (12 + i % 4, 0.001 * (1 + i % 3)) for i in range(9)}
    plane = lay_out(summary_of(tmp_path, **crowd), width=width, height=440)
    assert plane is not None
    labels = {mark.name: label(mark) for mark in plane.marks}
    for one, other in combinations(labels.values(), 2):
        assert not one.overlaps(other)
    for mark in plane.marks:
        spot = Box(mark.x - MARK, mark.y - MARK, mark.x + MARK, mark.y + MARK)
        assert not any(box.overlaps(spot) for box in labels.values())
        assert labels[mark.name].left >= 0 and labels[mark.name].right <= width


def test_cheaper_is_left_and_better_is_up(tmp_path: Path) -> None:
    plane = lay_out(summary_of(tmp_path, a=(5, 0.001), b=(15, 0.1)), width=900, height=400)
    assert plane is not None
    place = {mark.name: mark for mark in plane.marks}
    assert place["a"].x < place["b"].x and place["a"].y > place["b"].y
    assert place["b"].top is not None and place["b"].bottom is not None
    assert place["b"].top < place["b"].y < place["b"].bottom


def test_a_log_axis_spaces_equal_ratios_equally(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, a=(5, 0.001), b=(9, 0.01), c=(15, 0.1))
    plane = lay_out(summary, width=900, height=400)
    assert plane is not None
    x = {mark.name: mark.x for mark in plane.marks}
    assert x["b"] - x["a"] == pytest.approx(x["c"] - x["b"], abs=0.3)
    assert [tick.label for tick in plane.x_ticks] == ["$1", "$10", "$100"]


def test_free_and_unknown_have_lanes_of_their_own(tmp_path: Path) -> None:
    summary = summary_of(tmp_path, free=(5, 0.0), priced=(9, 0.01), unknown=(15, None))
    plane = lay_out(summary, width=900, height=400)
    assert plane is not None
    x = {mark.name: mark.x for mark in plane.marks}
    assert x["free"] == plane.free_at and x["unknown"] == plane.unknown_at
    assert x["free"] < x["priced"] < x["unknown"]
    assert "cost unknown" in plane.description and "free." in plane.description


def test_nothing_priced_still_draws(tmp_path: Path) -> None:
    plane = lay_out(summary_of(tmp_path, a=(5, None)), width=900, height=400)
    assert plane is not None and plane.x_ticks == () and plane.front == ()


def test_only_comparable_systems_are_drawn(reported: Reported) -> None:
    plane = lay_out(reported.summary, width=900, height=400)
    assert plane is not None
    assert {mark.name for mark in plane.marks} == {"small", "large", "vendor", "cascade"}
    ys = [y for _, y in plane.front]
    assert ys == sorted(ys, reverse=True)


@pytest.mark.parametrize("width", [350, 1120])
def test_who_finds_no_room_is_numbered(tmp_path: Path, width: int) -> None:
    crowd = {f"a-system-{i}": (12 + i % 3, 0.001 * (1 + i % 2 / 10)) for i in range(30)}
    plane = lay_out(summary_of(tmp_path, **crowd), width=width, height=400)
    assert plane is not None and plane.key
    placed = [mark for mark in plane.marks if mark.label]
    for one, other in combinations(placed, 2):
        assert not label(one).overlaps(label(other))
    named = [mark.name for mark in plane.marks if mark.label == mark.name]
    assert sorted([*named, *plane.key]) == sorted(crowd)
    for mark in plane.marks:
        if mark.label.isdigit():
            assert plane.key[int(mark.label) - 1] == mark.name


def test_long_names_are_cut(tmp_path: Path) -> None:
    plane = lay_out(summary_of(tmp_path, **{"x" * 500: (5, 0.1)}), width=900, height=400)
    assert plane is not None
    assert plane.marks[0].label == "x" * 31 + "…" and len(plane.marks[0].title) < 400
