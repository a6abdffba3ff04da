"""The report of a million answers: how long it takes, and how much memory.

A run is made up (``benchmarks/large_run.py``: 10 systems x 5 tasks x 20,000 samples, so 1,000,000
responses, 1,180,000 calls and 1,400,000 scores in 640 MB of Parquet), and three things are done
with it, each in a process of its own, start-up included:

- evalsuite report: ``evalsuite report RUN --out FILE.html``, which is all that a reader gets:
  intervals, comparisons, slices, energy, and the page with its samples;
- evalsuite load: ``evalsuite.load`` and every table read whole, texts included;
- pandas: the peer, a notebook without evalsuite. ``pandas.read_parquet`` of responses, calls and
  scores, whole, then by system and by (task, system) the rate, its standard error, dollars per
  success, median and 95th percentile of latency, and calls, tokens and failures by role. No
  interval knows of clusters there, nothing is compared, and there is no page.

CPU is user and system time of the process, memory the peak of its resident set. Each row is taken
``--repetitions`` times in turn and the best is shown, because other work on the machine only ever
adds. A last process tells where the report's time goes, phase by phase.

Targets: the report takes at most 30 s and 2 GB (2 x 1024 MiB) on 2 cores; loading and touching
every table at most 1.3 times the CPU of pandas, which reads less; loading alone half a second.

    python benchmarks/report_scale.py [--samples 20000] [--repetitions 3] [--run FOLDER] [--check]

``--check`` exits with 1 and names each target that is missed. ``--run`` measures a run that is
there already.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_SECONDS, MOST_MIB, MOST_LOAD_SECONDS, MOST_LOAD_CPU = 30.0, 2048.0, 0.5, 1.3
REPORT, LOAD, TOUCH, PEER = (
    "evalsuite report",
    "evalsuite load",
    "evalsuite load, untouched",
    "pandas",
)
ORDER = (REPORT, LOAD, TOUCH, PEER)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What one process took."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


Found = dict[str, list[Taken]]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=20_000, help="of each of the 5 tasks")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--run", type=Path, help="the folder of a run that is there already")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--inner", choices=[*PROGRAMS, "phases"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inner == "phases":
        tell_phases(arguments.run)
        return
    if arguments.inner:
        PROGRAMS[arguments.inner](arguments.run)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.run or Path(scratch) / "run"
        if arguments.run is None:
            from large_run import write_run  # not in the processes that are measured

            print(write_run(folder, n_samples=arguments.samples), flush=True)
        found = measure(folder, Path(scratch), arguments.repetitions)
        print(table(found), flush=True)
        subprocess.run(inner("phases", folder), check=True)
    missed = shortfalls(found)
    print("\n".join(missed) or "all targets met")
    sys.exit(1 if arguments.check and missed else 0)


def measure(folder: Path, scratch: Path, repetitions: int) -> Found:
    """Run every row in turn, ``repetitions`` times."""
    report = [sys.executable, "-m", "evalsuite", "report", str(folder)]
    commands = {
        REPORT: [*report, "--out", str(scratch / "report.html")],
        LOAD: inner("load", folder),
        TOUCH: inner("touch", folder),
        PEER: inner("pandas", folder),
    }
    found: Found = {name: [] for name in commands}
    for _ in range(repetitions):
        for name, command in commands.items():
            found[name].append(taken(command))
    return found


def taken(command: Sequence[str]) -> Taken:
    """Run ``command`` to its end."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Taken(
        seconds=seconds,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mib=usage.ru_maxrss / 1024,
    )


def inner(program: str, folder: Path) -> list[str]:
    """The command that runs one of ``PROGRAMS`` in a process of its own."""
    return [sys.executable, __file__, "--inner", program, "--run", str(folder)]


def best(several: Sequence[Taken]) -> Taken:
    """The least of each."""
    return Taken(
        seconds=min(one.seconds for one in several),
        cpu_seconds=min(one.cpu_seconds for one in several),
        peak_mib=min(one.peak_mib for one in several),
    )


def table(found: Found) -> str:
    """What was measured, a row each."""
    lines = [f"{'':28}{'wall s':>8}{'CPU s':>8}{'peak MiB':>10}{'repetitions':>13}"]
    for name in ORDER:
        one = best(found[name])
        lines.append(
            f"{name:28}{one.seconds:>8.1f}{one.cpu_seconds:>8.1f}{one.peak_mib:>10.0f}"
            f"{len(found[name]):>13}"
        )
    return "\n".join(lines)


def shortfalls(found: Found) -> list[str]:
    """The targets that were missed, in words."""
    report, load, touch, peer = (best(found[name]) for name in ORDER)
    missed = []
    if report.seconds > MOST_SECONDS:
        missed.append(f"the report took {report.seconds:.1f} s, target {MOST_SECONDS:.0f} s")
    if report.peak_mib > MOST_MIB:
        missed.append(f"the report took {report.peak_mib:.0f} MiB, target {MOST_MIB:.0f} MiB")
    if load.cpu_seconds > MOST_LOAD_CPU * peer.cpu_seconds:
        missed.append(
            f"loading all tables took {load.cpu_seconds / peer.cpu_seconds:.2f} times the CPU of "
            f"pandas, target {MOST_LOAD_CPU}"
        )
    if touch.seconds > MOST_LOAD_SECONDS:
        missed.append(
            f"loading without a table took {touch.seconds:.2f} s, target {MOST_LOAD_SECONDS} s"
        )
    return missed


def read_all(folder: Path) -> None:
    """Every table, whole, through evalsuite."""
    import evalsuite

    run = evalsuite.load(folder)
    for frame in (run.samples, run.responses, run.practice, run.calls, run.scores):
        assert frame.columns.size


def read_none(folder: Path) -> None:
    """What loading costs by itself."""
    import evalsuite

    assert evalsuite.load(folder).manifest.tasks


def with_pandas(folder: Path) -> None:
    """The peer: the tables whole, and the figures that a notebook would begin with."""
    import pandas as pd

    responses, calls, scores = (
        pd.read_parquet(folder / f"{name}.parquet") for name in ("responses", "calls", "scores")
    )
    responses["right"] = responses["success"].astype("Float64")
    for by in (["system"], ["task", "system"]):
        groups = responses.groupby(by)
        figures = groups["right"].agg(["mean", "sem", "sum", "count"])
        figures["usd_per_success"] = groups["usd"].sum() / figures["sum"]
        figures[["p50", "p95"]] = groups["seconds"].quantile([0.5, 0.95]).unstack()
        assert len(figures)
    answering = calls[calls["phase"] == "answer"]
    roles = answering.groupby(["system", "role"])
    spent = roles[["usd", "input_tokens", "output_tokens"]].sum()
    spent["failed"] = roles["status"].agg(lambda status: (status == "error").sum())
    assert len(spent) and len(scores.groupby(["task", "system", "name"])["value"].mean())


PROGRAMS: dict[str, Callable[[Path], None]] = {
    "load": read_all,
    "touch": read_none,
    "pandas": with_pandas,
}


def tell_phases(folder: Path) -> None:
    """Print where the time of a report goes: the parts of the summary, and every section."""
    from evalsuite.analysis import summary as parts
    from evalsuite.reporting import html, sections
    from evalsuite.store import load_run

    spent: dict[str, Taken] = {}
    with phase("load", spent):
        run = load_run(folder)
    names = [
        *("rows_of", "_system", "line_up", "compare", "details_of", "_tasks", "families"),
        *("prompt_sensitivity", "compare_with_members", "amortise", "judge_figures"),
        *("energy_figures", "_cheapest_right"),
    ]
    for name in (name for name in names if hasattr(parts, name)):
        setattr(parts, name, timed(f"  {name.removeprefix('_')}", getattr(parts, name), spent))
    with phase("summarise", spent):
        summed = parts.summarise(run)
    for section in sections.SECTIONS:
        timed_context = timed(f"  {section.id}", section.context, spent)
        object.__setattr__(section, "context", timed_context)
    with phase("page", spent):
        page = html.to_html(run, summed)
    print(f"\n{'phase':28}{'wall s':>8}{'CPU s':>8}{'peak MiB':>10}")
    for name, one in spent.items():
        if one.cpu_seconds >= 0.05 or not name.startswith(" "):
            print(f"{name:28}{one.seconds:>8.1f}{one.cpu_seconds:>8.1f}{one.peak_mib:>10.0f}")
    print(f"the page has {len(page.encode()) / 1e6:.1f} MB")


def timed(name: str, function: Callable[..., Any], spent: dict[str, Taken]) -> Callable[..., Any]:
    """``function``, adding what each call takes to ``spent``."""

    def measured(*given: Any, **named: Any) -> Any:
        with phase(name, spent):
            return function(*given, **named)

    return measured


@contextmanager
def phase(name: str, spent: dict[str, Taken]) -> Iterator[None]:
    """Add what the block takes to ``spent``."""
    import resource

    def now() -> tuple[float, float, float]:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime + usage.ru_stime
        return time.perf_counter(), cpu, usage.ru_maxrss / 1024

    before = spent.setdefault(name, Taken(seconds=0.0, cpu_seconds=0.0, peak_mib=0.0))
    began = now()
    yield
    ended = now()
    spent[name] = Taken(
        seconds=before.seconds + ended[0] - began[0],
        cpu_seconds=before.cpu_seconds + ended[1] - began[1],
        peak_mib=ended[2],
    )


if __name__ == "__main__":
    main()
