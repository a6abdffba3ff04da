"""What judges said, in cells and sentences, shared by the terminal, Markdown and HTML."""

from __future__ import annotations

from evalsuite.analysis.judged import JudgeFigures, Marked
from evalsuite.analysis.numbers import (
    NOT_APPLICABLE,
    UNKNOWN,
    count,
    duration,
    interval,
    money,
    percent,
)
from evalsuite.judging.settling import OpenPair, Settling, in_order
from evalsuite.reporting.columns import Cell

JUDGE_TITLES = (
    "verdicts",
    "no verdict",
    "as scored",
    "ties",
    "order flips",
    "questions",
    "$ of judging",
    "time each",
)
"""What the columns of ``judge_cells`` are called."""
MARK_TITLES = ("by", "criterion", "system", "mean or rating", "n")
"""What the columns of ``mark_cells`` are called, after the judge."""
HELP = (
    "A judge's failure is no verdict and counts for nothing. As scored: the share of verdicts that "
    "are what people's labels or the tasks' own scores say. Order flips: pairs whose verdict "
    "changed with the order in which they were shown. "
    "What judging cost is in no figure of the systems."
)


def judge_cells(item: JudgeFigures) -> tuple[Cell, ...]:
    """A judge's row, a cell for each of ``JUDGE_TITLES``."""
    n_errors = sum(item.errors.values())
    kinds = ", ".join(f"{kind} {count(n)}" for kind, n in item.errors.items())
    agreement = item.agreement
    flips = item.flips
    asked = item.n_questions > 0
    return (
        Cell(count(item.n_judged), _on_itself(item.n_self)),
        Cell(count(n_errors), kinds),
        Cell(percent(agreement.value), f"{interval(agreement, percent)}, n {count(agreement.n)}")
        if agreement
        else Cell(NOT_APPLICABLE, ""),
        Cell(percent(item.ties) if item.ties is not None else NOT_APPLICABLE, ""),
        Cell(percent(flips.n_changed / flips.n), f"of {count(flips.n)}")
        if flips
        else Cell(NOT_APPLICABLE, ""),
        Cell(count(item.n_questions) if asked else NOT_APPLICABLE, ""),
        Cell(money(item.usd) if item.usd is not None else UNKNOWN, "")
        if asked
        else Cell(NOT_APPLICABLE, "its members'"),
        Cell(duration(item.seconds) if item.seconds is not None else NOT_APPLICABLE, ""),
    )


def mark_cells(item: JudgeFigures, mark: Marked) -> tuple[Cell, ...]:
    """What one system got by one criterion, a cell for each of ``MARK_TITLES``."""
    write = _points if mark.rating else _value
    estimate = mark.estimate
    return (
        Cell(item.by, ""),
        Cell(mark.criterion, ""),
        Cell(mark.system, ""),
        Cell(write(estimate.value), interval(estimate, write)) if estimate else Cell(UNKNOWN, ""),
        Cell(count(mark.n), _on_itself(mark.n_self)),
    )


def title_of(item: JudgeFigures) -> str:
    """The judge and who applied it."""
    return f"{item.judge} v{item.version}"


def heading(item: JudgeFigures) -> str:
    """The judge and who applied it, on one line."""
    return f"Judge {title_of(item)}, by {item.by}"


def judge_sentences(item: JudgeFigures) -> list[str]:
    """All of a judge's figures in sentences, for narrow places."""
    cells = zip(JUDGE_TITLES, judge_cells(item), strict=True)
    figures = [
        f"{title} {cell.main}" + (f" ({cell.small})" if cell.small else "")
        for title, cell in cells
        if cell.main != NOT_APPLICABLE
    ]
    lines = [", ".join(figures) + "."]
    for criterion in dict.fromkeys(mark.criterion for mark in item.marks):
        got = [_got(mark) for mark in item.marks if mark.criterion == criterion]
        lines.append(f"{criterion}: {'; '.join(got)}.")
    return [*lines, *judge_notes(item)]


def judge_notes(item: JudgeFigures) -> list[str]:
    """What a reader must know before believing a judge's figures."""
    name, lines = f"{title_of(item)} by {item.by}", []
    if item.n_self:
        lines.append(f"{name}: {count(item.n_self)} verdicts are on answers of its own model.")
    if 0 < item.n_expected < item.n_judged:
        lines.append(
            f"{name}: {count(item.n_expected)} of {count(item.n_judged)} values are weighed by the "
            "probabilities of the labels, the others are not."
        )
    agreement, bar = item.agreement, max(0.5, item.commonest or 0.0)
    if agreement is not None and (agreement.low is None or agreement.low <= bar):
        lines.append(
            f"{name}: agreement with what is right is weak: not shown to be above the "
            f"{percent(bar)} of a judge that always says the same."
        )
    if item.settling is not None:
        lines.extend(f"{name}: {line}" for line in settling_sentences(item.settling))
    if item.settled_before:
        lines.append(
            f"{name}: the run's answers have changed since this order was settled; judge again."
        )
    return [*lines, *(f"{name}: {note}" for note in item.notes)]


def settling_sentences(settling: Settling) -> list[str]:
    """What a judging that chose its pairs asked and saved, and which order it settled."""
    asked = (
        f"asked {count(settling.questions)} of {count(settling.of_questions)} questions "
        f"({percent(settling.saved)} saved)"
    )
    if settling.without_verdict:
        asked += f"; {count(settling.without_verdict)} verdicts failed"
    lines = [f"{asked}; {_order(settling)}."]
    if settling.circle:
        lines.append(
            f"{', '.join(settling.circle)} beat each other in a circle, so nothing ranks them."
        )
    if settling.open:
        lines.append(f"{_ENDED[settling.ended]}: {'; '.join(map(_undecided, settling.open))}.")
    return lines


_ENDED = {
    "settled": "undecided",
    "used_up": "undecided, with nothing left to ask",
    "most": "undecided when `most` was reached",
    "going_on": "undecided when judging was stopped",
}


def _order(settling: Settling) -> str:
    how = f"wrong with a chance of {percent(settling.alpha)} at most"
    if settling.margin is not None and "~" in settling.signs:
        how += f"; ~: a mean score within {settling.margin:g} of one half"
    names = settling.systems
    if settling.settle == "all":
        state = "order settled" if not settling.open else "order settled so far"
        return f"{state}: {in_order(names, settling.signs)} ({how})"
    top = 1 if settling.settle == "best" else int(settling.settle.removeprefix("top "))
    what = "best" if top == 1 else f"top {top}"
    if settling.open:
        return f"{what} not settled: {in_order(names, settling.signs)} ({how})"
    return f"{what} settled: {', '.join(names[:top])} ({how})"


def _undecided(pair: OpenPair) -> str:
    if pair.score is None:
        return f"{pair.a} ? {pair.b} (never judged)"
    left = f", {count(pair.left)} left" if pair.left else ""
    return f"{pair.a} ? {pair.b} (mean score {pair.score:.2f}, n {count(pair.n)}{left})"


def _got(mark: Marked) -> str:
    write = _points if mark.rating else _value
    if mark.estimate is None:
        return f"{mark.system} {UNKNOWN}"
    bounds = interval(mark.estimate, write)
    own = f", {_on_itself(mark.n_self)}" if mark.n_self else ""
    return f"{mark.system} {write(mark.estimate.value)} ({bounds}, n {count(mark.n)}{own})"


def _on_itself(n: int) -> str:
    return f"{count(n)} on itself" if n else ""


def _value(value: float) -> str:
    return f"{value:.2f}"


def _points(value: float) -> str:
    return f"{value:.0f}"
