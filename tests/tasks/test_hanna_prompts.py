from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.datasets import read_rows
from evalsuite.records import Sample
from evalsuite.task import Graded, Task

Grade = Callable[[Task, Sample, str], Graded]


@pytest.fixture
def task(load: Callable[[str], Task], data: Callable[[str], Path]) -> Task:
    data("creative/hanna/prompts.jsonl.gz")
    return load("writing/hanna_prompts")


def test_prompts_and_human_stories(task: Task, grade: Grade) -> None:
    samples = list(task.samples("test"))
    assert len(samples) == 96 and list(task.samples("train")) == []
    rows = [grade(task, sample, sample.target) for sample in samples]
    assert sum(row.scores["ends_properly"].value or 0 for row in rows) == 59


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (" ".join(f"word{n}" for n in range(120)) + ".", 1.0),
        (" ".join(f"word{n}" for n in range(120)), 0.0),
        (" ".join(f"word{n}" for n in range(80)) + ".", 0.0),
        ("the same four words " * 40 + ".", 0.0),
        ("", 0.0),
    ],
)
def test_well_formed(task: Task, grade: Grade, text: str, value: float) -> None:
    sample = next(iter(task.samples("test")))
    assert grade(task, sample, text).scores["well_formed"].value == value


def test_models_of_the_benchmark_are_mostly_well_formed(
    task: Task, grade: Grade, data: Callable[[str], Path]
) -> None:
    samples = {sample.id: sample for sample in task.samples("test")}
    good = [
        grade(task, samples[f"prompt-{row['prompt_id']}"], row["story"]).scores["well_formed"].value
        for row in read_rows(data("creative/recorded/hanna_llm_stories/stories.jsonl.gz"))
        if row["model"] == "Mistral-7b"
    ]
    assert len(good) == 96 and sum(v or 0 for v in good) >= 90
