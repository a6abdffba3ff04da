from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from evalsuite.analysis.compare import line_up
from evalsuite.analysis.flips_of_sums import flip_p_of_sums
from evalsuite.analysis.mcnemar import mcnemar_exact
from evalsuite.analysis.paired import sign_flip_p
from evalsuite.analysis.summary import summarise
from evalsuite.analysis.tie_groups import TieGroups, letter_groups, letter_of, tie_groups
from tests.analysis.frames import Given, build_run, system, task


@pytest.mark.parametrize(
    ("sums", "p"),
    [
        ([1, 1, 1, 1, 1], 2 / 32),
        ([3, 1, 1], 2 / 8),  # only all three of one sign are as far out
        ([2, -1, -1], 1.0),
        ([0, 0], 1.0),
        ([], 1.0),
        ([0.5, 0.25, 0.25, 0.25], 2 / 16),
    ],
)
def test_flips_by_hand(sums: list[float], p: float) -> None:
    assert flip_p_of_sums(np.array(sums, dtype=float)) == pytest.approx(p)


def test_single_samples_are_mcnemars_test() -> None:
    sums = np.array([1.0] * 15 + [-1.0] * 5)
    assert flip_p_of_sums(sums) == pytest.approx(mcnemar_exact(15, 5))
    assert flip_p_of_sums(np.repeat(sums, 500)) == pytest.approx(mcnemar_exact(7500, 2500))


@drawn(st.lists(st.integers(-6, 6), max_size=12))
def test_few_clusters_are_enumerated_as_elsewhere(sums: list[int]) -> None:
    values = np.array(sums, dtype=float)
    assert flip_p_of_sums(values) == pytest.approx(sign_flip_p(values, range(len(sums))))


def test_many_unequal_clusters_are_close_to_what_is_drawn() -> None:
    sums = np.random.default_rng(0).normal(0.1, 1.0, 400)
    assert flip_p_of_sums(sums) == pytest.approx(sign_flip_p(sums, range(400)), abs=0.02)
    rounded = sums[:80]
    assert flip_p_of_sums(rounded) == pytest.approx(sign_flip_p(rounded, range(80)), abs=0.02)


def test_the_test_keeps_its_level() -> None:
    """Sums without a direction: of 1,000 tests about 5 % are below 0.05, whichever way it goes."""
    rng = np.random.default_rng(1)
    for size in (15, 60, 300):
        p = [flip_p_of_sums(rng.standard_t(4, size)) for _ in range(1000)]
        assert 0.03 < np.mean(np.array(p) < 0.05) < 0.07


@pytest.mark.parametrize(
    ("n", "apart", "groups"),
    [
        (3, set(), ((0, 1, 2),)),
        (3, {(0, 2)}, ((0, 1), (1, 2))),  # 1 is told apart from neither
        (3, {(0, 1), (0, 2), (1, 2)}, ((0,), (1,), (2,))),
        (4, {(0, 2), (0, 3), (1, 3)}, ((0, 1), (1, 2), (2, 3))),
        (4, {(0, 1)}, ((0, 2, 3), (1, 2, 3))),  # no stretch of the ranking
    ],
)
def test_letters_by_hand(
    n: int, apart: set[tuple[int, int]], groups: tuple[tuple[int, ...], ...]
) -> None:
    assert letter_groups(n, apart) == groups


@drawn(st.integers(1, 7), st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6))))
def test_two_share_a_letter_exactly_where_they_are_not_told_apart(
    n: int, drawn_pairs: set[tuple[int, int]]
) -> None:
    apart = {pair for pair in combinations(range(n), 2) if pair in drawn_pairs}
    groups = letter_groups(n, apart)
    together = {pair for group in groups for pair in combinations(group, 2)}
    assert together == set(combinations(range(n), 2)) - apart
    assert {index for group in groups for index in group} == set(range(n))
    assert not any(set(a) < set(b) for a in groups for b in groups)


def test_letters_go_on_beyond_z() -> None:
    assert [letter_of(index) for index in (0, 25, 26, 51, 52)] == ["a", "z", "A", "Z", "(53)"]


def answers_of(rates: dict[str, float], n: int) -> list[Given]:
    """Whoever is right less often is right on a part of the same samples."""
    return [
        Given(sample=str(index), system=name, success=index < round(n * rate))
        for name, rate in rates.items()
        for index in range(n)
    ]


def found(rates: dict[str, float], n: int, tmp_path: Path) -> TieGroups:
    run = build_run(tmp_path, [task()], [system(name) for name in rates], answers_of(rates, n))
    ties = tie_groups(line_up(run.responses), list(rates))
    assert ties is not None
    return ties


def test_not_told_apart_is_not_transitive(tmp_path: Path) -> None:
    """12 samples to none have p 2 / 2**12, 6 to none 2 / 2**6, by Holm twice that: 0.06."""
    ties = found({"best": 0.92, "middle": 0.86, "last": 0.8}, 100, tmp_path)
    assert ties.groups == (("best", "middle"), ("middle", "last"))
    assert [(item.letters, item.best_rank, item.worst_rank) for item in ties.systems] == [
        ("a", 1, 2),
        ("ab", 1, 3),
        ("b", 2, 3),
    ]
    assert ties.n_pairs == 3


def test_more_samples_tell_more_apart(tmp_path: Path) -> None:
    rates = {"best": 0.92, "middle": 0.86, "last": 0.8}
    assert found(rates, 50, tmp_path / "few").groups == (("best", "middle", "last"),)
    ties = found(rates, 200, tmp_path / "many")
    assert ties.groups == (("best",), ("middle",), ("last",))
    assert [(item.best_rank, item.worst_rank) for item in ties.systems] == [(1, 1), (2, 2), (3, 3)]


def test_every_task_weighs_the_same(tmp_path: Path) -> None:
    """One is ahead by 20 of 40 in a small task, the other by 20 of 400 in a large one."""
    answers = []
    for index in range(40):
        answers.append(Given(task="little", sample=str(index), system="one", success=True))
        answers.append(Given(task="little", sample=str(index), system="two", success=index >= 20))
    for index in range(400):
        answers.append(Given(task="big", sample=str(index), system="one", success=index >= 20))
        answers.append(Given(task="big", sample=str(index), system="two", success=True))
    tasks = [task("little"), task("big")]
    run = build_run(tmp_path, tasks, [system("one"), system("two")], answers)
    ties = tie_groups(line_up(run.responses), ["one", "two"])
    assert ties is not None and [item.letters for item in ties.systems] == ["a", "b"]
    assert [item.best_rank for item in ties.systems] == [1, 2]


def test_systems_that_are_not_comparable_or_nobody_asked_for_have_no_letter(tmp_path: Path) -> None:
    answers = answers_of({"one": 0.9, "two": 0.5, "naive": 0.2}, 60)
    answers += [Given(task="u", sample="0", system=name) for name in ("one", "two", "naive")]
    answers += [Given(sample="0", system="partial")]
    systems = [
        system("one"),
        system("two"),
        system("naive", config={"baseline_of": ["t"]}),
        system("partial"),
    ]
    summary = summarise(build_run(tmp_path, [task(), task("u")], systems, answers))
    assert summary.ties is not None
    assert [item.system for item in summary.ties.systems] == ["one", "two"]
    assert summary.system("one").tie == summary.ties.of("one")
    assert summary.system("naive").tie is None and summary.system("partial").tie is None
    alone = build_run(tmp_path, [task()], [system("one")], [Given(system="one")])
    assert summarise(alone).ties is None
