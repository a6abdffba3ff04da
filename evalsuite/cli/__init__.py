"""The command line: parses, calls one function of the API, prints."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from evalsuite.cli import compare, doctor, gate, ratings, results, run
from evalsuite.cli.cache import cache_app

app = typer.Typer(
    name="evalsuite",
    help="Small model, large model, or a mix of both, and what does each right answer cost?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("run")(run.run)
app.command("report")(results.report)
app.command("import")(results.import_recordings)
app.command("list")(results.list_tasks)
app.command("show")(results.show)
app.command("compare")(compare.compare)
app.command("gate")(gate.gate)
app.command("bless")(gate.bless)
app.command("doctor")(doctor.doctor)
app.command("rate-battles")(ratings.rate_battles)
app.add_typer(cache_app, name="cache")


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
