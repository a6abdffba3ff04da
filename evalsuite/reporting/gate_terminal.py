"""A gate's result in a terminal: the verdict first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from evalsuite.analysis.gate_figures import UNCHANGED
from evalsuite.analysis.gate_result import Finding, GateResult, GateVerdict
from evalsuite.reporting import gate_words as words
from evalsuite.reporting.plain import one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

STYLES: dict[GateVerdict, str] = {
    "pass": "bold green",
    "regressed": "bold red",
    "inconclusive": "bold yellow",
    "unreliable": "bold magenta",
    "incompatible": "bold magenta",
}
ORDER = ("regressed", "inconclusive", "pass")
NARROW = 100
"""Below so many columns, p-value and n are left to the sentences."""
SHOWN_SAMPLES = 5


def render_gate(result: GateResult, console: Console) -> None:
    """Print ``result`` on ``console``."""
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.text import Text

    title = Text(words.TITLES[result.verdict].upper(), style=STYLES[result.verdict])
    title.append(f"  {one_line(result.run)} against {one_line(result.baseline)}", style="default")
    console.print(Rule(title, align="left"))
    console.print(Padding(Text(one_line(words.headline(result), 4000)), (1, 0)))
    judged = [
        item
        for verdict in ORDER
        for item in result.findings
        if item.verdict == verdict and item.why != UNCHANGED
    ]
    if judged:
        console.print(_table(judged, console.width, words.interval_title(result)))
        console.print(Text(words.rule_sentence(result) + "\n", style="dim"))
    _lines(console, "Answered as before", words.unchanged_lines(result))
    _lines(console, "Differs from the baseline", (item.text for item in result.mismatches))
    _lines(console, "Critical samples", map(words.critical_sentence, result.criticals))
    _lines(console, "Systems that changed", result.changed)
    _samples(result, console)
    _lines(console, "Failed answers", map(words.failure_sentence, result.failures))
    _lines(console, "Not gated", words.not_gated_lines(result))
    _lines(console, "Mind", result.notes)


def _table(findings: Sequence[Finding], width: int, interval_title: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    kept = [
        index
        for index, name in enumerate(words.COLUMNS)
        if width >= NARROW or name not in ("p", "before", words.N_TITLE)
    ]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), header_style="dim")
    for index in kept:
        name = words.COLUMNS[index]
        shown = f"change ({interval_title})" if name == "change" else name
        table.add_column(shown, overflow="fold")
    for item in findings:
        row = words.cells(item)
        style = {"regressed": "red", "inconclusive": "yellow"}.get(item.verdict, "")
        table.add_row(*(Text(one_line(row[index]), style=style) for index in kept))
    return table


def _samples(result: GateResult, console: Console) -> None:
    """The samples that came out otherwise, the largest losses first, with what was answered."""
    from rich.padding import Padding
    from rich.text import Text

    if not result.flips:
        return
    n = result.n_flips
    console.print(Text(f"Samples that came out otherwise: {n:,} ({words.OUTCOMES})", style="bold"))
    for item in result.flips[:SHOWN_SAMPLES]:
        text = Text(one_line(words.flip_sentence(item)))
        text.append(f"\n  asked {one_line(item.prompt, 120)}", style="dim")
        text.append(f"\n  expected {one_line(item.target, 120)}", style="dim")
        answered = "nothing" if item.answer_now is None else one_line(item.answer_now, 120)
        text.append(f"\n  answered {answered}", style="dim")
        console.print(Padding(text, (0, 0, 0, 2)))
    console.print()


def _lines(console: Console, title: str, lines: Iterable[str]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    shown = list(lines)
    if not shown:
        return
    console.print(Text(title, style="bold"))
    for line in shown:
        console.print(Padding(Text(one_line(line, 2000)), (0, 0, 0, 2)))
    console.print()
