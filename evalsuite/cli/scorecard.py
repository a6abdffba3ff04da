"""``evalsuite scorecard``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def scorecard(
    runs: Annotated[list[Path], typer.Argument(help="Finished run folders; several are pooled.")],
    as_json: Annotated[bool, typer.Option("--json", help="Every figure, as JSON.")] = False,
    as_markdown: Annotated[bool, typer.Option("--md", help="A table of Markdown.")] = False,
) -> None:
    """Success, cost, validity, latency, energy and escalation of every system."""
    import json

    from evalsuite import api
    from evalsuite.errors import UserError
    from evalsuite.reporting.json_report import json_value
    from evalsuite.reporting.scorecard import render_scorecards, to_markdown

    if as_json and as_markdown:
        raise UserError("--json and --md: choose one")
    loaded = [api.load(folder) for folder in runs]
    run = loaded[0]
    if len(loaded) > 1:
        from evalsuite.pooling import pool

        run = pool(loaded)
    cards = api.summarise(run).scorecards
    if as_json:
        typer.echo(json.dumps(json_value(cards), indent=2, ensure_ascii=False, allow_nan=False))
    elif as_markdown:
        typer.echo(to_markdown(cards), nl=False)
    else:
        from rich.console import Console

        render_scorecards(cards, Console())
