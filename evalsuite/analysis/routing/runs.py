"""Hybrids of a run beside their members, from the run's own rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from evalsuite.analysis.compare import LINED_UP, Outcomes, line_up
from evalsuite.analysis.routing.members import AgainstMembers, Rows, against_members
from evalsuite.errors import UserError
from evalsuite.records import SystemEntry

if TYPE_CHECKING:
    from evalsuite.store import Run

CHOOSERS = {"cascade": "tier_", "fallback": "member_", "router": "member_"}
"""Patterns that give the answer of one of their members, and how the roles of these begin."""


def member_rows(outcomes: Outcomes, hybrid: str, members: Sequence[str]) -> Rows | None:
    """What ``hybrid`` and all its ``members`` did on the samples that each was scored on.

    None where there is no such sample, or where one of them was not asked on its own.
    """
    if not {hybrid, *members} <= set(outcomes.systems):
        return None
    columns = [outcomes.systems.index(name) for name in (hybrid, *members)]
    scored = ~np.isnan(outcomes.success[:, columns]).any(axis=1)
    if not scored.any():
        return None
    success, usd = outcomes.success[scored][:, columns], outcomes.usd[scored][:, columns]
    return Rows(
        members=tuple(members),
        hybrid_success=success[:, 0],
        hybrid_usd=usd[:, 0],
        success=success[:, 1:],
        usd=usd[:, 1:],
        clusters=outcomes.clusters[scored],
        strata=outcomes.base_tasks[scored],
    )


def against_its_members(run: Run, hybrid: str, *, seed: int = 0) -> AgainstMembers:
    """A cascade, router or fallback of a finished run beside its members.

    Raises:
        UserError: the run has no such hybrid, or its members were not asked on their own.
    """
    entry = next((one for one in run.manifest.systems if one.name == hybrid), None)
    members = () if entry is None else chosen_among(entry)
    if not members:
        patterns = ", ".join(CHOOSERS)
        raise UserError(f"{run.path}: {hybrid!r} is not one of its systems of pattern {patterns}")
    rows = member_rows(line_up(run.read("responses", LINED_UP)), hybrid, members)
    if rows is None:
        named = ", ".join(members)
        raise UserError(
            f"{run.path}: {hybrid!r} and its members ({named}) have no scored sample in common; "
            "the members must be among the reported systems"
        )
    return against_members(rows, seed=seed)


def compare_with_members(
    entries: Sequence[SystemEntry], outcomes: Outcomes, *, seed: int = 0
) -> dict[str, AgainstMembers]:
    """Every hybrid of ``entries`` that chooses among members which answered too, by its name."""
    found: dict[str, AgainstMembers] = {}
    for entry in entries:
        members = chosen_among(entry)
        rows = member_rows(outcomes, entry.name, members) if members else None
        if rows is not None:
            found[entry.name] = against_members(rows, seed=seed)
    return found


def chosen_among(entry: SystemEntry) -> tuple[str, ...]:
    """The members whose answers a hybrid chooses among, in order; () where it does not choose."""
    beginning = CHOOSERS.get(entry.pattern)
    if beginning is None:
        return ()
    roles = [(role, name) for role, name in entry.roles.items() if role.startswith(beginning)]
    return tuple(dict.fromkeys(name for _, name in roles))
