"""Agreement and correlation with intervals, over whole clusters of items.

``clusters`` (n,) are what items share (a prompt, a story); give the items themselves where they
share nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.bootstrap import bca
from evalsuite.analysis.clusters import Floats, cluster_codes
from evalsuite.analysis.intervals import LEVEL, Estimate, clustered_mean, proportion
from evalsuite.analysis.judges.drawn import drawn_correlations, drawn_system_correlations
from evalsuite.analysis.judges.resample import resample
from evalsuite.judging.agreement import (
    Failures,
    Weights,
    codes,
    fleiss_kappa,
    fleiss_of_sums,
    fleiss_sums,
    is_missing,
    kappa_of_counts,
)
from evalsuite.judging.correlation import Coefficient, correlation, system_correlation
from evalsuite.judging.krippendorff import Level, alpha_of, alphas_of, coincidences


def agreement_estimate(
    judge: Sequence[Any],
    human: Sequence[Any],
    clusters: ArrayLike,
    *,
    failures: Failures = "excluded",
    level: float = LEVEL,
) -> Estimate | None:
    """Share of items on which two raters agree, with its interval; None where there are none.

    A judge's None (or NaN) is left out, or wrong, as ``failures`` says.
    """
    labels = np.asarray(clusters)
    kept = [at for at, v in enumerate(judge) if failures == "wrong" or not is_missing(v)]
    hits = [float(not is_missing(judge[at]) and judge[at] == human[at]) for at in kept]
    return proportion(hits, labels[kept], level=level)


def rate_estimate(
    values: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL
) -> Estimate | None:
    """Mean of ``values`` (n,) in 0..1; Wilson's interval where all are 0 or 1."""
    numbers = np.asarray(values, dtype=float)
    if np.isin(numbers, (0.0, 1.0)).all():
        return proportion(numbers, clusters, level=level)
    return mean_estimate(numbers, clusters, level=level)


def mean_estimate(
    values: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL
) -> Estimate | None:
    """Mean of ``values`` (n,) with a clustered t interval; None without values.

    No bounds where nothing varies: nothing then says how much could have.
    """
    found = clustered_mean(values, clusters, level=level)
    if found is None or found.low is None or found.high is None:
        return found
    if found.high - found.low > 1e-12 * max(abs(found.value), 1e-12):
        return found
    return replace(found, low=None, high=None, method="no interval")


def kappa_estimate(
    judge: Sequence[Any],
    human: Sequence[Any],
    clusters: ArrayLike,
    *,
    labels: Sequence[Any],
    weights: Weights = "nominal",
    failures: Failures = "excluded",
    level: float = LEVEL,
) -> Estimate | None:
    """Cohen's kappa with its BCa interval; None where kappa does not exist.

    See ``evalsuite.judging.agreement.cohen_kappa`` for weights and failures.

    Raises:
        ValueError: a label is not among ``labels``.
    """
    kept = [at for at, v in enumerate(judge) if failures == "wrong" or not is_missing(v)]
    if not kept:
        return None
    size = len(labels) + 1
    given = [None if is_missing(judge[at]) else judge[at] for at in kept]
    cell = codes(given, labels) * size + codes([human[at] for at in kept], labels)
    columns = np.zeros((len(cell), size * size))
    columns[np.arange(len(cell)), cell] = 1.0

    def statistic(totals: Floats) -> Floats:
        return kappa_of_counts(totals[..., 0, :].reshape(*totals.shape[:-2], size, size), weights)

    if math.isnan(float(statistic(columns.sum(axis=0)[None]))):
        return None
    return bca(columns, statistic, np.asarray(clusters)[kept], level=level)


def fleiss_estimate(
    counts: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL
) -> Estimate | None:
    """Fleiss' kappa of ``counts`` (n, K) with its BCa interval; None where it does not exist.

    Raises:
        ValueError: items differ in their number of ratings, or have fewer than 2.
    """
    if fleiss_kappa(counts) is None:
        return None
    columns = fleiss_sums(np.asarray(counts, dtype=float))
    return bca(columns, lambda totals: fleiss_of_sums(totals[..., 0, :]), clusters, level=level)


def alpha_estimate(
    units: Sequence[Sequence[Any]],
    clusters: ArrayLike,
    *,
    scale: Level = "nominal",
    labels: Sequence[Any] | None = None,
    level: float = LEVEL,
) -> Estimate | None:
    """Krippendorff's alpha with percentiles over clusters of units; None where it does not exist.

    Its n is of units with two ratings or more; ``scale`` is the level of measurement.
    """
    pairs = coincidences(units, labels=labels)
    if not pairs.n_units:
        return None

    clustered = np.asarray(clusters)[pairs.kept]
    return resample(
        alpha_of(pairs, scale),
        lambda times: alphas_of(pairs, scale, times),
        clustered,
        level=level,
    )


def correlation_estimate(
    x: ArrayLike,
    y: ArrayLike,
    clusters: ArrayLike,
    coefficient: Coefficient,
    *,
    level: float = LEVEL,
) -> Estimate | None:
    """Correlation over items with percentiles over clusters; None where one side is constant."""
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    return resample(
        correlation(a, b, coefficient),
        lambda times: drawn_correlations(a, b, times, coefficient),
        clusters,
        level=level,
    )


def system_estimate(
    x: ArrayLike,
    y: ArrayLike,
    systems: ArrayLike,
    clusters: ArrayLike,
    coefficient: Coefficient,
    *,
    level: float = LEVEL,
) -> Estimate | None:
    """Correlation of systems' means with percentiles over clusters of items; None where none.

    The systems are these and no others: only items are redrawn.
    """
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    code = cluster_codes(systems)[0]
    return resample(
        system_correlation(a, b, code, coefficient),
        lambda times: drawn_system_correlations(a, b, code, times, coefficient),
        clusters,
        level=level,
    )
