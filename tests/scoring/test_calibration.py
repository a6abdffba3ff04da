from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer, Sample
from evalsuite.scoring.calibration import adaptive_ece, calibration_metrics, ece
from evalsuite.task import Graded


def test_by_hand() -> None:
    # Two bins: (0, .5] holds .4 right and .5 wrong, gap |1 - .9|; (.5, 1] holds .9 and .7, both
    # right, gap |2 - 1.6|. Over four answers: (.1 + .4) / 4.
    confidences, correct = [0.4, 0.5, 0.9, 0.7], [True, False, True, True]
    assert ece(confidences, correct, bins=2) == pytest.approx(0.125)
    # Four bins: .4 and .5 share (.25, .5], .7 is in (.5, .75], .9 in (.75, 1].
    assert ece(confidences, correct, bins=4) == pytest.approx((0.1 + 0.3 + 0.1) / 4)
    # Equal mass in two bins is here the same as equal width; in four each answer is alone.
    assert adaptive_ece(confidences, correct, bins=2) == pytest.approx(0.125)
    assert adaptive_ece(confidences, correct, bins=4) == pytest.approx((0.6 + 0.5 + 0.1 + 0.3) / 4)


def test_bounds_belong_to_the_bin_below() -> None:
    # 3 / 15 = 0.2 is in the third bin with 0.15, so their gaps cancel: |1 + 0 - 0.35| / 2.
    assert ece([0.15, 0.2], [False, True]) == pytest.approx(0.325)
    assert ece([0.15, 0.21], [False, True]) == pytest.approx((0.15 + 0.79) / 2)
    assert ece([0.0, 1.0], [False, True]) == 0.0


def test_a_calibrated_and_an_overconfident_system() -> None:
    assert ece([0.75] * 4, [True, True, True, False]) == pytest.approx(0)
    assert ece([1.0] * 4, [True, False, False, False]) == pytest.approx(0.75)
    assert adaptive_ece([0.75] * 4, [True, True, True, False]) == pytest.approx(0)


def test_no_answers_and_no_probabilities() -> None:
    assert ece([], []) is None and adaptive_ece([], []) is None
    with pytest.raises(ValueError, match="from 0 to 1"):
        ece([1.5], [True])
    with pytest.raises(ValueError, match="2 confidences of 1 answers"):
        ece([0.5, 0.5], [True])


rows = st.lists(
    st.tuples(st.sampled_from([0.2, 0.34, 0.5, 0.5001, 0.8, 1.0]), st.booleans()),
    min_size=1,
    max_size=40,
)


@given(rows, st.randoms())
def test_order_does_not_count_and_the_range_holds(
    answers: list[tuple[float, bool]], random: object
) -> None:
    shuffled = sorted(answers, key=lambda _: random.random())  # type: ignore[attr-defined]
    for figure in (ece, adaptive_ece):
        value = figure(*zip(*answers, strict=True))
        again = figure(*zip(*shuffled, strict=True))
        assert value is not None and 0 <= value <= 1
        assert again == pytest.approx(value)


@given(rows)
def test_one_bin_is_the_gap_of_the_means(answers: list[tuple[float, bool]]) -> None:
    confidences, correct = zip(*answers, strict=True)
    gap = abs(sum(confidences) - sum(correct)) / len(answers)
    assert ece(confidences, correct, bins=1) == pytest.approx(gap)
    assert adaptive_ece(confidences, correct, bins=1) == pytest.approx(gap)


def graded(target: str, probabilities: dict[str, float] | None) -> Graded:
    sample = Sample(id="x", inputs={}, target=target)
    answer = Answer(text="A", probabilities=probabilities)
    return Graded(sample=sample, answer=answer, scores={})


def test_corpus_metrics_by_hand() -> None:
    metrics = calibration_metrics()
    answers = [graded("A", {"A": 0.8, "B": 0.2}), graded("A", {"A": 0.3, "B": 0.7})]
    assert metrics["brier"](answers) == pytest.approx((0.04 + 0.04 + 0.49 + 0.49) / 2)
    assert metrics["log_loss"](answers) == pytest.approx(-(math.log(0.8) + math.log(0.3)) / 2)
    assert metrics["ece"](answers) == pytest.approx((0.2 + 0.7) / 2)
    assert metrics["ece_adaptive"](answers) == pytest.approx((0.2 + 0.7) / 2)


def test_corpus_metrics_are_unknown_unless_every_answer_has_probabilities() -> None:
    metrics = calibration_metrics()
    sure, told = graded("A", {"A": 1.0}), graded("A", None)
    failed = Graded(sample=sure.sample, answer=None, scores={})
    for metric in metrics.values():
        assert metric([sure, told]) is None
        assert metric([failed]) is None and metric([]) is None
        assert metric([sure, failed]) == pytest.approx(0)
