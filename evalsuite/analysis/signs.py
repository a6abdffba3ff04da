"""Sums whose terms' signs are coin flips: the null distribution behind sign and rank tests."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.clusters import Floats

MOST_WORK = 50_000_000
"""Additions up to which an exact distribution is worked out: well below a second."""
FINEST_STEP = 12
"""Magnitudes are taken as multiples of the smallest one divided by at most this."""


def whole_magnitudes(sums: Floats) -> NDArray[np.int64] | None:
    """Absolute ``sums`` (m,), none 0, as whole multiples of one step; None where there is none."""
    sizes = np.abs(sums)
    for parts in range(1, FINEST_STEP + 1):
        multiples = sizes * (parts / sizes.min())
        whole = np.rint(multiples)
        if (np.abs(multiples - whole) <= 1e-9 * multiples).all() and whole.max() < MOST_WORK:
            return np.asarray(whole, dtype=np.int64)
    return None


def upper_tail(magnitudes: NDArray[np.int64], observed: int) -> float | None:
    """P(sum of +-``magnitudes`` >= ``observed``), every sign a fair coin, exactly.

    ``magnitudes`` (m,) are positive whole numbers. None where it would take too long: then draw.
    """
    total = int(magnitudes.sum())
    sizes = np.unique(magnitudes)
    # The sum is twice what is positive, less the total.
    least = math.ceil((total + observed) / 2)
    if sizes.size == 1:
        from scipy.stats import binom

        return float(binom.sf(math.ceil(least / int(sizes[0])) - 1, magnitudes.size, 0.5))
    if magnitudes.size * total > MOST_WORK:
        return None
    chances = np.ones(1)
    for size in magnitudes:
        longer = np.zeros(chances.size + int(size))
        longer[: chances.size] += chances / 2
        longer[int(size) :] += chances / 2
        chances = longer
    return float(min(1.0, chances[max(0, least) :].sum()))
