from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.embedded.items import items
from evalsuite.errors import CallRejected
from evalsuite.records import Answer, Completion, Sample, Score
from evalsuite.systems.base import Fitted, Outcome
from evalsuite.systems.classical import ClassicalModel, ClassicalSpec
from evalsuite.systems.price import usd_of
from evalsuite.systems.resources import Resources
from evalsuite.systems.tagger import best_tags
from evalsuite.task import Learnable, Split, Task

pytest.importorskip("sklearn")


@dataclass
class Train:
    """Practice with a train split alone, as a model sees it."""

    task: Task
    seed: int = 0

    def samples(self, split: Split) -> Sequence[Sample]:
        return list(self.task.samples(split))

    async def outcomes(self, role: str, split: Split) -> Sequence[Outcome]:
        raise AssertionError("a model has no members to ask")


def task_of(
    learnable: Learnable | None, train: list[Sample], test: list[Sample], choices: Any = None
) -> Task:
    splits = {"train": train, "validation": [], "test": test}
    return Task(
        name="t",
        family="f",
        summary="",
        samples=lambda split: splits[split],
        prompt=lambda sample: "?",
        score=lambda sample, answer: [Score(name="right", value=1.0)],
        success="right",
        choices=choices,
        learnable=learnable,
    )


async def answer_all(model: ClassicalModel, task: Task) -> tuple[Fitted, list[Completion]]:
    fitted = await model.fit(Train(task))
    assert fitted is not None
    requests = [task.request(s, split="test", seed=0, repeat=0) for s in task.samples("test")]
    return fitted, list(await asyncio.gather(*(model.complete(r, fitted) for r in requests)))


@pytest.fixture
def resources() -> Any:
    shared = Resources()
    yield shared
    shared.close()


def rows(n: int, seed: int) -> list[Sample]:
    draw = random.Random(seed)
    samples = []
    for index in range(n):
        size, colour = draw.uniform(0, 10), draw.choice(["red", "blue", None])
        label = "big" if size > 6 or colour == "red" else "small"
        columns = {"size": size if draw.random() > 0.05 else None, "colour": colour}
        columns["noise"] = draw.random()
        samples.append(Sample(id=f"{seed}-{index}", inputs={"columns": columns}, target=label))
    return samples


def accuracy(task: Task, completions: list[Completion]) -> float:
    pairs = zip(task.samples("test"), completions, strict=True)
    hits = [completion.answer.choice == sample.target for sample, completion in pairs]
    return sum(hits) / len(hits)


@pytest.mark.parametrize(
    ("kind", "at_least"),
    [("gradient_boosting", 0.93), ("logistic_regression", 0.9), ("auto", 0.93)],
)
async def test_rows_are_learnt(resources: Resources, kind: Any, at_least: float) -> None:
    task = task_of("rows", rows(400, 1), rows(100, 2), lambda sample: ["big", "small", "never"])
    model = ClassicalSpec(model=kind).open(resources)
    fitted, completions = await answer_all(model, task)
    assert accuracy(task, completions) >= at_least
    for completion in completions:
        probabilities = completion.answer.probabilities
        assert probabilities is not None
        assert list(probabilities) == ["big", "small", "never"]
        assert sum(probabilities.values()) == pytest.approx(1)
        assert probabilities["never"] == 0
        assert completion.answer.text == completion.answer.choice
    assert (fitted.split, fitted.n_samples) == ("train", 400)
    assert "400 training samples" in fitted.note
    assert fitted.machine_seconds > 0


async def test_learning_is_deterministic_and_its_identity_is_the_data(resources: Resources) -> None:
    test = rows(30, 3)
    task, other = task_of("rows", rows(200, 1), test), task_of("rows", rows(200, 4), test)
    first, answers = await answer_all(ClassicalSpec().open(resources), task)
    second, again = await answer_all(ClassicalSpec().open(resources), task)
    third, _ = await answer_all(ClassicalSpec().open(resources), other)
    assert [c.answer for c in answers] == [c.answer for c in again]
    assert first.identity == second.identity != third.identity


async def test_several_tables_and_rows_of_none_of_them(resources: Resources) -> None:
    def table(name: str, n: int) -> list[Sample]:
        return [
            Sample(id=f"{name}{i}", inputs={"columns": {name: i}}, target=f"{name}{i * 2 // n}")
            for i in range(n)
        ]

    unknown = Sample(id="u", inputs={"columns": {"c": 1}}, target="a0")
    task = task_of("rows", table("a", 100) + table("b", 60), [*table("a", 10), unknown])
    _, completions = await answer_all(ClassicalSpec().open(resources), task)
    assert set(completions[0].answer.probabilities or {}) == {"a0", "a1"}
    assert completions[-1].answer.probabilities == {"a0": 50 / 160, "a1": 50 / 160} | {
        "b0": 30 / 160,
        "b1": 30 / 160,
    }


async def test_texts_are_learnt(resources: Resources) -> None:
    draw = random.Random(0)
    words = {"sport": ["goal", "match", "team"], "money": ["bank", "shares", "price"]}

    def texts(n: int) -> list[Sample]:
        samples = []
        for index in range(n):
            label = draw.choice(list(words))
            text = f"the {draw.choice(words[label])} of today {index}"
            samples.append(Sample(id=str(index), inputs={"text": text}, target=label))
        return samples

    task = task_of("texts", texts(60), texts(30))
    _, completions = await answer_all(ClassicalSpec(model="tfidf_linear").open(resources), task)
    assert accuracy(task, completions) == 1.0


async def test_spans_are_learnt(resources: Resources) -> None:
    def sentences(split: Split, n: int) -> list[Sample]:
        return [
            Sample(id=str(i), inputs={"text": item.metadata["text"]}, target=item.target)
            for i, item in enumerate(itertools.islice(items("ner", split, seed=1), n))
        ]

    empty = Sample(id="none", inputs={"text": ""}, target=[])
    task = task_of("spans", sentences("train", 150), [*sentences("test", 40), empty])
    _, completions = await answer_all(ClassicalSpec(model="linear_tagger").open(resources), task)
    right = 0
    for sample, completion in zip(task.samples("test"), completions, strict=True):
        spans = completion.answer.data
        assert all(value <= 0 for value in completion.answer.token_logprobs or ())
        text = sample.inputs["text"]
        assert [span["text"] for span in spans] == [text[s["start"] : s["end"]] for s in spans]
        rendered = "; ".join(f"{span['label']}: {span['text']}" for span in spans)
        assert completion.answer.text == (rendered or "none")
        right += [(s["start"], s["end"], s["label"]) for s in spans] == [
            (s["start"], s["end"], s["label"]) for s in sample.target
        ]
    assert right / 41 > 0.75
    assert completions[-1].answer == Answer(text="none", data=[])


async def test_majority_and_a_single_label(resources: Resources) -> None:
    train = [Sample(id=str(i), inputs={"columns": {"a": i}}, target=i % 3 == 0) for i in range(30)]
    task = task_of("rows", train, train[:1])
    _, (completion,) = await answer_all(ClassicalSpec(model="majority").open(resources), task)
    assert completion.answer.choice == "False"
    assert completion.answer.probabilities == pytest.approx({"False": 2 / 3, "True": 1 / 3})
    same = [Sample(id=str(i), inputs={"columns": {"a": i}}, target="x") for i in range(30)]
    _, (only,) = await answer_all(ClassicalSpec().open(resources), task_of("rows", same, same[:1]))
    assert only.answer.probabilities == {"x": 1.0}


async def test_what_cannot_be_learnt_says_so(resources: Resources) -> None:
    model = ClassicalSpec(model="gradient_boosting").open(resources)
    story, texts = task_of(None, [], []), task_of("texts", rows(9, 1), [])
    untrained = task_of("rows", [], rows(1, 1))
    assert [model.supports(t) for t in (story, texts, untrained)] == [False, False, True]
    for task in (story, texts, untrained):
        assert await model.fit(Train(task)) is None
    request = untrained.request(rows(1, 1)[0], split="test", seed=0, repeat=0)
    with pytest.raises(CallRejected) as caught:
        await model.complete(request, None)
    assert caught.value.kind == "not_learnable"


async def test_choices_that_were_never_labels_are_refused(resources: Resources) -> None:
    task = task_of("rows", rows(50, 1), rows(1, 2), lambda sample: ["A", "B"])
    with pytest.raises(CallRejected) as caught:
        await answer_all(ClassicalSpec().open(resources), task)
    assert caught.value.kind == "unknown_choices"


async def test_the_price_is_the_assumed_machine_hour(resources: Resources) -> None:
    task = task_of("rows", rows(50, 1), rows(1, 2))
    model = ClassicalSpec().open(resources)
    _, (completion,) = await answer_all(model, task)
    assert completion.machine_seconds is not None
    expected = completion.machine_seconds / 3600 * 0.08
    assert usd_of(completion, model.price) == (pytest.approx(expected), "machine_hour")
    assert model.price.source.startswith("assumed")
    stated = ClassicalSpec(usd_per_machine_hour=0.5).open(resources)
    assert stated.price.source == "stated in the experiment"


TAGS = ("B-A", "B-B", "I-A", "I-B", "O")


@given(st.lists(st.lists(st.floats(-9, 0), min_size=5, max_size=5), min_size=1, max_size=4))
def test_tags_are_the_best_allowed_sequence(logs: list[list[float]]) -> None:
    def allowed(path: Sequence[int]) -> bool:
        before = "O"
        for index in path:
            tag = TAGS[index]
            if tag.startswith("I-") and before not in (f"B-{tag[2:]}", tag):
                return False
            before = tag
        return True

    def score(path: Sequence[int]) -> float:
        return sum(row[index] for row, index in zip(logs, path, strict=True))

    paths = [path for path in itertools.product(range(5), repeat=len(logs)) if allowed(path)]
    found = [TAGS.index(tag) for tag in best_tags(TAGS, logs)]
    assert allowed(found)
    assert score(found) == pytest.approx(max(score(path) for path in paths))
