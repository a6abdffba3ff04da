"""The figures that decide, each a card: who leads, who is as good for less, who is cheapest."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalsuite.analysis.compare import Comparison
from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.numbers import (
    UNKNOWN,
    count,
    duration,
    interval,
    money,
    percent,
    points,
    rate_bounds,
)
from evalsuite.analysis.summary import Summary, SystemFigures
from evalsuite.analysis.verdict import MARGIN, cost_share, untold


@dataclass(frozen=True, kw_only=True)
class Card:
    """One figure: what it is, whose it is ("" where nobody's), its interval and n, and a remark."""

    title: str
    system: str = ""
    kind: str = "model"
    figure: str
    spread: str = ""
    note: str = ""


def cards(summary: Summary) -> tuple[Card, ...]:
    """Three cards where systems compete, three of its own where one stands alone, else none."""
    if summary.best is None:
        return ()
    best = summary.system(summary.best)
    rivals = [item for item in summary.systems if item.comparable and item is not best]
    if not rivals:
        return (_right(best, "Right"), _per_right(best, "A thousand right answers"), _time(best))
    return (
        _right(best, "Right most often"),
        _as_good(summary, best, rivals),
        _cheapest_right([best, *rivals]),
    )


def as_good_for_less(summary: Summary) -> Comparison | None:
    """The cheapest comparable system shown to stay within the margin, against the best one.

    None where no cheaper one is shown to; costs that are unknown are never taken for lower.
    """
    best = summary.system(summary.best) if summary.best else None
    if best is None:
        return None
    most = _usd(best)
    cheaper = [item for item in summary.systems if item.comparable and _usd(item) < most]
    for item in sorted(cheaper, key=_usd):
        found = summary.comparison(item.entry.name, best.entry.name)
        low = found.success.difference.low if found and found.success else None
        if low is not None and low > -MARGIN:
            return found
    return None


def _right(item: SystemFigures, title: str) -> Card:
    rate = item.figures.macro_success_rate
    assert rate is not None  # a comparable system has scored answers
    failed = item.figures.n_system_errors + item.figures.n_scorer_errors
    return Card(
        title=title,
        system=item.entry.name,
        kind=item.entry.kind,
        figure=percent(rate.value),
        spread=f"95 % CI {rate_bounds(rate)}, n {count(rate.n)}",
        note=f"{count(failed)} failed answers, not counted as wrong" if failed else "",
    )


def _as_good(summary: Summary, best: SystemFigures, rivals: list[SystemFigures]) -> Card:
    title = f"Cheapest shown within {100 * MARGIN:.0f} points of it"
    found = as_good_for_less(summary)
    if found is not None and found.success is not None:
        item, ratio, n = summary.system(found.a), found.usd_ratio, count(found.n_pairs)
        difference = found.success.difference
        return Card(
            title=title,
            system=found.a,
            kind=item.entry.kind,
            figure=_of_its_cost(ratio) if ratio else _per_right(item, "").figure,
            spread=f"95 % CI {interval(ratio, cost_share)}, n {n}" if ratio else "",
            note=f"{points(difference.value)} points right ({interval(difference, points)})",
        )
    if _usd(best) == math.inf:
        return Card(
            title=title, figure="none shown", note=f"what {best.entry.name} costs is unknown"
        )
    if all(_usd(item) >= _usd(best) for item in rivals):
        unpriced = sum(_usd(item) == math.inf for item in rivals)
        note = f"the cost of {unpriced} others is unknown" if unpriced else "it costs least as well"
        return Card(
            title=title,
            system=best.entry.name,
            kind=best.entry.kind,
            figure="itself",
            note=note,
        )
    return Card(title=title, figure="none shown", note=_nearest(summary, best, rivals))


def _nearest(summary: Summary, best: SystemFigures, rivals: list[SystemFigures]) -> str:
    """The cheapest rival that this n does not tell from ``best``, or that there is none."""
    cheaper = sorted((item for item in rivals if _usd(item) < _usd(best)), key=_usd)
    for item in cheaper:
        found = summary.comparison(item.entry.name, best.entry.name)
        if found is None or found.success is None or found.distinguishable:
            continue
        difference = found.success.difference
        cost = f", {_of_its_cost(found.usd_ratio)}" if found.usd_ratio else ""
        return (
            f"{untold(found)}: {item.entry.name}, {points(difference.value)} points "
            f"({interval(difference, points)}){cost}, n {count(found.n_pairs)}"
        )
    return "every cheaper system is distinguishably worse"


def _cheapest_right(systems: list[SystemFigures]) -> Card:
    title = "Cheapest right answer"
    priced = [
        (each.value, item)
        for item in systems
        if (each := item.figures.usd_per_success) is not None and not math.isinf(each.value)
    ]
    if not priced:
        return Card(title=title, figure=UNKNOWN, note="no cost is known, or nothing is right")
    card = _per_right(min(priced, key=lambda pair: pair[0])[1], title)
    rest = len(systems) - len(priced)
    others = f"; {rest} of {len(systems)} systems have no such cost" if rest else ""
    return Card(**{**vars(card), "note": card.note + others})


def _per_right(item: SystemFigures, title: str) -> Card:
    each, rate = item.figures.usd_per_success, item.figures.macro_success_rate
    known = each is not None and not math.isinf(each.value)
    right = f"{percent(rate.value)} right" if rate else ""
    if each is None or not known:
        spent = f"no success for {money(item.figures.usd)}" if each else "calls without a price"
        return Card(
            title=title,
            system=item.entry.name,
            kind=item.entry.kind,
            figure=money(each.value if each else None),
            note=spent,
        )
    bounds = interval(each, lambda usd: money(1000 * usd))
    return Card(
        title=title,
        system=item.entry.name,
        kind=item.entry.kind,
        figure=f"{money(1000 * each.value)} per 1,000",
        spread=f"95 % CI {bounds}, n {count(each.n)}",
        note=right,
    )


def _time(item: SystemFigures) -> Card:
    latency = item.figures.latency
    title = "Half of the answers within"
    if latency is None:
        return Card(title=title, system=item.entry.name, figure=UNKNOWN, note="no answer was timed")
    return Card(
        title=title,
        system=item.entry.name,
        kind=item.entry.kind,
        figure=duration(latency.p50.value),
        spread=f"95 % CI {interval(latency.p50, duration)}, n {count(latency.n)}",
        note=f"95 % within {duration(latency.p95.value)}",
    )


def _of_its_cost(ratio: Estimate) -> str:
    return f"{cost_share(ratio.value)} of its cost"


def _usd(item: SystemFigures) -> float:
    """Dollars per thousand samples, infinite where unknown: for ordering only."""
    estimate = item.figures.usd_per_thousand
    return math.inf if estimate is None else estimate.value
