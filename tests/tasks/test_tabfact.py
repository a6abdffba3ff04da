from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.records import Answer
from evalsuite.task import Graded, Task


@pytest.fixture
def task(load: Callable[[str], Task], data: Callable[[str], Path]) -> Task:
    data("tabular/tabfact/small_test.jsonl.gz")
    return load("tabular/tabfact")


def test_statements_and_tables(task: Task) -> None:
    samples = list(task.samples("test"))
    assert Counter(sample.target for sample in samples) == {"Refuted": 1009, "Entailed": 989}
    assert len({sample.cluster for sample in samples}) == 298
    assert not list(task.samples("train")) and not list(task.samples("validation"))
    for sample in samples:
        header, *rows = sample.inputs["table"]
        assert rows and all(len(row) == len(header) for row in rows)


def test_no_table_is_cut(task: Task) -> None:
    """Each cell stands in the prompt, whatever the form; the longest prompt is 4,148 characters."""
    samples = list(task.samples("test"))
    assert max(len(str(task.prompt(sample))) for sample in samples) == 4148
    longest = max(samples, key=lambda sample: len(str(sample.inputs["table"])))
    for form in (task, task.variants["csv"]):
        prompt = str(form.prompt(longest))
        assert all(cell in prompt for row in longest.inputs["table"] for cell in row)
    without = str(task.variants["without_table"].prompt(longest))
    assert without.startswith(f"Statement: {longest.inputs['statement']}\n")
    assert longest.inputs["caption"] not in without and len(without.splitlines()) == 2


def test_verdicts(task: Task) -> None:
    sample = next(s for s in task.samples("test") if s.target == "Entailed")
    said = {
        text: task.score(sample, Answer(text=text))[0] for text in ("entailed.", "Refuted", "?")
    }
    assert [score.value for score in said.values()] == [1, 0, 0]
    assert said["?"].status == "format_error"
    reasoned = task.variants["reasoned"].score
    assert reasoned is not None
    working = "Row 2 seems refuted, but is entailed.\nAnswer: Entailed"
    assert reasoned(sample, Answer(text=working))[0].value == 1
    assert task.score(sample, Answer(text=working))[0].status == "format_error"


def test_a_constant_answer_is_worth_its_share(task: Task) -> None:
    graded = [
        Graded(sample=sample, answer=Answer(text="Refuted"), scores={})
        for sample in task.samples("test")
    ]
    assert task.corpus["balanced_accuracy"](graded) == 0.5
    assert task.corpus["mcc"](graded) is None and task.corpus["auc"](graded) is None
