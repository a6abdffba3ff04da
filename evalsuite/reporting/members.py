"""A cascade, router or fallback beside its members in words, for terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.numbers import (
    NOT_APPLICABLE,
    UNKNOWN,
    count,
    interval,
    money,
    percent,
    points,
    rate_bounds,
    times,
)
from evalsuite.analysis.routing.members import AgainstMembers
from evalsuite.analysis.summary import Summary
from evalsuite.reporting.columns import Cell, rate_cell

TITLES = (
    "right",
    "gap recovered",
    "cost of the strong alone",
    "random mix at its cost",
    "above random",
    "oracle right",
    "oracle, $ per 1,000",
    "n",
)
"""What the columns of ``member_cells`` are called."""
HELP = (
    "On the samples that the hybrid and all its members were scored on. Gap recovered: how much of "
    "the distance from the first member to the most accurate one it covers. Random mix: the best "
    "that asking members at random gives for the same cost. Oracle: the cheapest right member of "
    "each sample, chosen with hindsight; a bound for any router, and no system."
)


def member_rows(summary: Summary) -> list[tuple[str, AgainstMembers]]:
    """The hybrids that were measured beside their members, as the systems are ordered."""
    found = summary.against_members
    names = [item.entry.name for item in summary.systems]
    return [(name, found[name]) for name in names if name in found]


def member_cells(item: AgainstMembers) -> tuple[Cell, ...]:
    """A hybrid's row, a cell for each of ``TITLES``."""
    gap = item.gap_recovered
    above = item.above_random
    oracle = item.oracle.usd
    return (
        rate_cell(item.success),
        Cell(NOT_APPLICABLE, f"{item.weak} is not behind")
        if gap is None
        else Cell(percent(gap.value), rate_bounds(gap)),
        _ratio(item.cost_share),
        Cell(UNKNOWN) if item.random_mix is None else rate_cell(item.random_mix),
        Cell(UNKNOWN) if above is None else Cell(points(above.value), interval(above, points)),
        rate_cell(item.oracle.success),
        Cell(UNKNOWN)
        if oracle is None
        else Cell(money(1000 * oracle.value), interval(_thousand(oracle), money)),
        Cell(count(item.n)),
    )


def member_sentences(rows: Sequence[tuple[str, AgainstMembers]]) -> list[str]:
    """One sentence a hybrid."""
    return [f"{name}, {_sentence(item)}" for name, item in rows]


def _sentence(item: AgainstMembers) -> str:
    words = [f"n {count(item.n)}: {_gap(item)}"]
    if item.cost_share is not None:
        words[0] += f" at {times(item.cost_share.value)} of {item.strong}'s cost"
        words[0] += _bounds(interval(item.cost_share, times))
    if item.above_random is not None:
        words.append(
            f"{points(item.above_random.value)} points"
            f"{_bounds(interval(item.above_random, points))} against members asked at random for "
            "the same cost"
        )
    oracle = f"with hindsight {percent(item.oracle.success.value)} right"
    if item.oracle.usd is not None:
        oracle += f" at {money(1000 * item.oracle.usd.value)} per 1,000"
    return "; ".join([*words, oracle]) + "."


def _gap(item: AgainstMembers) -> str:
    if item.gap_recovered is None:
        return f"no gap from {item.weak} to {item.strong} to recover"
    return (
        f"recovers {percent(item.gap_recovered.value)}"
        f"{_bounds(rate_bounds(item.gap_recovered))} of the gap from {item.weak} to {item.strong}"
    )


def _bounds(words: str) -> str:
    return f" ({words})" if words else ""


def _ratio(estimate: Estimate | None) -> Cell:
    if estimate is None:
        return Cell(UNKNOWN)
    return Cell(times(estimate.value), interval(estimate, times))


def _thousand(estimate: Estimate) -> Estimate:
    """Dollars an answer as dollars per thousand."""
    low, high = (None if bound is None else 1000 * bound for bound in (estimate.low, estimate.high))
    return replace(estimate, value=1000 * estimate.value, low=low, high=high)
