"""The command line: parses, calls one function of the API, prints."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="evalsuite",
    help="Small model, large model, or a mix of both, and what does each right answer cost?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Experiment = Annotated[
    Path | None, typer.Argument(help="An experiment file (YAML).", show_default=False)
]


def main() -> None:
    """Entry point: a user's mistake is one line and exit code 2, an interruption is 130."""
    from evalsuite.errors import Interrupted, UserError

    try:
        app()
    except UserError as error:
        print(f"evalsuite: {error}", file=sys.stderr)
        sys.exit(2)
    except Interrupted as stopped:
        print(f"evalsuite: {stopped}", file=sys.stderr)
        sys.exit(130)


@app.command()
def run(
    experiment: Experiment = None,
    task: Annotated[
        list[str] | None,
        typer.Option("--task", "-t", help="A task, instead of a file; repeatable."),
    ] = None,
    system: Annotated[
        list[str] | None,
        typer.Option("--system", "-s", help="A system such as embedded/nano; repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the run (default: runs/NAME).")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Samples per task.")] = None,
    repeats: Annotated[int | None, typer.Option(min=1, help="Answers per sample.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of sampling and splits.")] = None,
    concurrency: Annotated[int | None, typer.Option(min=1, help="Requests in flight.")] = None,
    html: Annotated[
        Path | None, typer.Option(help="The report (default: OUT/report.html).")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")] = False,
) -> None:
    """Run an experiment; the same command again goes on where it stopped."""
    from rich.console import Console

    from evalsuite import api
    from evalsuite.errors import UserError
    from evalsuite.reporting.progress import ProgressDisplay

    options = {"limit": limit, "repeats": repeats, "seed": seed, "concurrency": concurrency}
    overrides = {name: value for name, value in options.items() if value is not None}
    content: dict[str, Any] | Path
    if experiment is not None:
        if task or system:
            raise UserError("give an experiment file, or --task and --system; not both")
        content = experiment
    elif task and system:
        content = api.ad_hoc(task, system)
    else:
        raise UserError("what to run? Give an experiment file, or --task NAME --system NAME")
    notes = Console(stderr=True, quiet=quiet)
    with ProgressDisplay(notes) as progress:
        done = api.run(content, out=out, tell=progress.tell, **overrides)
    path = api.report(done, html or done.path / "report.html")
    _print_summary(done)
    typer.echo(f"report: {path}")


@app.command()
def report(
    runs: Annotated[list[Path], typer.Argument(help="Finished run folders.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="A .html, .md or .png (default: in RUN).")
    ] = None,
) -> None:
    """Write the report of a finished run."""
    from evalsuite import api
    from evalsuite.errors import UserError

    if out is not None and len(runs) > 1:
        raise UserError("--out is the file of one report; give one run, or leave --out away")
    for folder in runs:
        loaded = api.load(folder)
        path = api.report(loaded, out or folder / "report.html")
        typer.echo(f"report: {path}")


@app.command("import")
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
    answers = dict(_named(entry, "--system") for entry in system)
    content = api.recorded_experiment(
        file, tasks=task, by=dict([_named(by, "--by")]), answers=answers
    )
    out.write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    typer.echo(f"experiment: {out}; add hybrids over its systems, then: evalsuite run {out}")


@app.command("list")
def list_tasks() -> None:
    """List the tasks, with their sizes, sources and licences."""
    from rich.console import Console

    from evalsuite import api
    from evalsuite.reporting.catalog import tasks_table

    Console().print(tasks_table(api.tasks()))


@app.command()
def show(
    subject: Annotated[str, typer.Argument(help="A finished run's folder, or a task's name.")],
) -> None:
    """Show the results of a run, or a task with one of its samples."""
    from rich.console import Console

    from evalsuite import api
    from evalsuite.reporting.catalog import task_page

    if Path(subject).is_dir():
        _print_summary(api.load(subject))
    else:
        Console().print(task_page(api.get_task(subject)))


@app.command("rate-battles")
def rate_battles(
    file: Annotated[
        Path, typer.Argument(help="Battles: a, b, outcome (CSV, JSON Lines or Parquet).")
    ],
    ties: Annotated[str, typer.Option(help="half, davidson or rao_kupper.")] = "half",
    covariate: Annotated[
        list[str] | None, typer.Option(help="A column, a's value minus b's; repeatable.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="A column: rate each category by itself.")] = None,
    anchor: Annotated[
        list[str] | None, typer.Option(help="MODEL=RATING, instead of a mean of 1000.")
    ] = None,
    bootstrap: Annotated[
        int | None, typer.Option(help="Draws of a bootstrap, instead of sandwich intervals.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
    out: Annotated[Path | None, typer.Option(help="A .csv to write the ratings to.")] = None,
) -> None:
    """Rate models by pairwise verdicts (Bradley-Terry), with intervals that know of clusters."""
    from rich.console import Console

    from evalsuite.judging.files import rate_file, write_ratings
    from evalsuite.ratings import Intervals, Scale
    from evalsuite.reporting.ratings import ratings_page

    anchors = dict(_named(entry, "--anchor", "MODEL=RATING") for entry in anchor or [])
    rated = rate_file(
        file,
        by=by,
        ties=ties,
        covariates=covariate or [],
        intervals=Intervals(method="bootstrap", draws=bootstrap, seed=seed) if bootstrap else None,
        scale=Scale(anchors={name: _number(text, "--anchor") for name, text in anchors.items()}),
    )
    for category, ratings in rated.items():
        Console().print(ratings_page(ratings, category))
    if out is not None:
        write_ratings(rated, out)


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        from evalsuite import __version__

        typer.echo(__version__)
        raise typer.Exit()


def _named(entry: str, option: str, form: str = "NAME=COLUMN") -> tuple[str, str]:
    from evalsuite.errors import UserError

    name, equals, value = entry.partition("=")
    if not (name and equals and value):
        raise UserError(f"{option} {entry!r}: write {form}")
    return name, value


def _number(text: str, option: str) -> float:
    from evalsuite.errors import UserError

    try:
        return float(text)
    except ValueError:
        raise UserError(f"{option} {text!r}: write a number") from None


def _print_summary(done: Any) -> None:
    from rich.console import Console

    from evalsuite import api
    from evalsuite.reporting.terminal import render_terminal

    render_terminal(api.summarise(done), Console())


if __name__ == "__main__":
    main()
