"""Figures by system beyond rates and comparisons: ties, spend, times, failures, slices, repeats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalsuite.analysis.answer_calls import answer_calls
from evalsuite.analysis.compare import Outcomes
from evalsuite.analysis.costs import prices_of
from evalsuite.analysis.energy import EnergyFigures
from evalsuite.analysis.failures import SystemFailures, failures_of
from evalsuite.analysis.latency import ServiceLevel
from evalsuite.analysis.latency_figures import SystemLatency, system_latencies
from evalsuite.analysis.repeated import Repeated, repeated
from evalsuite.analysis.rows import Rows
from evalsuite.analysis.scorecard import Scorecard, scorecards
from evalsuite.analysis.slice_figures import Slices, slices_of
from evalsuite.analysis.spend import SystemSpend, spend_of
from evalsuite.analysis.tie_groups import TieGroups, tie_groups

if TYPE_CHECKING:
    from evalsuite.analysis.system_figures import SystemFigures
    from evalsuite.store import Run


@dataclass(frozen=True, kw_only=True)
class Details:
    """Figures of a run by system, in the order of its systems unless said otherwise.

    ``ties`` is None for fewer than two comparable systems that were asked for; ``slices`` has none
    where no trait divides the samples; ``repeated`` is empty where nothing was asked twice.
    """

    ties: TieGroups | None
    spend: tuple[SystemSpend, ...]
    latencies: tuple[SystemLatency, ...]
    failures: tuple[SystemFailures, ...]
    slices: Slices
    scorecards: tuple[Scorecard, ...]
    repeated: tuple[Repeated, ...]


def details_of(
    run: Run,
    rows: Rows,
    outcomes: Outcomes,
    systems: Sequence[SystemFigures],
    best: str | None,
    energy: Sequence[EnergyFigures],
    *,
    limits: ServiceLevel | None = None,
) -> Details:
    """The details of ``run``: of its ``rows``, their ``outcomes``, and its ``systems``, best first.

    ``best`` is the system that slices are compared with, ``energy`` what they took in joules, and
    ``limits`` the service level that
    goodput is counted by.
    """
    responses = rows.responses
    calls = answer_calls(rows.calls, responses)
    names = [item.entry.name for item in systems]
    asked_for = [item for item in systems if not item.baseline]
    return Details(
        ties=tie_groups(outcomes, [item.entry.name for item in asked_for if item.comparable]),
        spend=spend_of(responses, calls, names, prices_of(run.manifest)),
        latencies=system_latencies(
            responses, calls, names, concurrency=run.manifest.concurrency, limits=limits
        ),
        failures=failures_of(run, rows, calls, names),
        slices=slices_of(run, responses, calls, [item.entry.name for item in asked_for], best),
        scorecards=scorecards(run, rows, calls, systems, energy),
        repeated=repeated(responses, calls, names),
    )
