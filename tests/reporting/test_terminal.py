from __future__ import annotations

from dataclasses import replace
from io import StringIO

import msgspec
import pytest
from rich.cells import cell_len
from rich.console import Console

from evalsuite.reporting.terminal import render_terminal
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
