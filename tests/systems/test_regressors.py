from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, cast

import pytest

from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.regression import r2
from evalsuite.systems.base import Fitted, Practice
from evalsuite.systems.classical import ClassicalSpec
from evalsuite.systems.resources import Resources
from evalsuite.task import Split, Task

pytest.importorskip("sklearn")


def samples(n: int, seed: int, target: Any = float) -> list[Sample]:
    """A sum with a word's part in it, some cells missing and a column that is always so."""
    draw = random.Random(seed)
    found = []
    for index in range(n):
        size, kind = draw.uniform(0, 10), draw.choice(["a", "b"])
        columns = {"size": size, "kind": kind, "noise": draw.random(), "never": None}
        if draw.random() < 0.05:
            columns["kind"] = None
        value = target(round(3 * size + (10 if kind == "a" else 0)))
        found.append(Sample(id=f"{seed}-{index}", inputs={"columns": columns}, target=value))
    return found


class Train:
    """Practice with a train split alone, which is all that a model without members looks at."""

    seed = 0

    def __init__(self, task: Task) -> None:
        self.task = task

    def samples(self, split: Split) -> Sequence[Sample]:
        return list(self.task.samples(split))


def task_of(train: list[Sample], test: list[Sample]) -> Task:
    splits: dict[str, list[Sample]] = {"train": train, "validation": [], "test": test}
    return Task(
        name="t",
        family="f",
        summary="",
        samples=lambda split: splits[split],
        prompt=lambda sample: "?",
        score=lambda sample, answer: [Score(name="right", value=1.0)],
        success="right",
        learnable="rows",
    )


@pytest.fixture
def resources() -> Any:
    shared = Resources()
    yield shared
    shared.close()


async def learn(kind: Any, task: Task, resources: Resources) -> tuple[Fitted, list[Answer]]:
    model = ClassicalSpec(model=kind).open(resources)
    fitted = await model.fit(cast(Practice, Train(task)))
    assert fitted is not None
    requests = [task.request(s, split="test", seed=0, repeat=0) for s in task.samples("test")]
    return fitted, [(await model.complete(r, fitted)).answer for r in requests]


@pytest.mark.parametrize(
    ("kind", "at_least"),
    [("auto", 0.95), ("gradient_boosting", 0.95), ("logistic_regression", 0.9)],
)
async def test_numbers_are_learnt(resources: Resources, kind: Any, at_least: float) -> None:
    task = task_of(samples(400, 1), samples(100, 2))
    fitted, answers = await learn(kind, task, resources)
    predicted = [float(answer.text or "nan") for answer in answers]
    explained = r2([sample.target for sample in task.samples("test")], predicted)
    assert explained is not None and explained > at_least
    assert all(answer.choice is None and answer.probabilities is None for answer in answers)
    assert "for numbers learnt from 400" in fitted.note


async def test_the_majority_of_numbers_is_their_mean(resources: Resources) -> None:
    train = samples(50, 3)
    _, answers = await learn("majority", task_of(train, samples(3, 4)), resources)
    mean = sum(sample.target for sample in train) / 50
    assert [float(answer.text or "nan") for answer in answers] == pytest.approx([mean] * 3)


async def test_whole_numbers_are_labels(resources: Resources) -> None:
    _, answers = await learn("auto", task_of(samples(60, 5, int), samples(3, 6, int)), resources)
    assert all(answer.probabilities and answer.choice == answer.text for answer in answers)


@pytest.mark.parametrize("target", [float, str])
@pytest.mark.parametrize("kind", ["gradient_boosting", "logistic_regression"])
async def test_rows_that_tell_nothing(resources: Resources, kind: Any, target: Any) -> None:
    """Columns that are always missing leave the mean, or the most frequent label."""
    train = [
        Sample(id=str(i), inputs={"columns": {"a": None}}, target=target(value))
        for i, value in enumerate((1, 1, 4))
    ]
    _, (answer,) = await learn(kind, task_of(train, train[:1]), resources)
    assert answer.text == ("2.0" if target is float else "1")
