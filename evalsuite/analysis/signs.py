"""Sums whose terms' signs are coin flips: the null distribution behind sign and rank tests."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.clusters import Floats

MOST_WORK = 50_000_000
"""Additions up to which an exact distribution is worked out: well below a second."""
MOST_COUNTED = 100
"""Coins up to which a tail is counted in whole numbers, to the last digit."""
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
    sizes, copies = np.unique(magnitudes, return_counts=True)
    # The sum is twice what is positive, less the total.
    least = math.ceil((total + observed) / 2)
    if sizes.size == 1:
        return _heads(math.ceil(least / int(sizes[0])), magnitudes.size)
    if magnitudes.size * total > MOST_WORK:
        return None
    chances = np.ones(1)
    for size, n in zip(sizes.tolist(), copies.tolist(), strict=True):
        chances = _with(chances, size, n)
    return float(min(1.0, chances[max(0, least) :].sum()))


def _heads(fewest: int, coins: int) -> float:
    """The chance of at least ``fewest`` heads of fair ``coins``."""
    if fewest <= 0:
        return 1.0
    if fewest > coins:
        return 0.0
    if coins <= MOST_COUNTED:
        ways = sum(math.comb(coins, k) for k in range(fewest, coins + 1))
        return float(ways / (1 << coins))
    from scipy.special import bdtrc

    return float(bdtrc(fewest - 1, coins, 0.5))


def _with(chances: Floats, size: int, copies: int) -> Floats:
    """The chances of sums 0, 1, ... after adding ``size`` times a Binomial(copies, 1/2) count."""
    from scipy.special import gammaln

    k = np.arange(copies + 1)
    counts = np.exp(
        gammaln(copies + 1) - gammaln(k + 1) - gammaln(copies - k + 1) - copies * math.log(2)
    )
    n = chances.size + size * copies
    # Sums that differ by a multiple of size are a column, and each column is added to by itself.
    rows = -(-chances.size // size)
    columns = np.zeros((rows, size))
    columns.ravel()[: chances.size] = chances
    longer = np.column_stack([np.convolve(column, counts) for column in columns.T])
    return longer.ravel()[:n]
