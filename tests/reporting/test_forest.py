from __future__ import annotations

from evalsuite.reporting.forest import WIDTH, forest
from tests.reporting.conftest import Reported


def test_differences_lie_around_zero_on_one_axis(reported: Reported) -> None:
    comparisons = reported.summary.comparisons
    drawn = forest(comparisons)
    left, right = drawn.margin
    assert left < drawn.zero == WIDTH / 2 < right
    for item, row in zip(comparisons, drawn.rows, strict=True):
        assert (item.success is None) == (row is None)
        if item.success is None or row is None:
            continue
        difference = item.success.difference
        assert (row.at > drawn.zero) == (difference.value > 0)
        assert row.told_apart == item.distinguishable
        if row.low is not None and row.high is not None:
            assert 0 <= row.low <= row.at <= row.high <= WIDTH


def test_nothing_compared_is_an_empty_axis() -> None:
    assert forest(()).rows == ()
