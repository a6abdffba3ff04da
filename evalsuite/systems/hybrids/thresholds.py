"""Picking a cascade's thresholds from how its tiers did on the validation split."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

_MOST_COMBINATIONS = 5000


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A threshold with the share that it escalates, and the success rate that results.

    ``usd`` is the mean cost of an answer from this tier on; None where nobody asked for it.
    """

    threshold: float
    escalated: float
    success: float
    usd: float | None = None


@dataclass(frozen=True, kw_only=True)
class TierResults:
    """How one tier did on each validation sample.

    ``signals`` are None where an answer failed or had no value, ``successes`` False where it failed
    or was wrong, ``usd`` None where the cost of a call is unknown.
    """

    signals: Sequence[float | None]
    successes: Sequence[bool]
    usd: Sequence[float | None]


def pick_hop_by_hop(
    tiers: Sequence[TierResults], *, floor: float, max_escalation: float | None
) -> list[Pick]:
    """Pick from the last hop to the first, each with the hops after it as already picked."""
    rest = tiers[-1].successes
    picks: list[Pick] = []
    for tier in reversed(tiers[:-1]):
        pick = pick_threshold(
            tier.signals, tier.successes, rest, floor=floor, max_escalation=max_escalation
        )
        rest = [
            own if value is not None and value >= pick.threshold else after
            for value, own, after in zip(tier.signals, tier.successes, rest, strict=True)
        ]
        picks.insert(0, pick)
    return picks


def pick_threshold(
    signals: Sequence[float | None],
    successes: Sequence[bool],
    rest: Sequence[bool],
    *,
    floor: float,
    max_escalation: float | None,
) -> Pick:
    """The threshold of one hop.

    Args:
        signals: confidence of this tier's answer to each sample, None where there was none.
        successes: whether that answer was right.
        rest: whether what comes after this tier would be right.
        floor: least success rate; the lowest threshold that reaches it is picked, and where none
            does, everything is escalated.
        max_escalation: instead of the floor, the largest share that may be escalated; the most
            successful threshold within it is picked, and of equal ones the lowest. Answers without
            a signal are escalated even beyond it.
    """
    n = len(signals)
    picks = []
    for threshold in candidates(signals):
        kept = [value is not None and value >= threshold for value in signals]
        right = sum(s if k else r for k, s, r in zip(kept, successes, rest, strict=True))
        picks.append(Pick(threshold=threshold, escalated=1 - sum(kept) / n, success=right / n))
    if max_escalation is None:
        return next((pick for pick in picks if pick.success >= floor), picks[-1])
    allowed = [pick for pick in picks if pick.escalated <= max_escalation] or picks[:1]
    return max(allowed, key=lambda pick: pick.success)


def candidates(signals: Sequence[float | None]) -> list[float]:
    """Thresholds worth trying, in ascending order.

    They lie halfway between neighbouring signal values (so that rounding errors of a signal do not
    flip answers), below all of them, and at infinity (everything is escalated).
    """
    values = sorted({value for value in signals if value is not None})
    between = [round((low + high) / 2, 6) for low, high in itertools.pairwise(values)]
    below = [round(values[0] - 0.001, 6)] if values else []
    return [*below, *between, math.inf]


@dataclass(frozen=True, kw_only=True)
class _Rest:
    """A choice of thresholds from some tier on: who is right then, and what each answer costs."""

    picks: tuple[Pick, ...]
    right: list[bool]
    usd: list[float]


def pick_within_budget(tiers: Sequence[TierResults], max_usd: float) -> list[Pick]:
    """The most successful thresholds whose mean cost is at most ``max_usd`` an answer.

    All combinations are tried; of more than 5,000, each hop's candidates are thinned evenly first.
    Of equally successful ones the cheapest is taken. Where even the cheapest is above the budget,
    that one is.

    An unknown cost of a single answer is taken to be the mean of its tier's known ones.

    Raises:
        ValueError: a tier has no known cost at all.
    """
    costs = [_known(tier.usd) for tier in tiers]
    most = max(2, int(_MOST_COMBINATIONS ** (1 / (len(tiers) - 1))))
    found = [_Rest(picks=(), right=list(tiers[-1].successes), usd=costs[-1])]
    for tier, usd in zip(reversed(tiers[:-1]), reversed(costs[:-1]), strict=True):
        thresholds = _thinned(candidates(tier.signals), most)
        found = [_before(tier, usd, at, rest) for at in thresholds for rest in found]
    n = len(found[0].right)
    spends = [sum(rest.usd) / n for rest in found]
    allowed = [i for i, usd in enumerate(spends) if usd <= max_usd * (1 + 1e-9)]
    if not allowed:
        allowed = [min(range(len(found)), key=spends.__getitem__)]
    best = max(allowed, key=lambda i: (sum(found[i].right), -spends[i]))
    return list(found[best].picks)


def picks_at(tiers: Sequence[TierResults], thresholds: Sequence[float]) -> list[Pick]:
    """What given ``thresholds``, one for each tier but the last, amount to; costs are left out."""
    n = len(tiers[-1].successes)
    rest = _Rest(picks=(), right=list(tiers[-1].successes), usd=[0.0] * n)
    for tier, threshold in zip(reversed(tiers[:-1]), reversed(thresholds), strict=True):
        rest = _before(tier, [0.0] * n, threshold, rest)
    return [replace(pick, usd=None) for pick in rest.picks]


def _before(tier: TierResults, usd: Sequence[float], threshold: float, rest: _Rest) -> _Rest:
    """``rest`` with a tier in front that keeps what reaches ``threshold``."""
    kept = [value is not None and value >= threshold for value in tier.signals]
    n = len(kept)
    right = [s if k else r for k, s, r in zip(kept, tier.successes, rest.right, strict=True)]
    spent = [own + (0.0 if k else r) for k, own, r in zip(kept, usd, rest.usd, strict=True)]
    pick = Pick(
        threshold=threshold,
        escalated=1 - sum(kept) / n,
        success=sum(right) / n,
        usd=sum(spent) / n,
    )
    return _Rest(picks=(pick, *rest.picks), right=right, usd=spent)


def _known(usd: Sequence[float | None]) -> list[float]:
    known = [value for value in usd if value is not None]
    if not known:
        raise ValueError("no known cost")
    mean = sum(known) / len(known)
    return [mean if value is None else value for value in usd]


def _thinned(values: Sequence[float], most: int) -> list[float]:
    """At most ``most`` of ``values``, evenly, the first and the last among them."""
    if len(values) <= most:
        return list(values)
    return [values[round(i * (len(values) - 1) / (most - 1))] for i in range(most)]
