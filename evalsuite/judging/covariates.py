"""Covariates of a battle: how much more of something a's answer had than b's."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalsuite.errors import ConfigError


def relative_difference(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """(n,) ``(a - b) / (a + b)``, divided by its root mean square; 0 where both are 0.

    The covariate of style control (lengths, headers, lists: Li et al. 2024, "Does style matter?"),
    but not centred: a constant subtracted from a's side is one added to b's, and ratings would
    depend on who stood where. An effect of the side itself is a covariate of its own, +1 or -1.

    Args:
        a: (n,) amounts in a's answers, not negative.
        b: (n,) amounts in b's answers, not negative.

    Raises:
        ConfigError: an amount is negative or missing, or a and b are equal everywhere.
    """
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if not ((left >= 0).all() and (right >= 0).all()):
        raise ConfigError("relative differences are of amounts: none negative, none missing")
    total = left + right
    ratio = np.divide(left - right, total, out=np.zeros_like(total), where=total > 0)
    size = float(np.sqrt(np.mean(ratio**2))) if len(ratio) else 0.0
    if size == 0:
        raise ConfigError(
            "the amounts of a and b are equal in every battle; leave the covariate out"
        )
    return np.asarray(ratio / size)
