"""Two systems on the same samples: how far apart they are, and whether that could be chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalsuite.analysis.clusters import (
    Floats,
    binary_of,
    cluster_codes,
    cluster_sums,
    numbers_of,
    strata_of_clusters,
)
from evalsuite.analysis.intervals import (
    LEVEL,
    Estimate,
    clustered_mean,
    effective_n,
    normal_quantile,
    stratified,
)
from evalsuite.analysis.mcnemar import Alternative
from evalsuite.analysis.signs import upper_tail, whole_magnitudes

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
    level: float = LEVEL,
) -> PairedDifference | None:
    """Compare successes ``a`` and ``b`` (n,) of 0 or 1, sample by sample; None where n is 0.

    With ``strata`` (tasks) the difference is the unweighted mean of the tasks' differences.
    ``clusters`` must not span strata. The interval is ``score_interval`` per task, combined by
    ``stratified``; the p-value is ``sign_flip_p`` over clusters.

    Raises:
        ValueError: a value is neither 0 nor 1, or the arrays differ in length.
    """
    hits_a, hits_b = _pairs(binary_of(a, "successes of A"), binary_of(b, "successes of B"))
    difference = mean_difference(hits_a, hits_b, clusters, strata=strata, level=level)
    if difference is None:
        return None
    labels = np.asarray(clusters)
    groups, n_groups = _groups(strata, hits_a.size)
    differences = hits_a - hits_b
    weights = np.zeros(hits_a.size)
    variance = 0.0
    for group in range(n_groups):
        inside = groups == group
        weights[inside] = 1 / (n_groups * inside.sum())
        variance += _discordant_variance(differences[inside], labels[inside]) / n_groups**2
    reach = normal_quantile(LEVEL) + NormalDist().inv_cdf(POWER)
    return PairedDifference(
        difference=difference,
        n_only_a=int((differences > 0).sum()),
        n_only_b=int((differences < 0).sum()),
        p_value=sign_flip_p(differences * weights, labels, seed=seed),
        smallest_detectable=reach * math.sqrt(variance),
    )


def mean_difference(
    a: ArrayLike,
    b: ArrayLike,
    clusters: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    level: float = LEVEL,
) -> Estimate | None:
    """Mean of ``a - b`` (n,) for any scores on the same samples; None where n is 0.

    With ``strata`` (tasks) it is the unweighted mean of the tasks' differences, their intervals
    combined by ``stratified``. A task's interval is ``score_interval`` where its scores are 0 or 1,
    or lie between and at least half of the pairs tie; otherwise t(C-1) x the clustered standard
    error. That has no bounds where nothing varies, because nothing then says how much could have.

    Raises:
        ValueError: a score is missing, the arrays differ in length, or a cluster spans strata.
    """
    scores_a, scores_b = _pairs(numbers_of(a, "scores of A"), numbers_of(b, "scores of B"))
    if scores_a.size == 0:
        return None
    strata_of_clusters(*cluster_codes(clusters, scores_a.size), strata)
    labels = np.asarray(clusters)
    groups, n_groups = _groups(strata, scores_a.size)
    parts = []
    for group in range(n_groups):
        inside = groups == group
        parts.append(_difference(scores_a[inside], scores_b[inside], labels[inside], level))
    return stratified(parts, [1.0] * n_groups)


def score_interval(
    a: ArrayLike, b: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL
) -> Estimate:
    """Mean of ``a - b`` for paired scores (n,) in 0..1 that mostly tie, with a positive width.

    Of 0/1 values: all differences that Tango's score test does not reject, Tango (1998), Stat. Med.
    17. It keeps its risk where the systems hardly ever disagree, where t's interval is far too
    short and Wald's after pseudo-counts (Bonett and Price, 2012) still calls a worse system not
    inferior too often (``benchmarks/coverage.py``). Of other scores, such as means over repeats,
    the differences are taken as jumps of one size, sum d^2 / sum |d|: as many up and down as give
    their mean and mean square. For clustered pairs n is ``effective_n`` of the differences; no
    bounds where all pairs share one cluster.

    Raises:
        ValueError: there are no pairs, a score is outside 0..1, or the arrays differ in length.
    """
    scores_a, scores_b = _pairs(numbers_of(a, "scores of A"), numbers_of(b, "scores of B"))
    if scores_a.size == 0:
        raise ValueError("a difference needs at least one pair")
    if not _bounded(scores_a, scores_b):
        raise ValueError("a score interval is for scores in 0..1")
    differences = scores_a - scores_b
    n_clusters = cluster_codes(clusters, differences.size)[1]
    low: float | None = None
    high: float | None = None
    method = "one cluster: no interval"
    if n_clusters > 1 or differences.size == 1:
        sizes = np.abs(differences)
        jump = float(np.square(sizes).sum() / sizes.sum()) if sizes.any() else 1.0
        n = effective_n(differences, clusters, level=level)
        up = float(np.maximum(0.0, differences).mean()) * n / jump
        down = float(np.maximum(0.0, -differences).mean()) * n / jump
        z = normal_quantile(level)
        low, high = -jump * _tango_upper(down, up, n, z), jump * _tango_upper(up, down, n, z)
        method = "paired score (Tango)"
        if jump != 1:
            method += f", jumps of {jump:.2f}"
        if n_clusters < differences.size:
            method += f", effective n {n:.0f} of {n_clusters} clusters"
    return Estimate(
        value=float(differences.mean()),
        low=low,
        high=high,
        n=differences.size,
        method=method,
        level=level,
    )


def sign_flip_p(
    differences: ArrayLike,
    clusters: ArrayLike,
    *,
    alternative: Alternative = "two-sided",
    seed: int = 0,
) -> float:
    """P-value of "the paired ``differences`` (n,) have no direction".

    Flips the sign of whole clusters. All ways, exactly, for up to 12 clusters that differ and
    wherever the clusters' sums are whole multiples of one step, as with 0/1 outcomes; 4999 random
    ways otherwise, then p = (1 + as extreme) / (1 + flips) (Phipson and Smyth, 2010, Stat. Appl.
    Genet. Mol. Biol. 9). With single-sample clusters of 0/1 outcomes this is the exact McNemar
    test. ``alternative`` "greater" asks whether they are above 0. Valid where the two systems
    could have been exchanged within a cluster; 1 where nothing differs.

    Raises:
        ValueError: a difference is missing, or there is not one label each.
    """
    values = numbers_of(differences, "differences")
    codes, n_clusters = cluster_codes(clusters, values.size)
    if alternative not in ("two-sided", "greater", "less"):
        raise ValueError(f"alternative is two-sided, greater or less, not {alternative!r}")
    sums = cluster_sums(values[:, None], codes, n_clusters)[:, 0]
    if alternative == "less":
        sums = -sums
    largest = float(np.abs(sums).max(initial=0.0))
    sums = sums[np.abs(sums) > 1e-9 * largest]
    if sums.size == 0:
        return 1.0
    two_sided = alternative == "two-sided"
    observed = abs(float(sums.sum())) if two_sided else float(sums.sum())
    magnitudes = whole_magnitudes(sums)
    if magnitudes is not None:
        whole = int((magnitudes * np.sign(sums).astype(np.int64)).sum())
        tail = upper_tail(magnitudes, abs(whole) if two_sided else whole)
        if tail is not None:
            return min(1.0, 2 * tail) if two_sided else tail
    bar = observed - 1e-9 * float(np.abs(sums).sum())  # equal sums may differ in the last bits
    if sums.size <= MOST_CLUSTERS_TO_ENUMERATE:
        patterns = np.arange(2**sums.size)[:, None] >> np.arange(sums.size) & 1
        flipped = (2.0 * patterns - 1) @ sums
        return float(((np.abs(flipped) if two_sided else flipped) >= bar).mean())
    flipped = _random_flips(sums, np.random.default_rng(seed))
    beyond = int(((np.abs(flipped) if two_sided else flipped) >= bar).sum())
    return (1 + beyond) / (1 + SIGN_FLIPS)


def _random_flips(sums: Floats, rng: np.random.Generator) -> Floats:
    """Totals (SIGN_FLIPS,) of ``sums`` (m,) under random signs."""
    # Equal magnitudes are interchangeable: how many of them stay positive is a binomial draw.
    largest = float(np.abs(sums).max())
    sizes, copies = np.unique(np.round(np.abs(sums) / largest, 12), return_counts=True)
    totals = np.zeros(SIGN_FLIPS)
    for start in range(0, sizes.size, 200):  # a slice at a time bounds memory
        some, repeated = sizes[start : start + 200], copies[start : start + 200]
        kept = rng.binomial(repeated, 0.5, size=(SIGN_FLIPS, some.size))
        totals += (2 * kept - repeated) @ some
    return totals * largest


def _tango_upper(only_a: float, only_b: float, n: float, z: float) -> float:
    """Largest difference that the score test at ``z`` does not reject; counts may be fractional."""
    low, high = (only_a - only_b) / n, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        # The root is of the likelihood equation for the chance of "only B", given the difference.
        linear = (2 * n - only_a + only_b) * middle - only_a - only_b
        root = math.sqrt(linear * linear + 8 * n * only_b * middle * (1 - middle))
        spread = n * ((root - linear) / (2 * n) + middle * (1 - middle))
        rejected = n * middle - only_a + only_b > z * math.sqrt(max(0.0, spread))
        low, high = (low, middle) if rejected else (middle, high)
    return high


def _difference(a: Floats, b: Floats, clusters: ArrayLike, level: float) -> Estimate:
    differences = a - b
    binary = bool((((a == 0) | (a == 1)) & ((b == 0) | (b == 1))).all())
    mostly_ties = 2 * np.count_nonzero(differences) <= differences.size
    if binary or (mostly_ties and _bounded(a, b)):
        return score_interval(a, b, clusters, level=level)
    estimate = clustered_mean(differences, clusters, level=level)
    assert estimate is not None
    if estimate.low == estimate.high and estimate.low is not None:
        return Estimate(
            value=estimate.value,
            low=None,
            high=None,
            n=differences.size,
            method="nothing varies: no interval",
            level=level,
        )
    return estimate


def _discordant_variance(differences: Floats, clusters: ArrayLike) -> float:
    """Variance of the mean difference under no difference: (adjusted) discordance / effective n."""
    n = effective_n(differences, clusters)
    discordance = (float((differences != 0).mean()) * n + 2) / (n + 2)
    return discordance / n


def _bounded(a: Floats, b: Floats) -> bool:
    return bool(((a >= 0) & (a <= 1) & (b >= 0) & (b <= 1)).all())


def _pairs(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    if a.size != b.size:
        raise ValueError(f"pairs need both sides: {a.size} of A, {b.size} of B")
    return a, b


def _groups(strata: ArrayLike | None, n: int) -> tuple[NDArray[np.intp], int]:
    if strata is None:
        return np.zeros(n, dtype=np.intp), 1
    return cluster_codes(strata, n)
