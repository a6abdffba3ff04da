from __future__ import annotations

from collections.abc import Iterator

import pytest

from evalsuite.datasets import Dataset
from evalsuite.library.classification import LabelQuestion, in_mixed_order, label_task, unseen
from evalsuite.records import Answer, Sample
from evalsuite.task import Graded, Split, Task

QUESTION = LabelQuestion(
    labels=("card_arrival", "card_linking"),
    what="Query",
    asked="What is wanted?",
    noun="intent",
    hint="Cards only.",
)


def samples(split: Split) -> Iterator[Sample]:
    for number in range(40 if split == "test" else 0):
        label = QUESTION.labels[number >= 20]
        yield Sample(id=f"{split}-{number}", inputs={"text": f"text {number}"}, target=label)


@pytest.fixture
def task() -> Task:
    return label_task(
        QUESTION,
        name="classification/cards",
        family="classification",
        summary="Cards",
        samples=samples,
        data=Dataset(name="cards", licence="CC0-1.0", source="here", files={}),
        reference="",
        figures={"n": lambda targets, predictions: float(len(targets))},
    )


def test_every_way_to_ask(task: Task) -> None:
    sample = next(iter(task.samples("test")))
    assert task.messages(sample)[0].content == (
        "Query: text 0\n\nWhat is wanted? Answer with one of these intents and nothing else: "
        "card_arrival, card_linking. Cards only."
    )
    asked = {name: variant.prompt(sample) for name, variant in task.variants.items()}
    assert asked["labels_first"] == (
        "What is wanted? The intents are:\n- card_arrival\n- card_linking\n\n"
        "Answer with the intent and nothing else. Cards only.\n\nQuery: text 0"
    )
    assert asked["unlisted"] == "Query: text 0\nIntent:"
    assert asked["written"] == task.prompt(sample) and task.variants["written"].generated
    assert task.shot is not None and task.shot(sample) == "card_arrival"


def test_scores_and_figures(task: Task) -> None:
    graded = []
    said = ["Card arrival", "card linking", "cards", None]
    for sample, text in zip(task.samples("test"), said, strict=False):
        answer = None if text is None else Answer(text=text)
        scores = {} if answer is None else {s.name: s for s in task.score(sample, answer)}
        graded.append(Graded(sample=sample, answer=answer, scores=scores))
    assert [task.succeeded(one.scores) for one in graded] == [True, False, False, None]
    assert graded[2].scores["choice_match"].status == "format_error"
    figures = {name: metric(graded) for name, metric in task.corpus.items()}
    assert figures["n"] == 3
    assert figures["balanced_accuracy"] == 1 / 3, "unreadable answers are wrong, failed ones none"
    assert figures["auc"] is None, "no probabilities were given"


def test_mixed_order_is_the_same_each_time_and_mixes(task: Task) -> None:
    mixed = [sample.id for sample in in_mixed_order(task.samples("test"))]
    assert mixed == [sample.id for sample in in_mixed_order(reversed(list(samples("test"))))]
    assert sorted(mixed) == sorted(sample.id for sample in samples("test"))
    first = [sample.target for sample in in_mixed_order(samples("test"))][:10]
    assert set(first) == set(QUESTION.labels)


def test_unseen_rows() -> None:
    rows = [{"text": " a "}, {"text": "b"}]
    assert list(unseen(rows, ["a"])) == [{"text": "b"}]
