"""What happened inside a hybrid: who was asked, why, what it took, and who spoke last."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalsuite.analysis.intervals import Estimate, proportion
from evalsuite.analysis.measure import (
    Latency,
    cluster_labels,
    counted,
    groups,
    known_total,
    latency,
    numbers,
    text_or_none,
)
from evalsuite.analysis.speculation import Speculation, speculation

if TYPE_CHECKING:
    import pandas as pd

TOP_REASONS = 5
TOP_PATHS = 6
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?%?")


@dataclass(frozen=True, kw_only=True)
class RoleFigures:
    """One role of a hybrid, over its answers. Shares are of answers and of calls, in 0..1.

    ``n_last`` counts the answers in which this role was the last to give a result, and
    ``success_when_last`` is how often those were successes. ``reasons`` are the most frequent
    ones, with numbers in them collapsed to "…"; ``n_reasons`` counts the distinct ones.
    """

    role: str
    member: str
    n_calls: int
    n_failed_calls: int
    n_responses: int
    share_of_responses: float
    share_of_calls: float
    usd: float | None
    n_unpriced: int
    input_tokens: float | None
    output_tokens: float | None
    joules: float | None
    latency: Latency | None
    n_last: int
    success_when_last: Estimate | None
    reasons: dict[str, int]
    n_reasons: int


@dataclass(frozen=True, kw_only=True)
class Path:
    """A sequence of roles that answers took, how many did, and how often they succeeded."""

    roles: tuple[str, ...]
    n_responses: int
    success_rate: Estimate | None


@dataclass(frozen=True, kw_only=True)
class HybridFigures:
    """The inside of one hybrid.

    ``escalation`` is the share of answers that more than one role took part in; ``n_paths`` counts
    the distinct paths, of which ``paths`` are the commonest. ``speculation`` has what drafting of
    tokens came to, empty where nothing was drafted.
    """

    n_responses: int
    calls_per_response: float
    escalation: Estimate | None
    roles: tuple[RoleFigures, ...]
    paths: tuple[Path, ...]
    n_paths: int
    speculation: tuple[Speculation, ...] = ()


def inside(
    responses: pd.DataFrame, calls: pd.DataFrame, run_calls: pd.DataFrame, *, seed: int = 0
) -> HybridFigures | None:
    """Figures of one hybrid's ``responses`` and ``calls``; None where it made no calls.

    ``run_calls`` are those of the whole run, ``seed`` is for bootstraps.
    """
    answering = calls[calls["phase"] == "answer"].sort_values(["response_key", "ordinal"])
    if answering.empty:
        return None
    sequences = answering.groupby("response_key")["role"].agg(tuple)
    spoke = answering[answering["status"] == "ok"].groupby("response_key")["role"].last()
    outcome = responses.set_index("key")
    outcome = outcome.assign(
        path=sequences.reindex(outcome.index), last=spoke.reindex(outcome.index)
    )
    asked = outcome[outcome["path"].notna()]
    several = [len(set(path)) > 1 for path in asked["path"]]
    paths = _paths(asked)
    return HybridFigures(
        n_responses=len(responses),
        calls_per_response=len(answering) / len(responses),
        escalation=proportion(np.array(several, dtype=float), cluster_labels(asked)),
        roles=tuple(
            _role(str(role), rows, outcome, len(answering))
            for role, rows in groups(answering, "role").items()
        ),
        paths=paths[:TOP_PATHS],
        n_paths=len(paths),
        speculation=speculation(responses, calls, run_calls, seed=seed),
    )


def _role(role: str, rows: pd.DataFrame, outcome: pd.DataFrame, n_calls: int) -> RoleFigures:
    last = outcome[outcome["last"] == role]
    usd = numbers(rows, "usd")
    reasons = counted(NUMBER.sub("…", text_or_none(reason) or "") for reason in rows["reason"])
    n_responses = int(rows["response_key"].nunique())
    members = counted(rows["member"])
    return RoleFigures(
        role=role,
        member=", ".join(members),
        n_calls=len(rows),
        n_failed_calls=int((rows["status"] == "error").sum()),
        n_responses=n_responses,
        share_of_responses=n_responses / len(outcome),
        share_of_calls=len(rows) / n_calls,
        usd=known_total(usd),
        n_unpriced=int(np.isnan(usd).sum()),
        input_tokens=known_total(numbers(rows, "input_tokens")),
        output_tokens=known_total(numbers(rows, "output_tokens")),
        joules=known_total(numbers(rows, "joules")),
        latency=latency(numbers(rows, "seconds"), rows),
        n_last=len(last),
        success_when_last=_success(last),
        reasons=dict(list(reasons.items())[:TOP_REASONS]),
        n_reasons=len(reasons),
    )


def _paths(asked: pd.DataFrame) -> tuple[Path, ...]:
    found = [
        Path(roles=rows["path"].iloc[0], n_responses=len(rows), success_rate=_success(rows))
        for _, rows in asked.groupby("path", sort=False)
    ]
    return tuple(sorted(found, key=lambda path: (-path.n_responses, path.roles)))


def _success(responses: pd.DataFrame) -> Estimate | None:
    """Rate over the scored ones, pooled: the answers a role gets are not a fixed mix of tasks."""
    success = numbers(responses, "success")
    scored = ~np.isnan(success)
    return proportion(success[scored], cluster_labels(responses)[scored])
