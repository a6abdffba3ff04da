"""Looking at a comparison while it runs, and stopping when it is decided, at no cost in error.

Fixed-n tests that are read again and again raise false alarms. An e-process may be read after every
sample: under the null hypothesis it is a bet whose stake never grows on average, so it ever reaches
1 / alpha with probability at most alpha (Ville, 1939). All values of the difference that have not
yet lost their bet by that much form a confidence sequence, which holds the true difference at all
times at once with probability 1 - alpha.

The bets are those of Waudby-Smith and Ramdas (2024), JRSS B 86, "Estimating means of bounded random
variables by betting", with a uniform mixture of stakes instead of an adaptive one, so that only
totals count and not their order. At a difference of 0 they are the mixture likelihood ratio of the
discordant pairs (Robbins, 1970, Ann. Math. Stat. 41; Howard, Ramdas, McAuliffe and Sekhon, 2021,
Ann. Stat. 49; for two streams of 0/1 outcomes, Turner, Ly and Gruenwald, 2024, Stat. Prob. Lett.).

All of it holds if what has been looked at says nothing about what comes next: ask the samples in
random order, and count only the finished start of that order. Counting whatever finished first
would favour the quick answers, and dropping failures those that do not fail.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.clusters import Floats, cluster_codes, numbers_of
from evalsuite.analysis.mcnemar import Alternative
from evalsuite.judging.bets import mixture

Verdict = Literal["a_better", "b_better", "equivalent", "undecided"]
FINEST = 1e-6
"""Bounds are found to this precision, and rounded outwards."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the samples so far decide about the mean difference of A and B, in [-1, 1].

    ``low`` and ``high`` are the confidence sequence of level 1 - ``alpha``: valid at every look.
    ``e_value`` is the evidence against "no difference", at least 1 / alpha where the sequence
    leaves out 0. ``verdict`` is read off the sequence: "a_better" above 0, "b_better" below 0,
    "equivalent" inside (-margin, margin), else "undecided". A sequence that lies inside the margin
    on one side of 0 names the better one. Whatever the truth, the chance that a verdict at any
    look is wrong is at most alpha. ``n`` counts samples, ``n_clusters`` what varies independently.
    """

    verdict: Verdict
    difference: float | None
    low: float
    high: float
    e_value: float
    n: int
    n_clusters: int
    alpha: float
    margin: float | None

    @property
    def decided(self) -> bool:
        """Whether to stop."""
        return self.verdict != "undecided"


def e_value(wins: int, losses: int, *, alternative: Alternative = "two-sided") -> float:
    """Evidence of the discordant pairs so far against "each is as likely a win as a loss".

    One-sided ("greater": A better): the mean over theta, uniform on (1/2, 1), of the likelihood
    ratio (2 theta)^wins (2 - 2 theta)^losses, 2^(n+1) B(wins+1, losses+1) P(Beta > 1/2). It is
    also valid against "A is no better". Two-sided: half the larger of both sides. Stop at
    1 / alpha; min(1, 1 / e) is a p-value at any time. Pairs must be independent. Infinite beyond
    1e308.

    Raises:
        ValueError: a count is negative or not whole.
    """
    from scipy.special import betaln
    from scipy.stats import beta

    _check_counts(wins, losses)
    if alternative == "two-sided":
        return 0.5 * max(
            e_value(wins, losses, alternative="greater"),
            e_value(wins, losses, alternative="less"),
        )
    if alternative not in ("greater", "less"):
        raise ValueError(f"alternative is two-sided, greater or less, not {alternative!r}")
    up, down = (wins, losses) if alternative == "greater" else (losses, wins)
    above_half = float(beta.logsf(0.5, up + 1, down + 1))
    log_e = (up + down + 1) * math.log(2) + float(betaln(up + 1, down + 1)) + above_half
    return _exp(log_e)


def decide(
    wins: int, losses: int, ties: int, *, alpha: float = 0.05, margin: float | None = None
) -> Decision:
    """Decide from counts of independent samples: only A right, only B right, both or neither.

    ``margin`` is the difference in success rate below which A and B count as equivalent (0.02 for
    2 points); without one only a difference can be decided. For samples in clusters, or scores
    that are not 0 or 1, use ``decide_clustered``.

    Raises:
        ValueError: a count is negative or not whole, alpha not in (0, 1), or margin not in (0, 1).
    """
    _check_counts(wins, losses, ties)
    n = wins + losses + ties
    sums, counts = np.array([1.0, -1.0, 0.0]), np.array([wins, losses, ties], dtype=float)
    return _decide(sums, np.ones(3), counts, 1, n=n, n_clusters=n, alpha=alpha, margin=margin)


def decide_clustered(
    differences: ArrayLike,
    clusters: ArrayLike,
    *,
    largest: int,
    alpha: float = 0.05,
    margin: float | None = None,
) -> Decision:
    """Decide from ``differences`` (n,) of scores in [0, 1] with independent ``clusters`` (n,).

    A cluster is one bet, so count only whole clusters. ``largest`` is the size of the largest one
    in the whole data set, fixed before the first answer: a stake may not depend on what is drawn.
    The difference is the mean over samples, as in ``decide``, which this equals where every
    cluster is one sample. Few large clusters are slow to decide: no bet can be larger than what
    the largest one could lose.

    Raises:
        ValueError: a difference is missing or outside [-1, 1], a cluster is larger than
            ``largest``, alpha not in (0, 1), or margin not in (0, 1).
    """
    values = numbers_of(differences, "differences")
    if (np.abs(values) > 1).any():
        raise ValueError("differences must be of scores in 0..1, so within -1..1")
    if largest < 1:
        raise ValueError(f"the largest cluster has at least one sample, not {largest}")
    codes, n_clusters = cluster_codes(clusters, values.size)
    sizes = np.bincount(codes, minlength=n_clusters).astype(float)
    if n_clusters and sizes.max() > largest:
        raise ValueError(f"a cluster of {sizes.max():.0f} samples is above the largest, {largest}")
    sums = np.bincount(codes, weights=values, minlength=n_clusters)
    kinds, counts = np.unique(np.column_stack([sums, sizes]), axis=0, return_counts=True)
    return _decide(
        kinds[:, 0],
        kinds[:, 1],
        counts.astype(float),
        largest,
        n=values.size,
        n_clusters=n_clusters,
        alpha=alpha,
        margin=margin,
    )


def _decide(
    sums: Floats,
    sizes: Floats,
    counts: Floats,
    largest: int,
    *,
    n: int,
    n_clusters: int,
    alpha: float,
    margin: float | None,
) -> Decision:
    if not 0 < alpha < 1 or (margin is not None and not 0 < margin < 1):
        raise ValueError(f"needs alpha and margin between 0 and 1, not {alpha} and {margin}")
    bar = math.log(2 / alpha)  # each side may spend half of alpha
    low = _lower(sums, sizes, counts, largest, bar)
    high = -_lower(-sums, sizes, counts, largest, bar)
    wealth = max(_log_wealth(side * sums, sizes, counts, largest, 0.0) for side in (1, -1))
    verdict: Verdict = "undecided"
    if low > 0:
        verdict = "a_better"
    elif high < 0:
        verdict = "b_better"
    elif margin is not None and -margin < low and high < margin:
        verdict = "equivalent"
    return Decision(
        verdict=verdict,
        difference=float(counts @ sums) / n if n else None,
        low=low,
        high=high,
        e_value=_exp(wealth - math.log(2)),
        n=n,
        n_clusters=n_clusters,
        alpha=alpha,
        margin=margin,
    )


def _log_wealth(sums: Floats, sizes: Floats, counts: Floats, largest: int, mean: float) -> float:
    """Log of what bets on "the mean difference is above ``mean``" have made of 1.

    ``counts`` (k,) clusters had ``sums`` (k,) over ``sizes`` (k,) samples. Staking the share g, a
    cluster multiplies the wealth by 1 + g ((sum + size) / (1 + mean) - size) / largest: never below
    0, 1 on average where the mean difference is ``mean``, and falling in ``mean``.
    """
    stakes, weights = mixture()
    returns = ((sums + sizes) / (1 + mean) - sizes) / largest
    growth = np.log1p(np.outer(stakes, returns)) @ counts
    top = float(growth.max())
    return top + math.log(float(weights @ np.exp(growth - top)))


def _lower(sums: Floats, sizes: Floats, counts: Floats, largest: int, bar: float) -> float:
    """Largest mean that bets on a larger one refute (log wealth at ``bar``); -1 where none is."""
    low, high = -1.0, 1.0
    while high - low > FINEST:
        middle = (low + high) / 2
        refuted = _log_wealth(sums, sizes, counts, largest, middle) >= bar
        low, high = (middle, high) if refuted else (low, middle)
    return low


def _check_counts(*counts: int) -> None:
    for count in counts:
        if count != int(count) or count < 0:
            raise ValueError(f"counts must be whole and not negative, not {count}")


def _exp(value: float) -> float:
    return math.exp(value) if value < 709 else math.inf
