"""Success by slice, in cells and sentences, for the terminal, Markdown and HTML."""

from __future__ import annotations

from itertools import groupby

from evalsuite.analysis.numbers import NOT_APPLICABLE, UNKNOWN, count, interval, points, times
from evalsuite.analysis.ranking import MARGIN
from evalsuite.analysis.slice_figures import Slice, SliceCell, Slices
from evalsuite.reporting.columns import Cell, rate_cell

HEADING = "Slices"
MARKS = {
    "better": ("better here", "\N{BLACK UP-POINTING TRIANGLE}"),
    "worse": ("worse here", "\N{BLACK DOWN-POINTING TRIANGLE}"),
    "close": (f"shown within {100 * MARGIN:.0f} points", "\N{ALMOST EQUAL TO}"),
    "undecided": ("undecided at this n", "?"),
    "reference": ("", ""),
}
"""What a cell's standing is called, and its sign."""


def help_words(slices: Slices) -> str:
    """What the section shows, and how differences were corrected."""
    words = "Share of the scored answers that are right, pooled over tasks, with its 95 % interval."
    if slices.reference is None or not slices.n_tests:
        return f"{words} No system is comparable overall, so none is compared."
    return (
        f"{words} Every system is compared with {slices.reference}, the best overall, on the "
        f"samples that both were scored on; of {count(slices.n_tests)} comparisons only what "
        "survives Benjamini and Hochberg's correction is called better or worse (5 % of that is "
        "false on average). Slices overlap, and they were looked at to find something: a new run "
        "on such samples is what confirms it."
    )


def by_trait(slices: Slices) -> list[tuple[str, list[Slice]]]:
    """The slices of each trait."""
    return [(trait, list(part)) for trait, part in groupby(slices.slices, lambda one: one.trait)]


def slice_cell(item: Slice, system: str) -> tuple[Cell, SliceCell | None]:
    """A system's rate in a slice with its n, and what it is made of; None where not scored."""
    cell = item.cell(system)
    if cell is None:
        return Cell(NOT_APPLICABLE, "not scored"), None
    rate = rate_cell(cell.rate)
    return Cell(rate.main, f"{rate.small}, n {count(cell.n)}", rate.value), cell


def mark_words(cell: SliceCell) -> str:
    """How a system stands to the reference, with the difference; "" for the reference."""
    said = MARKS[cell.standing][0]
    if not said or cell.difference is None:
        return said
    return f"{said}: {_difference(cell)}"


def _difference(cell: SliceCell) -> str:
    assert cell.difference is not None
    bounds = interval(cell.difference, points)
    return f"{points(cell.difference.value)} points ({bounds}), n {count(cell.n_pairs)}"


def choice_cell(item: Slice) -> Cell:
    """The cheapest system that is not shown to be worse than the reference here."""
    if item.cheapest is None:
        return Cell(UNKNOWN, "no price known, or nothing to compare")
    words = [] if item.cheapest_shown else ["not shown to be as good: n too small to tell"]
    if item.usd_ratio is not None and item.usd_ratio != 1:
        words.insert(0, f"{times(item.usd_ratio)} of the cost")
    return Cell(item.cheapest, "; ".join(words))


def slice_sentences(slices: Slices) -> list[str]:
    """What is shown: where another system is better, where a cheaper one is as good."""
    said = []
    for item in slices.slices:
        where = f"{item.trait} = {item.value} (n {count(item.n_samples)})"
        for cell in item.cells:
            chosen = cell.system == item.cheapest and item.usd_ratio is not None
            cost = f" at {times(item.usd_ratio)} of its cost" if chosen else ""
            if cell.standing == "better":
                said.append(
                    f"{where}: {cell.system} is better than {slices.reference}{cost} "
                    f"({_difference(cell)})."
                )
            elif cell.standing == "close" and cell.system == item.cheapest:
                said.append(
                    f"{where}: {cell.system} is as good as {slices.reference}{cost} "
                    f"({mark_words(cell)})."
                )
    return said


def omitted_words(slices: Slices) -> list[str]:
    """Samples and systems that are in no slice."""
    said = [
        f"{trait}: {count(n)} samples have none of these values, or a rarer one."
        for trait, n in slices.n_without.items()
        if n
    ]
    if slices.left_out:
        said.append(f"Left out, beyond the first systems: {', '.join(slices.left_out)}.")
    return said
