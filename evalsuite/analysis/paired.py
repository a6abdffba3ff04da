"""Two systems on the same samples: how far apart they are, and whether that could be chance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.intervals import (
    LEVEL,
    Estimate,
    Floats,
    cluster_codes,
    effective_n,
    stratified,
)

SIGN_FLIPS = 4999
MOST_CLUSTERS_TO_ENUMERATE = 12
POWER = 0.8


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """How much more often A succeeds than B on the same samples, as a share (0.01 is a point).

    ``smallest_detectable`` is the difference that this many pairs, as discordant as these, would
    have shown to be one in 80 of 100 runs.
    """

    difference: Estimate
    n_only_a: int
    n_only_b: int
    p_value: float
    smallest_detectable: float


def paired_difference(
    a: ArrayLike,
    b: ArrayLike,
    clusters: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    seed: int = 0,
) -> PairedDifference | None:
    """Compare successes ``a`` and ``b`` (n,) of 0 or 1, sample by sample; None where n is 0.

    With ``strata`` (tasks) the difference is the unweighted mean of the tasks' differences.
    ``clusters`` must not span strata. The interval is ``adjusted_wald`` per task, combined by
    ``stratified``; the p-value is ``sign_flip_p`` over clusters.
    """
    hits_a, hits_b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if hits_a.size == 0:
        return None
    labels = np.asarray(clusters)
    groups = np.zeros(hits_a.size, dtype=np.intp) if strata is None else cluster_codes(strata)[0]
    names = np.unique(groups)
    differences = hits_a - hits_b
    weights = np.zeros(hits_a.size)
    parts: list[Estimate] = []
    variance = 0.0
    for name in names:
        inside = groups == name
        weights[inside] = 1 / (len(names) * inside.sum())
        parts.append(adjusted_wald(hits_a[inside], hits_b[inside], labels[inside]))
        variance += _discordant_variance(differences[inside], labels[inside]) / len(names) ** 2
    normal = NormalDist()
    reach = normal.inv_cdf(0.5 + LEVEL / 2) + normal.inv_cdf(POWER)
    return PairedDifference(
        difference=stratified(parts, [1.0] * len(parts)),
        n_only_a=int((differences > 0).sum()),
        n_only_b=int((differences < 0).sum()),
        p_value=sign_flip_p(differences * weights, labels, seed=seed),
        smallest_detectable=reach * math.sqrt(variance),
    )


def adjusted_wald(
    a: ArrayLike, b: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL
) -> Estimate:
    """Mean of ``a - b`` for paired 0/1 values (n,), n >= 1, with an interval of positive width.

    Bonett and Price (2012), J. Educ. Behav. Stat. 37: Wald's interval after one pair is added to
    each kind of disagreement, which keeps its coverage where the systems hardly ever disagree and
    plain Wald or a bootstrap would claim certainty. For clustered pairs n is ``effective_n`` of
    the differences; no bounds where all pairs share one cluster.
    """
    hits_a, hits_b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    differences = hits_a - hits_b
    value = float(differences.mean())
    n_clusters = cluster_codes(clusters)[1]
    if n_clusters < 2 <= differences.size:
        return Estimate(
            value=value,
            low=None,
            high=None,
            n=differences.size,
            method="one cluster: no interval",
            level=level,
        )
    n = effective_n(differences, clusters, level=level)
    only_a = (float((differences > 0).mean()) * n + 1) / (n + 2)
    only_b = (float((differences < 0).mean()) * n + 1) / (n + 2)
    centre = only_a - only_b
    z = NormalDist().inv_cdf(0.5 + level / 2)
    half = z * math.sqrt((only_a + only_b - centre * centre) / (n + 2))
    return Estimate(
        value=value,
        low=max(-1.0, centre - half),
        high=min(1.0, centre + half),
        n=differences.size,
        method="paired adjusted Wald (Bonett-Price)",
        level=level,
    )


def sign_flip_p(differences: ArrayLike, clusters: ArrayLike, *, seed: int = 0) -> float:
    """Two-sided p-value of "the paired ``differences`` (n,) have no direction".

    Flips the sign of whole clusters: all ways for up to 12 clusters that differ, 4999 random ones
    beyond, then p = (1 + as extreme) / (1 + flips) (Phipson and Smyth, 2010). With single-sample
    clusters of 0/1 outcomes this is the exact McNemar test. Valid where the two systems could
    have been exchanged within a cluster.
    """
    codes, n_clusters = cluster_codes(clusters)
    sums = np.bincount(codes, weights=np.asarray(differences, dtype=float), minlength=n_clusters)
    sums = sums[np.abs(sums) > 1e-12]
    if sums.size == 0:
        return 1.0
    bar = abs(float(sums.sum())) * (1 - 1e-7)  # equal sums may differ in the last bits
    if sums.size <= MOST_CLUSTERS_TO_ENUMERATE:
        patterns = np.arange(2**sums.size)[:, None] >> np.arange(sums.size) & 1
        return float((np.abs((2 * patterns - 1) @ sums) >= bar).mean())
    # Equal magnitudes are interchangeable: how many of them stay positive is a binomial draw.
    largest = float(np.abs(sums).max())
    sizes, copies = np.unique(np.round(np.abs(sums) / largest, 9), return_counts=True)
    rng = np.random.default_rng(seed)
    kept = rng.binomial(copies, 0.5, size=(SIGN_FLIPS, sizes.size))
    flipped = np.abs((2 * kept - copies) @ sizes) * largest
    return (1 + int((flipped >= bar).sum())) / (1 + SIGN_FLIPS)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's (1979) adjusted p-values, in the order given: fair to every comparison at once."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [1.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


def _discordant_variance(differences: Floats, clusters: ArrayLike) -> float:
    """Variance of the mean difference under no difference: (adjusted) discordance / effective n."""
    n = effective_n(differences, clusters)
    discordance = (float((differences != 0).mean()) * n + 2) / (n + 2)
    return discordance / n
