"""What every program in this folder shares: its arguments, and how its work is measured.

A program is given two files of questions, small and large, and asks both in one process: the small
one first, to warm up, then again, and then the large one. What one sample costs is the difference
of the last two over the difference of their sizes, so that whatever a run costs once (imports,
opening files, a first connection) is apart. CPU seconds are user and system time of this process
and of its children. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Given:
    """The arguments of a program."""

    base_url: str
    concurrency: int
    work: Path


Ask = Callable[[Path], tuple[int, int]]
"""Asks the questions of a file; returns how many were answered, and how many rightly."""


def questions_of(path: Path) -> list[dict[str, object]]:
    """The rows of a file of questions: id, question, answer."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def cpu_seconds() -> float:
    """CPU seconds of this process and of its ended children so far."""
    mine = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return mine.ru_utime + mine.ru_stime + children.ru_utime + children.ru_stime


def report(begin: Callable[[Given], Ask]) -> None:
    """Run the program that ``begin`` makes ready, and print what it took as one line of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--small", type=Path, required=True)
    parser.add_argument("--large", type=Path, required=True)
    options = parser.parse_args()
    ask = begin(Given(options.base_url, options.concurrency, options.work))
    ask(options.small)
    taken = {}
    for name in ("small", "large"):
        cpu, began = cpu_seconds(), time.perf_counter()
        answered, right = ask(getattr(options, name))
        taken[name] = {
            "cpu_seconds": cpu_seconds() - cpu,
            "seconds": time.perf_counter() - began,
            "answered": answered,
            "right": right,
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**taken, "peak_mib": peak}), flush=True)
