"""The success rate of one system, with bounds of a level that the caller chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalsuite.analysis.intervals import Estimate, proportion, stratified
from evalsuite.analysis.measure import base_tasks, cluster_labels, numbers

if TYPE_CHECKING:
    from evalsuite.store import Run


def success_of(
    run: Run, system: str, *, task: str | None = None, alpha: float = 0.05
) -> Estimate | None:
    """Success rate of ``system`` in ``task``, or over all tasks, each weighing the same.

    A task that was asked in several ways is one of all.

    The interval has level 1 - 2 alpha, so that each bound by itself is wrong with risk alpha. None
    where nothing was scored.
    """
    rows = run.responses[(run.responses["system"] == system) & run.responses["success"].notna()]
    if task is not None:
        rows = rows[rows["task"] == task]
    if rows.empty:
        return None
    success, clusters = numbers(rows, "success"), cluster_labels(rows)
    parts = []
    tasks = base_tasks(rows)
    for name in sorted(set(tasks.tolist())):
        inside = tasks == name
        part = proportion(success[inside], clusters[inside], level=1 - 2 * alpha)
        assert part is not None  # the task has rows
        parts.append(part)
    return stratified(parts, [1.0] * len(parts))
