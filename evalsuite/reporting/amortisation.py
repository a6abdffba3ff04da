"""Preparation spread over answers, in words and cells, for the terminal, Markdown and HTML."""

from __future__ import annotations

import math

from evalsuite.analysis.amortisation import VOLUMES, Amortised, BreakEven
from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.numbers import EN_DASH, UNKNOWN, count, interval, money
from evalsuite.reporting.columns import Cell

HEADING = "Preparation spread over answers"
HELP = (
    "Dollars per 1,000 right answers with the preparation in them, by how many answers it is "
    "spread over. Preparation is taken as known, the mix of tasks as that of this run. Small "
    "print: 95 % intervals."
)
TITLES = ("preparation", "this run", *(f"{volume:,}" for volume in VOLUMES))


def amortised_cells(item: Amortised) -> list[Cell]:
    """The cells below ``TITLES`` of one system."""
    cells = [Cell(money(item.fit_usd))]
    for index, (volume, estimate) in enumerate(item.usd_per_success):
        cell = _per_thousand(estimate)
        small = f"{count(volume)} answers; {cell.small}".removesuffix("; ") if not index else ""
        cells.append(Cell(cell.main, small or cell.small))
    return cells


def amortised_sentence(item: Amortised) -> str:
    """One system on one line: what it paid, what that makes of a success, where it breaks even."""
    costs = ", ".join(
        f"{money(_thousand(estimate))} over {count(volume)}"
        for volume, estimate in (item.usd_per_success[0], *item.usd_per_success[2::2])
    )
    words = f"{item.system}, prepared for {money(item.fit_usd)}: per 1,000 right {costs} answers"
    return f"{words}. {break_even_words(item)}"


def break_even_words(item: Amortised) -> str:
    """Where a system is cheaper per success than each of the others."""
    if not item.break_even:
        return "No other system to break even with."
    said = [_words(other) for other in item.break_even if other.side in ("from", "up to")]
    for side, words in (
        ("always", "from the first answer than {}"),
        ("never", "never than {}"),
        ("unknown", "not to be told against {}"),
    ):
        names = [other.other + _at_best(other) for other in item.break_even if other.side == side]
        if names:
            said.append(words.format(", ".join(names)))
    return f"Cheaper per success {'; '.join(said)}."


def _words(other: BreakEven) -> str:
    assert other.answers is not None
    side = "from" if other.side == "from" else "up to"
    volume = f"{side} {_answers(other.answers.value)} answers"
    return f"{volume}{' on' * (side == 'from')} than {other.other} ({_interval(other.answers)})"


def _interval(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return "n too small for an interval" if "too small" in estimate.method else "no interval"
    if math.isinf(estimate.high):
        return f"95 % CI from {_answers(estimate.low)}, never not ruled out"
    return f"95 % CI {_answers(estimate.low)}{EN_DASH}{_answers(estimate.high)}"


def _at_best(other: BreakEven) -> str:
    """The lower bound of what is never cheaper, where there is one."""
    low = other.answers.low if other.answers else None
    return "" if low is None or math.isinf(low) else f" (from {_answers(low)} not ruled out)"


def _answers(value: float) -> str:
    """A number of answers, rounded up to three significant digits, because part of one is none."""
    if math.isinf(value):
        return "infinitely many"
    step = 10 ** max(0, len(str(int(value))) - 3)
    return count(math.ceil(value / step) * step)


def _per_thousand(estimate: Estimate | None) -> Cell:
    if estimate is None:
        return Cell(UNKNOWN)
    if math.isinf(estimate.value):
        return Cell(money(estimate.value), "no success")
    return Cell(money(_thousand(estimate)), interval(estimate, lambda usd: money(1000 * usd)))


def _thousand(estimate: Estimate | None) -> float | None:
    return None if estimate is None else 1000 * estimate.value
