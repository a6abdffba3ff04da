"""The cells of the systems table, in words, shared by the terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from evalsuite.analysis.intervals import Estimate
from evalsuite.analysis.measure import Figures
from evalsuite.analysis.numbers import (
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
    """A figure in words and, where it has one, its interval or explanation in small print."""

    main: str
    small: str = ""


@dataclass(frozen=True)
class Column:
    """A column of the systems table; narrow terminals drop those of low ``importance`` first."""

    title: str
    help: str
    cell: Callable[[SystemFigures], Cell]
    importance: int


def rate_cell(estimate: Estimate | None) -> Cell:
    """A success rate with its 95 % interval."""
    if estimate is None:
        return Cell(NOT_APPLICABLE, "nothing scored")
    return Cell(percent(estimate.value), rate_bounds(estimate))


def failures_cell(figures: Figures) -> Cell:
    """How many answers failed, and of which kinds."""
    failed = figures.n_system_errors + figures.n_scorer_errors
    kinds = ", ".join(f"{name} {n}" for name, n in figures.failures.items())
    return Cell(count(failed), kinds)


def spend_cell(figures: Figures) -> Cell:
    """What everything cost, or why that is unknown."""
    if figures.usd is None:
        return Cell(
            UNKNOWN, f"{count(figures.n_unpriced)} of {count(figures.n_attempted)} unpriced"
        )
    return Cell(money(figures.usd))


def per_success_cell(figures: Figures) -> Cell:
    """Dollars per thousand successes; infinite, with what was spent, where there are none."""
    estimate = figures.usd_per_success
    if estimate is None:
        return spend_cell(figures)
    if figures.n_successes == 0:
        return Cell(money(estimate.value), f"no success for {money(figures.usd)}")
    return Cell(money(1000 * estimate.value), interval(estimate, lambda usd: money(1000 * usd)))


def per_thousand_cell(figures: Figures) -> Cell:
    """Dollars per thousand samples attempted."""
    estimate = figures.usd_per_thousand
    if estimate is None:
        return spend_cell(figures)
    return Cell(money(estimate.value), interval(estimate, money))


def percentile_cell(figures: Figures, which: str) -> Cell:
    """The ``p50`` or ``p95`` of latency with its interval; no figure for recorded answers."""
    if figures.latency is None:
        return Cell(NOT_APPLICABLE, "not timed")
    estimate: Estimate = getattr(figures.latency, which)
    return Cell(duration(estimate.value), interval(estimate, duration))


def tokens_cell(figures: Figures) -> Cell:
    """Input and output tokens of all calls; unknown where a backend counts none."""
    if figures.input_tokens is None or figures.output_tokens is None:
        return Cell(UNKNOWN)
    return Cell(f"{count(figures.input_tokens)} / {count(figures.output_tokens)}")


def energy_cell(figures: Figures) -> Cell:
    """Joules per success, or unknown."""
    return Cell(energy(figures.joules_per_success))


def escalation_cell(system: SystemFigures) -> Cell:
    """Share of a hybrid's answers that took more than one role."""
    if system.hybrid is None:
        return Cell(NOT_APPLICABLE)
    return rate_cell(system.hybrid.escalation)


def fit_cell(system: SystemFigures) -> Cell:
    """What preparing the system cost, apart from its answers."""
    if not system.fits:
        return Cell(NOT_APPLICABLE)
    return Cell(money(system.fit_usd), duration(system.fit_seconds))


def systems_columns() -> tuple[Column, ...]:
    """The columns of the systems table, in order."""
    return (
        Column(
            "right",
            "success rate over scored answers, every task weighing the same; 95 % CI",
            lambda item: rate_cell(item.figures.macro_success_rate),
            9,
        ),
        Column(
            "scored",
            "scored answers / attempted ones",
            lambda item: Cell(f"{item.figures.n_scored:,}", f"of {item.figures.n_attempted:,}"),
            7,
        ),
        Column(
            "failed",
            "answers that failed or could not be scored; not counted as wrong",
            lambda item: failures_cell(item.figures),
            8,
        ),
        Column(
            "$ / 1k right",
            "all spend, failed and escalated calls included, per 1,000 successes; 95 % CI",
            lambda item: per_success_cell(item.figures),
            9,
        ),
        Column(
            "$ / 1k asked",
            "all spend per 1,000 samples attempted; 95 % CI",
            lambda item: per_thousand_cell(item.figures),
            6,
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
