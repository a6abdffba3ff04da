from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.records import Answer
from evalsuite.task import Graded, Task
from tests.tasks.recorded import tally

Load = Callable[[str], Task]
Data = Callable[[str], Path]


@pytest.fixture
def task(load: Load, data: Data) -> Task:
    data("multilingual/xcopa")
    return load("multilingual/xcopa")


def test_targets_are_right_as_letter_and_as_text(task: Task) -> None:
    samples = list(task.samples("test"))
    languages = Counter(sample.metadata["language"] for sample in samples)
    assert len(languages) == 11 and set(languages.values()) == {500}
    assert tally(task, ((s, s.target) for s in samples)).right == 5500
    text = task.variants["text"]
    assert text.shot is not None and text.choices is not None
    for sample in samples:
        right = text.shot(sample)
        assert right in text.choices(sample)
        assert task.score(sample, Answer(choice=right))[0].value == 1.0
        wrong = next(choice for choice in text.choices(sample) if choice != right)
        assert task.score(sample, Answer(choice=wrong))[0].value == 0.0


def test_the_text_variant_joins_premise_and_option(task: Task) -> None:
    italian = next(s for s in task.samples("test") if s.id == "it-0")
    prompt = task.variants["text"].prompt(italian)
    assert prompt == "L'oggetto era incartato nella plastica bollata perché"
    assert task.variants["text"].shot is not None
    assert task.variants["text"].shot(italian) == "era delicato."


def test_where_the_published_question_is_another_than_in_most_languages(task: Task) -> None:
    apart = Counter(
        s.metadata["language"] for s in task.samples("test") if not s.metadata["question_agrees"]
    )
    assert apart == {"th": 250, "tr": 51, "sw": 37, "id": 4, "it": 4}


def test_calibration_over_letters_and_over_texts(task: Task) -> None:
    sample = next(iter(task.samples("test")))
    assert (sample.target, task.choices and task.choices(sample)) == ("A", ("A", "B"))
    texts = task.variants["text"].choices
    assert texts is not None
    for names in (("A", "B"), tuple(texts(sample))):
        answer = Answer(choice=names[0], probabilities=dict(zip(names, (0.8, 0.2), strict=True)))
        scores = {score.name: score for score in task.score(sample, answer)}
        graded = [Graded(sample=sample, answer=answer, scores=scores)]
        assert task.corpus["brier"](graded) == pytest.approx(0.08)
        assert task.corpus["ece"](graded) == pytest.approx(0.2)
