"""APIBench TorchHub: right calls, and Gorilla's recorded answers.

No figure stands beside the recordings. With tree-sitter-python 0.25.0 the authors' script
(gorilla/eval/eval-scripts/ast_eval_th.py) counts in these files, of 186, right and hallucinated:
FT_0_shot 141 and 30, FT_oracle 110 and 73, RT_0_shot 0 and 0. It loses calls behind a stray quote,
which many of these answers have, and takes a name inside a longer one for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.library.tools.apibench import database
from evalsuite.records import Answer
from evalsuite.task import Task


@pytest.fixture
def task(load: Callable[[str], Task], data: Callable[[str], Path]) -> Task:
    data("tool_calling/apibench_torchhub")
    return load("tool_calling/apibench_torchhub")


def test_right_calls_are_right(task: Task) -> None:
    assert len(database()) == 94
    samples = list(task.samples("test"))
    assert len(samples) == 186 and task.shot is not None
    for sample in samples:
        right, invented = task.score(sample, Answer(text=task.shot(sample)))
        assert (right.value, invented.value) == (1.0, 0.0)
        assert "\\n" not in sample.inputs["question"]


@pytest.mark.parametrize(
    ("file", "right", "hallucinated", "without"),
    [("FT_0_shot", 152, 20, 0), ("FT_oracle", 152, 31, 2), ("RT_0_shot", 0, 18, 168)],
)
def test_recorded_answers(
    task: Task,
    data: Callable[[str], Path],
    file: str,
    right: int,
    hallucinated: int,
    without: int,
) -> None:
    samples = {sample.id: sample for sample in task.samples("test")}
    lines = data(f"tool_calling/recorded/apibench_gorilla/{file}.jsonl").read_text().splitlines()
    scores = []
    for row in map(json.loads, lines):
        sample = samples[f"torchhub-{row['question_id']}"]
        scores.append(task.score(sample, Answer(text=row["text"])))
    assert len(scores) == 186
    assert sum(match.value or 0 for match, _ in scores) == right
    assert sum(invented.value or 0 for _, invented in scores) == hallucinated
    assert sum(match.status == "format_error" for match, _ in scores) == without
