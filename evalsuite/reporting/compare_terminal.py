"""Two runs compared, in a terminal: what differs, the systems, the slices, the flips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from evalsuite.analysis.flips import Flip
from evalsuite.analysis.run_pairs import RunPair
from evalsuite.reporting import compare_words as words
from evalsuite.reporting.gate_words import ARROW, OUTCOMES
from evalsuite.reporting.plain import one_line, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

FLIPS = 5
"""So many losses and so many gains of each system are shown, unless asked for more."""
WIDE = 130
"""Below so many columns, ratios are left to the sentences."""
SHOWN = 600
"""So many characters of an answer are shown."""


def render_comparison(compared: RunPair, console: Console, *, flips: int = FLIPS) -> None:
    """Print ``compared`` on ``console``, with at most ``flips`` losses and gains a system."""
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.text import Text

    title = f"A {one_line(compared.a)} {ARROW} B {one_line(compared.b)}"
    console.print(Rule(Text(title, style="bold"), align="left"))
    _lines(console, "What differs", compared.differences or ("nothing: the same run",))
    for pair in compared.systems:
        text = Text(one_line(words.pair_sentence(pair), 2000))
        console.print(Padding(text, (0, 0, 1, 0)))
    left_out = () if console.width >= WIDE else words.RATIO_COLUMNS
    systems = map(words.system_cells, compared.systems)
    console.print(_table(words.SYSTEM_COLUMNS, systems, left_out=left_out))
    rows = words.slice_rows(compared)
    if rows:
        console.print(Text("Slices, the least likely to be chance first", style="bold"))
        console.print(_table(words.SLICE_COLUMNS, rows))
    for pair in compared.systems:
        chosen = words.chosen_flips(pair.flips, flips)
        if chosen:
            n = f"{pair.n_lost:,} lost, {pair.n_gained:,} gained"
            head = f"Flips of {one_line(words.pair_name(pair))}: {n} ({OUTCOMES})"
            console.print(Text(head, style="bold"))
        for flip in chosen:
            _flip(flip, console)


def _flip(flip: Flip, console: Console) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    worse = flip.rate_now < flip.rate_before
    console.print(Text(one_line(words.flip_title(flip)), style="red" if worse else "green"))
    console.print(Padding(Text(f"asked {one_line(flip.prompt, 200)}", style="dim"), (0, 0, 0, 2)))
    console.print(Padding(Text(f"expected {one_line(flip.target)}", style="dim"), (0, 0, 0, 2)))
    sides = Table(box=None, padding=(0, 2), pad_edge=False, expand=True, show_header=True)
    sides.add_column("A", ratio=1, overflow="fold")
    sides.add_column("B", ratio=1, overflow="fold")
    sides.add_row(Text(_shown(flip.answer_before)), Text(_shown(flip.answer_now)))
    console.print(Padding(sides, (0, 0, 1, 2)))


def _shown(answer: str | None) -> str:
    """An answer with its line breaks, made harmless and cut."""
    if answer is None:
        return "(no answer)"
    text = visible(answer)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _table(
    titles: Sequence[str], rows: Iterable[Sequence[str]], *, left_out: Sequence[str] = ()
) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim")
    kept = [index for index, title in enumerate(titles) if title not in left_out]
    for index in kept:
        table.add_column(titles[index], overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(row[index])) for index in kept))
    return table


def _lines(console: Console, title: str, lines: Iterable[str]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    console.print(Text(title, style="bold"))
    for line in lines:
        console.print(Padding(Text(one_line(line, 2000)), (0, 0, 0, 2)))
    console.print()
