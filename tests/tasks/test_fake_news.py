from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.library.fake_news import GRADES, score_distance, truth
from evalsuite.records import Answer
from evalsuite.task import Task

Data = Callable[[str], Path]


@pytest.fixture
def task(load: Callable[[str], Task], data: Data) -> Callable[[str], Task]:
    data("fake_news/liar_plus")
    return load


def test_labels_and_sizes(task: Callable[[str], Task]) -> None:
    six, two = task("fake_news/liar_plus"), task("fake_news/liar_plus_binary")
    sizes = {split: len(list(six.samples(split))) for split in ("train", "validation", "test")}
    assert sizes == {"train": 200, "validation": 100, "test": 1283}
    assert Counter(sample.target for sample in six.samples("test")) == {
        "half-true": 267,
        "false": 250,
        "mostly-true": 249,
        "barely-true": 214,
        "true": 211,
        "pants-fire": 92,
    }
    halves = Counter(sample.target for sample in two.samples("test"))
    assert halves == {"true": 267 + 249 + 211, "false": 250 + 214 + 92}


def test_the_shifted_columns(task: Callable[[str], Task]) -> None:
    """What the file calls the party is the state, checked by what stands in it."""
    samples = list(task("fake_news/liar_plus").samples("test"))
    states = Counter(sample.inputs["state"] for sample in samples)
    assert states["Texas"] == 127 and states[None] == 264
    assert not {"republican", "democrat"} & {str(state).lower() for state in states}
    assert samples[0].inputs["job"] == "Governor"
    assert sum(sample.inputs["justification"] is None for sample in samples) == 25


def test_what_each_variant_shows(task: Callable[[str], Task]) -> None:
    subject = task("fake_news/liar_plus")
    sample = next(iter(subject.samples("test")))
    plain = subject.messages(sample)[0].content
    assert "wall" in plain and "rick-perry" not in plain and "engineering" not in plain
    assert "engineering experts agree" in str(subject.variants["justification"].prompt(sample))
    assert "Speaker: rick-perry" in str(subject.variants["speaker"].prompt(sample))


def test_distance_of_grades() -> None:
    assert score_distance(Answer(text="true"), "pants-fire").value == 5
    assert score_distance(Answer(text="Half true."), "mostly-true").value == 1
    assert score_distance(Answer(text="true"), "true").value == 0
    unread = score_distance(Answer(text="who knows"), "true")
    assert unread.value is None and unread.status == "format_error"


def test_halves() -> None:
    assert [truth(grade) for grade in GRADES] == ["false"] * 3 + ["true"] * 3
