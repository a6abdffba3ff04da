from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.records import Answer
from evalsuite.task import Graded, Task


@pytest.fixture
def task(load: Callable[[str], Task], data: Callable[[str], Path]) -> Task:
    data("tabular/tabllm_uci/heart.csv")
    return load("tabular/heart")


def test_every_patient_is_in_one_split(task: Task) -> None:
    splits = {split: list(task.samples(split)) for split in ("train", "validation", "test")}
    ids = [sample.id for samples in splits.values() for sample in samples]
    assert len(ids) == len(set(ids)) == 918
    assert 150 < len(splits["test"]) < 220 and 60 < len(splits["validation"]) < 120


def test_the_prompt_is_tabllms_text_template(task: Task) -> None:
    first = min(
        (s for split in ("train", "validation", "test") for s in task.samples(split)),
        key=lambda sample: int(sample.id.removeprefix("row-")),
    )
    (message,) = task.messages(first)
    assert message.content.startswith(
        "The age is 40. The sex is male. The chest pain type is atypical angina. "
        "The resting blood pressure is 140. The serum cholesterol is 289."
    )
    assert message.content.endswith("Does this patient have a heart disease? Yes or no?")
    assert first.target == "No"


def test_what_was_not_measured_is_unknown(task: Task) -> None:
    cells = [s.inputs["columns"]["Cholesterol"] for s in task.samples("train")]
    assert None in cells and 0 not in cells
    unknown = next(s for s in task.samples("train") if s.inputs["columns"]["Cholesterol"] is None)
    assert "The serum cholesterol is unknown." in task.messages(unknown)[0].content


def test_corpus_figures_by_hand(task: Task) -> None:
    samples = list(task.samples("test"))
    rows = []
    for sample in samples:
        p = 0.9 if sample.target == "Yes" else 0.2
        answer = Answer(choice="Yes" if p > 0.5 else "No", probabilities={"Yes": p, "No": 1 - p})
        rows.append(Graded(sample=sample, answer=answer, scores={}))
    figures = {name: metric(rows) for name, metric in task.corpus.items()}
    assert figures["auc"] == figures["balanced_accuracy"] == figures["mcc"] == 1.0
    assert figures["brier"] is not None and 0.02 < figures["brier"] < 0.08
