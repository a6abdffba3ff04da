"""Sums that two recorded systems answered, one of them always right; judges are scripted."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalsuite.cli import main
from tests.judging_runs import scripted_judge

JUDGE = "tests.judging_runs.scripted_judge:ScriptedJudgeSpec"
N = 6
FAILED = 5
"""The sum that the system ``wrong`` did not answer."""


def scripted(rule: str, **options: Any) -> dict[str, Any]:
    """A system that judges by ``rule``."""
    return {"backend": JUDGE, "rule": rule, "label": rule, **options}


@pytest.fixture
def sums(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """An experiment over N sums; ``right`` answers 2i, ``wrong`` 2i + 1, and 0 where i is 0."""
    with (tmp_path / "sums.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "sum", "result"])
        table.writerows([f"s{i}", f"{i} + {i}", 2 * i] for i in range(N))
    with (tmp_path / "answers.jsonl").open("w") as file:
        for i in range(N):
            wrong = None if i == FAILED else str(2 * i + (i > 0))
            row = {"id": f"s{i}", "right": str(2 * i), "wrong": wrong}
            file.write(json.dumps(row) + "\n")
    scripted_judge.ASKED.clear()

    def experiment(judges: list[dict[str, Any]], **systems: Any) -> dict[str, Any]:
        recorded = {"backend": "replay", "file": str(tmp_path / "answers.jsonl")}
        return {
            "name": "sums",
            "tasks": [
                {
                    "name": "sums",
                    "data": str(tmp_path / "sums.csv"),
                    "id": "id",
                    "prompt": "What is {{ sum }}?",
                    "target": "result",
                    "scorer": "exact",
                }
            ],
            "systems": {
                "right": {**recorded, "columns": {"sample_id": "id", "text": "right"}},
                "wrong": {**recorded, "columns": {"sample_id": "id", "text": "wrong"}},
                **systems,
            },
            "judges": judges,
        }

    return experiment


@pytest.fixture
def evalsuite_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Runs a command; its exit code and all that it wrote."""

    def say(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["evalsuite", *arguments])
        monkeypatch.setenv("COLUMNS", "250")
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        return code, "".join(capsys.readouterr())

    return say
