"""``evalsuite audit-judge``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalsuite.cli.options import further_systems, print_plan

if TYPE_CHECKING:
    from evalsuite.judges import Audit, Battery

File = Annotated[
    Path | None,
    typer.Argument(
        help="Verdicts: judge, item, verdict or score or label; or the folder of a judged run.",
        show_default=False,
    ),
]
Labels = Annotated[
    Path | None, typer.Option(help="People's verdicts, where FILE has no column human.")
]
Show = Annotated[list[str] | None, typer.Option(help="Show this judge's figures; repeatable.")]
Probe = Annotated[
    str | None, typer.Option(help="A system whose answer is constant: it should never win.")
]
Out = Annotated[Path | None, typer.Option(help="A folder for the pages, audit.md and figures.csv.")]
JudgeName = Annotated[
    str | None, typer.Option("--judge", "-j", help="Attack this judge: a shipped one, or a .yaml.")
]
By = Annotated[
    str | None, typer.Option("--by", "-b", help="The system that applies it, or several: A,B,C.")
]
On = Annotated[
    Path | None, typer.Option(help="Attack with the wrong answers of this run; else with our own.")
]
Items = Annotated[str | None, typer.Option(help="Which of our own: sums, stories, claims or harm.")]
Limit = Annotated[int, typer.Option(min=1, help="Bad answers to attack with (of a run: a task).")]
Only = Annotated[
    list[str] | None, typer.Option("--attack", help="Try this attack only; repeatable.")
]
Attacks = Annotated[Path | None, typer.Option(help="A file of attacks instead of those that ship.")]
Define = Annotated[
    list[str] | None, typer.Option(help="NAME=MODEL: a system that may judge; repeatable.")
]
Systems = Annotated[
    Path | None, typer.Option("--from", help="An experiment file whose `systems:` may judge.")
]
Form = Annotated[
    str | None, typer.Option(help="choices, text or json, instead of the judge's own form.")
]
Aggregate = Annotated[
    str | None, typer.Option(help="One verdict of several systems: vote, mean or weighted.")
]
Repeats = Annotated[int | None, typer.Option(min=1, help="How often each question is asked.")]
Seed = Annotated[int, typer.Option(help="Draws the bad answers.")]
RunFolder = Annotated[
    Path | None, typer.Option(help="The battery's run; runs/attacks-JUDGE-by-BY unless given.")
]
MaxUsd = Annotated[float | None, typer.Option(help="Most dollars of the battery.")]
MaxTokens = Annotated[int | None, typer.Option(help="Most tokens of the battery.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print calls, tokens and cost range; ask nothing.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results only.")]


def audit_judge(
    file: File = None,
    labels: Labels = None,
    show: Show = None,
    probe: Probe = None,
    out: Out = None,
    judge: JudgeName = None,
    by: By = None,
    on: On = None,
    items: Items = None,
    limit: Limit = 20,
    attack: Only = None,
    attacks: Attacks = None,
    define: Define = None,
    systems: Systems = None,
    form: Form = None,
    aggregate: Aggregate = None,
    repeats: Repeats = None,
    seed: Seed = 0,
    run_folder: RunFolder = None,
    max_usd: MaxUsd = None,
    max_tokens: MaxTokens = None,
    dry_run: DryRun = False,
    quiet: Quiet = False,
) -> None:
    """Put judges on trial: agreement, order, length, family, noise, cost; and attacks on them.

    FILE holds verdicts that were given. --judge and --by put a battery of attacks to a judge, with
    or without FILE.
    """
    asked = _asked(
        file,
        judge=judge,
        by=by,
        on=on,
        items=items,
        limit=limit,
        only=attack,
        attacks=attacks,
        seed=seed,
        form=form,
        aggregate=aggregate,
        repeats=repeats,
        max_usd=max_usd,
        max_tokens=max_tokens,
        further=further_systems(systems, define),
    )
    if asked is not None and dry_run:
        from evalsuite.judges import plan_attack

        print_plan(plan_attack(**asked))
        return
    given = None if file is None else _audited(file, labels, probe)
    battery = None if asked is None else _battery(asked, run_folder, max_usd, max_tokens, quiet)
    _print(_joined(given, battery), show or [], out)
    if battery is not None:
        typer.echo(f"battery: {battery.path}")


def _asked(file: Path | None, **options: Any) -> dict[str, Any] | None:
    """What ``judges.attack`` is called with; None where no judge is to be attacked."""
    from evalsuite.errors import ConfigError

    judge, by = options["judge"], options["by"]
    if (judge is None) != (by is None):
        raise ConfigError("a judge is attacked with both --judge and --by")
    if judge is None and file is None:
        raise ConfigError("name a FILE of verdicts, or a judge to attack with --judge and --by")
    if judge is None:
        return None
    stated = {key: value for key, value in options.items() if value is not None}
    return {**stated, "by": [part.strip() for part in by.split(",") if part.strip()]}


def _audited(file: Path, labels: Path | None, probe: str | None) -> Audit:
    from evalsuite.errors import ConfigError
    from evalsuite.judges import audit, audit_run, read_verdicts

    if file.is_dir():
        if labels is not None:
            raise ConfigError("a run has its labels: write `labels` in its entry of `judges:`")
        return audit_run(file, probe=probe)
    people = None if labels is None else read_verdicts(labels)
    return audit(read_verdicts(file), people, probe=probe)


def _battery(
    asked: dict[str, Any],
    folder: Path | None,
    max_usd: float | None,
    max_tokens: int | None,
    quiet: bool,
) -> Battery:
    from evalsuite import judges
    from evalsuite.reporting.progress import progress_display
    from evalsuite.reporting.tally import Limits

    limits = Limits(usd=max_usd, tokens=max_tokens, seconds=None)
    with progress_display(quiet=quiet, as_json=False, every_seconds=10.0, limits=limits) as shown:
        battery = judges.attack(**asked, out=folder, tell=shown.tell)
        shown.done(battery.path, None)
    return battery


def _joined(given: Audit | None, battery: Battery | None) -> Audit:
    """What was found in FILE, and what the battery found, of a judge in both together."""
    from evalsuite.judges import audit_battery, together, with_attacks

    if battery is None:
        assert given is not None
        return given
    if given is None:
        return audit_battery(battery)
    known = {(item.judge, item.criterion) for item in given.judges}
    if all((item.judge, item.criterion) in known for item in battery.judges):
        return with_attacks(given, battery)
    return together([given, audit_battery(battery)])


def _print(found: Audit, show: list[str], out: Path | None) -> None:
    from rich.console import Console

    from evalsuite.errors import ConfigError
    from evalsuite.judges import write_report
    from evalsuite.reporting.judge_terminal import audit_page

    names = sorted({item.judge for item in found.judges})
    absent = [name for name in show if name not in names]
    if absent:
        raise ConfigError(f"no judge {absent[0]}; there are {', '.join(names)}")
    Console().print(audit_page(found, show))
    if out is not None:
        paths = write_report(found, out)
        typer.echo(f"{out}: {len(paths)} files, the leaderboard is {paths[0].name}")
