from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from evalsuite.analysis.many import ManySystems, compare_many
from evalsuite.errors import UserError
from evalsuite.reporting.critical_difference import (
    critical_difference_svg,
    describe,
    lay_out,
    write_critical_difference,
)

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["pico", "nano", "micro <b>", "router & co", "large"]


@pytest.fixture
def many() -> ManySystems:
    rng = np.random.default_rng(0)
    return compare_many(rng.normal(size=(30, 5)) + np.arange(5) * 0.45, NAMES)


def test_every_system_stands_at_its_rank(many: ManySystems) -> None:
    drawn = lay_out(many)
    scale = (drawn.end - drawn.start) / 4
    for label, name, rank in zip(drawn.labels, many.systems, many.average_ranks, strict=True):
        assert label.text == f"{name}  {rank:.2f}"
        assert label.x == pytest.approx(drawn.start + (rank - 1) * scale, abs=0.06)
    assert [tick.label for tick in drawn.ticks] == ["1", "2", "3", "4", "5"]


def test_bars_join_the_groups_and_do_not_touch(many: ManySystems) -> None:
    drawn = lay_out(many)
    at = {name: label.x for name, label in zip(many.systems, drawn.labels, strict=True)}
    assert len(drawn.bars) == len(many.groups) > 1
    for bar, group in zip(drawn.bars, many.groups, strict=True):
        under = [name for name, x in at.items() if bar.left <= x <= bar.right]
        assert set(under) == set(group)
    for one in drawn.bars:
        for other in drawn.bars:
            if one is not other and one.y == other.y:
                assert one.right < other.left or other.right < one.left


def test_names_stay_inside_the_picture_and_apart(many: ManySystems) -> None:
    drawn = lay_out(many)
    rows = {(label.left, label.y) for label in drawn.labels}
    assert len(rows) == len(drawn.labels)
    for label in drawn.labels:
        width = 7 * len(label.text)
        assert label.edge - width > 0 if label.left else label.edge + width < drawn.width
        assert max(bar.y for bar in drawn.bars) < label.y < drawn.height


def test_the_svg_is_well_formed_named_and_described(many: ManySystems) -> None:
    text = critical_difference_svg(many, title="Ranks <all>", identifier="ranks")
    root = ElementTree.fromstring(text)
    assert root.tag == f"{SVG}svg" and root.get("role") == "img"
    ids = {node.get("id"): node.text for node in root.iter() if node.get("id")}
    assert root.get("aria-labelledby", "").split() == list(ids)
    assert ids["ranks-title"] == "Ranks <all>"
    assert ids["ranks-desc"] == describe(many)
    written = "".join(node.text or "" for node in root.iter(f"{SVG}text"))
    assert all(name in written for name in NAMES)
    style = root.findtext(f"{SVG}style") or ""
    assert "prefers-color-scheme: dark" in style
    # every colour a rule uses is set for light and for dark
    for name in set(re.findall(r"var\((--\w+)\)", style)):
        assert style.count(f"{name}:") == 2
    assert text == critical_difference_svg(many, title="Ranks <all>", identifier="ranks")


def test_the_words_say_what_the_picture_shows(many: ManySystems) -> None:
    words = describe(many)
    assert words.startswith(f"Average ranks, 1 is best: {many.systems[0]} ")
    assert "30 blocks, Friedman p < 0.001" in words
    for group in many.groups:
        assert ", ".join(group) in words


def test_nothing_told_apart_and_everything_told_apart_are_said() -> None:
    rng = np.random.default_rng(1)
    alike = compare_many(rng.random((20, 3)), ["a", "b", "c"])
    assert "no system is told apart from another" in describe(alike)
    assert len(lay_out(alike).bars) == 1
    apart = compare_many(rng.random((30, 1)) + np.arange(3), ["a", "b", "c"])
    assert "All systems are told apart." in describe(apart)
    assert lay_out(apart).bars == ()
    assert "group" not in critical_difference_svg(apart).split("</style>")[1]


def test_pairs_without_a_bar_are_in_the_words() -> None:
    # b is a less a little, always; c varies too much to be told from either; d and e are far off
    rng = np.random.default_rng(1)
    a = rng.normal(size=16)
    scores = np.column_stack([a, a - 0.01, a - 0.5 + rng.normal(size=16), a - 9, a - 10])
    found = compare_many(scores, list("abcde"))
    assert (found.groups, found.unbarred) == ((("b", "c"),), (("a", "c"),))
    assert "Not told apart either, though no bar joins them: a and c." in describe(found)


def test_names_cannot_carry_markup_or_control_characters() -> None:
    rng = np.random.default_rng(2)
    names = ["<script>alert(1)</script>", "b\x1b[31m\u202e", "c" * 300]
    text = critical_difference_svg(compare_many(rng.random((10, 3)), names))
    assert "<script" not in text and "\x1b" not in text and "\u202e" not in text
    assert "c" * 50 not in "".join(
        node.text or "" for node in ElementTree.fromstring(text).iter(f"{SVG}text")
    )


def test_the_same_ranks_write_the_same_files(many: ManySystems, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need matplotlib")
    for suffix in ("png", "svg"):
        one, two = tmp_path / f"one.{suffix}", tmp_path / f"two.{suffix}"
        for path in (one, two):
            write_critical_difference(many, path)
        assert one.read_bytes() == two.read_bytes()
    data = (tmp_path / "one.png").read_bytes()
    drawn = lay_out(many)
    size = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    assert size == pytest.approx((2 * drawn.width, 2 * drawn.height), abs=2)
    with pytest.raises(UserError, match=r"\.svg or \.png"):
        write_critical_difference(many, tmp_path / "one.pdf")
