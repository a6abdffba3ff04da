"""Correlations of all resamples at once: each row of ``times`` (R, n) says how often rows count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.clusters import Floats
from evalsuite.judging.correlation import Coefficient, correlation

Integers = NDArray[np.intp]
BLOCK = 4_000_000
"""Numbers held at once: resamples are worked on in blocks of as many as make that."""
MOST_FOR_PAIRS = 2500
"""Rows of which all pairs are looked at, for all resamples together."""


def drawn_correlations(x: Floats, y: Floats, times: Floats, coefficient: Coefficient) -> Floats:
    """Correlation (R,) of ``x`` and ``y`` (n,) in each resample; NaN where one side is constant.

    A row that is drawn twice ties with itself, as it does where rows are repeated.
    """
    if coefficient == "kendall":
        return _kendall(x, y, times) if len(x) <= MOST_FOR_PAIRS else _one_by_one(x, y, times)
    if coefficient == "pearson":
        return _pearson(x - x.mean(), y - y.mean(), times)
    return _pearson(_drawn_ranks(x, times), _drawn_ranks(y, times), times)


def drawn_system_correlations(
    x: Floats, y: Floats, systems: Integers, times: Floats, coefficient: Coefficient
) -> Floats:
    """Correlation (R,) of the means of systems 0 .. S-1 in each resample; NaN where there is none.

    NaN too where a system is not drawn at all.
    """
    one = np.zeros((len(x), int(systems.max()) + 1))
    one[np.arange(len(x)), systems] = 1.0
    found = []
    step = max(1, BLOCK // one.shape[1] ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        for start in range(0, len(times), step):
            part = times[start : start + step]
            n = part @ one
            means = [(part @ (one * side[:, None])) / n for side in (x, y)]
            found.append(_of_means(means[0], means[1], coefficient))
    return np.concatenate(found)


def _of_means(a: Floats, b: Floats, coefficient: Coefficient) -> Floats:
    """Correlation (R,) of each row of ``a`` and ``b`` (R, S)."""
    if coefficient != "pearson":
        # means that are equal but for rounding are tied
        a, b = np.round(a, 10), np.round(b, 10)
        above_a = np.sign(a[:, :, None] - a[:, None, :])
        above_b = np.sign(b[:, :, None] - b[:, None, :])
        if coefficient == "kendall":
            top = (above_a * above_b).sum(axis=(1, 2))
            pairs = (above_a != 0).sum(axis=(1, 2)) * (above_b != 0).sum(axis=(1, 2))
            return np.asarray(top / np.sqrt(pairs))
        a, b = above_a.sum(axis=2), above_b.sum(axis=2)
    a, b = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    size = np.sqrt((a * a).sum(axis=1) * (b * b).sum(axis=1))
    return np.asarray(np.where(size > 0, (a * b).sum(axis=1) / size, np.nan))


def _pearson(x: Floats, y: Floats, times: Floats) -> Floats:
    """``x`` and ``y`` are (n,), or (R, n) where they differ by resample."""
    n = times.sum(axis=1)

    def mean(values: Floats) -> Floats:
        total = times @ values if values.ndim == 1 else (times * values).sum(axis=1)
        return np.asarray(total / n)

    mean_x, mean_y = mean(x), mean(y)
    of_x, of_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    size = np.sqrt(np.maximum(of_x, 0.0) * np.maximum(of_y, 0.0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(size > 1e-12, (mean(x * y) - mean_x * mean_y) / size, np.nan))


def _drawn_ranks(values: Floats, times: Floats) -> Floats:
    """Mid-ranks (R, n) in each resample, scaled to about -1/2 .. 1/2."""
    code = np.unique(values, return_inverse=True)[1]
    counts = np.zeros((len(times), int(code.max()) + 1))
    for place in range(len(values)):
        counts[:, code[place]] += times[:, place]
    ranks = np.cumsum(counts, axis=1) - counts / 2
    return np.asarray(ranks[:, code] / times.sum(axis=1, keepdims=True) - 0.5)


def _one_by_one(x: Floats, y: Floats, times: Floats) -> Floats:
    """Tau-b of rows that are really repeated: quicker where all pairs are too many."""
    found = []
    for row in times.astype(np.intp):
        at = np.repeat(np.arange(len(x)), row)
        value = correlation(x[at], y[at], "kendall")
        found.append(np.nan if value is None else value)
    return np.array(found)


def _kendall(x: Floats, y: Floats, times: Floats) -> Floats:
    """Tau-b as a ratio of quadratic forms in ``times``."""
    top, ties_x, ties_y = (np.zeros(len(times)) for _ in range(3))
    step = max(1, BLOCK // len(x))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        above_x = np.sign(np.subtract.outer(x[rows], x))
        above_y = np.sign(np.subtract.outer(y[rows], y))
        weight = times[:, rows]
        top += ((weight @ (above_x * above_y)) * times).sum(axis=1)
        ties_x += ((weight @ np.abs(above_x)) * times).sum(axis=1)
        ties_y += ((weight @ np.abs(above_y)) * times).sum(axis=1)
    pairs = ties_x * ties_y
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(pairs > 0, top / np.sqrt(pairs), np.nan))
