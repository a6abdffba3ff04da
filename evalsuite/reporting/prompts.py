"""Sensitivity to the prompt in words, shared by the terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence

from evalsuite.analysis.numbers import count, interval, percent
from evalsuite.analysis.prompt_sensitivity import NOTHING_VARIES, RankingFlip, Sensitivity
from evalsuite.prompting import base_name
from evalsuite.reporting.columns import Cell, rate_cell

TITLES = ("mean", "worst", "best", "spread", "more than chance", "n")
"""What the columns of ``sensitivity_cells`` are called."""
HELP = (
    "Success over the samples that were scored under every prompt. Spread: best less worst, in "
    "points, with an interval that allows for having picked the two. More than chance: that "
    "interval leaves out 0, and the test over all prompts rejects (p, after Holm)."
)
SHOWN_FLIPS = 10


def tasks_words(names: Sequence[str]) -> str:
    """How many tasks, and in how many ways they were asked: ``2 tasks, asked in 9 ways``."""
    n = len({base_name(name) for name in names})
    words = f"{count(n)} task{'s' * (n != 1)}"
    return words if n == len(names) else f"{words}, asked in {count(len(names))} ways"


def sensitivity_cells(item: Sensitivity) -> tuple[Cell, ...]:
    """A system's row, a cell for each of ``TITLES``."""
    alike = item.worst.rate == item.best.rate
    left_out = f"{count(item.n_left_out)} left out" if item.n_left_out else ""
    return (
        rate_cell(item.mean),
        Cell(percent(item.worst.rate), "" if alike else item.worst.prompt),
        Cell(percent(item.best.rate), "" if alike else item.best.prompt),
        _spread(item),
        _decision(item),
        Cell(count(item.n), left_out),
    )


def flip_sentences(flips: tuple[RankingFlip, ...]) -> list[str]:
    """Which systems change places between prompts, the proven ones first."""
    ordered = sorted(flips, key=lambda item: not item.shown)
    lines = [_flip(item) for item in ordered[:SHOWN_FLIPS]]
    more = len(ordered) - len(lines)
    return [*lines, f"and {count(more)} other pairs."] if more else lines


def _spread(item: Sensitivity) -> Cell:
    if item.spread.method == NOTHING_VARIES:
        return Cell("0.0", "same under every prompt")
    return Cell(_points(item.spread.value), interval(item.spread, _points))


def _decision(item: Sensitivity) -> Cell:
    p = "" if item.adjusted_p is None else _p(item.adjusted_p)
    return Cell("yes" if item.exceeds_chance else "not shown", p)


def _flip(item: RankingFlip) -> str:
    sure = "shown" if item.shown else "not shown to be more than chance"
    return (
        f"{item.a} is ahead of {item.b} under {', '.join(item.a_ahead)}; behind under "
        f"{', '.join(item.b_ahead)} ({sure})."
    )


def _points(share: float) -> str:
    return f"{100 * share:.1f}"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p {value:.3f}"
