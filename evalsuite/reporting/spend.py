"""Where the money went, in cells and sentences, for the terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalsuite.analysis.judged import JudgeFigures
from evalsuite.analysis.numbers import (
    UNKNOWN,
    count,
    duration,
    energy,
    interval,
    money,
    percent,
)
from evalsuite.analysis.spend import RoleSpend, SystemSpend
from evalsuite.analysis.summary import Summary, SystemFigures
from evalsuite.reporting.columns import Cell, fit_cell, per_thousand_cell

HEADING = "Where the money went"
HELP = (
    "All calls behind the answers, failed and escalated ones included. As made: what the calls "
    "cost when they are made; as billed: what this run was charged, without what a cache or a "
    "recording answered; cold cache: with nothing in the provider's cache; at list: without the "
    "discount of a batch or a service tier. Preparation and judging are in none of them."
)
COST_TITLES = (
    "as made",
    "as billed",
    "cold cache",
    "at list",
    "$ / right",
    "$ / asked",
    "$ / 1k asked",
    "preparation",
)
ROLE_TITLES = (
    "member",
    "cost",
    "share",
    "calls",
    "failed",
    "retries",
    "machine time",
    "tokens in / out",
    "energy",
)
HOPS = ("last hop", "earlier hops", "failed calls")
FATES = ("right answers", "wrong answers", "answers without a score")


@dataclass(frozen=True)
class Part:
    """A part of a bar: from ``start`` on, ``share`` of all of it, both 0 to 1."""

    label: str
    words: str
    start: float
    share: float


def spend_rows(summary: Summary) -> list[tuple[SystemSpend, SystemFigures]]:
    """What each system took, beside its figures."""
    return [(item, summary.system(item.system)) for item in summary.spend]


def cost_cells(spend: SystemSpend, system: SystemFigures) -> tuple[Cell, ...]:
    """The cells below ``COST_TITLES``."""
    costs, figures = spend.costs, system.figures
    each = figures.usd_per_thousand
    return (
        _usd(spend.usd, spend.known_usd, spend.n_unpriced),
        _usd(costs.billed_usd, None, 0),
        _usd(costs.cache_cold_usd, None, costs.n_unknown),
        _usd(costs.list_usd, None, costs.n_unknown),
        Cell(UNKNOWN)
        if figures.usd_per_success is None
        else Cell(
            money(figures.usd_per_success.value),
            interval(figures.usd_per_success, money),
            figures.usd_per_success.value,
        ),
        Cell(UNKNOWN)
        if each is None
        else Cell(
            money(each.value / 1000), interval(each, lambda usd: money(usd / 1000)), each.value
        ),
        per_thousand_cell(figures),
        fit_cell(system),
    )


def role_cells(item: RoleSpend) -> tuple[Cell, ...]:
    """The cells below ``ROLE_TITLES``."""
    tokens = Cell(UNKNOWN)
    if item.input_tokens is not None and item.output_tokens is not None:
        words = f"{count(item.input_tokens)} / {count(item.output_tokens)}"
        tokens = Cell(words, value=item.input_tokens + item.output_tokens)
    return (
        Cell(item.member),
        _usd(item.usd, item.known_usd, item.n_unpriced),
        Cell(percent(item.share), value=item.share),
        Cell(count(item.n_calls), value=item.n_calls),
        Cell(count(item.n_failed_calls), value=item.n_failed_calls),
        Cell(count(item.n_retries), value=item.n_retries),
        Cell(UNKNOWN)
        if item.machine_seconds is None
        else Cell(duration(item.machine_seconds), value=item.machine_seconds),
        tokens,
        Cell(energy(item.joules), value=item.joules),
    )


def role_name(item: RoleSpend) -> str:
    """The role, or what a plain model has instead of one."""
    return item.role or "the model itself"


def hop_parts(item: SystemSpend) -> list[Part]:
    """A system's dollars by hop; nothing where any are unknown, or all are 0."""
    return _parts(HOPS, (item.last_usd, item.earlier_usd, item.failed_usd))


def fate_parts(item: SystemSpend) -> list[Part]:
    """A system's dollars by what became of the answer; nothing where any are unknown, or all 0."""
    return _parts(FATES, (item.right_usd, item.wrong_usd, item.unscored_usd))


def _parts(labels: Sequence[str], amounts: Sequence[float | None]) -> list[Part]:
    known = [usd for usd in amounts if usd is not None]
    total = sum(known)
    if len(known) < len(amounts) or total <= 0:
        return []
    found, start = [], 0.0
    for label, usd in zip(labels, known, strict=True):
        share = usd / total
        words = f"{label} {money(usd)} ({percent(share)})"
        found.append(Part(label=label, words=words, start=start, share=share))
        start += share
    return found


def spend_sentence(item: SystemSpend) -> str:
    """One system on one line: what it took, on which hops, and what wrong answers took."""
    if item.usd is None:
        return (
            f"{item.system}: unknown, because {count(item.n_unpriced)} of {count(item.n_calls)} "
            f"calls have no price; the others cost {money(item.known_usd)}."
        )
    words = f"{item.system}: {money(item.usd)} for {count(item.n_answers)} answers"
    hops = [part.words for part in hop_parts(item) if part.share > 0]
    if len(hops) > 1:
        words += f"; {', '.join(hops)}"
    fates = [part.words for part in fate_parts(item) if part.share > 0]
    return f"{words}; {', '.join(fates)}." if fates else f"{words}."


def judge_sentences(judges: Sequence[JudgeFigures]) -> list[str]:
    """What judging took, a judge a line; it is in no figure of the systems."""
    return [
        f"{item.judge} by {item.by}: {money(item.usd)} for {count(item.n_questions)} questions."
        for item in judges
        if item.n_questions
    ]


def _usd(usd: float | None, known: float | None, n_unknown: int) -> Cell:
    if usd is not None:
        return Cell(money(usd), value=usd)
    small = f"{count(n_unknown)} calls without a price" if n_unknown else ""
    if known:
        small += f"; the others {money(known)}"
    return Cell(UNKNOWN, small)
