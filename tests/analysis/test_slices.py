from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evalsuite.analysis.intervals import wilson
from evalsuite.analysis.mcnemar import mcnemar_exact
from evalsuite.analysis.multiplicity import benjamini_hochberg
from evalsuite.analysis.slice_figures import Slice, Slices
from evalsuite.analysis.slice_traits import traits_of
from evalsuite.analysis.summary import summarise
from evalsuite.reporting.slices import (
    by_trait,
    choice_cell,
    help_words,
    mark_words,
    omitted_words,
    slice_cell,
    slice_sentences,
)
from tests.analysis.frames import Given, Hop, build_run, system, task

CHEAP, DEAR = [Hop(usd=0.001)], [Hop(usd=0.01)]


def one(slices: Slices, trait: str, value: str) -> Slice:
    return next(item for item in slices.slices if (item.trait, item.value) == (trait, value))


def answered(n: int, level: str, small: int, large: int, **more: object) -> list[Given]:
    """``n`` samples of a level, of which the systems have the first so many right."""
    return [
        Given(
            sample=f"{level} {index:03}",
            system=name,
            success=index < right,
            metadata={"level": level, "id": f"{level}{index}"},
            hops=hops,
            **more,  # type: ignore[arg-type]
        )
        for name, right, hops in (("small", small, CHEAP), ("large", large, DEAR))
        for index in range(n)
    ]


def slices_of(answers: list[Given], tmp_path: Path) -> Slices:
    tasks = [task(name) for name in sorted({answer.task for answer in answers})]
    run = build_run(tmp_path, tasks, [system("small"), system("large")], answers)
    return summarise(run).slices


def test_where_the_small_one_is_as_good_and_where_it_is_not(tmp_path: Path) -> None:
    answers = [*answered(400, "easy", 380, 380), *answered(60, "hard", 10, 50)]
    slices = slices_of(answers, tmp_path)
    assert slices.reference == "large"
    easy, hard = one(slices, "level", "easy"), one(slices, "level", "hard")
    small = easy.cell("small")
    assert small is not None and small.rate is not None
    assert (small.n, small.n_successes, small.rate.low) == (400, 380, wilson(380, 400)[0])
    # 400 pairs that agree rule out a loss of 2 points: Tango's bound is z^2 / (n + z^2), 0.0095
    assert small.difference is not None and small.difference.low == pytest.approx(-0.0095, abs=1e-4)
    assert small.standing == "close"
    assert (easy.cheapest, easy.cheapest_shown) == ("small", True)
    assert easy.usd_ratio == pytest.approx(0.1)
    assert easy.leader == "large"  # of equals the one that is ranked first
    worse = hard.cell("small")
    assert worse is not None and worse.standing == "worse"
    assert (hard.cheapest, hard.cheapest_shown, hard.usd_ratio) == ("large", True, 1.0)
    said = slice_sentences(slices)
    assert any(line.startswith("level = easy (n 400): small is as good as large") for line in said)
    assert choice_cell(easy).small == "0.10 of the cost"
    assert mark_words(worse).startswith("worse here: −66.7 points")


def test_differences_are_corrected_over_all_slices(tmp_path: Path) -> None:
    """8 to none has p 2 / 2**8, 5 to none 2 / 2**5; three levels are tested together.

    Questions of one length in all are in no third.
    """
    answers = [
        *answered(40, "aaa", 20, 28),
        *answered(40, "bbb", 20, 25),
        *answered(40, "ccc", 25, 20),
    ]
    slices = slices_of(answers, tmp_path)
    assert {item.trait for item in slices.slices} == {"level"} and slices.n_tests == 3
    cells = [item.cell("small") for item in slices.slices]
    raw = [mcnemar_exact(8, 0), mcnemar_exact(5, 0), mcnemar_exact(5, 0)]
    assert [cell.adjusted_p for cell in cells if cell] == pytest.approx(benjamini_hochberg(raw))
    # 5 to none is no finding, either way; who is ahead by 5 is shown to lose less than 2 points
    assert [cell.standing for cell in cells if cell] == ["worse", "undecided", "close"]


def test_a_slice_in_which_another_system_is_shown_to_be_better(tmp_path: Path) -> None:
    answers = [*answered(200, "usual", 100, 160), *answered(40, "odd", 38, 10)]
    slices = slices_of(answers, tmp_path)
    odd = one(slices, "level", "odd")
    cell = odd.cell("small")
    assert slices.reference == "large" and odd.leader == "small"
    assert cell is not None and cell.standing == "better"
    assert cell.adjusted_p is not None and cell.adjusted_p < 0.001
    (line,) = [line for line in slice_sentences(slices) if "odd" in line and "better" in line]
    assert line.startswith(
        "level = odd (n 40): small is better than large at 1/10 of its cost (+70"
    )


def test_repeats_of_a_sample_are_one_cluster(tmp_path: Path) -> None:
    once = answered(30, "one", 10, 28) + answered(30, "two", 28, 28)
    thrice = [Given(**{**vars(answer), "repeat": repeat}) for answer in once for repeat in range(3)]
    single = one(slices_of(once, tmp_path / "once"), "level", "one").cell("small")
    triple = one(slices_of(thrice, tmp_path / "thrice"), "level", "one").cell("small")
    assert single is not None and triple is not None
    assert (single.n, triple.n) == (30, 90)
    assert triple.adjusted_p == pytest.approx(single.adjusted_p)
    assert single.rate is not None and triple.rate is not None
    assert triple.rate.low == pytest.approx(single.rate.low, abs=0.02)
    assert one(slices_of(thrice, tmp_path / "again"), "level", "one").n_samples == 30


def test_failures_are_in_no_slice_and_unknown_costs_choose_nobody(tmp_path: Path) -> None:
    answers = answered(20, "one", 10, 15) + answered(20, "two", 10, 15)
    lost = Given(
        sample="one x", system="small", success=None, error_kind="timeout", hops=[Hop(usd=None)]
    )
    lost = Given(**{**vars(lost), "metadata": {"level": "one"}})
    slices = slices_of([*answers, lost], tmp_path)
    item = one(slices, "level", "one")
    cell = item.cell("small")
    assert item.n_samples == 21 and cell is not None and (cell.n, cell.n_pairs) == (20, 20)
    assert item.cheapest == "large"  # the other's cost is not known here
    assert slice_cell(item, "nobody")[0].main == "–"


def test_traits_that_divide(tmp_path: Path) -> None:
    rows = [
        {
            "task": "t" if index < 30 else "u",
            "sample_id": str(index),
            "metadata": f'{{"level": {index % 2 + 9}, "id": "x{index}", "rare": {index == 0:d}, '
            f'"parts": [1], "task": "{"ab"[index % 2]}"}}',
            "inputs": "x" * (1 + index % 3),
        }
        for index in range(60)
    ]
    frame = pd.DataFrame(rows)
    found = {trait.name: trait for trait in traits_of(frame, {"t": "f", "u": "g"})}
    assert list(found) == ["task", "level", "metadata task", "length of the question"]
    assert found["level"].values == ("9", "10")  # numbers by size
    assert found["level"].codes[:4].tolist() == [0, 1, 0, 1]
    assert found["length of the question"].values == (
        "shortest third",
        "middle third",
        "longest third",
    )
    same_family = {trait.name for trait in traits_of(frame, {"t": "f", "u": "f"})}
    assert "family" not in same_family  # one family divides nothing
    alike = frame.assign(inputs="same", metadata="{}", task="t")
    assert traits_of(alike, {"t": "f"}) == ()
    half = frame.assign(metadata=['{"level": "a"}'] * 15 + ['{"level": "b"}'] * 15 + ["{}"] * 30)
    (level,) = [trait for trait in traits_of(half, {"t": "f", "u": "g"}) if trait.name == "level"]
    assert level.n_without == 30 and level.codes[-1] == -1


def test_words_of_what_is_left_out(tmp_path: Path) -> None:
    answers = answered(20, "aa", 10, 15) + answered(20, "bb", 10, 15)
    answers += [
        Given(sample=f"xx 00{index}", system=name)
        for index in range(3)
        for name in ("small", "large")
    ]
    slices = slices_of(answers, tmp_path)
    assert omitted_words(slices)[0] == "level: 3 samples have none of these values, or a rarer one."
    assert "of 2 comparisons only" in help_words(slices)
    assert [trait for trait, _ in by_trait(slices)] == ["level"]


def test_nothing_is_compared_where_no_system_is_best(tmp_path: Path) -> None:
    answers = [
        Given(task=name, sample=str(index), system=who, metadata={"level": str(index % 2)})
        for name, who in (("t", "small"), ("u", "large"))
        for index in range(30)
    ]
    slices = slices_of(answers, tmp_path)
    assert slices.reference is None and slices.n_tests == 0
    assert all(item.cheapest is None for item in slices.slices)
    assert "none is compared" in help_words(slices)
