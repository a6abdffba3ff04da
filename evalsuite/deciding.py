"""Asking no more than it takes to decide between two systems.

Rounds of growing size; after each the difference is read off an e-process, which may be read as
often as one likes (``evalsuite.analysis.sequential``). Samples are taken in random order, whole
clusters only, and a failed answer counts as no success: what failed may not be left out of a
decision that ends when it looks decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from evalsuite.errors import UserError
from evalsuite.experiment import Experiment, PlannedTask
from evalsuite.running.events import Event
from evalsuite.session import Session
from evalsuite.store import Run, load_run

if TYPE_CHECKING:
    from evalsuite.analysis.sequential import Decision

FIRST_ROUND = 40
GROWTH = 1.5


@dataclass(frozen=True, kw_only=True)
class Decided:
    """The run as far as it went, and what it decided. ``n_all`` is what all samples would be."""

    run: Run
    a: str
    b: str
    decision: Decision
    n_all: int


def run_until_decided(
    experiment: Experiment,
    a: str,
    b: str,
    *,
    margin: float | None,
    alpha: float,
    folder: Path,
    tell: Callable[[Event], None],
) -> Decided:
    """Run growing parts of ``experiment`` until ``a`` and ``b`` are told apart or all is asked.

    Raises UserError where the two are not systems of the experiment, where there is more than one
    task, or where its samples are not in random order.
    """
    planned = _the_task(experiment, a, b)
    most, largest = _extent(planned, experiment)
    limit = FIRST_ROUND
    while True:
        limit = min(limit, most)
        part = replace(experiment, tasks=(replace(planned, limit=limit),))
        Session(part, folder, tell).run()
        done, whole = load_run(folder), limit >= most
        decision = _decision(done, a, b, largest, whole=whole, alpha=alpha, margin=margin)
        if decision.verdict != "undecided" or whole:
            return Decided(run=done, a=a, b=b, decision=decision, n_all=most)
        limit = int(limit * GROWTH)


def _the_task(experiment: Experiment, a: str, b: str) -> PlannedTask:
    for name in (a, b):
        if name not in experiment.reported:
            known = ", ".join(experiment.reported)
            raise UserError(f"--until-decided: {name!r} is not a reported system; use of {known}")
    if len(experiment.tasks) != 1:
        raise UserError("--until-decided is about one task; give an experiment with one")
    planned = experiment.tasks[0]
    if experiment.settings.order != "random" and not planned.task.endless:
        raise UserError("--until-decided needs samples in random order: write `order: random`")
    return planned


def _extent(planned: PlannedTask, experiment: Experiment) -> tuple[int, int]:
    """How many samples may be asked, and the size of the largest cluster of the data."""
    task, split = planned.task, experiment.settings.split
    if task.endless:
        if planned.limit is None:
            raise UserError(f"--until-decided: {task.name} is endless; give the most with --limit")
        if any(sample.cluster for sample in islice(task.samples(split), FIRST_ROUND)):
            raise UserError(
                f"--until-decided: the samples of {task.name} are in clusters without end, "
                "which cannot be bet on"
            )
        return planned.limit, 1
    sizes = Counter(sample.cluster or sample.id for sample in task.samples(split))
    if not sizes:
        raise UserError(f"{task.name}: the {split} split has no samples")
    return min(planned.limit or sizes.total(), sizes.total()), max(sizes.values())


def _decision(
    done: Run,
    a: str,
    b: str,
    largest: int,
    *,
    whole: bool,
    alpha: float,
    margin: float | None,
) -> Decision:
    """What the answers so far decide; the last cluster is left out unless ``whole``."""
    from evalsuite.analysis.sequential import decide_clustered

    responses = done.responses
    scored = responses.assign(success=responses["success"].fillna(False).astype(float))
    by_sample = scored.groupby(["system", "sample_id"])["success"].mean()
    order = done.samples.reset_index(drop=True)
    clusters = order["cluster"].tolist()
    if not whole and largest > 1:
        order = order[order["cluster"] != clusters[-1]]
    ids = order["sample_id"]
    differences = by_sample[a].reindex(ids).to_numpy() - by_sample[b].reindex(ids).to_numpy()
    return decide_clustered(
        differences, order["cluster"].to_numpy(), largest=largest, alpha=alpha, margin=margin
    )


def sentence(decided: Decided) -> str:
    """The decision in words."""
    from evalsuite.analysis.numbers import points

    decision = decided.decision
    bounds = f"{points(decision.low)} to {points(decision.high)}"
    looked = f"after {decision.n} of {decided.n_all} samples (valid at every look: {bounds})"
    if decision.verdict == "undecided":
        return f"undecided {looked}: {decided.a} and {decided.b} cannot be told apart"
    if decision.verdict == "equivalent":
        assert decision.margin is not None
        margin = f"{100 * decision.margin:g} points"
        return f"decided {looked}: {decided.a} and {decided.b} are within {margin} of each other"
    better, worse = decided.a, decided.b
    if decision.verdict == "b_better":
        better, worse = worse, better
    return f"decided {looked}: {better} is better than {worse}"
