"""``evalsuite run``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalsuite.cli.options import print_summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from evalsuite.errors import StoppedEarly
    from evalsuite.experiment import Experiment
    from evalsuite.reporting.progress import ProgressDisplay
    from evalsuite.running.events import Event
    from evalsuite.store import Run

_LIMITS = "Limits"


File = Annotated[Path | None, typer.Argument(help="An experiment file (YAML).", show_default=False)]
Task = Annotated[
    list[str] | None,
    typer.Option("--task", "-t", help="A task, instead of a file; repeatable."),
]
System = Annotated[
    list[str] | None,
    typer.Option("--system", "-s", help="A system such as embedded/nano; repeatable."),
]
Out = Annotated[Path | None, typer.Option(help="Folder of the run (default: runs/NAME).")]
Limit = Annotated[int | None, typer.Option(min=1, help="Samples per task.")]
Repeats = Annotated[int | None, typer.Option(min=1, help="Answers per sample.")]
Seed = Annotated[int | None, typer.Option(help="Seed of sampling and splits.")]
Concurrency = Annotated[
    int | None, typer.Option(min=1, help="Most answers in flight (default: found out).")
]
Cache = Annotated[
    bool | None,
    typer.Option("--cache/--no-cache", help="Reuse answers of earlier runs; they have no time."),
]
MaxUsd = Annotated[
    float | None, typer.Option(help="Most dollars of all sessions.", rich_help_panel=_LIMITS)
]
MaxTokens = Annotated[
    int | None, typer.Option(help="Most tokens of all sessions.", rich_help_panel=_LIMITS)
]
MaxSeconds = Annotated[
    float | None, typer.Option(help="Longest time of this session.", rich_help_panel=_LIMITS)
]
MaxErrors = Annotated[
    str | None,
    typer.Option(help="Most failed answers: 20, or 5% of them.", rich_help_panel=_LIMITS),
]
UntilDecided = Annotated[
    str | None,
    typer.Option(
        help="A,B: stop as soon as these two systems are told apart; samples in random order.",
        rich_help_panel=_LIMITS,
    ),
]
Margin = Annotated[
    float | None,
    typer.Option(
        help="With --until-decided: a difference that does not matter, such as 0.02.",
        rich_help_panel=_LIMITS,
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print calls, tokens and cost range; ask nothing.")
]
Html = Annotated[Path | None, typer.Option(help="The report (default: OUT/report.html).")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print events, one JSON object a line.")]
Every = Annotated[
    float,
    typer.Option(min=0.1, help="Seconds between progress lines where there is no terminal."),
]


def run(
    experiment: File = None,
    task: Task = None,
    system: System = None,
    out: Out = None,
    limit: Limit = None,
    repeats: Repeats = None,
    seed: Seed = None,
    concurrency: Concurrency = None,
    cache: Cache = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    max_seconds: MaxSeconds = None,
    max_errors: MaxErrors = None,
    until_decided: UntilDecided = None,
    margin: Margin = None,
    dry_run: DryRun = False,
    html: Html = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
    every: Every = 10.0,
) -> None:
    """Run an experiment; the same command again goes on where it stopped."""
    from evalsuite import api

    overrides = {
        "limit": limit,
        "repeats": repeats,
        "seed": seed,
        "concurrency": concurrency,
        "cache": cache,
        "max_usd": max_usd,
        "max_tokens": max_tokens,
        "max_seconds": max_seconds,
        "max_errors": max_errors,
    }
    stated = {name: value for name, value in overrides.items() if value is not None}
    content = _content(experiment, task, system)
    if dry_run:
        _print_plan(content, stated, as_json=as_json)
        return
    pair = _pair(until_decided, margin)
    if pair is not None:
        stated = {"order": "random", **stated}
    checked = api.check(content, **stated)
    with _progress(checked, quiet=quiet, as_json=as_json, every=every) as progress:
        outcome = _run(checked, out, pair, progress.tell)
        if outcome.run is not None:
            stopped = outcome.stopped
            progress.done(outcome.run.path, None if stopped is None else str(stopped))
    if outcome.run is not None:
        path = api.report(outcome.run, html or outcome.run.path / "report.html")
        if not as_json:
            print_summary(outcome.run)
            typer.echo(outcome.decision + "\n" * bool(outcome.decision) + f"report: {path}")
    if outcome.stopped is not None:
        raise outcome.stopped


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """A run, finished or stopped at a limit; what was decided; what to tell of an early stop."""

    run: Run | None
    decision: str = ""
    stopped: StoppedEarly | None = None


def _content(
    experiment: Path | None, task: list[str] | None, system: list[str] | None
) -> dict[str, Any] | Path:
    from evalsuite import api
    from evalsuite.errors import UserError

    if experiment is not None:
        if task or system:
            raise UserError("give an experiment file, or --task and --system; not both")
        return experiment
    if task and system:
        return api.ad_hoc(task, system)
    raise UserError("what to run? Give an experiment file, or --task NAME --system NAME")


def _run(
    experiment: Experiment,
    out: Path | None,
    pair: tuple[str, str, float | None] | None,
    tell: Callable[[Event], None],
) -> _Outcome:
    from evalsuite import api
    from evalsuite.deciding import sentence
    from evalsuite.errors import StoppedEarly

    try:
        if pair is None:
            return _Outcome(run=api.run(experiment, out=out, tell=tell))
        a, b, margin = pair
        decided = api.run_until_decided(experiment, a, b, margin=margin, out=out, tell=tell)
        return _Outcome(run=decided.run, decision=sentence(decided))
    except StoppedEarly as stopped:
        return _Outcome(run=api.load(stopped.folder) if stopped.folder else None, stopped=stopped)


def _pair(until_decided: str | None, margin: float | None) -> tuple[str, str, float | None] | None:
    from evalsuite.errors import UserError

    if until_decided is None:
        if margin is not None:
            raise UserError("--margin goes with --until-decided A,B")
        return None
    a, comma, b = (part.strip() for part in until_decided.partition(","))
    if not (a and comma and b):
        raise UserError(f"--until-decided {until_decided!r}: write two systems as A,B")
    return a, b, margin


def _progress(
    experiment: Experiment, *, quiet: bool, as_json: bool, every: float
) -> ProgressDisplay:
    from evalsuite.reporting.progress import progress_display
    from evalsuite.reporting.tally import Limits

    settings = experiment.settings
    limits = Limits(usd=settings.max_usd, tokens=settings.max_tokens, seconds=settings.max_seconds)
    return progress_display(quiet=quiet, as_json=as_json, every_seconds=every, limits=limits)


def _print_plan(
    content: dict[str, Any] | Path, overrides: dict[str, Any], *, as_json: bool
) -> None:
    from rich.console import Console

    from evalsuite import api
    from evalsuite.reporting.dry_run import dry_run_json, dry_run_page

    planned = api.plan(content, **overrides)
    if as_json:
        typer.echo(dry_run_json(planned))
    else:
        Console().print(dry_run_page(planned))
