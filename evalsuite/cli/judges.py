"""``evalsuite audit-judge``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def audit_judge(
    file: Annotated[Path, typer.Argument(help="Verdicts: judge, item, verdict or score or label.")],
    labels: Annotated[
        Path | None, typer.Option(help="People's verdicts, where FILE has no column human.")
    ] = None,
    judge: Annotated[
        list[str] | None, typer.Option(help="Show this judge's figures; repeatable.")
    ] = None,
    probe: Annotated[
        str | None, typer.Option(help="A system whose answer is constant: it should never win.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder for the pages, audit.md and figures.csv.")
    ] = None,
) -> None:
    """Put judges on trial: agreement with people, order, length, family, noise, cost."""
    from rich.console import Console

    from evalsuite.errors import ConfigError
    from evalsuite.judges import audit, read_verdicts, write_report
    from evalsuite.reporting.judge_terminal import audit_page

    people = None if labels is None else read_verdicts(labels)
    found = audit(read_verdicts(file), people, probe=probe)
    names = sorted({item.judge for item in found.judges})
    absent = [name for name in judge or [] if name not in names]
    if absent:
        raise ConfigError(f"no judge {absent[0]} in {file}; there are {', '.join(names)}")
    Console().print(audit_page(found, judge or []))
    if out is not None:
        paths = write_report(found, out)
        typer.echo(f"{out}: {len(paths)} files, the leaderboard is {paths[0].name}")
