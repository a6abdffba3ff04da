"""Repeats: how much of a score's spread is the samples', how much is chance on the same sample.

One-way random effects: score = mean + sample effect + repeat effect. The variance between samples
is what asking more samples averages out, the variance within a sample what asking it again does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.clusters import Floats, cluster_codes, numbers_of

MOST_REPEATS = 1000
"""Beyond this many repeats nobody asks again: the answer is given as this."""


@dataclass(frozen=True, kw_only=True)
class VarianceComponents:
    """Unbiased parts of the variance of a score.

    ``between`` samples and ``within`` a sample, in squared units of the score. ``between`` may
    come out below 0 where the true one is small; it is left so, because cutting it at 0 would
    bias it. Both are None where no sample was repeated, ``between`` also where there is only one
    sample. ``mean`` weighs every sample alike.
    """

    n_samples: int
    n_scores: int
    mean: float
    between: float | None
    within: float | None

    @property
    def noise_share(self) -> float | None:
        """Share of one score's variance that is repeat noise, in 0..1; None where unknown."""
        if self.between is None or self.within is None:
            return None
        total = max(0.0, self.between) + self.within
        return self.within / total if total > 0 else None


@dataclass(frozen=True, kw_only=True)
class PairedComponents:
    """Unbiased parts of the variance of the difference of two systems on the same samples.

    ``between`` is w^2, the variance over samples of the true difference; ``within_a`` and
    ``within_b`` are s^2, those of one repeat. Each is None where it cannot be told: ``within``
    where no sample was repeated by that system, ``between`` where either is.
    ``per_pair`` is the variance of one sample's mean difference as measured, known in any case
    for 2 samples or more.
    """

    n_samples: int
    difference: float
    per_pair: float | None
    between: float | None
    within_a: float | None
    within_b: float | None


def variance_components(values: ArrayLike, samples: ArrayLike) -> VarianceComponents | None:
    """Variance components of ``values`` (n,), the scores of repeated ``samples`` (n,) labels.

    ``within`` pools the samples' own variances; ``between`` is the variance of their means less
    the mean of within / K, for K repeats of each: unbiased for any numbers of repeats (Searle,
    Casella and McCulloch, 1992, Variance Components, ch. 3; with equal K the classical analysis
    of variance). For evaluations: Miller (2024), arXiv:2411.00640, section 3. None without values.

    Raises:
        ValueError: a value is missing, or there is not one label each.
    """
    numbers = numbers_of(values)
    if numbers.size == 0:
        return None
    means, sizes, within = _by_sample(numbers, samples)
    between = None
    if within is not None and means.size > 1:
        between = float(means.var(ddof=1) - within * np.mean(1 / sizes))
    return VarianceComponents(
        n_samples=means.size,
        n_scores=numbers.size,
        mean=float(means.mean()),
        between=between,
        within=within,
    )


def paired_components(
    a: ArrayLike, samples_a: ArrayLike, b: ArrayLike, samples_b: ArrayLike
) -> PairedComponents | None:
    """Variance components of A - B; each system's scores (n,) with their samples' labels (n,).

    The numbers of repeats may differ. Both must have answered the same samples. ``between`` is the
    variance of the samples' mean differences less the mean of s_A^2 / K_A + s_B^2 / K_B, so it is
    unbiased and may fall below 0. They are what ``evalsuite.analysis.power.variance_per_pair``
    plans with. Source: Miller (2024), arXiv:2411.00640, sections 4 and 5. None without scores.

    Raises:
        ValueError: a score is missing, or the samples differ.
    """
    scores_a, scores_b = numbers_of(a, "scores of A"), numbers_of(b, "scores of B")
    if scores_a.size == 0 and scores_b.size == 0:
        return None
    if not np.array_equal(np.unique(np.asarray(samples_a)), np.unique(np.asarray(samples_b))):
        raise ValueError("paired scores need the same samples on both sides")
    means_a, sizes_a, within_a = _by_sample(scores_a, samples_a)
    means_b, sizes_b, within_b = _by_sample(scores_b, samples_b)
    differences = means_a - means_b
    per_pair = float(differences.var(ddof=1)) if differences.size > 1 else None
    between = None
    if per_pair is not None and within_a is not None and within_b is not None:
        noise = within_a * np.mean(1 / sizes_a) + within_b * np.mean(1 / sizes_b)
        between = float(per_pair - noise)
    return PairedComponents(
        n_samples=differences.size,
        difference=float(differences.mean()),
        per_pair=per_pair,
        between=between,
        within_a=within_a,
        within_b=within_b,
    )


def standard_error_of_mean(
    between: float,
    within: float,
    *,
    n_samples: int,
    repeats: int = 1,
    design_effect: float = 1.0,
) -> float:
    """Standard error of a mean over ``n_samples``, each asked ``repeats`` times.

    sqrt((between x design_effect + within / repeats) / n_samples). ``design_effect`` is that of
    the clusters the samples lie in (see ``evalsuite.analysis.power``). A ``between`` below 0 counts
    as 0. In the units of the score.

    Raises:
        ValueError: ``within`` is negative, or a count or the design effect below 1.
    """
    if within < 0 or n_samples < 1 or repeats < 1 or design_effect < 1:
        raise ValueError("needs within >= 0, and samples, repeats and design effect of at least 1")
    return math.sqrt((max(0.0, between) * design_effect + within / repeats) / n_samples)


def worthwhile_repeats(between: float, within: float, *, excess: float = 0.1) -> int | None:
    """Fewest repeats whose standard error is within ``excess`` of what endless repeats would give.

    within / between / ((1 + excess)^2 - 1), rounded up, for a fixed set of samples: 0.1 accepts a
    standard error 10 % above the floor that the samples set. None where ``between`` is not above
    0: then there is no floor, and each repeat is worth as much as the last.

    Raises:
        ValueError: ``within`` is negative or ``excess`` not above 0.
    """
    if within < 0 or not excess > 0:
        raise ValueError("needs within >= 0 and excess > 0")
    if between <= 0:
        return None
    wanted = math.ceil(within / between / ((1 + excess) ** 2 - 1) * (1 - 1e-12))
    return min(MOST_REPEATS, max(1, wanted))


def cheapest_repeats(
    between: float, within: float, *, usd_per_sample: float, usd_per_repeat: float
) -> int:
    """Repeats that make a mean most precise for the money, where samples are not scarce.

    sqrt(usd_per_sample / usd_per_repeat x within / between), to the better whole number beside it:
    ``usd_per_sample`` is what a new sample costs before it is asked (finding, labelling),
    ``usd_per_repeat`` one answer. Where a new sample costs nothing, 1: a new sample is always worth
    more than asking an old one again. Source: Cochran (1977), Sampling Techniques, 10.6.

    Raises:
        ValueError: ``within`` or a cost is negative, an answer is free, or ``between`` is not
            above 0 (then one sample, asked for ever, would be best).
    """
    if within < 0 or usd_per_sample < 0 or not usd_per_repeat > 0 or not between > 0:
        raise ValueError("needs between > 0, within >= 0, sample cost >= 0 and repeat cost > 0")

    def variance_for_the_money(repeats: int) -> float:
        spend = usd_per_sample + usd_per_repeat * repeats
        return (between + within / repeats) * spend

    best = math.sqrt(usd_per_sample / usd_per_repeat * within / between)
    near = {max(1, min(MOST_REPEATS, round(best) + step)) for step in (-1, 0, 1)}
    return min(sorted(near), key=variance_for_the_money)


def _by_sample(values: Floats, samples: ArrayLike) -> tuple[Floats, Floats, float | None]:
    """Mean (S,) and size (S,) of each sample's ``values`` (n,), and the pooled variance within."""
    codes, n_samples = cluster_codes(samples, values.size)
    sizes = np.bincount(codes, minlength=n_samples).astype(float)
    means = np.bincount(codes, weights=values, minlength=n_samples) / sizes
    freedom = values.size - n_samples
    within = float(np.square(values - means[codes]).sum() / freedom) if freedom else None
    return means, sizes, within
