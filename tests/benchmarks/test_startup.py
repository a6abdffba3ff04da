from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "startup.py"


def startup(program: str) -> subprocess.CompletedProcess[str]:
    """Runs ``program`` beside the benchmark's own names."""
    text = f"import sys; sys.path.insert(0, {str(SCRIPT.parent)!r}); import startup\n{program}"
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)


def test_it_measures_every_row_and_prints_the_ratio_to_the_bare_interpreter() -> None:
    done = startup(
        "startup.PEERS = (); sys.argv = ['startup', '--processes', '1']; sys.exit(startup.main())"
    )
    assert done.returncode == 0, done.stderr
    rows = [line for line in done.stdout.splitlines() if " ms" in line]
    assert [row[:18].strip() for row in rows] == [
        "python -c pass",
        "import evalsuite",
        "evalsuite --help",
    ]
    assert rows[0].split()[-1] == "1.0"


def test_check_names_each_row_that_falls_short_and_only_those() -> None:
    done = startup(
        "startup.PEERS = (); startup.measure = lambda rows, n: {'python -c pass': [0.01], "
        "'import evalsuite': [0.3, 0.101], 'evalsuite --help': [0.2, 0.15]}\n"
        "sys.argv = ['startup', '--check']; sys.exit(startup.main())"
    )
    assert done.returncode == 1
    short = [line for line in done.stdout.splitlines() if line.startswith("falls short")]
    assert short == ["falls short: import evalsuite: 101 ms, target 100 ms"]
