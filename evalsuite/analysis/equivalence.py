"""Showing that a difference is small: equivalence and non-inferiority on the same samples.

A test that finds no difference shows nothing. These tests turn the question round: the null
hypothesis is a difference of at least the margin, and rejecting it is the finding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.paired import mean_difference

ALPHA = 0.05
FINEST_P = 1e-9
"""P-values below this are given as this."""


@dataclass(frozen=True, kw_only=True)
class MarginTest:
    """Whether the mean of ``a - b`` is shown to keep within a margin.

    ``difference`` has the interval of level 1 - 2 alpha, which decides: ``shown`` is whether it
    keeps within the margin (above -margin for "non-inferior", inside (-margin, margin) for
    "equivalent"), at a risk of at most alpha. ``p_value`` is the smallest alpha at which it would.
    Both are None where the interval does not exist: nothing is known then.
    """

    question: Literal["non-inferior", "equivalent"]
    difference: Estimate
    margin: float
    alpha: float
    p_value: float | None
    shown: bool | None


def non_inferiority(
    a: ArrayLike,
    b: ArrayLike,
    clusters: ArrayLike,
    *,
    margin: float,
    alpha: float = ALPHA,
    strata: ArrayLike | None = None,
) -> MarginTest | None:
    """Test that A is less than ``margin`` worse than B, scores (n,) on the same samples.

    Rejects "a - b <= -margin" where the one-sided 1 - alpha lower bound lies above it. Bounds are
    those of ``evalsuite.analysis.paired.mean_difference``: clustered, by task where ``strata`` are
    given. None where n is 0. Source: Wellek (2010), Testing Statistical Hypotheses of Equivalence
    and Noninferiority, 2nd ed.

    Raises:
        ValueError: the margin is not above 0, alpha not in (0, 0.5), or a score is missing.
    """
    return _test("non-inferior", a, b, clusters, margin, alpha, strata)


def equivalence(
    a: ArrayLike,
    b: ArrayLike,
    clusters: ArrayLike,
    *,
    margin: float,
    alpha: float = ALPHA,
    strata: ArrayLike | None = None,
) -> MarginTest | None:
    """Test that A and B differ by less than ``margin`` on average: two one-sided tests (TOST).

    As ``non_inferiority`` in both directions; the p-value is the larger one. Source: Schuirmann
    (1987), J. Pharmacokinet. Biopharm. 15.

    Raises:
        ValueError: the margin is not above 0, alpha not in (0, 0.5), or a score is missing.
    """
    return _test("equivalent", a, b, clusters, margin, alpha, strata)


def _test(
    question: Literal["non-inferior", "equivalent"],
    a: ArrayLike,
    b: ArrayLike,
    clusters: ArrayLike,
    margin: float,
    alpha: float,
    strata: ArrayLike | None,
) -> MarginTest | None:
    if not 0 < margin < np.inf or not 0 < alpha < 0.5:
        raise ValueError(f"needs margin > 0 and 0 < alpha < 0.5, not {margin} and {alpha}")

    def interval(level: float) -> Estimate | None:
        return mean_difference(a, b, clusters, strata=strata, level=level)

    found = interval(1 - 2 * alpha)
    if found is None:
        return None
    p_value, shown = None, None
    if found.low is not None and found.high is not None:
        p_value = p_above(interval, -margin)
        shown = found.low > -margin
        if question == "equivalent":
            p_value = max(p_value, 1 - p_above(interval, margin))
            shown = shown and found.high < margin
    return MarginTest(
        question=question,
        difference=found,
        margin=margin,
        alpha=alpha,
        p_value=p_value,
        shown=shown,
    )


def p_above(interval: Callable[[float], Estimate | None], bar: float) -> float:
    """One-sided p-value of "the figure is at most ``bar``", from its two-sided ``interval(level)``.

    The smallest alpha whose lower bound, of level 1 - 2 alpha, lies above ``bar``, found by
    bisection; where the figure itself does not, 1 less the same of the upper bound. Never below
    1e-9. For an interval without bounds there is none.

    Raises:
        ValueError: the interval has no bounds.
    """

    def beyond(alpha: float, above: bool) -> bool:
        estimate = interval(1 - 2 * alpha)
        if estimate is None or estimate.low is None or estimate.high is None:
            raise ValueError("an estimate without an interval has no p-value")
        return estimate.low > bar if above else estimate.high < bar

    above = beyond(0.4999, True)
    if not above and not beyond(0.4999, False):
        return 0.5
    low, high = FINEST_P, 0.4999
    if beyond(low, above):
        high = low
    while high / low > 1 + 1e-9:
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if beyond(middle, above) else (middle, high)
    return high if above else 1 - high
