"""One figure of one system against its baseline: how much worse, how sure, on how many samples.

Everything is paired by sample: a difference is between what the system makes of a sample now and
what it made of the same sample then, each averaged over its repeats. Samples of one cluster share
luck, so the cluster is the unit that varies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.clusters import Floats, cluster_codes, numbers_of
from evalsuite.analysis.intervals import Estimate, clustered_standard_error
from evalsuite.analysis.paired import mean_difference, sign_flip_p
from evalsuite.analysis.power import POWER, pairs_needed

MOST_SAMPLES = 10_000_000
"""More samples than this nobody has: the number needed is then given as unknown."""


@dataclass(frozen=True, kw_only=True)
class Loss:
    """How much worse a figure became: above 0 is worse, in points of a share or as ratio less 1.

    ``low`` and ``high`` are one-sided bounds of level 1 - alpha each; None where they do not exist.
    """

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class FigureTest:
    """A figure then and now, over the same ``n_samples`` in ``n_clusters``.

    ``change`` is now - then for a share, now / then for a ratio, with bounds of level 1 - 2 alpha.
    ``p_value`` is one-sided: how often no change at all would look at least this much worse.
    ``can_fail`` is False where not one sample came out otherwise: then no p-value below 1 was
    possible. ``spread`` is the variance of one sample's difference (in logarithms for a ratio),
    clusters considered; None where it is unknown.
    """

    kind: Literal["share", "ratio"]
    n_samples: int
    n_clusters: int
    baseline: float
    run: float
    change: Estimate
    p_value: float
    can_fail: bool
    spread: float | None

    @property
    def loss(self) -> Loss:
        """The change, as how much worse it is: a share that fell, a ratio that rose."""
        low, high = self.change.low, self.change.high
        if self.kind == "share":
            return Loss(
                value=-self.change.value,
                low=None if high is None else -high,
                high=None if low is None else -low,
            )
        return Loss(
            value=self.change.value - 1,
            low=None if low is None else low - 1,
            high=None if high is None else high - 1,
        )

    def shows_loss(self, adjusted_p: float, *, min_effect: float, alpha: float) -> bool:
        """Whether it is worse: more than chance, by test and by bound, and enough to matter.

        ``adjusted_p`` is ``p_value`` corrected for the comparisons made beside this one.
        """
        loss = self.loss
        return (
            adjusted_p < alpha
            and loss.low is not None
            and loss.low > 0
            and loss.value >= min_effect
        )

    def shows_within(self, margin: float) -> bool:
        """Whether it is shown to be worse by less than ``margin``, or not at all."""
        high = self.loss.high
        return high is not None and high < margin

    def samples_needed(self, margin: float, *, alpha: float) -> int | None:
        """Samples like these that show an unchanged system to be within ``margin``, 8 of 10 times.

        None where the spread is unknown.
        """
        if self.spread is None or self.spread <= 0:
            return None
        distance = margin if self.kind == "share" else math.log1p(margin)
        if self.spread / (distance * distance) > MOST_SAMPLES:
            return None
        return pairs_needed(distance, self.spread, alpha=alpha, power=POWER, sides=1)


def share_test(
    baseline: ArrayLike, run: ArrayLike, clusters: ArrayLike, *, alpha: float, seed: int = 0
) -> FigureTest | None:
    """Whether a share fell: ``baseline`` and ``run`` (n,) hold each sample's mean in 0..1.

    One-sided sign-flip test over clusters (``paired.sign_flip_p``; for single answers and single
    samples the exact McNemar test), and the interval of ``paired.mean_difference``. None for n = 0.

    Raises:
        ValueError: a mean is missing, or the arrays differ in length.
    """
    then, now = numbers_of(baseline, "baseline means"), numbers_of(run, "run means")
    change = mean_difference(now, then, clusters, level=1 - 2 * alpha)
    if change is None:
        return None
    differences = now - then
    return FigureTest(
        kind="share",
        n_samples=now.size,
        n_clusters=cluster_codes(clusters, now.size)[1],
        baseline=float(then.mean()),
        run=float(now.mean()),
        change=change,
        p_value=sign_flip_p(differences, clusters, alternative="less", seed=seed),
        can_fail=bool(differences.any()),
        spread=share_spread(differences, clusters),
    )


def cost_test(
    baseline_usd: ArrayLike,
    baseline_success: ArrayLike,
    run_usd: ArrayLike,
    run_success: ArrayLike,
    clusters: ArrayLike,
    *,
    alpha: float,
) -> FigureTest | None:
    """Whether dollars per success rose; all arrays (n,) hold each sample's mean.

    The ratio of two ratios of sums, on the log scale: each sample's influence on it is its share of
    the run's dollars less that of the successes, less the same of the baseline, and the clustered
    standard error of their mean gives a t(C-1) interval. Source: the linearised (Taylor) variance
    of a ratio, Woodruff (1971), JASA 66; Särndal, Swensson and Wretman (1992), 5.5.

    None where there is no ratio: no dollars or no success on either side, or n = 0.

    Raises:
        ValueError: a value is missing, or the arrays differ in length.
    """
    usd_then, usd_now = numbers_of(baseline_usd, "dollars"), numbers_of(run_usd, "dollars")
    hits_then = numbers_of(baseline_success, "successes")
    hits_now = numbers_of(run_success, "successes")
    if not all(values.sum() > 0 for values in (usd_then, usd_now, hits_then, hits_now)):
        return None
    influence = (
        usd_now / usd_now.mean()
        - hits_now / hits_now.mean()
        - usd_then / usd_then.mean()
        + hits_then / hits_then.mean()
    )
    then = float(usd_then.sum() / hits_then.sum())
    now = float(usd_now.sum() / hits_now.sum())
    return _ratio_test(then, now, math.log(now / then), influence, clusters, alpha)


def latency_test(
    baseline_seconds: ArrayLike, run_seconds: ArrayLike, clusters: ArrayLike, *, alpha: float
) -> FigureTest | None:
    """Whether answers take longer; both (n,) hold each sample's median seconds, above 0.

    The mean over samples of the log-ratio, so the change is a ratio of geometric means: one answer
    that took a minute counts as one answer. Clustered t(C-1) interval. None for n = 0.

    Raises:
        ValueError: a time is missing or not above 0, or the arrays differ in length.
    """
    then = numbers_of(baseline_seconds, "seconds of the baseline")
    now = numbers_of(run_seconds, "seconds of the run")
    if now.size == 0:
        return None
    if min(then.min(), now.min()) <= 0:
        raise ValueError("a time that was felt is above 0 seconds")
    ratios = np.log(now) - np.log(then)
    before, after = (float(np.exp(np.log(times).mean())) for times in (then, now))
    return _ratio_test(before, after, float(ratios.mean()), ratios, clusters, alpha)


def share_spread(differences: Floats, clusters: ArrayLike) -> float | None:
    """Variance of one sample's difference (n,), clusters considered; None for one cluster.

    Not below what it is with one more sample of each kind of disagreement (Bonett and Price, 2012):
    where hardly any sample differs, the plain variance would promise too much.
    """
    n = differences.size
    error = clustered_standard_error(differences, clusters)
    if error is None:
        return None
    return max(n * error * error, (float(np.square(differences).sum()) + 2) / (n + 2))


def _ratio_test(
    then: float, now: float, log_ratio: float, influence: Floats, clusters: ArrayLike, alpha: float
) -> FigureTest:
    from scipy.special import stdtr, stdtrit

    n_clusters = cluster_codes(clusters, influence.size)[1]
    error = clustered_standard_error(influence, clusters)
    low = high = None
    p_value = 1.0
    method = "one cluster: no interval"
    if error is not None:
        degrees = n_clusters - 1
        half = float(stdtrit(degrees, 1 - alpha)) * error
        low, high = math.exp(log_ratio - half), math.exp(log_ratio + half)
        method = "log-ratio, clustered t"
        if error > 1e-12:
            p_value = float(stdtr(degrees, -log_ratio / error))
        elif log_ratio > 1e-12:
            p_value = 0.0  # every sample changed by the same factor, as where a price did
    return FigureTest(
        kind="ratio",
        n_samples=influence.size,
        n_clusters=n_clusters,
        baseline=then,
        run=now,
        change=Estimate(
            value=math.exp(log_ratio),
            low=low,
            high=high,
            n=influence.size,
            method=method,
            level=1 - 2 * alpha,
        ),
        p_value=p_value,
        can_fail=error is not None,
        spread=None if error is None else influence.size * error * error,
    )
