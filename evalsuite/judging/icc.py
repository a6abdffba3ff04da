"""Intraclass correlation: how much of the variance of ratings is of what was rated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Form = Literal["ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k"]
FORMS: tuple[Form, ...] = ("ICC1", "ICC2", "ICC3", "ICC1k", "ICC2k", "ICC3k")


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """An intraclass correlation with its F-based interval.

    Attributes:
        form: ``ICC1`` (each target has its own raters), ``ICC2`` (the raters are a sample, their
            means count as error), ``ICC3`` (these raters, their means do not count); with ``k``,
            of the mean of k raters.
        value: at most 1; below 0 where targets differ less than raters do.
        low: bound of the interval, None where there is no error to judge by.
        high: the other bound.
        n_targets: n.
        n_raters: k.
        f: mean square of targets over that of error; None where there is no error.
        p_value: of F, under no difference between targets.
        level: coverage of the interval.
    """

    form: Form
    value: float
    low: float | None
    high: float | None
    n_targets: int
    n_raters: int
    f: float | None
    p_value: float | None
    level: float = 0.95


def intraclass_correlation(
    ratings: ArrayLike, form: Form, *, level: float = 0.95
) -> Reliability | None:
    """Intraclass correlation of ``ratings`` (n targets, k raters), no value missing.

    Shrout and Fleiss (1979), Psychol. Bull. 86; intervals as in McGraw and Wong (1996), Psychol.
    Methods 1. They take ratings as normal. None where all ratings are equal, or n or k is below 2.

    Raises:
        ValueError: no such form, or a rating is missing: leave that target out, and say so.
    """
    table = np.asarray(ratings, dtype=float)
    if form not in FORMS:
        raise ValueError(f"form {form!r}: write one of {', '.join(FORMS)}")
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError("ratings are a table of targets by raters with no missing value")
    n, k = table.shape
    if n < 2 or k < 2 or np.ptp(table) == 0:
        return None
    rows, columns, error, within = _mean_squares(table)
    residual = within if form.startswith("ICC1") else error
    single = _single(form[:4], rows, columns, error, within, n, k)
    f = rows / residual if residual > 0 else None
    bounds = None if f is None else _bounds(form[:4], f, rows, columns, error, single, n, k, level)
    value = single
    if form.endswith("k"):
        value = spearman_brown(single, k) if rows > 0 else -np.inf
        if bounds is not None:
            bounds = spearman_brown(bounds[0], k), spearman_brown(bounds[1], k)
    freedom = n * (k - 1) if form.startswith("ICC1") else (n - 1) * (k - 1)
    return Reliability(
        form=form,
        value=float(value),
        low=None if bounds is None else float(bounds[0]),
        high=None if bounds is None else float(bounds[1]),
        n_targets=n,
        n_raters=k,
        f=None if f is None else float(f),
        p_value=None if f is None else _f_tail(f, n - 1, freedom),
        level=level,
    )


def spearman_brown(reliability: float, k: float) -> float:
    """Reliability of the mean of ``k`` raters from that of one, or of ``k`` times as many items.

    Spearman (1910), Brown (1910), Br. J. Psychol. 3: k r / (1 + (k - 1) r). Also for k below 1.
    """
    return k * reliability / (1 + (k - 1) * reliability)


def _mean_squares(table: Floats) -> tuple[float, float, float, float]:
    """Mean squares of targets, raters, their interaction (error), and within targets."""
    n, k = table.shape
    mean = table.mean()
    of_rows = k * float(np.square(table.mean(axis=1) - mean).sum())
    of_columns = n * float(np.square(table.mean(axis=0) - mean).sum())
    within = float(np.square(table - table.mean(axis=1, keepdims=True)).sum())
    error = max(within - of_columns, 0.0)
    return (
        of_rows / (n - 1),
        of_columns / (k - 1),
        error / ((n - 1) * (k - 1)),
        within / (n * (k - 1)),
    )


def _single(
    form: str, rows: float, columns: float, error: float, within: float, n: int, k: int
) -> float:
    if form == "ICC1":
        return (rows - within) / (rows + (k - 1) * within)
    if form == "ICC2":
        return (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    return (rows - error) / (rows + (k - 1) * error)


def _bounds(
    form: str,
    f: float,
    rows: float,
    columns: float,
    error: float,
    single: float,
    n: int,
    k: int,
    level: float,
) -> tuple[float, float]:
    """Bounds of the single-rater form."""
    from scipy.special import fdtri

    upper = 0.5 + level / 2
    if form != "ICC2":
        freedom = n * (k - 1) if form == "ICC1" else (n - 1) * (k - 1)
        low = f / float(fdtri(n - 1, freedom, upper))
        high = f * float(fdtri(freedom, n - 1, upper))
        return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)
    if single >= 1:
        return 1.0, 1.0
    a = k * single / (n * (1 - single))
    b = 1 + k * single * (n - 1) / (n * (1 - single))
    spread = (a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1))
    satterthwaite = (a * columns + b * error) ** 2 / spread
    down = float(fdtri(n - 1, satterthwaite, upper))
    up = float(fdtri(satterthwaite, n - 1, upper))
    rest = k * columns + (k * n - k - n) * error
    return (
        n * (rows - down * error) / (down * rest + n * rows),
        n * (up * rows - error) / (rest + n * up * rows),
    )


def _f_tail(f: float, top: float, bottom: float) -> float:
    from scipy.special import fdtrc

    return float(fdtrc(top, bottom, f))
