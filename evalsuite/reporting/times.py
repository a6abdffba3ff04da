"""How long answers took, in cells: percentiles of each kind of time, and what they are over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalsuite.analysis.latency import Distribution
from evalsuite.analysis.latency_figures import SystemLatency
from evalsuite.analysis.numbers import (
    INFINITE,
    NOT_APPLICABLE,
    UNKNOWN,
    count,
    duration,
    interval,
    percent,
)
from evalsuite.reporting.columns import Cell, rate_cell

HEADING = "Latency"
QUANTILES = (0.5, 0.9, 0.95, 0.99)
TITLES = ("timed", *(f"p{100 * q:.0f}" for q in QUANTILES), "mean", "p95 at worst")
KINDS = {
    "ttft": ("time to first token", "of streamed answers, waiting included"),
    "tpot": ("time per output token", "after the first one, of streamed answers"),
    "queue": ("waiting", "inside backends, summed over the calls of an answer"),
    "service": ("service", "from start of work to the last token, of answers of one call"),
}
"""The parts of an answer's time: what they are called, and of which answers they are known."""
HELP = (
    "Small print is the interval by order statistics; “n too small” means that this n has none. "
    "Timed: answers felt in one piece; recorded, cached and resumed ones have no time. At worst: "
    "with every failed answer as infinitely slow."
)


def time_cells(item: SystemLatency) -> tuple[Cell, ...]:
    """The cells below ``TITLES`` of one system, end to end."""
    found = item.times.get("end_to_end")
    timed = Cell(count(item.n_timed), _beside(item), item.n_timed)
    if found is None:
        return (timed, *(Cell(NOT_APPLICABLE, "not timed") for _ in TITLES[1:]))
    worst = found.at_worst.get(0.95)
    return (
        timed,
        *_quantile_cells(found),
        Cell(duration(found.mean), value=found.mean),
        Cell(INFINITE if worst == float("inf") else duration(worst), value=worst),
    )


def part_rows(latencies: Sequence[SystemLatency]) -> Iterator[tuple[str, str, tuple[Cell, ...]]]:
    """(system, part, cells of n and percentiles) of every part of a time that is known."""
    for kind, (title, _) in KINDS.items():
        for item in latencies:
            found = item.times.get(kind)
            if found is not None:
                missing = f"{count(found.n_unknown)} unknown" if found.n_unknown else ""
                n = Cell(count(found.n), missing, found.n)
                yield item.system, title, (n, *_quantile_cells(found))


def part_notes(latencies: Sequence[SystemLatency]) -> tuple[str, ...]:
    """What each part that is known of any system is, and which are known of none."""
    known = {kind for item in latencies for kind in item.times}
    notes = [f"{title}: {about}" for kind, (title, about) in KINDS.items() if kind in known]
    absent = [title for kind, (title, _) in KINDS.items() if kind not in known]
    if absent:
        notes.append(f"not known of any answer: {', '.join(absent)}")
    return tuple(notes)


def goodput_cell(item: SystemLatency) -> Cell:
    """Answers within the stated limits, of all; no figure where none were stated."""
    if item.goodput is None:
        return Cell(NOT_APPLICABLE, "no service level stated")
    rate = item.goodput.per_second
    share = rate_cell(item.goodput.share)
    if rate is None:
        return Cell(UNKNOWN, f"{count(item.goodput.n_unknown)} answers unknown")
    return Cell(share.main, f"{share.small}, {rate:.3g} a second", share.value)


def latency_sentence(item: SystemLatency) -> str:
    """One system's percentiles in one sentence."""
    found = item.times.get("end_to_end")
    if found is None:
        return f"{item.system}: no answer was timed."
    parts = [
        f"p{100 * q:.0f} {duration(found.quantiles[q].value)} "
        f"({interval(found.quantiles[q], duration)})"
        for q in QUANTILES
    ]
    failed = f"; {percent(item.n_failed / item.n_attempted)} failed" if item.n_failed else ""
    return f"{item.system}: {', '.join(parts)}, n {count(found.n)}{failed}."


def _quantile_cells(found: Distribution) -> tuple[Cell, ...]:
    return tuple(
        Cell(
            duration(found.quantiles[q].value),
            interval(found.quantiles[q], duration),
            found.quantiles[q].value,
        )
        for q in QUANTILES
    )


def _beside(item: SystemLatency) -> str:
    """What the timed answers are of, and why others have no time."""
    parts = [f"of {count(item.n_attempted)}"]
    parts += [f"{count(item.n_failed)} failed"] * bool(item.n_failed)
    parts += [f"{count(item.n_untimed)} without a time"] * bool(item.n_untimed)
    return ", ".join(parts)
