from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.datasets import read_rows
from evalsuite.records import Answer, Sample
from evalsuite.scoring.spans import Counts, compare, from_bio
from evalsuite.task import Graded, Task

Data = Callable[[str], Path]


@pytest.fixture
def task(load: Callable[[str], Task], data: Data) -> Task:
    data("ner/wnut17")
    return load("ner/wnut17")


def reference(sample: Sample) -> str:
    text = sample.inputs["text"]
    named = [f"{span['label']}: {text[span['start'] : span['end']]}" for span in sample.target]
    return "; ".join(named) or "none"


def test_official_sizes(task: Task) -> None:
    sizes = {split: len(list(task.samples(split))) for split in ("train", "validation", "test")}
    assert sizes == {"train": 3394, "validation": 1009, "test": 1287}


def test_gold_spans_are_perfect(task: Task) -> None:
    rows = []
    for sample in task.samples("test"):
        answer = Answer(data=sample.target)
        scores = {score.name: score for score in task.score(sample, answer)}
        assert task.succeeded(scores) is True
        rows.append(Graded(sample=sample, answer=answer, scores=scores))
    assert {name: metric(rows) for name, metric in task.corpus.items()} == dict.fromkeys(
        task.corpus, 1.0
    )


def test_gold_as_text_is_nearly_perfect(
    task: Task, grade: Callable[[Task, Sample, str], Graded]
) -> None:
    # A list of words has no offsets: entities whose words also stand elsewhere in the text, and
    # tokens that hold a separator of the answer's form, are lost. 3 of 1079 here.
    rows = [grade(task, sample, reference(sample)) for sample in task.samples("test")]
    f1 = task.corpus["micro_f1"](rows)
    assert f1 == pytest.approx(1076 / 1079)


@pytest.mark.parametrize(
    ("system", "published"),
    [
        ("arcada", 0.3998),
        ("drexel_cci", 0.2630),
        ("flytxt", 0.3835),
        ("mic-cis", 0.3706),
        ("sjtu_adapt", 0.4042),
        ("spinningbytes", 0.4078),
        ("uh_ritual", 0.4186),
    ],
)
def test_submissions_of_the_shared_task(data: Data, system: str, published: float) -> None:
    # Entity F1 of Derczynski et al. 2017; answers from leondz/emerging_entities_17/submissions
    gold = read_rows(data("ner/wnut17/test.conll"))
    said = read_rows(data(f"ner/recorded/wnut17_submissions/{system}.conll"))
    total = Counts()
    for wanted, found in zip(gold, said, strict=True):
        total += compare(from_bio(wanted["tags"]), from_bio(found["tags"]))["strict"]
    assert total.f1 == pytest.approx(published, abs=5e-5)
