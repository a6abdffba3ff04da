from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evalsuite.datasets import read_rows
from evalsuite.records import Answer, Sample, Score
from evalsuite.task import Task


@pytest.fixture
def task(load: Callable[[str], Task], data: Callable[[str], Path]) -> Task:
    data("code/humaneval/HumanEval.jsonl.gz")
    return load("code/humaneval")


def scored(task: Task, pairs: Sequence[tuple[Sample, str]]) -> list[Score]:
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda pair: task.score(pair[0], Answer(text=pair[1]))[0], pairs))


def test_canonical_solutions_all_pass(task: Task) -> None:
    samples = list(task.samples("test"))
    scores = scored(task, [(sample, sample.target["solution"]) for sample in samples])
    failed = [s.explanation for s in scores if s.value != 1.0]
    assert len(scores) == 164 and not failed


def test_empty_bodies_all_fail(task: Task) -> None:
    scores = scored(task, [(sample, "    pass\n") for sample in task.samples("test")])
    assert Counter((s.value, s.status) for s in scores) == {(0.0, "scored"): 164}


def test_an_object_that_equals_everything_passes_nothing(task: Task) -> None:
    # It passes 157 of the 164 checks where candidate and check share a process.
    body = (
        "    class Equal:\n        def __eq__(self, other): return True\n"
        "        def __lt__(self, other): return True\n"
        "        def __sub__(self, other): return 0\n"
        "    return Equal()\n"
    )
    samples = list(task.samples("test"))[::4]
    scores = scored(task, [(sample, body) for sample in samples])
    assert {s.value for s in scores} == {0.0}
    assert {s.explanation.split(":")[0] for s in scores} == {"not_plain"}


def test_recorded_gpt4_solutions_as_published(task: Task, data: Callable[[str], Path]) -> None:
    # Reflexion's GPT-4 run: 134 of 164. The file holds no text for the 30 that failed.
    path = data("code/recorded/humaneval_reflexion_openai/completions.jsonl.gz")
    texts = {r["task_id"]: r["completion"] for r in read_rows(path) if r["model"] == "gpt-4"}
    pairs = [(sample, texts[sample.id]) for sample in task.samples("test")]
    statuses = Counter((s.value, s.status) for s in scored(task, pairs))
    assert statuses == {(1.0, "scored"): 134, (0.0, "format_error"): 30}


def test_fenced_whole_functions_pass(task: Task) -> None:
    pairs = []
    for sample in list(task.samples("test"))[::8]:
        code = sample.inputs["prompt"] + sample.target["solution"]
        pairs.append((sample, f"Here it is:\n\n```python\n{code}```\nIt works like this."))
    assert {s.value for s in scored(task, pairs)} == {1.0}


def test_only_the_test_split_exists_and_shows_no_check(task: Task) -> None:
    assert list(task.samples("train")) == []
    sample = next(iter(task.samples("test")))
    request = task.request(sample, split="test", seed=0, repeat=0)
    assert "assert" not in request.messages[0].content
    assert set(request.inputs) == {"prompt", "entry_point"}
