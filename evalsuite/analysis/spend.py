"""Where the money, the machine time, the tokens and the energy of a run's answers went.

Only calls behind answers for the record are in it: what preparing took is a figure of its own, and
what judging took is in no figure of the systems that were judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalsuite.analysis.answer_calls import AnswerCalls, Flags, Positions
from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.costs import Costs, costs_of
from evalsuite.analysis.measure import known_total, numbers
from evalsuite.systems.price import Price

if TYPE_CHECKING:
    import pandas as pd

AMOUNTS = ("usd", "machine_seconds", "input_tokens", "output_tokens", "joules")


@dataclass(frozen=True, kw_only=True)
class RoleSpend:
    """What one member in one role of a system took, over the calls of all answers.

    ``role`` is a path of role names, "" for a plain model. Amounts are None where any call's is
    unknown; ``known_usd`` is the part that is known, ``n_unpriced`` the calls it leaves out.
    ``share`` is of the known dollars of the system, None where these are 0.
    """

    role: str
    member: str
    n_calls: int
    n_failed_calls: int
    n_retries: int
    usd: float | None
    known_usd: float
    n_unpriced: int
    share: float | None
    machine_seconds: float | None
    input_tokens: float | None
    output_tokens: float | None
    joules: float | None


@dataclass(frozen=True, kw_only=True)
class SystemSpend:
    """What the answers of one system took, divided three ways; None is unknown.

    ``usd`` is the sum over all its calls, and of ``roles``; also ``last_usd`` (the call of each
    answer that gave the last result) + ``earlier_usd`` (hops that others followed: escalations,
    votes, drafts) + ``failed_usd`` (calls without a result); also ``right_usd`` + ``wrong_usd`` +
    ``unscored_usd``, by what became of the answer. ``n_failed_calls`` and ``n_retries`` are of
    calls. ``costs`` are the same calls as billed, with a cold cache and at list prices.
    """

    system: str
    n_answers: int
    n_calls: int
    n_failed_calls: int
    n_retries: int
    usd: float | None
    known_usd: float
    n_unpriced: int
    roles: tuple[RoleSpend, ...]
    last_usd: float | None
    earlier_usd: float | None
    failed_usd: float | None
    right_usd: float | None
    wrong_usd: float | None
    unscored_usd: float | None
    costs: Costs


def spend_of(
    responses: pd.DataFrame,
    calls: AnswerCalls,
    systems: Sequence[str],
    prices: Mapping[str, Price],
) -> tuple[SystemSpend, ...]:
    """What the ``responses`` of each of ``systems`` took, in that order; of those that answered.

    Args:
        responses: rows of the table of that name.
        calls: those of ``responses``.
        systems: names.
        prices: of the models, by name, as ``costs.prices_of`` has them.
    """
    success = numbers(responses, "success")[calls.rows]
    found = []
    for system in systems:
        if system in calls.responses_of:
            n_answers, rows = calls.responses_of[system].size, calls.calls_of[system]
            found.append(_system(system, n_answers, calls, rows, success[rows], prices))
    return tuple(found)


def _system(
    system: str,
    n_answers: int,
    calls: AnswerCalls,
    rows: Positions,
    success: Floats,
    prices: Mapping[str, Price],
) -> SystemSpend:
    frame = calls.frame.iloc[rows]
    last, failed = calls.last[rows], calls.failed[rows]
    usd = numbers(frame, "usd")
    known_usd = float(np.nansum(usd))

    def part(inside: Flags) -> float | None:
        return known_total(usd[inside])

    return SystemSpend(
        system=system,
        n_answers=n_answers,
        n_calls=len(frame),
        n_failed_calls=int(failed.sum()),
        n_retries=int(np.nansum(numbers(frame, "retries"))),
        usd=known_total(usd),
        known_usd=known_usd,
        n_unpriced=int(np.isnan(usd).sum()),
        roles=_roles(frame, failed, known_usd),
        last_usd=part(last),
        earlier_usd=part(~last & ~failed),
        failed_usd=part(failed),
        right_usd=part(success == 1),
        wrong_usd=part(success == 0),
        unscored_usd=part(np.isnan(success)),
        costs=costs_of(frame, prices),
    )


def _roles(frame: pd.DataFrame, failed: Flags, known_usd: float) -> tuple[RoleSpend, ...]:
    """A row for each role and member, the dearest first."""
    import pandas as pd

    roles, role_names = pd.factorize(frame["role"])
    members, member_names = pd.factorize(frame["member"])
    both = roles * max(1, len(member_names)) + members
    pairs = np.unique(both)
    parts = [np.flatnonzero(both == pair) for pair in pairs]
    retries = np.nan_to_num(numbers(frame, "retries"))
    amounts = {name: numbers(frame, name) for name in AMOUNTS}

    found = []
    for pair, rows in zip(pairs.tolist(), parts, strict=True):
        sums = {name: known_total(values[rows]) for name, values in amounts.items()}
        known = float(np.nansum(amounts["usd"][rows]))
        found.append(
            RoleSpend(
                role=str(role_names[pair // len(member_names)]),
                member=str(member_names[pair % len(member_names)]),
                n_calls=rows.size,
                n_failed_calls=int(failed[rows].sum()),
                n_retries=int(retries[rows].sum()),
                known_usd=known,
                n_unpriced=int(np.isnan(amounts["usd"][rows]).sum()),
                share=known / known_usd if known_usd > 0 else None,
                **sums,
            )
        )
    return tuple(sorted(found, key=lambda item: (-item.known_usd, item.role, item.member)))
