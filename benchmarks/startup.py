"""Start-up time: what ``import evalsuite`` and ``evalsuite --help`` cost beside a bare interpreter.

Targets on a 2-core machine, wall time: ``import evalsuite`` at most 100 ms, ``evalsuite --help`` at
most 150 ms. Each row is timed in fresh processes, taken in turn after one warm-up each, so that all
rows meet the same load and a warm file cache. The minimum is compared with the target: other work
on the machine only ever adds time. lm-eval and inspect-ai, which take seconds, are shown beside
with five processes each where ``benchmarks/environments.py`` has made their environments.

    python benchmarks/startup.py [--processes 20] [--peers] [--check]

``--peers`` makes those environments. ``--check`` exits with 1 and names each row that falls short.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass

from environments import made, python_of

MOST_PROCESSES_OF_A_PEER = 5


@dataclass(frozen=True, kw_only=True)
class Row:
    """A command to start, and the seconds it may take (None: it is only a yardstick).

    ``peer`` names the environment of a command that is not ours.
    """

    name: str
    command: tuple[str, ...]
    target_seconds: float | None = None
    peer: str | None = None


ROWS = (
    Row(name="python -c pass", command=(sys.executable, "-c", "pass")),
    Row(
        name="import evalsuite",
        command=(sys.executable, "-c", "import evalsuite"),
        target_seconds=0.100,
    ),
    Row(
        name="evalsuite --help",
        # What the installed console script does.
        command=(sys.executable, "-c", "from evalsuite.cli import main; main()", "--help"),
        target_seconds=0.150,
    ),
)


PEERS = (("lm-eval", "lm_eval", "lm-eval"), ("inspect-ai", "inspect_ai", "inspect"))


def peer_rows(peer: str, module: str, script: str) -> tuple[Row, Row]:
    """Importing ``module`` and asking ``script`` for help, in the environment of ``peer``."""
    python = python_of(peer)
    return (
        Row(name=f"import {module}", command=(str(python), "-c", f"import {module}"), peer=peer),
        Row(name=f"{script} --help", command=(str(python.with_name(script)), "--help"), peer=peer),
    )


def measure(rows: tuple[Row, ...], processes: int) -> dict[str, list[float]]:
    """Seconds of wall time of each process, by name of the row."""
    seconds: dict[str, list[float]] = {row.name: [] for row in rows}
    for turn in range(processes + 1):
        for row in rows:
            if row.peer is not None and turn > MOST_PROCESSES_OF_A_PEER:
                continue
            began = time.perf_counter()
            subprocess.run(row.command, check=True, stdout=subprocess.DEVNULL)
            taken = time.perf_counter() - began
            if turn > 0:  # the first one warms the file cache
                seconds[row.name].append(taken)
    return seconds


def table(rows: tuple[Row, ...], seconds: dict[str, list[float]]) -> str:
    """Minimum and median in milliseconds, the ratio of minima to the first row, the target."""
    yardstick = min(seconds[rows[0].name])
    lines = [f"{'':<18}{'min':>10}{'median':>10}{'ratio':>8}{'target':>10}"]
    for row in rows:
        least, middle = min(seconds[row.name]), statistics.median(seconds[row.name])
        target = "" if row.target_seconds is None else f"{1000 * row.target_seconds:.0f} ms"
        lines.append(
            f"{row.name:<18}{1000 * least:>7.0f} ms{1000 * middle:>7.0f} ms"
            f"{least / yardstick:>8.1f}{target:>10}"
        )
    return "\n".join(lines)


def shortfalls(rows: tuple[Row, ...], seconds: dict[str, list[float]]) -> list[str]:
    """A line for each row whose fastest process took longer than its target."""
    return [
        f"{row.name}: {1000 * min(seconds[row.name]):.0f} ms, target "
        f"{1000 * row.target_seconds:.0f} ms"
        for row in rows
        if row.target_seconds is not None and min(seconds[row.name]) > row.target_seconds
    ]


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--processes", type=int, default=20, help="processes a row [20]")
    parser.add_argument("--peers", action="store_true", help="make the environments of the peers")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    arguments = parser.parse_args()
    if arguments.processes < 1:
        parser.error("--processes must be at least 1")
    rows: tuple[Row, ...] = ROWS
    for peer, module, script in PEERS:
        if arguments.peers or made(peer):
            rows += peer_rows(peer, module, script)
    seconds = measure(rows, arguments.processes)
    print(f"wall time of {arguments.processes} fresh processes each, taken in turn")
    print(table(rows, seconds))
    missed = shortfalls(rows, seconds) if arguments.check else []
    for line in missed:
        print(f"falls short: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
