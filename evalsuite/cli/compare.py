"""``evalsuite compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    a: Annotated[Path, typer.Argument(help="A run's folder.")],
    b: Annotated[
        Path | None, typer.Argument(help="Another one; A again, where two systems are named.")
    ] = None,
    systems: Annotated[
        tuple[str, str] | None,
        typer.Option("--systems", "-s", help="A system of A and one of B (default: all in both)."),
    ] = None,
    flips: Annotated[
        int, typer.Option(min=0, help="Losses and gains of a system to show, with both answers.")
    ] = 5,
    markdown: Annotated[Path | None, typer.Option(help="Markdown to write.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="JSON to write.")] = None,
) -> None:
    """Compare two runs: what differs, by how much, how sure, where, and which samples flipped."""
    from rich.console import Console

    from evalsuite import gates
    from evalsuite.reporting.compare_markdown import comparison_json, comparison_markdown
    from evalsuite.reporting.compare_terminal import render_comparison

    compared = gates.compare(a, b or a, systems=systems)
    render_comparison(compared, Console(), flips=flips)
    written = {markdown: comparison_markdown(compared, flips=flips)} if markdown else {}
    if json is not None:
        written[json] = comparison_json(compared)
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
