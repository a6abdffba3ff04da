"""What failed, in cells and sentences, for the terminal, Markdown and HTML."""

from __future__ import annotations

from evalsuite.analysis.failures import FailedCalls, FailureKind, SystemFailures
from evalsuite.analysis.judged import JudgeFigures
from evalsuite.analysis.numbers import EN_DASH, NOT_APPLICABLE, count, percent
from evalsuite.analysis.summary import Summary
from evalsuite.reporting.columns import Cell

HELP = (
    "A failure is no answer, not a wrong one: rates leave it out. An answer that could not be read "
    "counts as wrong, and is in the rates. Right at worst and at best: the share of all attempted "
    "answers that are right if every failure had been wrong, or right."
)
SYSTEM_TITLES = (
    "attempted",
    "no answer",
    "scorer failed",
    "unreadable",
    "right at worst–best",
    "calls retried",
)
KIND_TITLES = ("kind", "answers", "of attempted", "tasks", "in role", "messages")
CALL_TITLES = ("role", "kind", "calls", "answers", "answered all the same")
_SIDES = {
    "system": "no answer",
    "scorer": "our scorer failed",
    "form": "unreadable, counted as wrong",
}


def failing(summary: Summary) -> list[SystemFailures]:
    """The systems of which there is something to tell."""
    return [item for item in summary.failures if not item.none]


def system_cells(item: SystemFailures) -> tuple[Cell, ...]:
    """The cells below ``SYSTEM_TITLES``."""
    bounds = Cell(NOT_APPLICABLE)
    if item.at_worst is not None and item.at_best is not None:
        words = percent(item.at_worst)
        if item.at_best > item.at_worst:
            words = f"{100 * item.at_worst:.1f}{EN_DASH}{percent(item.at_best)}"
        bounds = Cell(words, value=item.at_worst)
    mended = f"{count(item.n_mended_calls)} then answered" if item.n_retried_calls else ""
    return (
        Cell(count(item.n_attempted), value=item.n_attempted),
        _of(item.n_system_errors, item.n_attempted),
        _of(item.n_scorer_errors, item.n_attempted),
        _of(item.n_unreadable, item.n_attempted),
        bounds,
        Cell(count(item.n_retried_calls), mended, item.n_retried_calls),
    )


def kind_cells(item: FailureKind) -> tuple[Cell, ...]:
    """The cells below ``KIND_TITLES``, the messages left out: ``item.examples`` has them."""
    roles = ", ".join(
        f"{role or 'the model itself'} {count(n)}" for role, n in list(item.roles.items())[:3]
    )
    tasks = ", ".join(f"{task} {count(n)}" for task, n in list(item.tasks.items())[:3])
    more = len(item.tasks) - 3
    return (
        Cell(item.kind, _SIDES[item.side]),
        Cell(count(item.n), value=item.n),
        Cell(percent(item.share), value=item.share),
        Cell(tasks + (f" and {more} more" if more > 0 else "")),
        Cell(roles or NOT_APPLICABLE),
    )


def call_cells(item: FailedCalls) -> tuple[Cell, ...]:
    """The cells below ``CALL_TITLES``."""
    return (
        Cell(item.role or "the model itself", item.member),
        Cell(item.kind),
        Cell(count(item.n_calls), value=item.n_calls),
        Cell(count(item.n_answers), value=item.n_answers),
        Cell(count(item.n_survived), value=item.n_survived),
    )


def failure_sentence(item: SystemFailures) -> str:
    """One system on one line: how many of which kind, and what that may make of its rate."""
    kinds = ", ".join(f"{kind.kind} {count(kind.n)} ({percent(kind.share)})" for kind in item.kinds)
    words = f"{item.system}, of {count(item.n_attempted)}: {kinds or 'every answer arrived'}"
    if item.n_retried_calls:
        words += (
            f"; {count(item.n_retried_calls)} calls took more than one attempt, of which "
            f"{count(item.n_mended_calls)} then answered"
        )
    if item.at_worst is not None and item.at_best is not None and item.at_best > item.at_worst:
        words += f"; right {percent(item.at_worst)} at worst, {percent(item.at_best)} at best"
    return f"{words}."


def judge_errors(judges: tuple[JudgeFigures, ...]) -> list[str]:
    """What judges failed at, a judge a line; none of it is a failure of a system."""
    return [
        f"{item.judge} by {item.by} gave no verdict: "
        + ", ".join(f"{kind} {count(n)}" for kind, n in item.errors.items())
        + f", beside {count(item.n_judged)} verdicts."
        for item in judges
        if item.errors
    ]


def _of(n: int, attempted: int) -> Cell:
    return Cell(count(n), percent(n / attempted) if n else "", n)
