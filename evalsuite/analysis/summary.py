"""A run, summarised: every system, every task, every family, and how they compare."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from evalsuite.analysis.amortisation import Amortised, amortise, prepared_for
from evalsuite.analysis.compare import (
    Comparison,
    Outcomes,
    compare,
    line_up,
    pareto,
    turned,
)
from evalsuite.analysis.details import Details, details_of
from evalsuite.analysis.energy import EnergyFigures, energy_figures
from evalsuite.analysis.families import FamilyFigures as FamilyFigures
from evalsuite.analysis.families import families
from evalsuite.analysis.footprint import SystemFootprint, system_footprints
from evalsuite.analysis.intervals import Estimate, clustered_mean
from evalsuite.analysis.judged import JudgeFigures, judge_figures
from evalsuite.analysis.latency import ServiceLevel
from evalsuite.analysis.measure import (
    Figures,
    cluster_labels,
    groups,
    known_total,
    numbers,
)
from evalsuite.analysis.per_success import CheapestRight, cheapest_right
from evalsuite.analysis.prompt_sensitivity import TaskPrompts, prompt_sensitivity
from evalsuite.analysis.ranking import success_then_cost
from evalsuite.analysis.roles import HybridFigures, inside
from evalsuite.analysis.routing.members import AgainstMembers
from evalsuite.analysis.routing.runs import compare_with_members
from evalsuite.analysis.rows import Measured, Rows, drafts_of, rows_of
from evalsuite.analysis.system_figures import SystemFigures as SystemFigures
from evalsuite.analysis.tie_groups import TieGroups
from evalsuite.judging.settling import read_settlings
from evalsuite.records import Fit, Manifest, SystemEntry

if TYPE_CHECKING:
    import pandas as pd

    from evalsuite.store import Run


@dataclass(frozen=True, kw_only=True)
class ScoreFigures:
    """Mean of one score over the ``n`` answers that have a value; ``n_without`` have none."""

    name: str
    decides: bool
    mean: Estimate | None
    n: int
    n_without: int


@dataclass(frozen=True, kw_only=True)
class CorpusFigure:
    """A figure over all answers of a task, such as micro-F1; None where it is not defined."""

    metric: str
    value: float | None
    n: int


@dataclass(frozen=True, kw_only=True)
class TaskFigures:
    """One system on one task."""

    task: str
    system: str
    figures: Figures
    scores: tuple[ScoreFigures, ...]
    corpus: tuple[CorpusFigure, ...]


@dataclass(frozen=True, kw_only=True)
class Summary(Details):
    """What a run says.

    ``best`` has the highest macro success rate among comparable systems; a baseline must be shown
    to beat the best of the others. ``prompts`` has the tasks that were asked in several ways;
    ``cheapest_right`` the cheapest hybrid per right answer against the cheapest single model, among
    comparable systems. ``against_members`` has the hybrids that choose among members which answered
    on their own too, by name. ``amortised`` has the comparable systems whose preparation, or
    their members', cost something or may have. ``judges`` is what those who judged the answers
    said. ``energy`` and ``footprints`` are of every system that answered, and was reported.
    ``parts`` are the manifests of the runs that were pooled, empty for a single run.
    """

    manifest: Manifest
    systems: tuple[SystemFigures, ...]
    tasks: tuple[TaskFigures, ...]
    families: tuple[FamilyFigures, ...]
    best: str | None
    comparisons: tuple[Comparison, ...]
    prompts: tuple[TaskPrompts, ...]
    cheapest_right: CheapestRight | None
    against_members: dict[str, AgainstMembers]
    amortised: tuple[Amortised, ...]
    judges: tuple[JudgeFigures, ...] = ()
    energy: tuple[EnergyFigures, ...] = ()
    footprints: tuple[SystemFootprint, ...] = ()
    parts: tuple[Manifest, ...] = ()

    def system(self, name: str) -> SystemFigures:
        """The figures of the system called ``name``; KeyError where there is none."""
        return {item.entry.name: item for item in self.systems}[name]

    def comparison(self, a: str, b: str) -> Comparison | None:
        """``a`` against ``b``, whichever way round it was made; None where it was not."""
        for item in self.comparisons:
            if (item.a, item.b) == (a, b):
                return item
            if (item.a, item.b) == (b, a):
                return turned(item)
        return None


def summarise(run: Run, *, seed: int = 0, limits: ServiceLevel | None = None) -> Summary:
    """Everything a report says about ``run``. ``seed`` drives bootstraps and permutations.

    ``limits`` is the service level that goodput is counted by; without one there is none. Systems
    marked as not reported (those that only serve inside hybrids) are left out.
    """
    manifest = run.manifest
    entries = {entry.name: entry for entry in manifest.systems if entry.reported}
    rows = rows_of(run, entries)
    measured = Measured(rows, seed=seed)
    systems = [_system(run, entries[name], rows, measured, seed) for name in rows.systems]
    systems = _with_front(systems)
    systems.sort(key=_rank)
    outcomes = line_up(rows.responses)
    comparisons = compare(outcomes, _pairs(systems), seed=seed)
    best = _best(systems, comparisons)
    energy = energy_figures(
        rows, manifest.systems, [item.entry.name for item in systems], seed=seed
    )
    details = details_of(run, rows, outcomes, systems, best, energy, limits=limits)
    return Summary(
        **vars(details),
        manifest=manifest,
        systems=_with_ties(systems, details.ties),
        tasks=_tasks(run, rows, measured),
        families=families(manifest, rows.systems, measured, outcomes, seed=seed),
        best=best,
        comparisons=comparisons,
        prompts=prompt_sensitivity(
            [task.name for task in manifest.tasks], rows.responses, seed=seed
        ),
        cheapest_right=_cheapest_right(outcomes, systems, seed),
        against_members=compare_with_members(list(entries.values()), outcomes, seed=seed),
        amortised=amortise(
            outcomes,
            prepared_for(
                run.fits, manifest.systems, (x.entry.name for x in systems if x.comparable)
            ),
            seed=seed,
        ),
        judges=judge_figures(run.verdicts, read_settlings(run.path)),
        parts=run.parts,
        energy=energy,
        footprints=system_footprints(manifest),
    )


def _with_ties(
    systems: Sequence[SystemFigures], ties: TieGroups | None
) -> tuple[SystemFigures, ...]:
    if ties is None:
        return tuple(systems)
    return tuple(dataclasses.replace(item, tie=ties.of(item.entry.name)) for item in systems)


def _cheapest_right(
    outcomes: Outcomes, systems: Sequence[SystemFigures], seed: int
) -> CheapestRight | None:
    comparable = [item.entry for item in systems if item.comparable]
    return cheapest_right(
        outcomes,
        [entry.name for entry in comparable if entry.kind == "hybrid"],
        [entry.name for entry in comparable if entry.kind != "hybrid"],
        seed=seed,
    )


def _system(
    run: Run, entry: SystemEntry, rows: Rows, measured: Measured, seed: int
) -> SystemFigures:
    asked, scored = measured.tasks(entry.name), measured.tasks(entry.name, scored=True)
    figures = measured.of(entry.name, asked)
    n_wanted = run.manifest.repeats * sum(
        task.n_samples for task in run.manifest.tasks if task.name in asked
    )
    fits = run.fits[run.fits["system"] == entry.name]
    return SystemFigures(
        entry=entry,
        tasks=scored,
        comparable=set(scored) == {task.name for task in run.manifest.tasks}
        and (run.manifest.stopped is None or figures.n_attempted == n_wanted),
        n_wanted=n_wanted,
        on_pareto_front=False,
        figures=figures,
        fits=tuple(_fit(row) for row in fits.sort_values("task").to_dict("records")),
        fit_usd=known_total(numbers(fits, "usd")),
        fit_seconds=float(np.nansum(numbers(fits, "seconds"))),
        hybrid=_inside(run, entry, rows.of(entry.name), seed) if entry.kind == "hybrid" else None,
    )


def _inside(run: Run, entry: SystemEntry, rows: Rows, seed: int) -> HybridFigures | None:
    return inside(rows.responses, rows.calls, drafts_of(run, entry), seed=seed)


def _fit(row: dict[Any, Any]) -> Fit:
    usd = row["usd"]
    return Fit(
        key=str(row["key"]),
        task=str(row["task"]),
        system=str(row["system"]),
        split=str(row["split"]),
        n_samples=int(row["n_samples"]),
        seconds=float(row["seconds"]),
        usd=None if usd is None or math.isnan(usd) else float(usd),
        note=str(row["note"]),
    )


def _with_front(systems: Sequence[SystemFigures]) -> list[SystemFigures]:
    """Mark those that no comparable system beats on dollars per sample and macro success."""
    front = pareto(
        {
            item.entry.name: (
                item.figures.usd_per_thousand.value,
                item.figures.macro_success_rate.value,
            )
            for item in systems
            if item.comparable
            and item.figures.usd_per_thousand is not None
            and item.figures.macro_success_rate is not None
        }
    )
    return [dataclasses.replace(item, on_pareto_front=item.entry.name in front) for item in systems]


def _rank(item: SystemFigures) -> tuple[bool, float, float, str]:
    """Comparable first, then by macro success, then the cheaper one, then by name."""
    return (not item.comparable, *success_then_cost(item.figures), item.entry.name)


def _best(systems: Sequence[SystemFigures], comparisons: Sequence[Comparison]) -> str | None:
    """The first comparable system that was asked for, unless a baseline is shown to beat it."""
    comparable = [item for item in systems if item.comparable]
    own = next((item for item in comparable if not item.baseline), None)
    if own is None:
        return None
    apart = {frozenset((item.a, item.b)) for item in comparisons if item.distinguishable}
    for item in comparable:  # best first
        if item is own or frozenset((item.entry.name, own.entry.name)) in apart:
            return item.entry.name
    return own.entry.name


def _pairs(systems: Sequence[SystemFigures]) -> list[tuple[str, str]]:
    """Every hybrid against every model, models against each other, and leaders against all.

    Leaders are the best comparable system and the best one whose cost is known; a baseline is
    compared with them alone, unless it is right more often than all. The cheaper one comes first
    among equals, so that the ratio of cost reads below 1.
    """
    baselines = [item.entry.name for item in systems if item.baseline]
    ahead = {item.entry.name for item in systems[:1] if item.comparable and item.baseline}
    systems = [item for item in systems if not item.baseline]
    by_cost = sorted(systems, key=lambda item: (success_then_cost(item.figures)[1], _rank(item)))
    hybrids = [item.entry.name for item in by_cost if item.entry.kind == "hybrid"]
    models = [item.entry.name for item in by_cost if item.entry.kind == "model"]
    comparable = [item for item in systems if item.comparable]
    priced = [item for item in comparable if item.figures.usd is not None]
    leaders = {item.entry.name for item in (*comparable[:1], *priced[:1])}
    return [
        *((hybrid, model) for hybrid in hybrids for model in models),
        *combinations(models, 2),
        *(pair for pair in combinations(hybrids, 2) if leaders & set(pair)),
        *(
            (baseline, name)
            for baseline in baselines
            for name in (hybrids + models if baseline in ahead else sorted(leaders))
        ),
    ]


def _tasks(run: Run, rows: Rows, measured: Measured) -> tuple[TaskFigures, ...]:
    found: list[TaskFigures] = []
    for task in rows.tasks:
        for system in (name for name in rows.systems if task in measured.tasks(name)):
            own = rows.of(system, [task])
            corpus = run.corpus[(run.corpus["task"] == task) & (run.corpus["system"] == system)]
            found.append(
                TaskFigures(
                    task=task,
                    system=system,
                    figures=measured.of(system, [task]),
                    scores=_scores(own.scores, own.responses),
                    corpus=tuple(_corpus(row) for row in corpus.to_dict("records")),
                )
            )
    return tuple(found)


def _scores(scores: pd.DataFrame, responses: pd.DataFrame) -> tuple[ScoreFigures, ...]:
    import pandas as pd

    answers, clusters = pd.Index(responses["answer"]), cluster_labels(responses)
    found: list[ScoreFigures] = []
    for name, rows in groups(scores, "name").items():
        values = numbers(rows, "value")
        known = ~np.isnan(values)
        labels = clusters[answers.get_indexer(rows["answer"])]
        found.append(
            ScoreFigures(
                name=str(name),
                decides=bool(rows["decides"].iloc[0]),
                mean=clustered_mean(values[known], labels[known]),
                n=int(known.sum()),
                n_without=int((~known).sum()),
            )
        )
    return tuple(sorted(found, key=lambda item: (not item.decides, item.name)))


def _corpus(row: dict[Any, Any]) -> CorpusFigure:
    value = row["value"]
    known = value is not None and not math.isnan(value)
    return CorpusFigure(
        metric=str(row["metric"]), value=float(value) if known else None, n=int(row["n"])
    )
