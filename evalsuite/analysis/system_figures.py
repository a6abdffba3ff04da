"""One system of a run: what was asked of it, what came of it, and its place among the others."""

from __future__ import annotations

from dataclasses import dataclass

from evalsuite.analysis.measure import Figures
from evalsuite.analysis.ranking import is_baseline
from evalsuite.analysis.roles import HybridFigures
from evalsuite.analysis.tie_groups import Tied
from evalsuite.records import Fit, SystemEntry


@dataclass(frozen=True, kw_only=True)
class SystemFigures:
    """One system over all tasks it was given.

    ``comparable`` says that it has scored answers in every task of the run and, of a run that was
    stopped early, all ``n_wanted`` answers: only then may its overall figures stand beside
    another's. ``fit_usd`` is what preparing it took, apart from
    ``figures.usd``; None where a part is unknown, 0 where there was nothing to prepare. ``tie`` is
    its place in the ties of a summary, None where it has none.
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
    tie: Tied | None = None

    @property
    def baseline(self) -> bool:
        """Whether nobody asked for it but a task, for comparison."""
        return is_baseline(self.entry)
