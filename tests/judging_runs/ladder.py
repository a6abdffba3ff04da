"""A run whose systems write answers of differing lengths, which a scripted judge can compare.

    python -m tests.judging_runs.ladder RUN NOTES TAKES

judges the run in folder RUN, pairs being chosen on the way: a process to kill.
"""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import evalsuite
from evalsuite.api import Run

JUDGE = "tests.judging_runs.noting_judge:NotingJudgeSpec"
PAIR = "helpfulness/pair"
TITLE = "helpfulness-pair"


def noting(notes: Path, **options: Any) -> dict[str, Any]:
    """A judge that prefers the longer answer and notes what it is asked."""
    return {
        "backend": JUDGE,
        "rule": "longer",
        "label": "longer",
        "notes": str(notes),
        **options,
    }


def climbed(
    folder: Path, lengths: Mapping[str, float], n: int, *, spread: float = 3.0, marked: int = 0
) -> Run:
    """A finished run of ``n`` samples; a length is drawn around the system's own (normal).

    The first ``marked`` questions have the word ``forbidden`` in them.
    """
    rng = random.Random(7)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "questions.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "asked", "wanted"])
        words = ["forbidden" if place < marked else "plain" for place in range(n)]
        table.writerows(
            [f"s{place}", f"A {word} question", "x"] for place, word in enumerate(words)
        )
    with (folder / "answers.jsonl").open("w") as file:
        for place in range(n):
            row = {"id": f"s{place}"}
            for name, length in lengths.items():
                row[name] = "x" * max(1, round(rng.gauss(length, spread)))
            file.write(json.dumps(row) + "\n")
    recorded = {"backend": "replay", "file": str(folder / "answers.jsonl")}
    content = {
        "name": "ladder",
        "tasks": [
            {
                "name": "questions",
                "data": str(folder / "questions.csv"),
                "id": "id",
                "prompt": "{{ asked }}",
                "target": "wanted",
                "scorer": "exact",
            }
        ],
        "systems": {
            name: {**recorded, "columns": {"sample_id": "id", "text": name}} for name in lengths
        },
    }
    return evalsuite.run(content, out=folder / "run")


def judged(
    run: Run | Path, notes: Path, *, by: Mapping[str, Any] | None = None, **options: Any
) -> Run:
    """``run`` judged by ``noting``; ``pairs`` are active unless said otherwise."""
    return evalsuite.judge(
        run,
        judge=PAIR,
        by="j",
        further={"j": by or noting(notes)},
        **{"pairs": "active", **options},
    )


def noted(notes: Path) -> list[str]:
    """The questions that were asked, in order."""
    return notes.read_text().splitlines() if notes.exists() else []


def main(arguments: Sequence[str]) -> None:
    run, notes, takes = arguments
    judged(Path(run), Path(notes), by=noting(Path(notes), takes=float(takes)))


if __name__ == "__main__":
    main(sys.argv[1:])
