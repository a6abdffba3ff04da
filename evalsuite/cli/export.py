"""``evalsuite export``: runs to other people's tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

export_app = typer.Typer(help="Carry finished runs to other tools.", no_args_is_help=True)
Runs = Annotated[list[Path], typer.Argument(help="Finished run folders.")]


@export_app.command("mlflow", short_help="Log runs to MLflow, each system a run.")
def export_mlflow(
    runs: Runs,
    tracking_uri: Annotated[
        str | None, typer.Option(help="A server or store (default: MLFLOW_TRACKING_URI).")
    ] = None,
    experiment: Annotated[
        str | None, typer.Option(help="MLflow's experiment (default: the run's name).")
    ] = None,
    tables: Annotated[
        bool, typer.Option("--tables", help="Upload the tables too, prompts and answers included.")
    ] = False,
) -> None:
    """Log runs to MLflow; exporting again brings them up to date."""
    from evalsuite import api
    from evalsuite.integrations.mlflow_export import export_to_mlflow

    for run in [api.load(folder) for folder in runs]:
        done = export_to_mlflow(
            run, tracking_uri=tracking_uri, experiment=experiment, tables=tables
        )
        tally = {
            word: sum(outcome == word for outcome in done.outcomes.values())
            for word in ("created", "updated", "unchanged")
        }
        words = ", ".join(f"{n} {word}" for word, n in tally.items() if n)
        typer.echo(f"exported: {run.path} to MLflow run {done.run_id} ({words})")


@export_app.command("otel", short_help="Send answers to a collector as traces.")
def export_otel(
    runs: Runs,
    endpoint: Annotated[
        str | None,
        typer.Option(help="OTLP over HTTP (default: OTEL_EXPORTER_OTLP_ENDPOINT)."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A file of OTLP JSON lines instead.")
    ] = None,
    content: Annotated[
        bool, typer.Option("--content", help="Send prompts and answers too.")
    ] = False,
) -> None:
    """Send every answer as a trace, its calls as spans; without what was asked and said."""
    from evalsuite import api
    from evalsuite.errors import UserError
    from evalsuite.integrations.otel_export import export_to_otel

    if endpoint is not None and out is not None:
        raise UserError("--endpoint or --out, not both")
    loaded = [api.load(folder) for folder in runs]
    done = export_to_otel(loaded, endpoint=endpoint, out=out, content=content)
    where = out or endpoint or "the collector"
    typer.echo(f"exported: {done.n_traces:,} traces of {done.n_spans:,} spans to {where}")
