"""Interval estimates that stay honest for few samples, clustered samples and rates near 0 or 1.

Every function takes plain arrays with no missing values: leaving unknown values out, and saying
how many there were, is the caller's duty. ``level`` is the two-sided coverage aimed at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.clusters import (
    Codes,
    binary_of,
    cluster_codes,
    cluster_sums,
    distinct,
    numbers_of,
    strata_of_clusters,
)
from evalsuite.analysis.ratios import ratio_bounds

LEVEL = 0.95
RESAMPLES = 1000
UNIFORM_PRIOR = (1.0, 1.0)
JEFFREYS_PRIOR = (0.5, 0.5)
FEWEST_CLUSTERS_TO_RESAMPLE = 5
"""With 4 clusters a bootstrap has 35 distinct resamples: too few for a 2.5 % tail."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure, its interval and the number of observations behind it.

    A bound is None where it does not exist at this ``n``; it is infinite where the data put no
    limit on it. ``value`` is infinite for a cost per success where nothing succeeded.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    method: str
    level: float = LEVEL


def wilson(successes: float, n: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Bounds of a proportion by Wilson's score interval.

    Source: Wilson (1927), JASA 22. ``successes`` and ``n`` may be fractional (an effective sample
    size). Valid for independent observations; never of zero width, also at 0 or ``n`` successes.

    Raises:
        ValueError: unless ``0 <= successes <= n`` and ``n > 0``.
    """
    _check_counts(successes, n)
    z = normal_quantile(level)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def clopper_pearson(successes: int, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Bounds of a proportion that cover at least ``level`` whatever the true rate is.

    Source: Clopper and Pearson (1934), Biometrika 26. Valid for independent observations;
    conservative, so wider than Wilson's.

    Raises:
        ValueError: unless ``0 <= successes <= n`` and ``n > 0``.
    """
    from scipy.special import betaincinv

    _check_counts(successes, n)
    tail = (1 - _checked(level)) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return low, high


def credible_interval(
    successes: float,
    n: float,
    *,
    prior: tuple[float, float] = UNIFORM_PRIOR,
    level: float = LEVEL,
) -> tuple[float, float]:
    """Equal-tailed credible interval of a proportion under a Beta prior.

    Quantiles of Beta(prior + successes, prior + failures). ``UNIFORM_PRIOR`` is Bayes's and
    Laplace's, ``JEFFREYS_PRIOR`` Jeffreys's (1946), Proc. R. Soc. A 186. It holds the rate with
    probability ``level`` given the prior; how often it covers a fixed rate is another question,
    and for a rate of 0 or 1 the answer is never: an equal-tailed interval leaves both out. Valid
    for independent observations.

    Raises:
        ValueError: unless ``0 <= successes <= n`` and ``n > 0``, or a prior is not above 0.
    """
    from scipy.special import betaincinv

    _check_counts(successes, n)
    if not min(prior) > 0:
        raise ValueError(f"a Beta prior has two parameters above 0, not {prior}")
    tail = (1 - _checked(level)) / 2
    shape = prior[0] + successes, prior[1] + n - successes
    return float(betaincinv(*shape, tail)), float(betaincinv(*shape, 1 - tail))


def clustered_standard_error(
    values: ArrayLike, clusters: ArrayLike, *, corrected: bool = True
) -> float | None:
    """Standard error of the mean of ``values`` (n,) whose ``clusters`` (n,) are independent.

    sqrt(C/(C-1) * sum over clusters of (sum of residuals)^2) / n; without ``corrected`` the factor
    C/(C-1) is left out. Source: Liang and Zeger (1986), Biometrika 73; for evaluations, Miller
    (2024), arXiv:2411.00640. None for fewer than 2 clusters. Too small for few clusters (use
    t with C-1 degrees of freedom) and 0 where all values are equal (see ``proportion``).
    """
    numbers = numbers_of(values)
    codes, n_clusters = cluster_codes(clusters, numbers.size)
    if n_clusters < 2:
        return None
    sums = np.bincount(codes, weights=numbers - numbers.mean(), minlength=n_clusters)
    factor = n_clusters / (n_clusters - 1) if corrected else 1.0
    return float(math.sqrt(factor * float(np.square(sums).sum())) / len(numbers))


def clustered_mean(
    values: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL
) -> Estimate | None:
    """Mean of ``values`` (n,) with its clustered-t interval; None where there are no values.

    The interval is mean +- t(C-1) x ``clustered_standard_error``. For a rate of successes use
    ``proportion``: this one has zero width where all values agree.
    """
    numbers = numbers_of(values)
    if numbers.size == 0:
        return None
    mean = float(numbers.mean())
    error = clustered_standard_error(numbers, clusters)
    if error is None:
        return _without_interval(mean, numbers.size, "one cluster: no interval", level)
    half = _t_quantile(cluster_codes(clusters)[1] - 1, level) * error
    return Estimate(
        value=mean,
        low=mean - half,
        high=mean + half,
        n=numbers.size,
        method="clustered t",
        level=level,
    )


def proportion(
    successes: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL
) -> Estimate | None:
    """Rate of ``successes`` (n,) of 0 or 1, with an interval fit for its ``clusters`` (n,).

    Wilson where every cluster is a single observation. Otherwise Wilson with the effective sample
    size of ``effective_n``, after Korn and Graubard (1998), Survey Methodology 24, with Wilson in
    place of Clopper-Pearson as Franco et al. (2019), J. Survey Stat. Methodol. 7, recommend. None
    where there are no observations; no bounds where there is one cluster.
    """
    hits = binary_of(successes, "successes")
    if hits.size == 0:
        return None
    rate = float(hits.mean())
    n_clusters = cluster_codes(clusters, hits.size)[1]
    if n_clusters == hits.size:
        low, high = wilson(float(hits.sum()), hits.size, level=level)
        method = "Wilson"
    elif n_clusters < 2:
        return _without_interval(rate, hits.size, "one cluster: no interval", level)
    else:
        n = effective_n(hits, clusters, level=level)
        low, high = wilson(min(n, rate * n), n, level=level)
        method = f"Wilson, effective n {n:.0f} of {n_clusters} clusters"
    return Estimate(value=rate, low=low, high=high, n=hits.size, method=method, level=level)


def effective_n(values: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL) -> float:
    """How many independent observations the clustered ``values`` (n,) are worth.

    n / design effect x (z / t(C-1))^2. The design effect is the clustered over the plain variance
    of the mean, at least 1 (Kish, 1965). Where nearly all values agree it cannot be estimated and
    comes out too small, so it is drawn towards the cautious end, at which a cluster repeats one
    observation (sum of squared sizes / n): by 1 / (1 + k)^2, for k clusters that hold another value
    than the commonest. All the way, that is, where all values agree, and not to speak of for k
    above 10; without it intervals of rates near 1 cover 88 to 93 % (``benchmarks/coverage.py``).
    The last factor pays for estimating the variance from few clusters.
    """
    numbers = numbers_of(values)
    codes, n_clusters = cluster_codes(clusters, numbers.size)
    if n_clusters == numbers.size:
        return float(numbers.size)
    if n_clusters < 2:
        return 1.0
    cautious = float(np.square(np.bincount(codes)).sum()) / numbers.size
    kinds, counts = distinct(numbers)
    commonest = kinds[counts == counts.max()][:3]  # more that tie are a spread, not agreement
    n_other = min(_n_clusters(codes[numbers != kind], n_clusters) for kind in commonest)
    plain = float(numbers.var()) / numbers.size
    error = clustered_standard_error(numbers, clusters) or 0.0
    found = max(1.0, error * error / plain) if kinds.size > 1 else 1.0
    effect = found + max(0.0, cautious - found) / (1 + n_other) ** 2
    return (
        numbers.size / effect * (normal_quantile(level) / _t_quantile(n_clusters - 1, level)) ** 2
    )


def _n_clusters(codes: Codes, n_clusters: int) -> int:
    """How many of the clusters 0..C-1 occur among ``codes``."""
    return int(np.count_nonzero(np.bincount(codes, minlength=n_clusters)))


def stratified(parts: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """Weighted mean of independent estimates, and an interval made of theirs.

    Square-and-add of each part's distance to its own bounds (MOVER: Zou and Donner, 2008, Stat.
    Med. 27; Newcombe, 1998), which keeps the parts' asymmetry and never has zero width where they
    have none. The strata (tasks) are taken as fixed: it speaks of these tasks, not of others like
    them. No bound where a part has none.

    Raises:
        ValueError: no parts, or not one weight each.
    """
    if not parts or len(parts) != len(weights):
        raise ValueError("stratified needs at least one part, and one weight for each")
    if len(parts) == 1:
        return parts[0]
    shares = [weight / sum(weights) for weight in weights]
    value = sum(share * part.value for share, part in zip(shares, parts, strict=True))
    below, above = 0.0, 0.0
    bounded = True
    for share, part in zip(shares, parts, strict=True):
        if part.low is None or part.high is None:
            bounded = False
            continue
        below += (share * (part.value - part.low)) ** 2
        above += (share * (part.high - part.value)) ** 2
    return Estimate(
        value=value,
        low=value - math.sqrt(below) if bounded else None,
        high=value + math.sqrt(above) if bounded else None,
        n=sum(part.n for part in parts),
        method=f"{len(parts)} strata combined by MOVER",
        level=parts[0].level,
    )


def ratio_of_sums(
    numerators: ArrayLike,
    denominators: ArrayLike,
    clusters: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Estimate | None:
    """Sum of ``numerators`` (n,) / sum of ``denominators`` (n,), such as dollars per success.

    Bootstrap over whole clusters, drawn within ``strata`` (tasks) where given, of Fieller's pivot:
    see ``evalsuite.analysis.ratios.ratio_bounds``. Seeded, and independent of the order of rows.
    The ratio is infinite where the denominator is 0, and so is the upper bound where it is not
    shown to be above 0. No bounds for fewer than 5 clusters; optimistic where a few clusters hold
    most of the numerator, as with costs whose logarithms have a standard deviation above 1. Where
    all denominators are 1, nothing failed that could be resampled: the upper bound is then at least
    what failures as frequent as the lower bound of ``proportion`` would make of it. None where
    there are no rows.

    Raises:
        ValueError: a value is missing or negative, or a cluster lies in two strata.
    """
    top, bottom = numbers_of(numerators, "numerators"), numbers_of(denominators, "denominators")
    if top.size != bottom.size or min(top.min(initial=0), bottom.min(initial=0)) < 0:
        raise ValueError("a ratio of sums needs as many numerators as denominators, none negative")
    if top.size == 0:
        return None
    value = _ratio(float(top.sum()), float(bottom.sum()))
    codes, n_clusters = cluster_codes(clusters, top.size)
    of_cluster = strata_of_clusters(codes, n_clusters, strata)
    if math.isinf(value) or n_clusters < FEWEST_CLUSTERS_TO_RESAMPLE:
        why = "no denominator" if math.isinf(value) else "n too small for a bootstrap"
        return _without_interval(value, top.size, why, level)
    sums = cluster_sums(np.column_stack([top, bottom]), codes, n_clusters)
    low, high = ratio_bounds(
        sums[:, 0],
        sums[:, 1],
        of_cluster,
        seed=seed,
        resamples=resamples,
        level=_checked(level),
    )
    if (bottom == 1).all():
        rate = proportion(bottom, clusters, level=level)
        assert rate is not None and rate.low is not None
        high = max(high, value / rate.low)
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=top.size,
        method=f"cluster bootstrap, {resamples} resamples",
        level=level,
    )


def percentile(values: ArrayLike, q: float, *, level: float = LEVEL) -> Estimate | None:
    """The ``q`` quantile (0 < q < 1) of ``values`` (n,) and its order-statistic interval.

    The value is ``sorted[floor(n q)]`` as MLPerf's LoadGen takes it. The bounds are the order
    statistics whose ranks bracket a Binomial(n, q) count with ``level``: no assumption on the
    distribution, but independent observations (David and Nagaraja, 2003, 7.1). A bound is None
    where n is too small for it to exist. None where there are no values.
    """
    from scipy.special import bdtr

    if not 0 < q < 1:
        raise ValueError(f"a percentile is given as a share between 0 and 1, not {q}")
    given = numbers_of(values)
    ordered = given if (given[1:] >= given[:-1]).all() else np.sort(given)
    n = int(ordered.size)
    if n == 0:
        return None
    tail = (1 - _checked(level)) / 2
    # Of a large n only ranks near n q can bracket it: the others' chances are 0 or 1 to the last
    # bit (Hoeffding: below 2 exp(-2 x 6 ** 2) beyond 6 sqrt(n)).
    first = max(0, math.floor(n * q - 6 * math.sqrt(n)))
    some = np.arange(first, min(n, math.ceil(n * q + 6 * math.sqrt(n))))
    below = np.asarray(bdtr(some, n, q))  # P(K <= k) for k = 0 .. n-1, as far as it matters
    lower_rank = first + int(np.searchsorted(below, tail, side="right"))  # 1-based; 0 means none
    upper_rank = first + int(np.searchsorted(below, 1 - tail, side="left")) + 1  # n + 1: none
    bounded = lower_rank >= 1 and upper_rank <= n
    return Estimate(
        value=float(ordered[min(n - 1, math.floor(n * q))]),
        low=float(ordered[lower_rank - 1]) if lower_rank >= 1 else None,
        high=float(ordered[upper_rank - 1]) if upper_rank <= n else None,
        n=n,
        method="order statistics" if bounded else "order statistics: n too small",
        level=level,
    )


def fewest_for_percentile(q: float, *, confidence: float = LEVEL, n_above: int = 0) -> int:
    """Fewest observations that bound the ``q`` quantile from above with ``confidence``, one-sided.

    The smallest n with P(Binomial(n, 1 - q) <= ``n_above``) <= 1 - confidence: even with
    ``n_above`` of them above a bar, the quantile lies below the bar. 59 for the 95th percentile,
    299 for the 99th. With ``n_above`` 1 and confidence 0.99 it is the least number of queries of
    MLPerf LoadGen's early stopping (mlcommons/inference, loadgen/early_stopping.cc).

    Raises:
        ValueError: q or the confidence is not between 0 and 1, or ``n_above`` negative.
    """
    from scipy.special import bdtr

    if not 0 < q < 1 or not 0 < confidence < 1 or n_above < 0:
        raise ValueError("needs q and confidence between 0 and 1, and n_above of at least 0")
    low, high = n_above, n_above + 1  # bdtr falls from 1 at n = n_above towards 0
    while bdtr(n_above, high, 1 - q) > 1 - confidence:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = bdtr(n_above, middle, 1 - q) <= 1 - confidence
        low, high = (low, middle) if enough else (middle, high)
    return high


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else math.inf


def _t_quantile(degrees: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + _checked(level) / 2))


def normal_quantile(level: float) -> float:
    """Standard errors that a two-sided normal interval of ``level`` reaches: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + _checked(level) / 2)


def _checked(level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"a level of coverage lies between 0 and 1, not at {level}")
    return level


def _without_interval(value: float, n: int, why: str, level: float) -> Estimate:
    return Estimate(value=value, low=None, high=None, n=n, method=why, level=level)


def _check_counts(successes: float, n: float) -> None:
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"needs 0 <= successes <= n and n > 0, not {successes} of {n}")
