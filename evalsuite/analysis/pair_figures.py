"""Figures of two systems on the same samples: shares and ratios, how far apart, how sure.

A change is always from the first to the second (B - A, B / A), as in a diff.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.answers import SampleAnswers, figures
from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.gate_tests import FigureTest, cost_test, latency_test, share_spread
from evalsuite.analysis.intervals import LEVEL, Estimate
from evalsuite.analysis.paired import mean_difference, sign_flip_p
from evalsuite.analysis.power import detectable_difference

TAIL = (1 - LEVEL) / 2


@dataclass(frozen=True, kw_only=True)
class Share:
    """A share of answers on both sides, on the same samples, every task weighing the same.

    ``difference`` is B - A with its 95 % interval, ``p_value`` of the sign-flip test, two-sided.
    ``smallest_detectable`` is the difference that so many samples, as spread as these, show in 80
    of 100 runs, before any correction; None where it cannot be told (one cluster).
    """

    n_samples: int
    a: float
    b: float
    difference: Estimate
    p_value: float
    smallest_detectable: float | None


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """A figure B / A on the same samples with its 95 % interval; ``p_value`` is two-sided.

    ``ratio`` is None where it cannot be told, and ``why`` says why.
    """

    n_samples: int
    a: float | None
    b: float | None
    ratio: Estimate | None
    p_value: float | None
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class PairedAnswers:
    """The common samples (n each) that both sides scored; clusters are told apart by task."""

    samples: tuple[tuple[str, str], ...]
    tasks: NDArray[np.str_]
    clusters: NDArray[np.str_]
    a: tuple[SampleAnswers, ...]
    b: tuple[SampleAnswers, ...]

    def part(self, wanted: NDArray[np.bool_]) -> PairedAnswers:
        """Those of the samples that are ``wanted`` (n,)."""
        chosen = np.flatnonzero(wanted)
        return PairedAnswers(
            samples=tuple(self.samples[index] for index in chosen),
            tasks=self.tasks[wanted],
            clusters=self.clusters[wanted],
            a=tuple(self.a[index] for index in chosen),
            b=tuple(self.b[index] for index in chosen),
        )


def success_share(paired: PairedAnswers, *, seed: int = 0) -> Share | None:
    """Success rates; None without samples."""
    return _share(paired, lambda item: item.success_rate, seed)


def valid_share(paired: PairedAnswers, *, seed: int = 0) -> Share | None:
    """Shares of answers that could be read; None without samples."""
    return _share(paired, lambda item: item.valid_rate, seed)


def cost_ratio(paired: PairedAnswers) -> Ratio:
    """Dollars per success, over all tasks together."""
    usd_a, usd_b = _both(paired, lambda item: item.usd)
    unknown = int((np.isnan(usd_a) | np.isnan(usd_b)).sum())
    if unknown:
        return _without(paired, f"cost of {unknown} samples unknown")
    hits_a, hits_b = _both(paired, lambda item: item.success_rate)
    test = cost_test(usd_a, hits_a, usd_b, hits_b, paired.clusters, alpha=TAIL)
    return _ratio(test, paired, "no dollars, or no success to divide them by")


def latency_ratio(paired: PairedAnswers) -> Ratio:
    """Seconds an answer (geometric means), over all tasks together."""
    seconds_a, seconds_b = _both(paired, lambda item: item.seconds)
    unfelt = int((np.isnan(seconds_a) | np.isnan(seconds_b)).sum())
    if unfelt:
        return _without(paired, f"{unfelt} samples have no latency (recorded, cached or resumed)")
    return _ratio(latency_test(seconds_a, seconds_b, paired.clusters, alpha=TAIL), paired, "")


def _share(
    paired: PairedAnswers, figure: Callable[[SampleAnswers], float | None], seed: int
) -> Share | None:
    a, b = _both(paired, figure)
    difference = mean_difference(b, a, paired.clusters, strata=paired.tasks)
    if difference is None:
        return None
    names, codes, sizes = np.unique(paired.tasks, return_inverse=True, return_counts=True)
    weights = 1 / (len(names) * sizes[codes])
    return Share(
        n_samples=a.size,
        a=float((a * weights).sum()),
        b=float((b * weights).sum()),
        difference=difference,
        p_value=sign_flip_p((b - a) * weights, paired.clusters, seed=seed),
        smallest_detectable=_detectable(b - a, paired, codes, len(names)),
    )


def _detectable(
    differences: Floats, paired: PairedAnswers, tasks: NDArray[np.intp], n_tasks: int
) -> float | None:
    variance = 0.0
    for task in range(n_tasks):
        inside = tasks == task
        spread = share_spread(differences[inside], paired.clusters[inside])
        if spread is None:
            return None
        variance += spread / int(inside.sum()) / n_tasks**2
    return detectable_difference(1, variance)  # the variance is that of the mean already


def _ratio(test: FigureTest | None, paired: PairedAnswers, why: str) -> Ratio:
    if test is None:
        return _without(paired, why or "no sample was scored on both sides")
    return Ratio(
        n_samples=test.n_samples,
        a=test.baseline,
        b=test.run,
        ratio=test.change,
        p_value=min(1.0, 2 * min(test.p_value, 1 - test.p_value)),
    )


def _without(paired: PairedAnswers, why: str) -> Ratio:
    return Ratio(n_samples=len(paired.a), a=None, b=None, ratio=None, p_value=None, why=why)


def _both(
    paired: PairedAnswers, figure: Callable[[SampleAnswers], float | None]
) -> tuple[Floats, Floats]:
    """``figure`` of each sample (n,) on both sides; NaN where it is unknown."""
    return figures(paired.a, figure), figures(paired.b, figure)
