"""``evalsuite judge``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from evalsuite.cli.options import further_systems, print_plan, print_summary
from evalsuite.cli.settling import top_of

Run = Annotated[Path, typer.Argument(help="A finished run folder.", show_default=False)]
JudgeName = Annotated[str, typer.Option("--judge", "-j", help="A shipped judge, or a .yaml file.")]
By = Annotated[str, typer.Option("--by", "-b", help="The system that judges, or several: A,B,C.")]
Define = Annotated[
    list[str] | None,
    typer.Option(help="NAME=MODEL: a system that the run's experiment lacks; repeatable."),
]
Systems = Annotated[
    Path | None, typer.Option("--from", help="An experiment file whose `systems:` may judge too.")
]
Task = Annotated[list[str] | None, typer.Option("--task", "-t", help="Judge this task's answers.")]
System = Annotated[
    list[str] | None, typer.Option("--system", "-s", help="Judge this system's answers.")
]
Name = Annotated[str | None, typer.Option(help="What tables call the judge.")]
Form = Annotated[
    str | None, typer.Option(help="choices, text or json, instead of the judge's own form.")
]
Labels = Annotated[
    str | None, typer.Option(help="A file of verdicts that are right, as people gave them.")
]
Aggregate = Annotated[
    str | None, typer.Option(help="One verdict of several systems: vote, mean or weighted.")
]
Pairs = Annotated[
    str | None, typer.Option(help="Of a pairwise judge: all, adjacent, against:SYSTEM or active.")
]
Settle = Annotated[
    str | None, typer.Option(help="Of active pairs, what is to be settled: all, best or top:N.")
]
Margin = Annotated[
    float | None,
    typer.Option(help="Of active pairs: a tie is a mean score within this of one half."),
]
Alpha = Annotated[
    float | None, typer.Option(help="Of active pairs: chance that any order is settled wrongly.")
]
Most = Annotated[int | None, typer.Option(min=1, help="Of active pairs: questions at most.")]
Batch = Annotated[
    int | None, typer.Option(min=1, help="Of active pairs: questions of a round at most.")
]
OneOrder = Annotated[
    bool, typer.Option("--one-order", help="Ask about each pair in one order only.")
]
Repeats = Annotated[int | None, typer.Option(min=1, help="How often each question is asked.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Samples per task that are judged.")]
AllowSelf = Annotated[
    bool, typer.Option("--allow-self", help="Let a model judge its own answers; they are marked.")
]
MaxUsd = Annotated[float | None, typer.Option(help="Most dollars of this judging.")]
MaxTokens = Annotated[int | None, typer.Option(help="Most tokens of this judging.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print calls, tokens and cost range; ask nothing.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")]


def judge(
    run: Run,
    judge: JudgeName,
    by: By,
    define: Define = None,
    systems: Systems = None,
    task: Task = None,
    system: System = None,
    name: Name = None,
    form: Form = None,
    labels: Labels = None,
    aggregate: Aggregate = None,
    pairs: Pairs = None,
    settle: Settle = None,
    margin: Margin = None,
    alpha: Alpha = None,
    most: Most = None,
    batch: Batch = None,
    one_order: OneOrder = False,
    repeats: Repeats = None,
    limit: Limit = None,
    allow_self: AllowSelf = False,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Let a system judge the answers of a finished run; no answer is asked for again."""
    from evalsuite import api
    from evalsuite.reporting.progress import progress_display
    from evalsuite.reporting.tally import Limits

    options: dict[str, Any] = {
        "tasks": task,
        "systems": system,
        "name": name,
        "form": form,
        "labels": labels,
        "aggregate": aggregate,
        "pairs": _pairs(
            pairs,
            settle=_settle(settle),
            margin=margin,
            alpha=alpha,
            most=most,
            batch=batch,
        ),
        "repeats": repeats,
        "limit": limit,
        "max_usd": max_usd,
        "max_tokens": max_tokens,
        "both_orders": False if one_order else None,
        "allow_self": allow_self or None,
    }
    content = {key: value for key, value in options.items() if value is not None}
    content |= {"judge": judge, "by": [part.strip() for part in by.split(",") if part.strip()]}
    content["further"] = further_systems(systems, define)
    if dry_run:
        print_plan(api.plan_judging(run, **content))
        return
    limits = Limits(usd=max_usd, tokens=max_tokens, seconds=None)
    with progress_display(quiet=quiet, as_json=False, every_seconds=10.0, limits=limits) as shown:
        done = api.judge(run, tell=shown.tell, **content)
        shown.done(done.path, None)
    print_summary(done)
    typer.echo(f"verdicts: {done.path / 'verdicts.parquet'}")


def _pairs(stated: str | None, **active: Any) -> Any:
    """``pairs`` as an entry states it; ``active`` are the options that only active pairs have."""
    from evalsuite.errors import ConfigError

    given = {name: value for name, value in active.items() if value is not None}
    if given and stated != "active":
        raise ConfigError(f"--{min(given)} is for active pairs: write --pairs active")
    if stated is None:
        return None
    if stated == "active":
        return {"active": given}
    word, colon, system = stated.partition(":")
    return {"against": system} if word == "against" and colon else stated


def _settle(stated: str | None) -> Any:
    if stated is None:
        return None
    top = top_of(stated)
    return {None: "all", 1: "best"}.get(top, {"top": top})
