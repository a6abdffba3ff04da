"""McNemar's test: of the samples on which two systems disagree, does one win more than its half?"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.clusters import binary_of

Alternative = Literal["two-sided", "greater", "less"]
"""What is tested against "no difference": any difference, A better, or A worse."""


def discordant_counts(a: ArrayLike, b: ArrayLike) -> tuple[int, int]:
    """On how many samples only A, and only B, succeeds; ``a`` and ``b`` (n,) are 0 or 1.

    Raises:
        ValueError: the two differ in length, or a value is neither 0 nor 1.
    """
    hits_a, hits_b = binary_of(a, "successes of A"), binary_of(b, "successes of B")
    if hits_a.size != hits_b.size:
        raise ValueError(f"pairs need both sides: {hits_a.size} of A, {hits_b.size} of B")
    return int(np.sum(hits_a > hits_b)), int(np.sum(hits_b > hits_a))


def mcnemar_exact(n_only_a: int, n_only_b: int, *, alternative: Alternative = "two-sided") -> float:
    """Exact p-value of McNemar's test from the two counts of disagreement.

    The binomial test of a fair coin: min(1, 2 P(K <= min)) with K ~ Binomial(sum, 1/2). Valid for
    independent pairs; never too small, and usually too large (conservative). For samples in
    clusters use ``evalsuite.analysis.paired.sign_flip_p``. 1 where nothing disagrees. Source:
    McNemar (1947), Psychometrika 12; Mosteller (1952), Biometrics 8.

    Raises:
        ValueError: a count is negative or not whole.
    """
    return _tail(n_only_a, n_only_b, alternative, half_the_point=False)


def mcnemar_mid_p(n_only_a: int, n_only_b: int, *, alternative: Alternative = "two-sided") -> float:
    """Mid-p value of McNemar's test: as exact, with half the chance of the very counts seen.

    Closer to its nominal level than the exact test, which it may exceed slightly. Valid for
    independent pairs. Source: Fagerland, Lydersen and Laake (2013), BMC Med. Res. Methodol. 13.

    Raises:
        ValueError: a count is negative or not whole.
    """
    return _tail(n_only_a, n_only_b, alternative, half_the_point=True)


def _tail(n_only_a: int, n_only_b: int, alternative: Alternative, *, half_the_point: bool) -> float:
    from scipy.stats import binom

    for count in (n_only_a, n_only_b):
        if count != int(count) or count < 0:
            raise ValueError(f"counts must be whole and not negative, not {count}")
    total = int(n_only_a + n_only_b)
    fewer = {
        "two-sided": min(n_only_a, n_only_b),
        "greater": n_only_b,
        "less": n_only_a,
    }.get(alternative)
    if fewer is None:
        raise ValueError(f"alternative is two-sided, greater or less, not {alternative!r}")
    below = float(binom.cdf(fewer, total, 0.5))
    if half_the_point:
        below -= float(binom.pmf(fewer, total, 0.5)) / 2
    return min(1.0, 2 * below) if alternative == "two-sided" else below
