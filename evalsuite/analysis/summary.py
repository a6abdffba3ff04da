"""A run, summarised: every system, every task, every family, and how they compare."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from evalsuite.analysis.amortisation import Amortised, amortise, prepared_for
from evalsuite.analysis.compare import (
    Comparison,
    Outcomes,
    compare,
    line_up,
    pareto,
    turned,
    within,
)
from evalsuite.analysis.intervals import Estimate, clustered_mean
from evalsuite.analysis.judged import JudgeFigures, judge_figures
from evalsuite.analysis.measure import Figures, groups, known_total, measure, numbers
from evalsuite.analysis.per_success import CheapestRight, cheapest_right
from evalsuite.analysis.prompt_sensitivity import TaskPrompts, prompt_sensitivity
from evalsuite.analysis.roles import HybridFigures, inside
from evalsuite.analysis.routing.members import AgainstMembers
from evalsuite.analysis.routing.runs import compare_with_members
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
class SystemFigures:
    """One system over all tasks it was given.

    ``comparable`` says that it has scored answers in every task of the run and, of a run that was
    stopped early, all ``n_wanted`` answers: only then may its overall figures stand beside
    another's. ``fit_usd`` is what preparing it took, apart from
    ``figures.usd``; None where a part is unknown, 0 where there was nothing to prepare.
    """

    entry: SystemEntry
    tasks: tuple[str, ...]
    comparable: bool
    n_wanted: int
    on_pareto_front: bool
    figures: Figures
    fits: tuple[Fit, ...]
    fit_usd: float | None
    fit_seconds: float
    hybrid: HybridFigures | None

    @property
    def baseline(self) -> bool:
        """Whether nobody asked for it but a task, for comparison."""
        return is_baseline(self.entry)


@dataclass(frozen=True, kw_only=True)
class FamilyFigures:
    """One task family.

    ``systems`` are those that have scored answers in all its tasks, best first; ``comparisons``
    hold the first one against each of the others. A baseline is first only where it is shown to be
    right more often than every system that was asked for.
    """

    family: str
    tasks: tuple[str, ...]
    systems: tuple[tuple[str, Figures], ...]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What a run says.

    ``best`` has the highest macro success rate among comparable systems; a baseline must be shown
    to beat the best of the others. ``prompts`` has the tasks that were asked in several ways;
    ``cheapest_right`` the cheapest hybrid per right answer against the cheapest single model, among
    comparable systems. ``against_members`` has the hybrids that choose among members which answered
    on their own too, by name. ``amortised`` has the comparable systems whose preparation, or
    their members', cost something or may have. ``judges`` is what those who judged the answers
    said.
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


def summarise(run: Run, *, seed: int = 0) -> Summary:
    """Everything a report says about ``run``. ``seed`` drives bootstraps and permutations.

    Systems marked as not reported (those that only serve inside hybrids) are left out.
    """
    manifest = run.manifest
    entries = {entry.name: entry for entry in manifest.systems if entry.reported}
    responses = run.responses[run.responses["system"].isin(list(entries))]
    systems = [
        _system(run, entries[str(name)], rows, seed)
        for name, rows in groups(responses, "system").items()
    ]
    systems = _with_front(systems)
    systems.sort(key=_rank)
    outcomes = line_up(responses)
    comparisons = compare(outcomes, _pairs(systems), seed=seed)
    return Summary(
        manifest=manifest,
        systems=tuple(systems),
        tasks=_tasks(run, responses, seed),
        families=_families(run, responses, outcomes, seed),
        best=_best(systems, comparisons),
        comparisons=comparisons,
        prompts=prompt_sensitivity([task.name for task in manifest.tasks], responses, seed=seed),
        cheapest_right=_cheapest_right(outcomes, systems, seed),
        against_members=compare_with_members(list(entries.values()), outcomes, seed=seed),
        amortised=amortise(
            outcomes,
            prepared_for(
                run.fits, manifest.systems, (x.entry.name for x in systems if x.comparable)
            ),
            seed=seed,
        ),
        judges=judge_figures(run.verdicts),
    )


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


def is_baseline(entry: SystemEntry) -> bool:
    """Whether a system of a manifest answered because a task names it as a baseline."""
    return "baseline_of" in entry.config


def as_json(summary: Summary) -> dict[str, Any]:
    """``summary`` as JSON-able data; an infinite figure becomes the string "Infinity"."""

    def plain(value: Any) -> Any:
        if isinstance(value, float) and math.isinf(value):
            return "Infinity"
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
        if isinstance(value, msgspec.Struct):
            return plain(msgspec.to_builtins(value))
        if isinstance(value, dict):
            return {str(key): plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return value

    fields = dataclasses.fields
    result: dict[str, Any] = plain(summary)
    return result


def _system(run: Run, entry: SystemEntry, responses: pd.DataFrame, seed: int) -> SystemFigures:
    calls = run.calls[run.calls["system"] == entry.name]
    scores = run.scores[run.scores["system"] == entry.name]
    scored = responses[responses["success"].notna()]
    asked = set(responses["task"])
    n_wanted = run.manifest.repeats * sum(
        task.n_samples for task in run.manifest.tasks if task.name in asked
    )
    fits = run.fits[run.fits["system"] == entry.name]
    return SystemFigures(
        entry=entry,
        tasks=tuple(sorted(set(scored["task"]))),
        comparable=set(scored["task"]) == {task.name for task in run.manifest.tasks}
        and (run.manifest.stopped is None or len(responses) == n_wanted),
        n_wanted=n_wanted,
        on_pareto_front=False,
        figures=measure(responses, calls, scores, seed=seed),
        fits=tuple(_fit(row) for row in fits.sort_values("task").to_dict("records")),
        fit_usd=known_total(numbers(fits, "usd")),
        fit_seconds=float(np.nansum(numbers(fits, "seconds"))),
        hybrid=inside(responses, calls, run.calls, seed=seed) if entry.kind == "hybrid" else None,
    )


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
    return (not item.comparable, *_success_then_cost(item.figures), item.entry.name)


def _success_then_cost(figures: Figures) -> tuple[float, float]:
    rate, usd = figures.macro_success_rate, figures.usd_per_thousand
    return -(rate.value if rate else -1.0), usd.value if usd else math.inf


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
    by_cost = sorted(systems, key=lambda item: (_success_then_cost(item.figures)[1], _rank(item)))
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


def _tasks(run: Run, responses: pd.DataFrame, seed: int) -> tuple[TaskFigures, ...]:
    found: list[TaskFigures] = []
    calls, scores = groups(run.calls, "task"), groups(run.scores, "task")
    for task, of_task in groups(responses, "task").items():
        task_calls = calls.get(task, run.calls.iloc[:0])
        task_scores = scores.get(task, run.scores.iloc[:0])
        for system, rows in groups(of_task, "system").items():
            its_scores = task_scores[task_scores["system"] == system]
            corpus = run.corpus[(run.corpus["task"] == task) & (run.corpus["system"] == system)]
            found.append(
                TaskFigures(
                    task=str(task),
                    system=str(system),
                    figures=measure(
                        rows, task_calls[task_calls["system"] == system], its_scores, seed=seed
                    ),
                    scores=_scores(its_scores, rows),
                    corpus=tuple(_corpus(row) for row in corpus.to_dict("records")),
                )
            )
    return tuple(found)


def _scores(scores: pd.DataFrame, responses: pd.DataFrame) -> tuple[ScoreFigures, ...]:
    clusters = responses.set_index("key")["cluster"]
    found: list[ScoreFigures] = []
    for name, rows in groups(scores, "name").items():
        values = numbers(rows, "value")
        known = ~np.isnan(values)
        labels = clusters.reindex(rows["response_key"]).to_numpy(dtype=str)
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


def _families(
    run: Run, responses: pd.DataFrame, outcomes: Outcomes, seed: int
) -> tuple[FamilyFigures, ...]:
    tasks_of: dict[str, list[str]] = {}
    for task in run.manifest.tasks:
        tasks_of.setdefault(task.family, []).append(task.name)
    found: list[FamilyFigures] = []
    baselines = {entry.name for entry in run.manifest.systems if is_baseline(entry)}
    for family, tasks in sorted(tasks_of.items()):
        rows = responses[responses["task"].isin(tasks)]
        calls, scores = (frame[frame["task"].isin(tasks)] for frame in (run.calls, run.scores))
        systems = [
            (
                str(name),
                measure(
                    group,
                    calls[calls["system"] == name],
                    scores[scores["system"] == name],
                    seed=seed,
                ),
            )
            for name, group in groups(rows, "system").items()
            if set(group.loc[group["success"].notna(), "task"]) == set(tasks)
        ]
        systems.sort(key=lambda item: (*_success_then_cost(item[1]), item[0]))
        found.append(_family(family, tasks, systems, baselines, within(outcomes, tasks), seed))
    return tuple(found)


def _family(
    family: str,
    tasks: Sequence[str],
    systems: Sequence[tuple[str, Figures]],
    baselines: set[str],
    outcomes: Outcomes,
    seed: int,
) -> FamilyFigures:
    """``systems`` best first, a baseline only where it is shown to be ahead of all others."""
    own = next((name for name, _ in systems if name not in baselines), None)
    for first in systems:
        others = [item for item in systems if item is not first]
        comparisons = compare(outcomes, [(first[0], name) for name, _ in others], seed=seed)
        ahead = any(item.b == own and item.distinguishable for item in comparisons)
        if first[0] not in baselines or own is None or ahead:
            return FamilyFigures(
                family=family,
                tasks=tuple(tasks),
                systems=(first, *others),
                comparisons=comparisons,
            )
    return FamilyFigures(family=family, tasks=tuple(tasks), systems=(), comparisons=())
