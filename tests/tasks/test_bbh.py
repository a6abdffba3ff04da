from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from evalsuite.datasets import read_rows
from evalsuite.task import Graded, Task
from tests.tasks.recorded import tally

Load = Callable[[str], Task]
Data = Callable[[str], Path]


@pytest.fixture
def task(load: Load, data: Data) -> Task:
    data("reasoning/bbh")
    return load("reasoning/bbh")


@pytest.mark.parametrize(
    ("kind", "macro_mean", "right"),
    # suzgunmirac/BIG-Bench-Hard, code-davinci-002-outputs, exact match over 27 subtasks
    [("cot", 0.7371, 4816), ("direct", 0.5276, 3408)],
)
def test_recorded_answers_as_published(
    task: Task, data: Data, kind: str, macro_mean: float, right: int
) -> None:
    samples = {sample.id: sample for sample in task.samples("test")}
    recorded = data(f"reasoning/recorded/bbh_codex/code-davinci-002_{kind}.jsonl.gz")
    rows = list(read_rows(recorded))
    done = tally(task, ((samples[f"{r['task']}-{r['idx']}"], r["prediction"]) for r in rows))
    assert (done.right, len(rows)) == (right, 6511)
    value = task.corpus["macro_mean"](done.graded)
    assert value is not None and round(value, 4) == macro_mean
    for row, graded in zip(rows, done.graded, strict=True):
        assert graded.scores["exact_match"].value == row["match"]
    # By hand: the mean of 27 means.
    parts: dict[str, list[bool]] = defaultdict(list)
    for row in rows:
        parts[row["task"]].append(row["match"])
    assert value == pytest.approx(sum(sum(part) / len(part) for part in parts.values()) / 27)


def test_targets_are_right_however_they_are_given(task: Task) -> None:
    samples = list(task.samples("test"))
    assert len(samples) == 6511 and task.shot is not None
    assert tally(task, ((sample, task.shot(sample)) for sample in samples)).right == 6511
    assert tally(task, ((sample, sample.target) for sample in samples)).right == 6511
    assert Counter(sample.metadata["form"] for sample in samples) == {
        "option": 4071,
        "word": 1437,
        "number": 500,
        "brackets": 250,
        "words": 250,
        "text": 3,
    }


def test_a_limit_takes_from_every_subtask_alike(task: Task) -> None:
    first = Counter(s.metadata["subtask"] for s in islice(task.samples("test"), 54))
    assert len(first) == 27 and set(first.values()) == {2}


def test_failed_answers_are_left_out_of_the_mean(task: Task) -> None:
    samples = list(islice(task.samples("test"), 27))
    assert task.shot is not None
    graded = tally(task, ((sample, task.shot(sample)) for sample in samples)).graded
    failed = [Graded(sample=one.sample, answer=None, scores={}) for one in graded[:9]]
    assert task.corpus["macro_mean"](failed + graded[9:]) == 1.0
