from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "coverage.py"


@pytest.fixture(scope="module")
def quick() -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), "--quick", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )


def program(text: str) -> subprocess.CompletedProcess[str]:
    """Runs ``text`` beside the benchmark's own names."""
    lines = f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import coverage as c\n{text}"
    return subprocess.run(
        [sys.executable, "-c", lines], capture_output=True, text=True, check=False
    )


def test_every_interval_holds_what_it_is_said_to(quick: subprocess.CompletedProcess[str]) -> None:
    assert quick.returncode == 0, quick.stdout + quick.stderr
    assert "falls short" not in quick.stdout


def test_the_table_is_aligned_and_names_what_is_measured(
    quick: subprocess.CompletedProcess[str],
) -> None:
    header, *lines = quick.stdout.splitlines()
    assert header.split() == ["interval", "setting", "n", "%", "+-", "width", "target"]
    column = header.index("target")
    for line in lines:
        assert line[column - 1] == " " and line[column] != " "
    for name in (
        "Wilson",
        "Clopper-Pearson",
        "Beta, Jeffreys prior",
        "clustered Wilson",
        "paired score (Tango)",
        "risk: non-inferiority",
        "BCa bootstrap",
        "ratio of sums",
        "order statistics",
        "confidence sequence",
        "risk: e-process",
    ):
        assert any(line.startswith(name) for line in lines), name


def test_check_names_each_row_that_falls_short_and_only_those() -> None:
    done = program(
        "def row(name, share, error, target):\n"
        "    return c.Row(name=name, setting='s', n=9, share=share, error=error, width=1.0,"
        " target=target)\n"
        "c.rows = lambda quick: [row('low', .93, 0, c.NEAR), row('unsure', .93, .004, c.NEAR),"
        " row('high', .97, 0, c.NEAR), row('good', .95, 0, c.NEAR),"
        " row('bad', .91, 0, c.MUST_FAIL)]\n"
        "sys.argv = ['coverage', '--check']; sys.exit(c.main())"
    )
    assert done.returncode == 1, done.stderr
    short = [line for line in done.stdout.splitlines() if line.startswith("falls short")]
    assert short == [
        "falls short: low, s, n 9: 93.0 %",
        "falls short: high, s, n 9: 97.0 %",
        "falls short: bad, s, n 9: 91.0 %",
    ]
