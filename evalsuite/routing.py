"""What a router or a cascade is worth, usable alone: arrays of outcomes in, figures out.

>>> from evalsuite import routing
>>> curve = routing.routing_curve([0.9, 0.1, 0.8], weak=[0, 1, 0], strong=[1, 1, 0])
>>> routing.average_gap_recovered(curve, weak=1 / 3, strong=2 / 3)

``docs/routing.md`` explains the figures.
"""

from __future__ import annotations

from evalsuite.analysis.routing.curves import (
    Curve,
    Deferral,
    RouterFigures,
    average_gap_recovered,
    best_curve,
    call_share_for,
    deferral_auc,
    deferral_curve,
    gap_recovered,
    judge_router,
    recovered,
    routing_curve,
)
from evalsuite.analysis.routing.frontier import (
    Point,
    average_improvement,
    benefit,
    benefit_lift,
    cheapest_reaching,
    hull,
    quality_at,
)
from evalsuite.analysis.routing.members import (
    AgainstMembers,
    Oracle,
    Rows,
    against_members,
    oracle_of_members,
    random_deferral,
)
from evalsuite.analysis.routing.resampling import cluster_bootstrap
from evalsuite.analysis.routing.runs import against_its_members, member_rows

__all__ = [
    "AgainstMembers",
    "Curve",
    "Deferral",
    "Oracle",
    "Point",
    "RouterFigures",
    "Rows",
    "against_its_members",
    "against_members",
    "average_gap_recovered",
    "average_improvement",
    "benefit",
    "benefit_lift",
    "best_curve",
    "call_share_for",
    "cheapest_reaching",
    "cluster_bootstrap",
    "deferral_auc",
    "deferral_curve",
    "gap_recovered",
    "hull",
    "judge_router",
    "member_rows",
    "oracle_of_members",
    "quality_at",
    "random_deferral",
    "recovered",
    "routing_curve",
]
