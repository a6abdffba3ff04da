"""Bets that one of two systems is the better one, which may be looked at as often as one likes.

Under the null hypothesis a bet never grows on average, so it ever reaches 1 / alpha with
probability at most alpha (Ville, 1939), whenever and however often it is looked at. The bets are
those of Waudby-Smith and Ramdas (2024), JRSS B 86, "Estimating means of bounded random variables by
betting", with a uniform mixture of stakes, as in ``evalsuite.analysis.sequential``.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STAKES = 128
"""Stakes of the mixture: Gauss-Legendre nodes of the uniform distribution on (0, 1)."""


def log_wealth(differences: Floats, mean: float = 0.0) -> Floats:
    """What bets on "the mean difference is above ``mean``" have made of 1, after each difference.

    Args:
        differences: (n,) in [-1, 1], one an independent unit, in the order in which the units were
            drawn: at random, or anyhow without regard to what came out.
        mean: in (-1, 1).

    Returns:
        (n,) natural logs. Staking the share g, a difference x multiplies the wealth by
        1 + g (x - mean) / (1 + mean): never below 0, and 1 on average where ``mean`` is the mean.
    """
    if not len(differences):
        return np.zeros(0)
    stakes, weights = mixture()
    returns = (differences - mean) / (1 + mean)
    growth = np.log1p(np.outer(returns, stakes)).cumsum(axis=0)
    top = growth.max(axis=1)
    return np.asarray(top + np.log(np.exp(growth - top[:, None]) @ weights))


@cache
def mixture() -> tuple[Floats, Floats]:
    """Stakes (STAKES,) in (0, 1) and their weights, which sum to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(STAKES)
    return (nodes + 1) / 2, weights / weights.sum()
