"""What happened inside a hybrid: who was asked, why, what it took, and who spoke last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalsuite.analysis.clusters import Codes
from evalsuite.analysis.intervals import Estimate, proportion
from evalsuite.analysis.measure import (
    Latency,
    cluster_labels,
    counted,
    groups,
    known_total,
    latency,
    numbers,
)
from evalsuite.analysis.speculation import Speculation, speculation

if TYPE_CHECKING:
    import pandas as pd

TOP_REASONS = 5
TOP_PATHS = 6
NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?%?"


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
    responses: pd.DataFrame,
    calls: pd.DataFrame,
    drafts: pd.DataFrame | None = None,
    *,
    seed: int = 0,
) -> HybridFigures | None:
    """Figures of one hybrid's ``responses`` and ``calls``; None where it made no calls.

    Both are parts of ``rows.Rows``, joined by ``answer``. ``drafts`` are the calls of the whole run
    (``rows.drafts_of``), None where nothing was drafted; ``seed`` is for bootstraps.
    """
    import pandas as pd

    answering = calls[(calls["phase"] == "answer").to_numpy()]
    if answering.empty:
        return None
    taken = _taken(responses, answering)
    asked = responses[taken.path >= 0]
    several = taken.n_roles[taken.path >= 0] > 1
    last = pd.Categorical.from_codes(taken.last, categories=pd.Index(taken.roles))
    outcome = responses.assign(last=last)
    return HybridFigures(
        n_responses=len(responses),
        calls_per_response=len(answering) / len(responses),
        escalation=proportion(several.astype(float), cluster_labels(asked)),
        roles=tuple(
            _role(str(role), rows, outcome, len(answering))
            for role, rows in groups(answering, "role").items()
        ),
        paths=_commonest(taken, responses),
        n_paths=len(np.unique(taken.path[taken.path >= 0])),
        speculation=_drafted(responses, drafts, seed) if drafts is not None else (),
    )


def _drafted(responses: pd.DataFrame, drafts: pd.DataFrame, seed: int) -> tuple[Speculation, ...]:
    own = drafts["system"].isin(responses["system"].unique().tolist())
    return speculation(responses.assign(key=responses["answer"]), drafts[own], drafts, seed=seed)


@dataclass(frozen=True)
class _Taken:
    """The way that each response (n,) took.

    ``path`` is the number of its sequence of roles in ``paths``, each a tuple of numbers in
    ``roles``; ``last`` the role that was the last to give a result, ``n_roles`` how many different
    ones took part. -1 where there were no calls, or none that gave a result.
    """

    roles: tuple[str, ...]
    paths: tuple[tuple[int, ...], ...]
    path: Codes
    last: Codes
    n_roles: Codes


def _taken(responses: pd.DataFrame, answering: pd.DataFrame) -> _Taken:
    import pandas as pd

    role, roles = pd.factorize(answering["role"], sort=True)
    row = pd.Index(responses["answer"]).get_indexer(answering["answer"])
    known = row >= 0
    order = np.lexsort((answering["ordinal"].to_numpy()[known], row[known]))
    row, role = row[known][order], role[known][order]
    n = len(responses)
    last, ended = np.full(n, -1), (answering["status"] == "ok").to_numpy()[known][order]
    last[row[ended]] = role[ended]  # of several the last one stays
    pairs = np.unique(row * len(roles) + role) // len(roles)
    path, paths = np.full(n, -1), [()]
    at = np.arange(row.size) - np.searchsorted(row, row)  # place of the call in its response
    for place in range(int(at.max(initial=-1)) + 1):
        here = at == place
        # A path so far and its next role make one number; equal numbers are equal paths.
        steps = (path[row[here]] + 1) * len(roles) + role[here]
        found, codes = np.unique(steps, return_inverse=True)
        longer = [(*paths[step // len(roles)], int(step % len(roles))) for step in found]
        path[row[here]] = codes + len(paths) - 1
        paths.extend(longer)
    return _Taken(
        roles=tuple(map(str, roles)),
        paths=tuple(paths[1:]),
        path=path,
        last=last,
        n_roles=np.bincount(pairs, minlength=n),
    )


def _role(role: str, rows: pd.DataFrame, outcome: pd.DataFrame, n_calls: int) -> RoleFigures:
    last = outcome[outcome["last"] == role]
    usd = numbers(rows, "usd")
    reasons = counted(_without_numbers(rows["reason"]))
    n_responses = int(rows["answer"].nunique())
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


def _commonest(taken: _Taken, responses: pd.DataFrame) -> tuple[Path, ...]:
    counts = np.bincount(taken.path[taken.path >= 0], minlength=len(taken.paths))
    found = [
        (-int(counts[path]), tuple(taken.roles[role] for role in taken.paths[path]), path)
        for path in np.flatnonzero(counts)
    ]
    return tuple(
        Path(
            roles=roles,
            n_responses=-n,
            success_rate=_success(responses[taken.path == path]),
        )
        for n, roles, path in sorted(found)[:TOP_PATHS]
    )


def _without_numbers(reasons: pd.Series) -> pd.Series:
    import pandas as pd

    known = pd.Series(reasons.to_numpy(), dtype="str").fillna("")
    return known.str.replace(NUMBER, "…", regex=True)


def _success(responses: pd.DataFrame) -> Estimate | None:
    """Rate over the scored ones, pooled: the answers a role gets are not a fixed mix of tasks."""
    success = numbers(responses, "success")
    scored = ~np.isnan(success)
    return proportion(success[scored], cluster_labels(responses)[scored])
