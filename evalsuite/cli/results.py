"""What becomes of answers: ``report``, and ``import`` of those recorded elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evalsuite.cli.options import Milliseconds, named, service_level


def report(
    runs: Annotated[list[Path], typer.Argument(help="Finished run folders.")],
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            "-o",
            help="A .html, .md, .csv, .json, .parquet, .svg or .png; repeatable "
            "(default: report.html in RUN).",
        ),
    ] = None,
    title: Annotated[str | None, typer.Option(help="What stands in place of the name.")] = None,
    samples: Annotated[
        int | None, typer.Option(min=0, help="Most samples in the page's explorer.")
    ] = None,
    figure: Annotated[
        str, typer.Option(help="What .svg and .png draw: plane or latency.")
    ] = "plane",
    ttft_ms: Annotated[
        Milliseconds, typer.Option(help="Goodput counts answers within: time to first token.")
    ] = None,
    tpot_ms: Annotated[Milliseconds, typer.Option(help="... time per output token.")] = None,
    e2e_ms: Annotated[Milliseconds, typer.Option(help="... end to end.")] = None,
) -> None:
    """Write one report of a finished run, or of several together."""
    from evalsuite import api
    from evalsuite.errors import UserError
    from evalsuite.reporting.formats import ReportOptions

    if not out and len(runs) > 1:
        raise UserError("several runs make one report: say where it goes with --out FILE.html")
    paths = out or [runs[0] / "report.html"]
    stated = any(limit is not None for limit in (ttft_ms, tpot_ms, e2e_ms))
    limits = service_level(ttft_ms, tpot_ms, e2e_ms) if stated else None
    options = ReportOptions(title=title, samples=samples, figure=figure, limits=limits)
    api.write_reports(list(runs), paths, options)
    for path in paths:
        typer.echo(f"report: {path}")


def import_recordings(
    file: Annotated[Path, typer.Argument(help="Recorded answers: CSV or JSON Lines, also .gz.")],
    task: Annotated[list[str], typer.Option("--task", "-t", help="The task they answer.")],
    by: Annotated[
        str,
        typer.Option(help="How rows are found: prompt=COLUMN, sample_id=COLUMN, inputs.X=COLUMN."),
    ],
    system: Annotated[
        list[str], typer.Option("--system", "-s", help="NAME=COLUMN of its answers; repeatable.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The experiment file to write.")],
) -> None:
    """Make recorded answers into systems: writes an experiment that replays them."""
    import yaml

    from evalsuite import api
    from evalsuite.errors import UserError

    if out.exists():
        raise UserError(f"{out} exists already; choose another --out")
    answers = dict(named(entry, "--system") for entry in system)
    content = api.recorded_experiment(
        file, tasks=task, by=dict([named(by, "--by")]), answers=answers
    )
    out.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    typer.echo(f"experiment: {out}; add hybrids over its systems, then: evalsuite run {out}")
