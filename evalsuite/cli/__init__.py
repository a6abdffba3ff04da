"""The command line: parses, calls one function of the API, prints."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from evalsuite.cli import compare, doctor, gate, judge, judges, library, ratings, results, run
from evalsuite.cli.bench_latency import bench_latency
from evalsuite.cli.cache import cache_app
from evalsuite.cli.data import data_app
from evalsuite.cli.export import export_app
from evalsuite.cli.prices import prices
from evalsuite.cli.scorecard import scorecard

app = typer.Typer(
    name="evalsuite",
    help="Small model, large model, or a mix of both, and what does each right answer cost?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # half of the time that --help takes would be rich reading Markdown
)
app.command("run", short_help="Run an experiment, or go on with one.")(run.run)
app.command("judge", short_help="Let a system judge the answers of a run.")(judge.judge)
app.command("report", short_help="Write the report of a run, or of several.")(results.report)
app.command("scorecard", short_help="Success, cost, validity, latency, energy of each system.")(
    scorecard
)
app.command("import", short_help="Make recorded answers into systems.")(results.import_recordings)
app.command("list", short_help="Browse the task library.")(library.list_library)
app.command("show", short_help="Show a run's results, or a task with a sample.")(library.show)
app.command("compare", short_help="Compare two runs: what differs, how sure, what flipped.")(
    compare.compare
)
app.command("gate", short_help="Judge a run by a blessed baseline, for CI.")(gate.gate)
app.command("bless", short_help="Make a run the baseline of later ones.")(gate.bless)
app.command("doctor", short_help="Show what this machine can do.")(doctor.doctor)
app.command("rate-battles", short_help="Rate models by pairwise verdicts.")(ratings.rate_battles)
app.command("audit-judge", short_help="Put judges on trial: may they be believed?")(
    judges.audit_judge
)
app.command("bench-latency", short_help="Measure latency under a load, with bounds.")(bench_latency)
app.command("prices", short_help="Show the price of a model in a dated table.")(prices)
app.add_typer(data_app, name="data", short_help="Datasets: list, fetch, verify, check, overlap.")
app.add_typer(export_app, name="export", short_help="Carry runs to MLflow or OpenTelemetry.")
app.add_typer(cache_app, name="cache", short_help="The response cache: look, prune, carry.")


def main() -> None:
    """Entry point. Whatever ends a command early is one line; see ``evalsuite.errors``.

    Exit codes: 2 a user's mistake, 3 a limit that was reached, 130 an interruption.
    """
    from evalsuite.errors import Interrupted, StoppedEarly, UserError

    try:
        app()
    except UserError as error:
        print(f"evalsuite: {error}", file=sys.stderr)
        sys.exit(2)
    except StoppedEarly as reached:
        print(f"evalsuite: {reached}", file=sys.stderr)
        sys.exit(3)
    except Interrupted as stopped:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a third Ctrl-C finds nothing left to stop
        print(f"evalsuite: {stopped}", file=sys.stderr)
        sys.exit(130)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from evalsuite import __version__

        typer.echo(__version__)
        raise typer.Exit()
