"""Many tests at once: p-values adjusted so that a family of them can be read as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: for gates and verdicts.

    All those below alpha are true findings at once with probability at least 1 - alpha, whatever
    the tests' dependence. Source: Holm (1979), Scand. J. Stat. 6.

    Raises:
        ValueError: a value is missing or outside 0..1.
    """
    found = _checked(p_values)
    order = sorted(range(len(found)), key=lambda index: found[index])
    adjusted = [1.0] * len(found)
    running = 0.0
    for rank, index in enumerate(order):
        running = max(running, min(1.0, (len(found) - rank) * found[index]))
        adjusted[index] = running
    return adjusted


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values, in the order given: for exploration.

    Of those below alpha, at most a share of alpha is false on average. Valid for independent or
    positively dependent tests. Source: Benjamini and Hochberg (1995), JRSS B 57.

    Raises:
        ValueError: a value is missing or outside 0..1.
    """
    found = _checked(p_values)
    order = sorted(range(len(found)), key=lambda index: found[index], reverse=True)
    adjusted = [1.0] * len(found)
    running = 1.0
    for above, index in enumerate(order):
        running = min(running, len(found) / (len(found) - above) * found[index])
        adjusted[index] = running
    return adjusted


def _checked(p_values: Sequence[float]) -> list[float]:
    found = np.asarray(p_values, dtype=float)
    if found.ndim != 1 or not ((found >= 0) & (found <= 1)).all():
        raise ValueError(f"p-values must be a row of numbers in 0..1, not {list(p_values)}")
    return [float(value) for value in found]
