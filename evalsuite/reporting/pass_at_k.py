"""What repeats of the same samples say, in cells, for the terminal, Markdown and HTML."""

from __future__ import annotations

from collections.abc import Sequence

from evalsuite.analysis.numbers import NOT_APPLICABLE, count, percent
from evalsuite.analysis.repeated import Repeated
from evalsuite.reporting.columns import Cell, rate_cell

HEADING = "Repeats"
HELP = (
    "pass@k: the chance that at least one of k answers to a problem is right, pass^k that all of "
    "them are; means over problems of the unbiased estimates (Chen et al. 2021, Yao et al. 2024), "
    "with 95 % intervals over problems. Failed answers are left out, and no k is beyond the scored "
    "answers of the problem that has the fewest."
)


def ks_of(repeated: Sequence[Repeated]) -> list[int]:
    """Every k that is known of any task and system."""
    return sorted({at.k for item in repeated for at in item.at})


def titles(ks: Sequence[int]) -> list[str]:
    """The titles above ``repeated_cells``."""
    shown = [k for k in ks if k > 1]
    ats = [f"pass@{k}" for k in ks]
    return ["problems", "answers", *ats, *(f"pass^{k}" for k in shown)]


def repeated_cells(item: Repeated, ks: Sequence[int]) -> list[Cell]:
    """The cells of one task and system below ``titles``."""
    found = {at.k: at for at in item.at}
    why = f"fewest scored: {count(item.fewest)}"
    none = Cell(NOT_APPLICABLE, why)
    failed = f"and {count(item.n_unknown)} without a score" if item.n_unknown else ""
    return [
        Cell(count(item.n_problems), why, item.n_problems),
        Cell(count(item.n_answers), failed, item.n_answers),
        *(rate_cell(found[k].any_of) if k in found else none for k in ks),
        *(rate_cell(found[k].all_of) if k in found else none for k in ks if k > 1),
    ]


def repeated_sentence(item: Repeated) -> str:
    """One task and system on one line."""
    words = ", ".join(
        f"pass@{at.k} {percent(at.any_of.value)}"
        + (f" (all {at.k}: {percent(at.all_of.value)})" if at.k > 1 else "")
        for at in item.at
    )
    said = words or "too few scored answers of some problem"
    return f"{item.system}, {item.task}, {count(item.n_problems)} problems: {said}."
