"""Bounds of a ratio of two sums, such as dollars per success, from sums by cluster."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.clusters import Floats, resampled_totals


def ratio_bounds(
    top: Floats,
    bottom: Floats,
    strata: NDArray[np.intp],
    *,
    seed: int,
    resamples: int,
    level: float,
) -> tuple[float, float]:
    """Bounds of sum(``top``) / sum(``bottom``) for cluster sums (C,) >= 0 in ``strata`` (C,).

    Fieller's (1954) pivot (top - ratio x bottom) / its standard error, with quantiles of its
    cluster bootstrap in place of Student's: Hwang (1995), Biometrika 82, "Fieller's problems and
    resampling techniques". It follows the skewness of costs, which percentiles of resampled ratios
    do not, and needs no resampled denominator to be above 0. The upper bound is infinite where the
    denominator is not shown to be above 0. ``strata`` are integers 0..S-1; one of a single cluster
    is taken as known.
    """
    ratio = float(top.sum() / bottom.sum())
    residuals = top - ratio * bottom
    residuals[np.abs(residuals) <= 1e-9 * (top + ratio * bottom)] = 0.0
    if not residuals.any():
        return ratio, ratio
    tail = (1 - level) / 2
    pivots = _pivots(residuals, strata, seed=seed, resamples=resamples)
    low_pivot = min(0.0, float(np.quantile(pivots, tail, method="lower")))
    high_pivot = max(0.0, float(np.quantile(pivots, 1 - tail, method="higher")))
    spread = _covariance(np.column_stack([top, bottom]), strata)
    return (
        _lower(float(top.sum()), float(bottom.sum()), spread, high_pivot),
        _upper(float(top.sum()), float(bottom.sum()), spread, low_pivot),
    )


def _pivots(residuals: Floats, strata: NDArray[np.intp], *, seed: int, resamples: int) -> Floats:
    """Sums of resampled ``residuals`` (C,) over their standard errors, (resamples,)."""
    columns = np.column_stack([residuals, np.square(residuals)])
    totals = resampled_totals(columns, strata, seed=seed, resamples=resamples)
    sizes = np.bincount(strata).astype(float)
    factor = np.where(sizes > 1, sizes / np.maximum(1.0, sizes - 1), 0.0)
    own = (
        np.bincount(strata, columns[:, 1]) - np.bincount(strata, residuals) ** 2 / sizes
    ) @ factor
    drawn = np.maximum(0.0, totals[..., 1] - np.square(totals[..., 0]) / sizes) @ factor
    # One cluster's worth of the data's own variance: a resample may happen to have none.
    variance = (len(residuals) * drawn + own) / (len(residuals) + 1)
    sums = totals[..., 0].sum(axis=1)
    return np.asarray(sums / np.sqrt(variance)) if own > 0 else np.zeros(resamples)


def _covariance(columns: Floats, strata: NDArray[np.intp]) -> Floats:
    """Covariance (2, 2) of the totals of ``columns`` (C, 2), clusters drawn within strata."""
    found = np.zeros((2, 2))
    for stratum in np.unique(strata):
        inside = columns[strata == stratum]
        if len(inside) > 1:
            found += len(inside) * np.cov(inside, rowvar=False)
    return found


def _lower(top: float, bottom: float, spread: Floats, pivot: float) -> float:
    """Smallest ratio >= 0 whose pivot is at most ``pivot``."""
    square, cross, constant = _quadratic(top, bottom, spread, pivot)
    if constant <= 0:
        return 0.0
    return constant / (cross + math.sqrt(max(0.0, cross * cross - square * constant)))


def _upper(top: float, bottom: float, spread: Floats, pivot: float) -> float:
    """Largest ratio whose pivot is at least ``pivot``; infinite where all are."""
    square, cross, constant = _quadratic(top, bottom, spread, pivot)
    if square <= 0:
        return math.inf
    return (cross + math.sqrt(max(0.0, cross * cross - square * constant))) / square


def _quadratic(
    top: float, bottom: float, spread: Floats, pivot: float
) -> tuple[float, float, float]:
    """Coefficients of ratio^2, -2 ratio and 1 in (top - ratio bottom)^2 - pivot^2 variance."""
    scale = pivot * pivot
    return (
        bottom * bottom - scale * float(spread[1, 1]),
        top * bottom - scale * float(spread[0, 1]),
        top * top - scale * float(spread[0, 0]),
    )
