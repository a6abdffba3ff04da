"""Where differences lie on one common axis, so that a column of comparisons reads as a drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evalsuite.analysis.compare import Comparison
from evalsuite.analysis.verdict import MARGIN

WIDTH, HEIGHT, INSET = 150.0, 16.0, 4.0
STEPS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Where the axis may end on both sides, as shares."""


@dataclass(frozen=True)
class Difference:
    """A difference in pixels: its value, its interval's ends, and whether it leaves out 0."""

    at: float
    low: float | None
    high: float | None
    told_apart: bool


@dataclass(frozen=True)
class Forest:
    """``rows`` are in the order of the comparisons, None where there is no difference."""

    zero: float
    margin: tuple[float, float]
    end: float
    rows: tuple[Difference | None, ...]


def forest(comparisons: Sequence[Comparison]) -> Forest:
    """Place the differences of success of ``comparisons`` on an axis that holds all intervals."""
    found = [item.success.difference for item in comparisons if item.success]
    widest = max(
        (abs(end) for one in found for end in (one.value, one.low, one.high) if end), default=0.0
    )
    end = next((step for step in STEPS if widest <= step), STEPS[-1])

    def at(value: float | None) -> float | None:
        if value is None or math.isnan(value):
            return None
        share = min(1.0, max(-1.0, value / end))
        return round(WIDTH / 2 + share * (WIDTH / 2 - INSET), 1)

    rows: list[Difference | None] = []
    for item in comparisons:
        place = at(item.success.difference.value) if item.success else None
        if item.success is None or place is None:
            rows.append(None)
            continue
        low, high = at(item.success.difference.low), at(item.success.difference.high)
        rows.append(Difference(place, low, high, item.distinguishable))
    left, right = at(-MARGIN), at(MARGIN)
    assert left is not None and right is not None
    return Forest(zero=WIDTH / 2, margin=(left, right), end=end, rows=tuple(rows))
