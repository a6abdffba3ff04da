from __future__ import annotations

from pathlib import Path

import pytest

from evalsuite.analysis.pass_at_k import pass_at_k
from evalsuite.analysis.repeated import Repeated
from evalsuite.analysis.summary import summarise
from evalsuite.reporting.pass_at_k import ks_of, repeated_cells, repeated_sentence, titles
from evalsuite.store import Run
from tests.analysis.frames import Given, build_run, system, task


def run_of(right: list[list[bool | None]], tmp_path: Path) -> Run:
    answers = [
        Given(
            sample=str(sample),
            repeat=repeat,
            success=success,
            score_status="scored" if success is not None else "scorer_error",
        )
        for sample, repeats in enumerate(right)
        for repeat, success in enumerate(repeats)
    ]
    return build_run(tmp_path, [task()], [system("small")], answers)


def repeated_of(right: list[list[bool | None]], tmp_path: Path) -> Repeated:
    (found,) = summarise(run_of(right, tmp_path)).repeated
    return found


def test_any_and_all_of_k_by_hand(tmp_path: Path) -> None:
    """Of 4 answers 4, 2 and 0 are right: pass@2 is 1, 1 - 1/6, 0; pass^2 is 1, 1/6, 0."""
    found = repeated_of([[True] * 4, [True, True, False, False], [False] * 4], tmp_path)
    assert (found.n_problems, found.n_answers, found.n_unknown, found.fewest) == (3, 12, 0, 4)
    assert [at.k for at in found.at] == [1, 2, 4]
    one, two, four = found.at
    assert one.any_of.value == one.all_of.value == pytest.approx(0.5)
    assert two.any_of.value == pytest.approx((1 + 5 / 6) / 3)
    assert two.all_of.value == pytest.approx((1 + 1 / 6) / 3)
    assert four.any_of.value == pytest.approx(2 / 3)
    assert four.all_of.value == pytest.approx(1 / 3)
    assert titles([1, 2, 4]) == [
        *("problems", "answers", "pass@1", "pass@2", "pass@4", "pass^2", "pass^4")
    ]
    cells = repeated_cells(found, ks_of([found]))
    assert [cell.main for cell in cells] == [
        "3",
        "12",
        "50.0 %",
        "61.1 %",
        "66.7 %",
        "38.9 %",
        "33.3 %",
    ]
    assert "pass@2 61.1 % (all 2: 38.9 %)" in repeated_sentence(found)


def test_the_estimate_is_that_of_the_function_for_one_k(tmp_path: Path) -> None:
    run = run_of([[index % 3 > 0, index % 2 > 0, True] for index in range(20)], tmp_path)
    (found,) = summarise(run).repeated
    for at in found.at:
        (expected,) = pass_at_k(run.responses, at.k)
        assert at.any_of.value == pytest.approx(expected.estimate.value)
        bounds = (expected.estimate.low, expected.estimate.high)
        assert (at.any_of.low, at.any_of.high) == pytest.approx(bounds)


def test_no_k_is_beyond_the_problem_with_the_fewest_answers(tmp_path: Path) -> None:
    found = repeated_of([[True, True, None], [True, False, True]], tmp_path)
    assert (found.fewest, found.n_unknown, [at.k for at in found.at]) == (2, 1, [1, 2])
    none = repeated_of([[None, None], [True, False]], tmp_path)
    assert none.fewest == 0 and none.at == ()
    assert "too few scored answers" in repeated_sentence(none)
    cells = repeated_cells(none, [1, 2])
    assert cells[2].main == "–" and cells[2].small == "fewest scored: 0"


def test_nothing_repeated_nothing_told(tmp_path: Path) -> None:
    assert summarise(run_of([[True], [False]], tmp_path)).repeated == ()
