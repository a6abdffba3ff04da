from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from evalsuite.records import Answer
from evalsuite.task import Task
from tests.tasks.recorded import tally

Load = Callable[[str], Task]
Data = Callable[[str], Path]
ZEROS = {"bn": 0x9E6, "te": 0xC66, "th": 0xE50}


@pytest.fixture
def task(load: Load, data: Data) -> Task:
    data("multilingual/mgsm")
    return load("multilingual/mgsm")


def in_native_digits(number: str, language: str) -> str:
    zero = ZEROS[language]
    return "".join(chr(zero + int(c)) if c.isdigit() else c for c in number)


def test_targets_are_right_in_the_ways_of_each_language(task: Task) -> None:
    samples = list(task.samples("test"))
    languages = Counter(sample.metadata["language"] for sample in samples)
    assert len(languages) == 11 and set(languages.values()) == {250}
    assert tally(task, ((s, f"#### {s.target}") for s in samples)).right == 2750
    european = [s for s in samples if s.metadata["language"] in ("de", "es", "fr", "ru")]
    for mark in (".", " ", "\u202f", ","):
        said = ((s, f"#### {s.target.replace(',', mark)}") for s in european)
        assert tally(task, said).right == 1000
    native = [s for s in samples if s.metadata["language"] in ZEROS]
    digits = ((s, in_native_digits(s.target, s.metadata["language"])) for s in native)
    assert tally(task, digits).right == 750


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", "Die Antwort ist 18 Dollar, nicht 5."),
        ("es", "La respuesta es 18. Son 5 días."),
        ("fr", "Réponse : 18 (sur 20)"),
        ("ru", "Ответ: 18 долларов за 1 день"),
        ("zh", "答案是18。共5天"),
        ("ja", "答えは18。5日"),
        ("bn", "উত্তর: ১৮ (৫)"),
        ("th", "คำตอบคือ ๑๘ จาก 5"),
        ("te", "సమాధానం: ౧౮ (5)"),
        ("sw", "Jibu ni 18. Siku 5"),
        ("en", "The answer is 18. It takes 5 days"),
    ],
)
def test_words_for_answer(task: Task, language: str, said: str) -> None:
    sample = next(s for s in task.samples("test") if s.id == f"{language}-0")
    assert sample.target == "18"
    assert task.score(sample, Answer(text=said))[0].value == 1.0


def test_all_languages_of_a_problem_come_together_and_are_a_cluster(task: Task) -> None:
    samples = list(islice(task.samples("test"), 22))
    assert [s.cluster for s in samples] == ["0"] * 11 + ["1"] * 11
    native = task.variants["native"].prompt(samples[1])
    assert str(native).endswith(":") and samples[1].inputs["question"] in native
    practice = next(iter(task.samples("train")))
    assert str(task.variants["native"].prompt(practice)).endswith("Step-by-Step Answer:")
