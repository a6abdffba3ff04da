"""The gated figures of one system in one task, then and now, on the samples both sides scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evalsuite.analysis.answers import SampleAnswers, figures
from evalsuite.analysis.baseline import MACHINE_HOUR, Baseline
from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.gate_config import GateFile, Metric
from evalsuite.analysis.gate_tests import FigureTest, cost_test, latency_test, share_test
from evalsuite.records import Manifest

OTHER_MACHINE = (
    "depends on the machine; where both runs come from one, bless with --timings and gate with "
    "--same-machine"
)
UNCHANGED = "every answer is the one the baseline has"
ALL_READABLE = "every answer could be read, then and now"


@dataclass(frozen=True, kw_only=True)
class Lined:
    """One system in one task: the answers of the same ``samples`` (n,) then and now.

    Only samples with a scored repeat on both sides; ``n_left_out`` counts the others.
    ``usd_bases_then`` and ``usd_bases_now`` say on what the dollars rest.
    """

    task: str
    system: str
    samples: tuple[str, ...]
    clusters: tuple[str, ...]
    then: tuple[SampleAnswers, ...]
    now: tuple[SampleAnswers, ...]
    n_left_out: int
    usd_bases_then: tuple[str, ...]
    usd_bases_now: tuple[str, ...]

    @property
    def same_answers(self) -> bool:
        """Whether every sample was answered as it was then, in each of its repeats."""
        return bool(self.samples) and all(
            then.answer is not None
            and then.answer == now.answer
            and then.success_rate == now.success_rate
            for then, now in zip(self.then, self.now, strict=True)
        )

    @property
    def repeats_then(self) -> int:
        """Most answers a sample that the baseline has."""
        return max((len(item.outcomes) for item in self.then), default=0)

    @property
    def repeats_now(self) -> int:
        """Most answers a sample that the run has."""
        return max((len(item.outcomes) for item in self.now), default=0)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A figure's test, or why there is none; ``harmless`` says why none is needed to pass."""

    test: FigureTest | None
    why: str = ""
    harmless: str = ""


def line_up_pair(
    pair: tuple[str, str],
    then: Mapping[str, SampleAnswers],
    now: Mapping[str, SampleAnswers],
    clusters: Mapping[str, str],
    usd_bases: tuple[Sequence[str], Sequence[str]],
) -> Lined:
    """Put the answers of one (task, system) side by side.

    ``clusters`` names the cluster of each sample to compare; others are not looked at.
    """
    wanted = [sample for sample in then if sample in clusters]
    scored = [
        sample
        for sample in wanted
        if sample in now and then[sample].n_scored and now[sample].n_scored
    ]
    return Lined(
        task=pair[0],
        system=pair[1],
        samples=tuple(scored),
        clusters=tuple(clusters[sample] for sample in scored),
        then=tuple(then[sample] for sample in scored),
        now=tuple(now[sample] for sample in scored),
        n_left_out=len(wanted) - len(scored),
        usd_bases_then=tuple(usd_bases[0]),
        usd_bases_now=tuple(usd_bases[1]),
    )


def measure_figure(
    metric: Metric, lined: Lined, baseline: Baseline, manifest: Manifest, config: GateFile
) -> Measured:
    """Test one figure of ``lined``, or say why it cannot be."""
    if not lined.samples:
        return Measured(test=None, why="no sample was scored on both sides")
    if metric == "success":
        return _success(lined, config)
    if metric == "format":
        return _format(lined, config)
    if metric == "cost":
        return _cost(lined, baseline, manifest, config)
    return _latency(lined, baseline, manifest, config)


def _success(lined: Lined, config: GateFile) -> Measured:
    then, now = _both(lined, lambda item: item.success_rate)
    test = share_test(then, now, lined.clusters, alpha=config.alpha)
    return Measured(test=test, harmless=UNCHANGED if lined.same_answers else "")


def _format(lined: Lined, config: GateFile) -> Measured:
    then, now = _both(lined, lambda item: item.valid_rate)
    if min(then.min(), now.min()) == 1:
        return Measured(test=None, why=ALL_READABLE)
    test = share_test(then, now, lined.clusters, alpha=config.alpha)
    return Measured(test=test, harmless=UNCHANGED if lined.same_answers else "")


def _cost(lined: Lined, baseline: Baseline, manifest: Manifest, config: GateFile) -> Measured:
    if MACHINE_HOUR in {*lined.usd_bases_then, *lined.usd_bases_now}:
        why = _other_machine("a price by the machine-hour", baseline, manifest, config)
        if why:
            return Measured(test=None, why=why)
    if lined.usd_bases_then != lined.usd_bases_now:
        then, now = (_words(bases) for bases in (lined.usd_bases_then, lined.usd_bases_now))
        return Measured(test=None, why=f"dollars rest on {then} in the baseline, on {now} now")
    usd_then, usd_now = _both(lined, lambda item: item.usd)
    for where, usd in (("the baseline", usd_then), ("this run", usd_now)):
        unknown = int(np.isnan(usd).sum())
        if unknown:
            return Measured(test=None, why=f"cost of {unknown} samples unknown in {where}")
    hits_then, hits_now = _both(lined, lambda item: item.success_rate)
    test = cost_test(usd_then, hits_then, usd_now, hits_now, lined.clusters, alpha=config.alpha)
    if test is None:
        return Measured(test=None, why="no dollars, or no success to divide them by")
    return Measured(test=test)


def _latency(lined: Lined, baseline: Baseline, manifest: Manifest, config: GateFile) -> Measured:
    why = _other_machine("latency", baseline, manifest, config)
    if why:
        return Measured(test=None, why=why)
    if baseline.concurrency != manifest.concurrency:
        then, now = (value or "found out" for value in (baseline.concurrency, manifest.concurrency))
        return Measured(test=None, why=f"concurrency was {then} in the baseline, is {now} now")
    then_seconds, now_seconds = _both(lined, lambda item: item.seconds)
    known = ~np.isnan(then_seconds) & ~np.isnan(now_seconds)
    if not known.all():
        unfelt = int((~known).sum())
        return Measured(
            test=None, why=f"{unfelt} of {known.size} samples have no latency (recorded or resumed)"
        )
    return Measured(
        test=latency_test(then_seconds, now_seconds, lined.clusters, alpha=config.alpha)
    )


def _other_machine(what: str, baseline: Baseline, manifest: Manifest, config: GateFile) -> str:
    """Why ``what`` cannot be compared across these two runs; "" where it can."""
    if not (config.same_machine and baseline.timings):
        return f"{what} {OTHER_MACHINE}"
    keys = sorted({*baseline.hardware, *manifest.hardware})
    differing = [
        f"{key} {baseline.hardware.get(key)} / {manifest.hardware.get(key)}"
        for key in keys
        if baseline.hardware.get(key) != manifest.hardware.get(key)
    ]
    return f"{what} of another machine: {', '.join(differing)}" if differing else ""


def _both(lined: Lined, figure: Callable[[SampleAnswers], float | None]) -> tuple[Floats, Floats]:
    """``figure`` of each sample (n,), then and now; NaN where it is unknown."""
    return figures(lined.then, figure), figures(lined.now, figure)


def _words(bases: Sequence[str]) -> str:
    return " and ".join(basis.replace("_", "-") for basis in bases) or "nothing known"
