"""The cells of the systems table, in words, shared by the terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.measure import Figures
from evalsuite.analysis.numbers import (
    EN_DASH,
    NOT_APPLICABLE,
    UNKNOWN,
    count,
    duration,
    energy,
    interval,
    money,
    percent,
    rate_bounds,
)
from evalsuite.analysis.summary import SystemFigures


@dataclass(frozen=True)
class Cell:
    """A figure in words and, where it has one, its interval or explanation in small print.

    ``value`` is what a table sorts by, in any unit that is one for the whole column; None where
    the figure is unknown or does not exist, which sorts last whichever way.
    """

    main: str
    small: str = ""
    value: float | None = None


@dataclass(frozen=True)
class Column:
    """A column of the systems table; narrow terminals drop those of low ``importance`` first.

    ``high_first`` says that the interesting end of the column is the high one.
    """

    title: str
    help: str
    cell: Callable[[SystemFigures], Cell]
    importance: int
    high_first: bool = False


def rate_cell(estimate: Estimate | None) -> Cell:
    """A success rate with its 95 % interval."""
    if estimate is None:
        return Cell(NOT_APPLICABLE, "nothing scored")
    return Cell(percent(estimate.value), rate_bounds(estimate), estimate.value)


def scored_cell(figures: Figures) -> Cell:
    """How many answers were scored, of how many attempted."""
    return Cell(count(figures.n_scored), f"of {count(figures.n_attempted)}", figures.n_scored)


def failures_cell(figures: Figures) -> Cell:
    """How many answers failed, and of which kinds."""
    failed = figures.n_system_errors + figures.n_scorer_errors
    kinds = ", ".join(f"{name} {n}" for name, n in figures.failures.items())
    return Cell(count(failed), kinds, failed)


def spend_cell(figures: Figures) -> Cell:
    """What everything cost, or why that is unknown."""
    if figures.usd is None:
        return Cell(
            UNKNOWN, f"{count(figures.n_unpriced)} of {count(figures.n_attempted)} unpriced"
        )
    return Cell(money(figures.usd), value=figures.usd)


def per_success_cell(figures: Figures) -> Cell:
    """Dollars per thousand successes; infinite, with what was spent, where there are none."""
    estimate = figures.usd_per_success
    if estimate is None:
        return spend_cell(figures)
    if figures.n_successes == 0:
        words = f"no success for {money(figures.usd)}"
        return Cell(money(estimate.value), words, estimate.value)
    bounds = interval(estimate, lambda usd: money(1000 * usd))
    return Cell(money(1000 * estimate.value), bounds, estimate.value)


def per_thousand_cell(figures: Figures) -> Cell:
    """Dollars per thousand samples attempted."""
    estimate = figures.usd_per_thousand
    if estimate is None:
        return spend_cell(figures)
    return Cell(money(estimate.value), interval(estimate, money), estimate.value)


def percentile_cell(figures: Figures, which: str) -> Cell:
    """The ``p50`` or ``p95`` of latency with its interval; no figure for recorded answers."""
    if figures.latency is None:
        return Cell(NOT_APPLICABLE, "not timed")
    estimate: Estimate = getattr(figures.latency, which)
    return Cell(duration(estimate.value), interval(estimate, duration), estimate.value)


def tokens_cell(figures: Figures) -> Cell:
    """Input and output tokens of all calls; unknown where a backend counts none."""
    if figures.input_tokens is None or figures.output_tokens is None:
        return Cell(UNKNOWN)
    total = figures.input_tokens + figures.output_tokens
    return Cell(f"{count(figures.input_tokens)} / {count(figures.output_tokens)}", value=total)


def energy_cell(figures: Figures) -> Cell:
    """Joules per success, or unknown."""
    return Cell(energy(figures.joules_per_success), value=figures.joules_per_success)


def escalation_cell(system: SystemFigures) -> Cell:
    """Share of a hybrid's answers that took more than one role."""
    if system.hybrid is None:
        return Cell(NOT_APPLICABLE)
    return rate_cell(system.hybrid.escalation)


def tie_cell(system: SystemFigures) -> Cell:
    """The letters that a system shares with those it is not told apart from, and its ranks."""
    if system.tie is None:
        return Cell(NOT_APPLICABLE)
    best, worst = system.tie.best_rank, system.tie.worst_rank
    ranks = f"rank {best}" if best == worst else f"rank {best}{EN_DASH}{worst}"
    return Cell(system.tie.letters, ranks, best)


def fit_cell(system: SystemFigures) -> Cell:
    """What preparing the system cost, apart from its answers."""
    if not system.fits:
        return Cell(NOT_APPLICABLE)
    return Cell(money(system.fit_usd), duration(system.fit_seconds), system.fit_usd)


TIED = Column(
    "tied",
    "systems that share a letter are not told apart: every pair on the same samples, corrected "
    "(Holm) over all pairs; and the ranks that the data leave open",
    tie_cell,
    8,
)


def systems_columns() -> tuple[Column, ...]:
    """The columns of the systems table, those that decide first."""
    return (
        Column(
            "right",
            "success rate over scored answers, every task weighing the same; 95 % CI",
            lambda item: rate_cell(item.figures.macro_success_rate),
            9,
            high_first=True,
        ),
        TIED,
        Column(
            "$ / 1k right",
            "all spend, failed and escalated calls included, per 1,000 successes; 95 % CI",
            lambda item: per_success_cell(item.figures),
            9,
        ),
        Column(
            "scored",
            "scored answers / attempted ones",
            lambda item: scored_cell(item.figures),
            7,
            high_first=True,
        ),
        Column(
            "failed",
            "answers that failed or could not be scored; not counted as wrong",
            lambda item: failures_cell(item.figures),
            8,
            high_first=True,
        ),
        Column(
            "p50",
            "median end-to-end time; 95 % interval by order statistics",
            lambda item: percentile_cell(item.figures, "p50"),
            5,
        ),
        Column(
            "p95",
            "95th percentile of end-to-end time; 95 % interval by order statistics",
            lambda item: percentile_cell(item.figures, "p95"),
            4,
        ),
        Column(
            "$ / 1k asked",
            "all spend per 1,000 samples attempted; 95 % CI",
            lambda item: per_thousand_cell(item.figures),
            6,
        ),
        Column("escalated", "answers that took more than one role", escalation_cell, 3),
        Column(
            "J / right",
            "joules per success, measured or estimated as the calls say",
            lambda item: energy_cell(item.figures),
            1,
        ),
        Column("tokens in / out", "tokens of all calls", lambda item: tokens_cell(item.figures), 1),
        Column("preparation", "cost and time of fitting, apart from the above", fit_cell, 2),
    )


def telling_columns(systems: Sequence[SystemFigures]) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns with a figure for any of ``systems``, and the titles of those all unknown."""
    telling, silent = [], []
    for column in systems_columns():
        cells = [column.cell(item) for item in systems]
        if all(cell.main in {NOT_APPLICABLE, UNKNOWN} and not cell.small for cell in cells):
            if any(cell.main == UNKNOWN for cell in cells):
                silent.append(column.title)
        else:
            telling.append(column)
    return tuple(telling), tuple(silent)
