"""Overhead: what one sample costs the client, beside lm-eval, inspect-ai and two bare loops.

The same questions ("What is 2881 + 5310? End with #### N") go to the same local server
(``tests/servers/stub.py``, a process of its own), in three settings: no latency at concurrency 64,
50 ms at 64, and 50 ms at 512. The programs are in ``benchmarks/peers/``, each in a Python of its
own (``benchmarks/environments.py`` pins and makes them):

- evalsuite: ``evalsuite.run`` of a task without code, with all that it does by default: data read
  and pinned, prompts rendered, every call priced, timed and journalled, answers scored, tables
  written to Parquet and read back, progress lines. Not in it: the HTML report.
- lm-eval 0.4.13: ``local-chat-completions``, samples kept in memory, no journal, no bootstrap.
- inspect-ai 0.3.285: as it comes, and with its live log off; no display.
- openai 3.54.0 and aiohttp: a bare loop that checks the answer and keeps nothing.

CPU is user and system time of the client, its threads and children. A program asks a small file of
questions twice, then the large one; a sample's CPU is the difference of the last two runs over the
difference of their sizes, so start-up is apart. Samples a second are those of the whole large run.
Memory is the peak of the process. Each repetition runs all programs in turn, so that all meet the
same load, and ``ratio`` is the median over repetitions of a row's CPU over evalsuite's in the same
repetition. Inspect's rows take minutes and are measured in the first repetition only.

Targets: evalsuite's CPU a sample is at most 2.5 times the bare aiohttp loop's and 0.3 times the
bare openai loop's; lm-eval's is at least 1.8 times evalsuite's, and inspect-ai's, with its live log
off, at least 20 times.

    python benchmarks/overhead.py [--n 5000] [--repetitions 3] [--rows aiohttp,evalsuite] [--quick]

``--quick``: 1,000 questions, one repetition, no latency only. ``--check`` exits with 1 and names
each row that falls short.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from environments import python_of

ROOT = Path(__file__).resolve().parents[1]
STUB = ROOT / "tests" / "servers" / "stub.py"
PROGRAMS = Path(__file__).with_name("peers")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A program to measure. ``peer`` names its environment, None is this one.

    ``at_most`` and ``at_least`` are targets for this row's CPU over evalsuite's.
    """

    name: str
    program: str
    peer: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    slow: bool = False
    at_least: float | None = None


@dataclass(frozen=True, kw_only=True)
class Setting:
    """How the server answers, and how much it is asked at a time."""

    latency_ms: int
    concurrency: int

    def __str__(self) -> str:
        """For headings."""
        return f"{self.latency_ms} ms latency, concurrency {self.concurrency}"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one process took: CPU milliseconds a sample, samples a second, peak MiB."""

    cpu_ms: float
    per_second: float
    peak_mib: float


OURS = "evalsuite"
ROWS = (
    Row(name="aiohttp loop", program="aiohttp_loop.py", at_least=1 / 2.5),
    Row(name=OURS, program="evalsuite_run.py"),
    Row(name="openai loop", program="openai_loop.py", peer="openai", at_least=1 / 0.3),
    Row(name="lm-eval", program="lm_eval_run.py", peer="lm-eval", at_least=1.8),
    Row(
        name="inspect-ai, live log off",
        program="inspect_run.py",
        peer="inspect-ai",
        variables={"INSPECT_LIVE_LOG": "0"},
        slow=True,
        at_least=20.0,
    ),
    Row(
        name="inspect-ai",
        program="inspect_run.py",
        peer="inspect-ai",
        variables={"INSPECT_LIVE_LOG": "1"},
        slow=True,
    ),
)
SETTINGS = (
    Setting(latency_ms=0, concurrency=64),
    Setting(latency_ms=50, concurrency=64),
    Setting(latency_ms=50, concurrency=512),
)
Found = dict[str, list[Measured]]


def write_questions(path: Path, n: int) -> int:
    """Write ``n`` questions (seed 0); returns how many of them the server answers rightly."""
    dice = random.Random(0)
    right = 0
    with path.open("w", encoding="utf-8") as file:
        for index in range(n):
            a, b = dice.randint(100, 9999), dice.randint(100, 9999)
            question = f"What is {a} + {b}? End with #### N"
            row = {"id": f"s{index}", "question": question, "answer": str(a + b)}
            file.write(json.dumps(row) + "\n")
            right += (a + b) % 4 != 0
    return right


@contextmanager
def serving(setting: Setting) -> Iterator[str]:
    """The base URL of a fresh server."""
    command = [sys.executable, str(STUB), "--latency-ms", str(setting.latency_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            port = json.loads(process.stdout.readline())["port"]
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def measure(row: Row, setting: Setting, n: int, work: Path) -> Measured:
    """Run the program of ``row`` in a process of its own; its answers must be the right ones."""
    sizes = {"small": max(200, setting.concurrency), "large": n}
    if sizes["large"] <= sizes["small"]:
        raise SystemExit(f"--n must be more than {sizes['small']} at {setting}")
    files = {name: work / f"{name}.jsonl" for name in sizes}
    right = {name: write_questions(files[name], size) for name, size in sizes.items()}
    python = sys.executable if row.peer is None else str(python_of(row.peer))
    with serving(setting) as base_url:
        command = [python, str(PROGRAMS / row.program), "--base-url", base_url]
        command += ["--concurrency", str(setting.concurrency), "--work", str(work)]
        command += [word for name, file in files.items() for word in (f"--{name}", str(file))]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": "", **row.variables},
        )
    if done.returncode != 0:
        raise SystemExit(f"{row.name} failed:\n{done.stderr[-3000:]}")
    taken = json.loads(done.stdout.splitlines()[-1])
    for name, size in sizes.items():
        if (taken[name]["answered"], taken[name]["right"]) != (size, right[name]):
            raise SystemExit(
                f"{row.name}: {taken[name]['answered']} answered and {taken[name]['right']} right "
                f"of {size}; {size} and {right[name]} were expected"
            )
    more = sizes["large"] - sizes["small"]
    cpu_seconds = taken["large"]["cpu_seconds"] - taken["small"]["cpu_seconds"]
    return Measured(
        cpu_ms=1000 * cpu_seconds / more,
        per_second=sizes["large"] / taken["large"]["seconds"],
        peak_mib=taken["peak_mib"],
    )


def measure_all(rows: tuple[Row, ...], setting: Setting, n: int, repetitions: int) -> Found:
    """All rows in turn, as often as asked; slow ones once."""
    found: Found = {row.name: [] for row in rows}
    for repetition in range(repetitions):
        for row in rows:
            if repetition > 0 and row.slow:
                continue
            with tempfile.TemporaryDirectory() as work:
                found[row.name].append(measure(row, setting, n, Path(work)))
    return found


def ratio(found: Found, name: str) -> float:
    """Median over repetitions of a row's CPU over evalsuite's."""
    pairs = zip(found[name], found[OURS], strict=False)
    return statistics.median(theirs.cpu_ms / ours.cpu_ms for theirs, ours in pairs)


def table(found: Found, setting: Setting, n: int) -> str:
    """Medians of each row, the range of its CPU, and its ratio to evalsuite."""
    lines = [
        f"\n{n:,} questions, {setting}",
        f"{'':<26}{'CPU ms/sample':>14}{'range':>16}{'ratio':>8}{'samples/s':>11}{'peak MiB':>10}",
    ]
    for name, several in found.items():
        cpu = [one.cpu_ms for one in several]
        between = f"{min(cpu):.3f}-{max(cpu):.3f}" if len(cpu) > 1 else "n = 1"
        compared = f"{ratio(found, name):.2f}" if OURS in found else ""
        lines.append(
            f"{name:<26}{statistics.median(cpu):>14.3f}{between:>16}{compared:>8}"
            f"{statistics.median(one.per_second for one in several):>11,.0f}"
            f"{statistics.median(one.peak_mib for one in several):>10.0f}"
        )
    return "\n".join(lines)


def shortfalls(rows: tuple[Row, ...], found: Found, setting: Setting) -> list[str]:
    """A line for each row whose CPU is not as many times evalsuite's as it should be."""
    return [
        f"{setting}: {row.name} takes {ratio(found, row.name):.2f} times evalsuite's CPU, "
        f"target at least {row.at_least:.2f}"
        for row in rows
        if row.at_least is not None and ratio(found, row.name) < row.at_least
    ]


def main() -> int:
    """Measure, print, and with ``--check`` judge."""
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--n", type=int, default=5000, help="questions [5000]")
    parser.add_argument("--repetitions", type=int, default=3, help="processes a row [3]")
    parser.add_argument("--rows", help=f"of {'; '.join(names)}; separated by ; [all]")
    parser.add_argument("--quick", action="store_true", help="1,000 questions, once, no latency")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a target is missed")
    given = parser.parse_args()
    wanted = given.rows.split(";") if given.rows else names
    if unknown := [name for name in wanted if name not in names]:
        parser.error(f"no row {unknown[0]!r}; there are {'; '.join(names)}")
    if given.check and OURS not in wanted:
        parser.error(f"--check compares with {OURS}")
    rows = tuple(row for row in ROWS if row.name in wanted)
    settings = SETTINGS[:1] if given.quick else SETTINGS
    n, repetitions = (1000, 1) if given.quick else (given.n, given.repetitions)
    missed = []
    for setting in settings:
        found = measure_all(rows, setting, n, repetitions)
        print(table(found, setting, n), flush=True)
        missed += shortfalls(rows, found, setting) if given.check else []
    for line in missed:
        print(f"falls short: {line}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
