from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.datasets import Dataset
from evalsuite.library.mmlu import CATEGORY
from evalsuite.library.reasoning import (
    interleaved,
    macro_mean,
    number_task,
    option_probabilities,
    option_task,
    worked_solution,
)
from evalsuite.prompting import Prompting, prompted
from evalsuite.records import Answer, Sample, Score
from evalsuite.task import Graded, Split

NOWHERE = Dataset(name="none", licence="CC0-1.0", source="made up here", files={})
COLOURS = Sample(
    id="sky",
    inputs={"question": "What colour is the sky?", "options": ["Red", "Blue", "Red", "-1"]},
    target="B",
)


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=30))
def test_interleaving_keeps_all_and_the_order_within_groups(groups: list[str]) -> None:
    items = [(group, number) for number, group in enumerate(groups)]
    mixed = list(interleaved(items, lambda item: item[0]))
    assert sorted(mixed, key=lambda item: item[1]) == items
    for group in "abc":
        assert [i for i in mixed if i[0] == group] == [i for i in items if i[0] == group]
    first = [group for group, _ in mixed[: len(set(groups))]]
    assert len(set(first)) == len(first)


def test_calculator_notes_are_left_out_of_shots() -> None:
    sample = Sample(id="x", inputs={}, target="48/2 = <<48/2=24>>24 clips\n#### 24")
    assert worked_solution(sample) == "48/2 = 24 clips\n#### 24"


def options(split: Split) -> Iterator[Sample]:
    yield COLOURS


def test_the_ways_to_ask_for_an_option() -> None:
    task = option_task(name="t/colours", summary="", data=NOWHERE, samples=options)
    plain = prompted(task, Prompting())
    request = plain.request(COLOURS, split="test", seed=0, repeat=0)
    assert request.choices == ("A", "B", "C", "D")
    assert "B) Blue" in request.messages[0].content

    text = prompted(task, Prompting(variant="text"))
    request = text.request(COLOURS, split="test", seed=0, repeat=0)
    assert request.choices == ("Red", "Blue", "-1"), "an option that stands there twice is one"
    assert request.messages[0].content == "What colour is the sky?\nAnswer:"

    for name in ("generated", "cot"):
        request = prompted(task, Prompting(variant=name)).request(
            COLOURS, split="test", seed=0, repeat=0
        )
        assert request.choices is None and "B) Blue" in request.messages[0].content


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (Answer(choice="B"), 1.0),
        (Answer(choice="Blue"), 1.0),
        (Answer(text="I think so. The answer is (B)."), 1.0),
        (Answer(text="blue"), 1.0),
        (Answer(choice="Red"), 0.0),
        (Answer(text="(A)"), 0.0),
    ],
)
def test_letters_and_texts_are_scored_alike(answer: Answer, value: float) -> None:
    task = option_task(name="t/colours", summary="", data=NOWHERE, samples=options)
    assert task.score(COLOURS, answer)[0].value == value


def test_probabilities_of_letters_and_of_texts() -> None:
    def seen(probabilities: dict[str, float] | None) -> object:
        answer = Answer(probabilities=probabilities)
        return option_probabilities(Graded(sample=COLOURS, answer=answer, scores={}))

    assert seen({"A": 0.5, "B": 0.5}) == ("B", {"A": 0.5, "B": 0.5})
    assert seen({"Red": 0.5, "Blue": 0.5}) == ("Blue", {"Red": 0.5, "Blue": 0.5})
    assert seen(None) is None and seen({"green": 1.0}) is None
    assert option_probabilities(Graded(sample=COLOURS, answer=None, scores={})) is None


def test_the_ways_to_ask_for_a_number() -> None:
    def samples(split: Split) -> Iterator[Sample]:
        for number in range(4):
            question = f"{split} {number}: how much is it and {number}?"
            yield Sample(
                id=f"{split}-{number}", inputs={"question": question}, target=f"so\n#### {number}"
            )

    task = number_task(name="t/sums", summary="", data=(NOWHERE,), samples=samples)
    sample = next(iter(task.samples("test")))
    shown = prompted(task, Prompting(variant="terse", shots=2)).request(
        sample, split="test", seed=0, repeat=0
    )
    answers = [turn.content for turn in shown.messages if turn.role == "assistant"]
    assert len(answers) == 2 and all(answer in "0123" for answer in answers)
    assert shown.max_output_tokens == 32
    bare = prompted(task, Prompting(variant="bare")).messages(sample)
    assert bare[0].content == sample.inputs["question"]


def test_macro_mean_by_hand() -> None:
    def one(part: str, value: float | None, *, failed: bool = False) -> Graded:
        sample = Sample(id="x", inputs={}, metadata={"part": part})
        status = "scored" if value is not None else "scorer_error"
        scores = {} if failed else {"right": Score(name="right", value=value, status=status)}
        return Graded(sample=sample, answer=None if failed else Answer(text=""), scores=scores)

    metric = macro_mean("right", "part")
    graded = [one("a", 1.0), one("a", 0.0), one("a", 1.0), one("b", 1.0)]
    assert metric(graded) == pytest.approx((2 / 3 + 1) / 2)
    assert metric([*graded, one("b", None, failed=True)]) == pytest.approx((2 / 3 + 1) / 2)
    assert metric([*graded, one("b", None)]) == pytest.approx((2 / 3 + 1) / 2)
    assert metric([]) is None


def test_every_subject_of_mmlu_has_one_category() -> None:
    assert len(CATEGORY) == 57
    assert sorted(set(CATEGORY.values())) == ["humanities", "other", "social sciences", "stem"]
