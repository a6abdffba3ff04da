"""Which order battles have settled, and whom to have judged next, in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from evalsuite.analysis.numbers import percent
from evalsuite.judging.choosing import pairs_to_settle
from evalsuite.judging.settling import in_order
from evalsuite.judging.standing import Standing

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

MOST_OPEN = 8
"""Open pairs that are named."""


def standing_page(standing: Standing, n_next: int | None, title: str = "") -> Group:
    """What is settled and what is open, and the ``n_next`` pairs to judge next (None: unasked)."""
    from rich.console import Group
    from rich.text import Text

    head = f"{title}: " if title else ""
    lines = [Text(f"{head}{line}") for line in standing_lines(standing)]
    if n_next is None or standing.settled:
        return Group(*lines, Text(""))
    return Group(*lines, _next_table(standing, n_next), Text(""))


def standing_lines(standing: Standing) -> list[str]:
    """What is settled, how surely, and what is open, a sentence each."""
    wanted, names = standing.wanted, standing.systems
    what = {None: "order", 1: "best"}.get(wanted.top, f"top {wanted.top}")
    state = "settled" if standing.settled else "not settled"
    lines = [
        f"{what} {state}: {in_order(names, standing.signs)} "
        f"(wrong with a chance of {percent(wanted.alpha)} at most)"
    ]
    if standing.circle:
        beaten = ", ".join(standing.circle)
        lines.append(f"{beaten} beat each other in a circle: nothing ranks them")
    pairs = [f"{names[i]} ? {names[j]}" for i, j in standing.open_pairs()]
    if pairs:
        more = f" and {len(pairs) - MOST_OPEN} more" if len(pairs) > MOST_OPEN else ""
        lines.append(f"open: {', '.join(pairs[:MOST_OPEN])}{more}")
    return lines


def _next_table(standing: Standing, n: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("judge next")
    for name in ("clusters", "score so far", "judged on"):
        table.add_column(name, justify="right")
    for row in pairs_to_settle(standing, n).to_dict("records"):
        met = standing.meetings[row["a"], row["b"]]
        table.add_row(
            Text(f"{row['a']} and {row['b']}", style="cyan"),
            f"{row['clusters']:,}",
            "" if met.score is None else f"{met.score:.2f}",
            f"{met.n:,}",
        )
    return table
