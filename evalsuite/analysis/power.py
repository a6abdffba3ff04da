"""How many samples a comparison needs, and what a given number of them can show.

All of it is for the mean difference of two systems on the same samples. ``variance`` is that of one
pair's difference; of 0/1 outcomes it is at most the discordance, the share of samples on which the
two disagree. ``sides`` is 2 to ask whether they differ and 1 to ask whether one is better. Normal
approximations, for n of at least about 30 and 10 discordant pairs; ``mcnemar_power`` is exact.
"""

from __future__ import annotations

import math
from statistics import NormalDist

ALPHA = 0.05
POWER = 0.8


def variance_per_pair(
    between: float,
    *,
    within_a: float = 0.0,
    repeats_a: int = 1,
    within_b: float = 0.0,
    repeats_b: int = 1,
) -> float:
    """Variance of one sample's mean difference: w^2 + s_A^2 / K_A + s_B^2 / K_B.

    ``between`` (w^2) is the variance over samples of the true difference, ``within_a`` and
    ``within_b`` (s^2) those of one repeat's score, ``repeats_a`` and ``repeats_b`` (K) how often
    each sample is asked. Source: Miller (2024), arXiv:2411.00640, section 5. The parts come from
    ``evalsuite.analysis.repeats.paired_components``.

    Raises:
        ValueError: a variance is negative, or there are no repeats.
    """
    if min(between, within_a, within_b) < 0 or not math.isfinite(between + within_a + within_b):
        raise ValueError("variances must be finite and not negative")
    if min(repeats_a, repeats_b) < 1:
        raise ValueError("each system answers a sample at least once")
    return between + within_a / repeats_a + within_b / repeats_b


def adjusted_discordance(n_discordant: int, n: int) -> float:
    """Share of ``n`` samples on which two systems disagree, never 0: (discordant + 2) / (n + 2).

    The variance to plan with where 0/1 outcomes hardly ever disagreed in a pilot, after Bonett and
    Price (2012), J. Educ. Behav. Stat. 37. A plain share of 0 would promise that any difference
    shows in two samples.

    Raises:
        ValueError: unless 0 <= n_discordant <= n and n > 0.
    """
    if n < 1 or not 0 <= n_discordant <= n:
        raise ValueError(f"needs 0 <= discordant <= n and n > 0, not {n_discordant} of {n}")
    return (n_discordant + 2) / (n + 2)


def pairs_needed(
    difference: float,
    variance: float,
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    sides: int = 2,
    design_effect: float = 1.0,
) -> int:
    """Samples that show a true ``difference`` with probability ``power``.

    (z_{alpha/sides} + z_power)^2 x ``variance`` x ``design_effect`` / difference^2, rounded up.
    ``design_effect`` is how many clustered samples are worth one independent one (1 + (m - 1) x
    intra-cluster correlation, for clusters of m). For non-inferiority within a margin, ask for
    ``difference`` = margin + true difference with ``sides`` 1. Source: Miller (2024),
    arXiv:2411.00640, section 5.

    Raises:
        ValueError: the difference is 0, or an argument is out of its range.
    """
    if difference == 0 or not math.isfinite(difference):
        raise ValueError("no number of samples shows a difference of 0")
    reach = _reach(alpha, power, sides)
    spread = _spread(variance, design_effect)
    # The last bits of a product must not add a sample.
    return max(2, math.ceil(reach * reach * spread / (difference * difference) * (1 - 1e-12)))


def detectable_difference(
    n: int,
    variance: float,
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    sides: int = 2,
    design_effect: float = 1.0,
) -> float:
    """Smallest true difference that ``n`` samples show with probability ``power``.

    (z_{alpha/sides} + z_power) x sqrt(``variance`` x ``design_effect`` / n); for 0/1 outcomes give
    the discordance as ``variance``. In the units of the score: 0.01 is a point of success rate.

    Raises:
        ValueError: ``n`` is below 1, or an argument is out of its range.
    """
    return _reach(alpha, power, sides) * _error(n, variance, design_effect)


def power_to_detect(
    difference: float,
    n: int,
    variance: float,
    *,
    alpha: float = ALPHA,
    sides: int = 2,
    design_effect: float = 1.0,
) -> float:
    """Probability that ``n`` samples show a true ``difference``, in its own direction.

    Raises:
        ValueError: ``n`` is below 1, or an argument is out of its range.
    """
    error = _error(n, variance, design_effect)
    return NormalDist().cdf(abs(difference) / error - _critical(alpha, sides))


def pairs_for_equivalence(
    margin: float,
    variance: float,
    *,
    alpha: float = ALPHA,
    power: float = POWER,
    design_effect: float = 1.0,
) -> int:
    """Samples that show two equal systems to be within ``margin``, with probability ``power``.

    (z_alpha + z_{(1 + power) / 2})^2 x variance / margin^2: both one-sided tests of TOST must
    reject. Source: Phillips (1990), J. Pharmacokinet. Biopharm. 18; Julious (2004), Stat. Med. 23.

    Raises:
        ValueError: the margin is not above 0, or an argument is out of its range.
    """
    if not margin > 0:
        raise ValueError(f"an equivalence margin is above 0, not {margin}")
    return pairs_needed(
        margin,
        variance,
        alpha=alpha,
        power=(1 + power) / 2,
        sides=1,
        design_effect=design_effect,
    )


def mcnemar_power(
    n: int, share_only_a: float, share_only_b: float, *, alpha: float = ALPHA, sides: int = 2
) -> float:
    """Exact power of the exact McNemar test to show that A is better than B with ``n`` pairs.

    ``share_only_a`` and ``share_only_b`` are the true shares of samples that only one of them gets
    right. Sums over the number of discordant pairs, which is Binomial(n, sum of both).

    Raises:
        ValueError: ``n`` is below 1, or the shares are no probabilities.
    """
    import numpy as np
    from scipy.stats import binom

    discordance = share_only_a + share_only_b
    if n < 1 or min(share_only_a, share_only_b) < 0 or discordance > 1:
        raise ValueError("needs n >= 1 and two shares of at most 1 together")
    _critical(alpha, sides)
    if discordance == 0:
        return 0.0
    discordant = np.arange(n + 1)
    # The largest count of losses that the test still rejects at; -1 where none is.
    most_losses = binom.ppf(alpha / sides, discordant, 0.5)
    too_many = binom.cdf(most_losses, discordant, 0.5) > alpha / sides
    most_losses = np.where(too_many, most_losses - 1, most_losses)
    shown = binom.cdf(most_losses, discordant, share_only_b / discordance)
    return float(np.sum(binom.pmf(discordant, n, discordance) * shown))


def _critical(alpha: float, sides: int) -> float:
    if sides not in (1, 2) or not 0 < alpha < 1:
        raise ValueError(f"needs 0 < alpha < 1 and 1 or 2 sides, not {alpha} and {sides}")
    return NormalDist().inv_cdf(1 - alpha / sides)


def _reach(alpha: float, power: float, sides: int) -> float:
    if not alpha < power < 1:
        raise ValueError(f"power lies between alpha and 1, not at {power}")
    return _critical(alpha, sides) + NormalDist().inv_cdf(power)


def _spread(variance: float, design_effect: float) -> float:
    if not (0 < variance < math.inf and 1 <= design_effect < math.inf):
        raise ValueError("needs a variance above 0 and a design effect of at least 1")
    return variance * design_effect


def _error(n: int, variance: float, design_effect: float) -> float:
    if n < 1:
        raise ValueError(f"needs at least one sample, not {n}")
    return math.sqrt(_spread(variance, design_effect) / n)
