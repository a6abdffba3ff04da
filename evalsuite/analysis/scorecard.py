"""The scorecard of small models in agents: what a production engineer asks of a system.

The figures are those that Sharma and Mehta (2025), "Small Language Models for Agentic Systems",
arXiv:2510.03847, propose: cost per successful task, schema validity, executable calls, latency at
p50 and p95, energy per request; and how often a system passes a request on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalsuite.analysis.answer_calls import AnswerCalls, Positions, positions_of
from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.intervals import Estimate, proportion
from evalsuite.analysis.measure import cluster_labels, numbers
from evalsuite.analysis.rows import Rows

if TYPE_CHECKING:
    import pandas as pd

    from evalsuite.analysis.energy import EnergyFigures
    from evalsuite.analysis.system_figures import SystemFigures
    from evalsuite.store import Run

SCHEMA_VALID, EXECUTABLE = "schema_valid", "executable"
TOOL = "tool:"
"""How a member is called that is a tool of the task, run in this process."""
TOOL_ERROR = "error: "
"""What the words of a tool begin with that a wrong call was put to."""


@dataclass(frozen=True, kw_only=True)
class Scorecard:
    """One system over all tasks; None where a run has nothing of the kind.

    Attributes:
        system: its name.
        kind: "model" or "hybrid".
        n_attempted: answers asked for.
        n_scored: those with an outcome.
        n_failed: those without: no answer, or a scorer that failed.
        success: rate over the scored answers, every task weighing the same.
        usd_per_success: all spend / successes; None where a cost is unknown.
        n_unpriced: answers of unknown cost.
        schema_valid: share of the scored answers of tasks with a score ``schema_valid`` in which
            every call follows its schema; one that cannot be read does not.
        executable: the same of a score ``executable``: every call can be bound to its function.
        tools_ran: share of the calls of tools that the system really made which gave a result.
        readable: share of all scored answers that could be read by their task's scorer.
        p50_seconds, p95_seconds: of the answers felt live, failures in time included.
        joules_per_request: joules / attempted answers; None where any answer's are unknown.
        energy_kinds: how it was obtained: "measured", "estimated", "assumed" ...
        n_energy_known: answers whose joules are known.
        escalation: hybrids: share of answers that more than one role took part in.
    """

    system: str
    kind: str
    n_attempted: int
    n_scored: int
    n_failed: int
    success: Estimate | None
    usd_per_success: Estimate | None
    n_unpriced: int
    schema_valid: Estimate | None
    executable: Estimate | None
    tools_ran: Estimate | None
    readable: Estimate | None
    p50_seconds: Estimate | None
    p95_seconds: Estimate | None
    joules_per_request: Estimate | None
    energy_kinds: tuple[str, ...]
    n_energy_known: int
    escalation: Estimate | None


@dataclass(frozen=True)
class _Answers:
    """What was found of each response (n,): NaN where there is nothing of the kind."""

    clusters: Positions
    readable: Floats
    schema_valid: Floats
    executable: Floats
    joules: Floats


def scorecards(
    run: Run,
    rows: Rows,
    calls: AnswerCalls,
    systems: Sequence[SystemFigures],
    energy: Sequence[EnergyFigures],
) -> tuple[Scorecard, ...]:
    """The scorecard of each of ``systems``, in that order.

    Args:
        run: the run, whose tools' words are read.
        rows: what it holds of these systems.
        calls: those behind the responses of ``rows``.
        systems: their figures.
        energy: what they took in joules.
    """
    answers = _answers(rows)
    ran = _tools_ran(run, calls)
    took = {item.system: item for item in energy}
    return tuple(_card(item, calls, answers, ran, took.get(item.entry.name)) for item in systems)


def _card(
    item: SystemFigures,
    calls: AnswerCalls,
    answers: _Answers,
    ran: Floats,
    energy: EnergyFigures | None,
) -> Scorecard:
    figures, mine = item.figures, calls.responses_of[item.entry.name]
    its_calls = calls.calls_of[item.entry.name]

    def share(values: Floats) -> Estimate | None:
        known = mine[~np.isnan(values[mine])]
        return proportion(values[known], answers.clusters[known])

    tools = its_calls[~np.isnan(ran[its_calls])]
    joules = answers.joules[mine]
    latency = figures.latency
    return Scorecard(
        system=item.entry.name,
        kind=item.entry.kind,
        n_attempted=figures.n_attempted,
        n_scored=figures.n_scored,
        n_failed=figures.n_system_errors + figures.n_scorer_errors,
        success=figures.macro_success_rate,
        usd_per_success=figures.usd_per_success,
        n_unpriced=figures.n_unpriced,
        schema_valid=share(answers.schema_valid),
        executable=share(answers.executable),
        tools_ran=proportion(ran[tools], answers.clusters[calls.rows[tools]]),
        readable=share(answers.readable),
        p50_seconds=latency.p50 if latency else None,
        p95_seconds=latency.p95 if latency else None,
        joules_per_request=energy.per_request if energy else None,
        energy_kinds=energy.kinds if energy else (),
        n_energy_known=int((~np.isnan(joules)).sum()),
        escalation=item.hybrid.escalation if item.hybrid else None,
    )


def _answers(rows: Rows) -> _Answers:
    responses, scores = rows.responses, rows.scores
    named = {name: np.full(len(responses), np.nan) for name in (SCHEMA_VALID, EXECUTABLE)}
    for name, values in named.items():
        _put(scores[(scores["name"] == name).to_numpy(dtype=bool)], responses, values)
    success = numbers(responses, "success")
    readable = np.where(np.isnan(success), np.nan, 1.0)
    unread = (scores["status"] == "format_error").to_numpy(dtype=bool)
    unread = unread & scores["decides"].to_numpy(dtype=bool)
    at = positions_of(scores["response_key"][unread], responses["key"])
    at = at[at >= 0]
    readable[at] = np.where(np.isnan(readable[at]), np.nan, 0.0)
    return _Answers(
        clusters=cluster_labels(responses),
        readable=readable,
        schema_valid=named[SCHEMA_VALID],
        executable=named[EXECUTABLE],
        joules=numbers(responses, "joules"),
    )


def _put(scores: pd.DataFrame, responses: pd.DataFrame, values: Floats) -> None:
    """Write the value of each of ``scores`` where its response stands in ``values`` (n,)."""
    if len(scores):
        at = positions_of(scores["response_key"], responses["key"])
        values[at[at >= 0]] = numbers(scores, "value")[at >= 0]


def _tools_ran(run: Run, calls: AnswerCalls) -> Floats:
    """Whether each call (n,) of a tool gave a result; NaN of calls that are of none."""
    import pandas as pd

    codes, members = pd.factorize(calls.frame["member"])
    tools = np.array([str(name).startswith(TOOL) for name in members], dtype=bool)[codes]
    found = np.full(len(codes), np.nan)
    if tools.any():
        of_tools = calls.frame.index[tools]
        said = run.read("calls", ["text"])["text"].loc[of_tools]
        wrong = said.fillna(TOOL_ERROR).str.startswith(TOOL_ERROR).to_numpy(dtype=bool)
        found[tools] = (~wrong & ~calls.failed[tools]).astype(float)
    return found
