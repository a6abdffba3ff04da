from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.datasets import read_rows
from evalsuite.library.recommendation import readers
from evalsuite.records import Answer
from evalsuite.task import Graded, Task

Data = Callable[[str], Path]


@pytest.fixture
def task(load: Callable[[str], Task], data: Data) -> Callable[[str], Task]:
    data("recommendation/tallrec_book")
    return load


def test_every_row_is_read_whole(task: Callable[[str], Task], data: Data) -> None:
    """The variant ``tallrec`` rebuilds the published prompt from what was read."""
    subject = task("recommendation/tallrec_book")
    rows = list(read_rows(data("recommendation/tallrec_book/test_800.jsonl.gz")))
    samples = list(subject.samples("test"))
    rebuilt = [str(subject.variants["tallrec"].prompt(sample)) for sample in samples]
    published = [f"{row['instruction']}\n{row['input']}" for row in rows]
    assert rebuilt == published
    assert [f"{sample.target}." for sample in samples] == [row["output"] for row in rows]


def test_auc_needs_probabilities(task: Callable[[str], Task]) -> None:
    subject = task("recommendation/tallrec_book")
    graded, plain = [], []
    for number, sample in enumerate(subject.samples("test")):
        yes = 0.875 if sample.target == "Yes" else 0.125
        yes = 1 - yes if number % 4 == 0 else yes
        answer = Answer(choice="Yes", probabilities={"Yes": yes, "No": 1 - yes})
        graded.append(Graded(sample=sample, answer=answer, scores={}))
        plain.append(Graded(sample=sample, answer=Answer(text="Yes"), scores={}))
    auc = subject.corpus["auc"](graded)
    from sklearn.metrics import roc_auc_score

    given = [one.answer.probabilities for one in graded if one.answer is not None]
    theirs = roc_auc_score(
        [one.sample.target == "Yes" for one in graded], [p["Yes"] for p in given if p]
    )
    assert auc == pytest.approx(theirs)
    assert subject.corpus["auc"](plain) is None


def test_candidates_hold_the_target_and_nothing_known(task: Callable[[str], Task]) -> None:
    subject = task("recommendation/tallrec_book_ranking")
    samples = list(subject.samples("test"))
    assert len(samples) == 330
    places = []
    for sample in samples:
        offered = sample.inputs["candidates"]
        assert len(set(offered)) == 20 and offered.count(sample.target) == 1
        assert not set(offered) & {*sample.inputs["liked"], *sample.inputs["disliked"]}
        places.append(offered.index(sample.target))
        scores = {s.name: s for s in subject.score(sample, Answer(choice=sample.target))}
        assert scores["hit@1"].value == 1.0
    assert set(places) == set(range(20)), "the target stands anywhere"
    again = list(subject.samples("test"))
    assert [s.inputs for s in again] == [s.inputs for s in samples]


def test_gold_as_a_number_and_by_probabilities(task: Callable[[str], Task]) -> None:
    subject = task("recommendation/tallrec_book_ranking")
    sample = next(iter(subject.samples("test")))
    assert subject.shot is not None
    by_number = {s.name: s.value for s in subject.score(sample, Answer(text=subject.shot(sample)))}
    assert set(by_number.values()) == {1.0}
    offered = sample.inputs["candidates"]
    order = [sample.target, *(book for book in offered if book != sample.target)]
    order[0], order[2] = order[2], order[0]
    given = {book: 1 / (rank + 1) for rank, book in enumerate(order)}
    scored = {
        s.name: s.value for s in subject.score(sample, Answer(choice=order[0], probabilities=given))
    }
    assert scored["hit@1"] == 0.0 and scored["hit@5"] == 1.0 and scored["ndcg@10"] == 0.5


def test_splits(task: Callable[[str], Task]) -> None:
    task("recommendation/tallrec_book")
    sizes = {s: len(list(readers(s))) for s in ("train", "validation", "test")}
    assert sizes == {"train": 70, "validation": 30, "test": 800}
    assert sum(not reader.new for reader in readers("test")) == 2
