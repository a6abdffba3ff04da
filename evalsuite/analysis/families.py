"""Task families: who leads each, and who cannot be told apart from the leader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalsuite.analysis.compare import Comparison, Outcomes, compare, within
from evalsuite.analysis.measure import Figures
from evalsuite.analysis.ranking import is_baseline, success_then_cost
from evalsuite.analysis.rows import Measured
from evalsuite.records import Manifest


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


def families(
    manifest: Manifest,
    systems: Sequence[str],
    measured: Measured,
    outcomes: Outcomes,
    *,
    seed: int = 0,
) -> tuple[FamilyFigures, ...]:
    """The families of a run by name: of its ``systems``, ``measured``, and their ``outcomes``."""
    tasks_of: dict[str, list[str]] = {}
    for task in manifest.tasks:
        tasks_of.setdefault(task.family, []).append(task.name)
    found: list[FamilyFigures] = []
    baselines = {entry.name for entry in manifest.systems if is_baseline(entry)}
    for family, tasks in sorted(tasks_of.items()):
        ranked = [
            (name, measured.of(name, tasks))
            for name in systems
            if set(tasks) <= set(measured.tasks(name, scored=True))
        ]
        ranked.sort(key=lambda item: (*success_then_cost(item[1]), item[0]))
        found.append(_family(family, tasks, ranked, baselines, within(outcomes, tasks), seed))
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
