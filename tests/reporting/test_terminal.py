from __future__ import annotations

import re
from dataclasses import replace
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from evalsuite.analysis.summary import summarise
from evalsuite.reporting.terminal import render_terminal
from tests.analysis.frames import Given, build_run, system, task
from tests.reporting.conftest import HOSTILE, Reported


def rendered(reported: Reported, width: int) -> str:
    file = StringIO()
    render_terminal(reported.summary, Console(file=file, width=width, color_system=None))
    return file.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_it_fits_any_width(reported: Reported, width: int) -> None:
    text = rendered(reported, width)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    for name in ("small", "large", "vendor", "cascade", "forest"):
        assert name in text


def test_it_tells_n_failures_and_what_is_unknown(reported: Reported) -> None:
    text = rendered(reported, 200)
    assert "rate_limited 1" in text
    assert "of 24" in text
    assert "24 of 24 unpriced" in text
    assert "1 task only" in text
    vendor = next(line for line in text.splitlines() if line.strip().startswith("vendor  "))
    assert "unknown" in vendor and "$" not in vendor


def test_the_most_important_columns_survive_a_narrow_terminal(reported: Reported) -> None:
    heading = next(line for line in rendered(reported, 46).splitlines() if "system" in line)
    assert "right" in heading and "p95" not in heading


@pytest.mark.parametrize("width", [60, 80, 100, 110, 130])
def test_figures_are_not_broken_in_two(reported: Reported, width: int) -> None:
    systems = rendered(reported, width).split("◆ no comparable")[0].split("system ")[1]
    for line in systems.splitlines():
        assert not line.strip().isdigit()


def test_names_cannot_drive_the_terminal(reported: Reported) -> None:
    manifest = msgspec.structs.replace(reported.summary.manifest, name=HOSTILE)
    hostile = replace(reported.summary, manifest=manifest)
    text = rendered(Reported(run=reported.run, summary=hostile), 120)
    assert "\x1b" not in text and "\u202e" not in text
    assert r"\x1b[31m" in text


def many(tmp_path: Path, n_tasks: int, n_systems: int) -> Reported:
    """Systems named alike, on tasks of two families."""
    names = [f"{'ab'[i % 2]}/task-{i}" for i in range(n_tasks)]
    systems = [f"system-number-{i}" for i in range(n_systems)]
    rows = [
        Given(task=name, sample=f"{name}-{i}", system=who, success=i < 3)
        for who in systems
        for name in names
        for i in range(4)
    ]
    run = build_run(
        tmp_path, [task(name, name[0], 4) for name in names], [system(who) for who in systems], rows
    )
    return Reported(run=run, summary=summarise(run))


def test_systems_are_numbered_where_their_names_have_no_room(tmp_path: Path) -> None:
    text = rendered(many(tmp_path, 3, 9), 80)
    assert re.search(r"% right, by task +n +1 +2 +3 +4 +5 +6 +7 +8 +9\b", text)
    assert re.search(r"^ ?1 ◆ system-number-", text, re.MULTILINE)
    assert re.search(r"a/task-0 +4( +75(\.0)?){9}", text)
    wide = rendered(many(tmp_path, 3, 2), 120)
    assert "by task" not in wide and "30.1–95.4" in wide


def test_many_tasks_are_families_with_their_leaders(tmp_path: Path) -> None:
    reported = many(tmp_path, 20, 3)
    text = rendered(reported, 100)
    assert "a/task-0" not in text and "Each of the 20 tasks is in the report." in text
    leader = reported.summary.families[0].systems[0][0]
    assert re.search(
        rf"^ ?a +10 +{leader} +75.0 % +40 +2$", text.replace(" \n", "\n"), re.MULTILINE
    )
    file = StringIO()
    console = Console(file=file, width=100, color_system=None)
    render_terminal(reported.summary, console, every_task=True)
    assert file.getvalue().count("/task-") == 20
