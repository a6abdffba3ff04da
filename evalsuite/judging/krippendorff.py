"""Krippendorff's alpha: any number of raters, missing ratings, four levels of measurement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalsuite.judging.agreement import is_missing

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]
Level = Literal["nominal", "ordinal", "interval", "ratio"]
LEVELS = ("nominal", "ordinal", "interval", "ratio")


@dataclass(frozen=True, kw_only=True, eq=False)
class Coincidences:
    """All ordered pairs of ratings of one unit.

    Attributes:
        labels: K distinct ratings, sorted.
        unit: (p,) unit of each pair, 0 .. ``n_units`` - 1.
        first: (p,) index into ``labels``.
        second: (p,) index into ``labels``.
        weight: (p,) 1 / (ratings of the unit - 1).
        n_units: units with 2 ratings or more; others say nothing of agreement.
        n_single: units left out because they had fewer than 2 ratings.
        kept: (n_units,) place of each such unit in what was given.
    """

    labels: tuple[Any, ...]
    unit: Integers
    first: Integers
    second: Integers
    weight: Floats
    n_units: int
    n_single: int
    kept: Integers


def krippendorff_alpha(
    units: Sequence[Sequence[Any]],
    *,
    level: Level = "nominal",
    labels: Sequence[Any] | None = None,
) -> float | None:
    """Reliability of ratings, 1 - observed / expected disagreement.

    Args:
        units: n units, each with its raters' ratings in any order; None and NaN are missing.
        level: how far apart two ratings are. ``ordinal`` goes by the ranks of ``labels``,
            ``interval`` by their squared difference, ``ratio`` by that over their squared sum.
        labels: ratings in their order, for ordinal ones that are not numbers.

    Krippendorff (2011), Computing Krippendorff's alpha-reliability. None where it does not exist:
    no unit has 2 ratings, or all ratings are equal.

    Raises:
        ValueError: no such level, or an interval or ratio level for what are not numbers.
    """
    value = alpha_of(coincidences(units, labels=labels), level)
    return None if np.isnan(value) else value


def coincidences(
    units: Sequence[Sequence[Any]], *, labels: Sequence[Any] | None = None
) -> Coincidences:
    """The pairs of ratings that alpha is made of."""
    known = [[value for value in unit if not is_missing(value)] for unit in units]
    kept = [index for index, unit in enumerate(known) if len(unit) >= 2]
    found = {value for index in kept for value in known[index]}
    order = list(labels) if labels is not None else sorted(found)
    place = {value: index for index, value in enumerate(order)}
    parts = []
    for row, index in enumerate(kept):
        at = np.array([place[value] for value in known[index]], dtype=np.intp)
        off_diagonal = ~np.eye(len(at), dtype=bool)
        first, second = np.repeat(at, len(at) - 1), np.tile(at, (len(at), 1))[off_diagonal]
        parts.append((np.full(len(first), row), first, second, len(at) - 1))
    empty, none = np.zeros(0, dtype=np.intp), np.zeros(0)
    return Coincidences(
        labels=tuple(order),
        unit=np.concatenate([part[0] for part in parts]) if parts else empty,
        first=np.concatenate([part[1] for part in parts]) if parts else empty,
        second=np.concatenate([part[2] for part in parts]) if parts else empty,
        weight=np.concatenate([np.full(len(p[0]), 1 / p[3]) for p in parts]) if parts else none,
        n_units=len(kept),
        n_single=len(units) - len(kept),
        kept=np.array(kept, dtype=np.intp),
    )


def alpha_of(pairs: Coincidences, level: Level, times: Floats | None = None) -> float:
    """Alpha of ``pairs``, each unit counted as often as ``times`` (n_units,) says; NaN for none."""
    if level not in LEVELS:
        raise ValueError(f"level {level!r}: write one of {', '.join(LEVELS)}")
    size = len(pairs.labels)
    weight = pairs.weight if times is None else pairs.weight * times[pairs.unit]
    table = np.bincount(pairs.first * size + pairs.second, weight, size * size).reshape(size, size)
    ratings = table.sum(axis=1)
    total = ratings.sum()
    distance = _distances(pairs.labels, ratings, level)
    expected = (np.outer(ratings, ratings) * distance).sum()
    if total < 2 or expected <= 0:
        return float("nan")
    return float(1 - (total - 1) * (table * distance).sum() / expected)


def alphas_of(pairs: Coincidences, level: Level, times: Floats) -> Floats:
    """Alpha (R,) with units counted as often as each row of ``times`` (R, n_units) says.

    Of nominal and interval ratings by sums over units, for all rows at once.
    """
    if level not in ("nominal", "interval"):
        return np.array([alpha_of(pairs, level, row) for row in times])
    size, n = len(pairs.labels), pairs.n_units
    total = times @ np.bincount(pairs.unit, pairs.weight, n)
    if level == "nominal":
        away = (pairs.first != pairs.second).astype(float)
        cells = np.bincount(pairs.unit * size + pairs.first, pairs.weight, n * size)
        ratings = times @ cells.reshape(n, size)
        expected = total**2 - np.square(ratings).sum(axis=1)
    else:
        values = np.array([float(label) for label in pairs.labels])
        values = values - values.mean()
        first = values[pairs.first]
        away = np.square(first - values[pairs.second])
        sums = [np.bincount(pairs.unit, pairs.weight * first**power, n) for power in (1, 2)]
        expected = 2 * (total * (times @ sums[1]) - np.square(times @ sums[0]))
    observed = times @ np.bincount(pairs.unit, pairs.weight * away, n)
    there = (total >= 2) & (expected > 1e-12 * total**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there, 1 - (total - 1) * observed / expected, np.nan))


def _distances(labels: Sequence[Any], ratings: Floats, level: Level) -> Floats:
    """Squared distances (K, K) of the labels, of which there are ``ratings`` (K,)."""
    size = len(labels)
    if level == "nominal":
        return 1.0 - np.eye(size)
    if level == "ordinal":
        middle = np.cumsum(ratings) - ratings / 2
        return np.asarray(np.square(np.subtract.outer(middle, middle)))
    try:
        values = np.array([float(label) for label in labels])
    except (TypeError, ValueError):
        raise ValueError(f"an {level} level needs numbers, not {labels[0]!r}") from None
    gap = np.subtract.outer(values, values)
    if level == "ratio":
        both = np.add.outer(values, values)
        gap = np.divide(gap, both, out=np.zeros_like(gap), where=both != 0)
    return np.asarray(np.square(gap))
