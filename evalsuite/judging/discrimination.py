"""Does a judge tell systems apart: variance between systems over variance within them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, kw_only=True)
class Discrimination:
    """One-way analysis of variance of scores by system.

    Attributes:
        f: mean square between systems over that within; None where nothing varies within.
        p_value: of ``f`` under equal systems; None where ``f`` is.
        eta_squared: share of the variance that is between systems; None where there is none.
        spread: standard deviation of these systems' means (divided by their number, as Judgemark
            does), in points of the score.
        n_systems: groups.
        n: scores.
    """

    f: float | None
    p_value: float | None
    eta_squared: float | None
    spread: float
    n_systems: int
    n: int


def discrimination(scores: Sequence[ArrayLike]) -> Discrimination | None:
    """Analysis of variance of ``scores``, one array a system, no value missing.

    None for fewer than 2 systems, or a system without scores.
    """
    groups = [np.asarray(group, dtype=float) for group in scores]
    if len(groups) < 2 or min(group.size for group in groups) == 0:
        return None
    deviations = [float(group.std(ddof=1)) if group.size > 1 else 0.0 for group in groups]
    return discrimination_of_summaries(
        [group.size for group in groups], [float(group.mean()) for group in groups], deviations
    )


def discrimination_of_summaries(
    n: Sequence[int], means: Sequence[float], deviations: Sequence[float]
) -> Discrimination | None:
    """The same from each system's number of scores, mean and standard deviation (n - 1).

    This is the separability of Judgemark v2 (github.com/EQ-bench/Judgemark-v2). None for fewer
    than 2 systems.

    Raises:
        ValueError: the three differ in length, or a system has no scores.
    """
    sizes = np.asarray(n, dtype=float)
    centres, spreads = np.asarray(means, dtype=float), np.asarray(deviations, dtype=float)
    if not sizes.shape == centres.shape == spreads.shape or (sizes < 1).any():
        raise ValueError("every system needs its number of scores (1 or more), mean and deviation")
    if len(sizes) < 2:
        return None
    total = float(sizes.sum())
    between = float((sizes * np.square(centres - (sizes * centres).sum() / total)).sum())
    within = float(((sizes - 1) * np.square(spreads)).sum())
    top, bottom = len(sizes) - 1, total - len(sizes)
    f = (between / top) / (within / bottom) if within > 0 and bottom > 0 else None
    return Discrimination(
        f=f,
        p_value=None if f is None else _tail(f, top, bottom),
        eta_squared=between / (between + within) if between + within > 0 else None,
        spread=float(centres.std()),
        n_systems=len(sizes),
        n=int(total),
    )


def normal_half_width(deviation: float, n: int) -> float:
    """1.96 standard errors of a mean of ``n`` independent scores, as Judgemark prints them."""
    return 1.96 * deviation / math.sqrt(n)


def _tail(f: float, top: float, bottom: float) -> float:
    from scipy.special import fdtrc

    return float(fdtrc(top, bottom, f))
