from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.records import Answer, Sample
from evalsuite.scoring.regression import (
    mae,
    r2,
    read_number,
    regression_metrics,
    rmse,
    score_regression,
)
from evalsuite.task import Graded


def test_figures_by_hand() -> None:
    targets, predictions = [1.0, 2.0, 6.0], [1.0, 4.0, 5.0]
    assert rmse(targets, predictions) == pytest.approx(math.sqrt(5 / 3))
    assert mae(targets, predictions) == 1.0
    assert r2(targets, predictions) == pytest.approx(1 - 5 / 14)
    assert r2(targets, [3.0, 3.0, 3.0]) == 0.0
    assert r2([2.0, 2.0], [2.0, 2.0]) is None
    assert rmse([], []) is mae([], []) is r2([], []) is None


_NUMBERS = st.floats(-1e6, 1e6)


@settings(deadline=None)  # the first call imports scikit-learn
@given(st.lists(st.tuples(_NUMBERS, _NUMBERS), min_size=2, max_size=20))
def test_figures_agree_with_scikit_learn(pairs: list[tuple[float, float]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    targets, predictions = zip(*pairs, strict=True)
    assert mae(targets, predictions) == pytest.approx(
        metrics.mean_absolute_error(targets, predictions)
    )
    assert rmse(targets, predictions) == pytest.approx(
        metrics.root_mean_squared_error(targets, predictions)
    )
    if max(targets) - min(targets) > 1e-3:
        wanted = metrics.r2_score(targets, predictions)
        assert r2(targets, predictions) == pytest.approx(wanted, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "number"),
    [("about 12.5 kWh", 12.5), ("-3", -3), ("1e-3", 0.001), ("no idea", None), ("", None)],
)
def test_numbers_are_read(text: str, number: float | None) -> None:
    assert read_number(Answer(text=text)) == number


def test_success_is_within_the_tolerance() -> None:
    near = score_regression(Answer(text="21"), 20.0, tolerance=1.0)
    assert [(s.name, s.value) for s in near] == [("within_tolerance", 1), ("absolute_error", 1)]
    assert score_regression(Answer(text="21.1"), 20.0, tolerance=1.0)[0].value == 0.0
    (unread,) = score_regression(Answer(text="warm"), 20.0, tolerance=1.0)
    assert (unread.value, unread.status) == (0.0, "format_error")


def test_what_holds_no_number_is_counted_and_never_averaged() -> None:
    answers = [Answer(text="2"), Answer(text="4"), Answer(text="?"), None]
    graded = [
        Graded(sample=Sample(id=str(i), inputs={}, target=3.0 * i), answer=answer, scores={})
        for i, answer in enumerate(answers)
    ]
    figures = {name: metric(graded) for name, metric in regression_metrics().items()}
    assert figures["n_numbers"] == 2
    assert figures["parse_failure_rate"] == pytest.approx(1 / 3)
    assert figures["mae"] == pytest.approx(1.5)
    nothing = {name: metric(graded[2:]) for name, metric in regression_metrics().items()}
    assert nothing["rmse"] is nothing["mae"] is nothing["r2"] is None
    assert (nothing["n_numbers"], nothing["parse_failure_rate"]) == (0, 1)
