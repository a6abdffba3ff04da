from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.records import Answer
from evalsuite.task import Graded, Task

SYSTEMS = ("apache", "bgl", "hdfs", "hpc", "linux", "openssh", "spark", "zookeeper")
MASKS = (
    r"(?<![\w.])/?(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w.])",
    r"(?<!\w)blk_-?\d+",
    r"(?<!\w)0x[0-9a-fA-F]+(?!\w)",
    r"(?<![\w/])(?:/[\w.@-]+)+/?",
    r"(?<![\w.])[-+]?\d+(?:\.\d+)*(?![\w.])",
)


@pytest.fixture
def task(load: Callable[[str], Task], data: Callable[[str], Path]) -> Callable[[str], Task]:
    data("log_analysis/loghub_2k")
    return load


def masked(line: str) -> str:
    for mask in MASKS:
        line = re.sub(mask, "<*>", line)
    return line


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_true_templates_score_1(task: Callable[[str], Task], system: str) -> None:
    subject = task(f"logs/{system}")
    graded = []
    for sample in subject.samples("test"):
        answer = Answer(text=f"Template: {sample.target}")
        scores = {score.name: score for score in subject.score(sample, answer)}
        assert subject.succeeded(scores) is True
        graded.append(Graded(sample=sample, answer=answer, scores=scores))
    assert len(graded) == 1800
    assert {name: metric(graded) for name, metric in subject.corpus.items()} == {
        "grouping_accuracy": 1.0,
        "parsing_accuracy": 1.0,
        "fga": 1.0,
        "fta": 1.0,
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_examples_come_from_the_head_and_are_not_in_the_test(
    task: Callable[[str], Task], system: str
) -> None:
    subject = task(f"logs/{system}")
    found = {split: list(subject.samples(split)) for split in ("train", "validation", "test")}
    texts = {split: [s.inputs["text"] for s in samples] for split, samples in found.items()}
    assert found["train"] and found["validation"]
    assert not set(texts["train"]) & set(texts["test"])
    assert not set(texts["validation"]) & {*texts["train"], *texts["test"]}
    assert len(texts["train"]) == len(set(texts["train"])) <= 100


@pytest.mark.parametrize(
    ("system", "figures"),
    [
        ("apache", (1.0, 1.0, 1.0, 1.0)),
        ("hdfs", (0.997, 0.501, 0.867, 0.333)),
        ("linux", (0.170, 0.167, 0.796, 0.642)),
        ("spark", (0.730, 0.708, 0.047, 0.041)),
    ],
)
def test_a_masker_of_numbers_and_addresses(
    task: Callable[[str], Task], system: str, figures: tuple[float, ...]
) -> None:
    """The figures of docs/library/logs.md; grouping accuracy also counted in another way."""
    subject = task(f"logs/{system}")
    samples = list(subject.samples("test"))
    said = [" ".join(masked(s.inputs["text"]).replace("<*><*>", "<*>").split()) for s in samples]
    graded = [
        Graded(sample=sample, answer=Answer(text=masked(sample.inputs["text"])), scores={})
        for sample in samples
    ]
    names = ("grouping_accuracy", "parsing_accuracy", "fga", "fta")
    found = [subject.corpus[name](graded) for name in names]
    assert found == pytest.approx(figures, abs=5e-4)
    true = [sample.target for sample in samples]
    pairs = set(zip(true, said, strict=True))
    alone = [
        sum(t == wanted for t, _ in pairs) == 1 == sum(p == parsed for _, p in pairs)
        for wanted, parsed in zip(true, said, strict=True)
    ]
    assert sum(alone) / len(alone) == found[0], "one parsed for one true template, and no other"


def test_anomalies(task: Callable[[str], Task]) -> None:
    subject = task("logs/bgl_anomaly")
    found = {split: list(subject.samples(split)) for split in ("train", "validation", "test")}
    assert sum(map(len, found.values())) == 2000
    alerts = sum(s.target == "anomaly" for samples in found.values() for s in samples)
    assert alerts == 143
    texts = {split: {s.inputs["text"] for s in samples} for split, samples in found.items()}
    assert not texts["test"] & (texts["train"] | texts["validation"])
    for samples in found.values():
        assert {sample.target for sample in samples} == {"normal", "anomaly"}
    test = found["test"]
    said = [Graded(sample=s, answer=Answer(text="anomaly"), scores={}) for s in test]
    n = sum(sample.target == "anomaly" for sample in test)
    assert subject.corpus["recall_anomaly"](said) == 1.0
    assert subject.corpus["f1_anomaly"](said) == pytest.approx(2 * n / (n + len(test)))
    failed = [Graded(sample=s, answer=None, scores={}) for s in test]
    assert subject.corpus["recall_anomaly"](failed) is None
    assert subject.corpus["precision_anomaly"](failed) is None
