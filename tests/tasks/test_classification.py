from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.datasets import read_rows
from evalsuite.records import Answer
from evalsuite.task import Graded, Task

Data = Callable[[str], Path]
Load = Callable[[str], Task]

SIZES = {
    "classification/banking77": (1309, 229, 3080),
    "classification/clinc150": (2750, 349, 5500),
    "classification/tweeteval_emotion": (250, 49, 1421),
    "classification/tweeteval_irony": (250, 50, 784),
    "classification/tweeteval_offensive": (250, 50, 860),
}


@pytest.fixture
def task(load: Load, data: Data) -> Callable[[str], Task]:
    data("classification")
    return load


@pytest.mark.parametrize("name", SIZES)
def test_sizes_and_splits_that_share_nothing(task: Callable[[str], Task], name: str) -> None:
    found = {s: list(task(name).samples(s)) for s in ("train", "validation", "test")}
    assert tuple(len(samples) for samples in found.values()) == SIZES[name]
    texts = {split: {s.inputs["text"] for s in samples} for split, samples in found.items()}
    ids = [sample.id for samples in found.values() for sample in samples]
    assert len(ids) == len(set(ids))
    assert not texts["train"] & texts["test"]
    assert not texts["validation"] & (texts["test"] | texts["train"])


@pytest.mark.parametrize("name", SIZES)
def test_gold_is_right_in_every_spelling(task: Callable[[str], Task], name: str) -> None:
    subject = task(name)
    labels = {sample.target: sample for sample in subject.samples("test")}
    for label, sample in labels.items():
        assert label in subject.choices(sample) if subject.choices else False
        for said in (label, label.replace("_", " ").upper(), f"**{label}**\n\nIt fits best."):
            scores = {score.name: score for score in subject.score(sample, Answer(text=said))}
            assert subject.succeeded(scores) is True, said
    assert subject.shot is not None and len(subject.variants) >= 3


def test_the_first_samples_are_not_of_one_label(task: Callable[[str], Task]) -> None:
    for name in ("classification/banking77", "classification/clinc150"):
        first = [s.target for s, _ in zip(task(name).samples("test"), range(50), strict=False)]
        assert len(set(first)) > 25


def test_clinc_names_are_those_of_the_data(task: Callable[[str], Task], data: Data) -> None:
    import json

    domains = json.loads(data("classification/clinc150/domains.json").read_text())
    intents = {name for names in domains.values() for name in names}
    subject = task("classification/clinc150")
    sample = next(iter(subject.samples("test")))
    assert subject.choices is not None
    assert set(subject.choices(sample)) == intents | {"oos"}
    listed = subject.variants["by_domain"].prompt(sample)
    assert "credit cards: replacement_card_duration" in listed


def test_clinc_figures_by_hand(task: Callable[[str], Task]) -> None:
    subject = task("classification/clinc150")
    samples = list(subject.samples("test"))
    outside = [s for s in samples if s.target == "oos"][:4]
    inside = [s for s in samples if s.target != "oos"][:5]
    said = ["oos", "oos", "oos", "transfer", "oos", *(s.target for s in inside[1:4])]
    graded = [
        Graded(sample=sample, answer=Answer(text=text), scores={})
        for sample, text in zip([*outside, *inside[:4]], said, strict=True)
    ]
    graded.append(Graded(sample=inside[4], answer=Answer(text="hm"), scores={}))
    graded.append(Graded(sample=inside[0], answer=None, scores={}))
    figures = {name: subject.corpus[name](graded) for name in subject.corpus}
    assert figures["in_scope_accuracy"] == 3 / 5, "unreadable is wrong, as is calling it oos"
    assert figures["oos_recall"] == 3 / 4
    assert figures["oos_precision"] == 3 / 4
    assert figures["oos_f1"] == 3 / 4


@pytest.mark.parametrize(
    ("subject", "accuracy", "metric", "official"),
    [
        ("emotion", 0.8339, "macro_f1", 0.7983),
        ("irony", 0.7334, "f1_irony", 0.6248),
        ("offensive", 0.8593, "macro_f1", 0.8155),
    ],
)
def test_recorded_tweeteval_predictions(
    task: Callable[[str], Task],
    data: Data,
    subject: str,
    accuracy: float,
    metric: str,
    official: float,
) -> None:
    """Accuracies of the recording's README; official figures also against scikit-learn."""
    from sklearn.metrics import f1_score

    rows = list(read_rows(data(f"classification/recorded/tweeteval_predictions/{subject}.jsonl")))
    loaded = task(f"classification/tweeteval_{subject}")
    graded = [
        Graded(sample=sample, answer=Answer(text=row["pred"]), scores={})
        for sample, row in zip(loaded.samples("test"), rows, strict=True)
    ]
    assert [one.sample.target for one in graded] == [row["gold"] for row in rows]
    right = [
        task_scores[0].value
        for task_scores in (loaded.score(one.sample, one.answer) for one in graded if one.answer)
    ]
    assert sum(value or 0 for value in right) / len(rows) == pytest.approx(accuracy, abs=5e-5)
    assert loaded.corpus["accuracy"](graded) == pytest.approx(accuracy, abs=5e-5)
    assert loaded.corpus[metric](graded) == pytest.approx(official, abs=5e-5)
    gold, said = [row["gold"] for row in rows], [row["pred"] for row in rows]
    theirs = (
        f1_score(gold, said, average="macro")
        if metric == "macro_f1"
        else f1_score(gold, said, pos_label="irony")
    )
    assert loaded.corpus[metric](graded) == pytest.approx(theirs)
