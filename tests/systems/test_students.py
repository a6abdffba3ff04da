"""Students: what they read, learn and say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.errors import CallRejected
from evalsuite.records import Answer, Request, Sample
from evalsuite.systems.learners import (
    learn_advised,
    learn_majority,
    learn_rows_boosted,
    learn_rows_linear,
    learn_soft,
    probabilities_of,
)
from evalsuite.systems.students import (
    Example,
    among,
    answer_of,
    classifies,
    gap_recovered,
    item_of,
    label_of,
    learn_classifier,
    right_answer,
    sure_of,
    trust,
)
from evalsuite.task import Learnable, Task

pytest.importorskip("sklearn")


def task_of(learnable: Learnable | None = None, **fields: Any) -> Task:
    return Task(
        name="t",
        family="f",
        summary="",
        samples=lambda split: [],
        prompt=lambda sample: f"What of {sample.inputs['text']}?",
        score=lambda sample, answer: [],
        success="right",
        learnable=learnable,
        **fields,
    )


def question(text: str, choices: tuple[str, ...] | None = ("dog", "cat")) -> Request:
    task = task_of(choices=None if choices is None else lambda sample: choices)
    sample = Sample(id=text, inputs={"text": text, "columns": {"size": len(text)}})
    return task.request(sample, split="train", seed=0, repeat=0)


EXAMPLES = [
    Example(request=question(f"{word} {number}"), answer=label)
    for number in range(6)
    for word, label in (("woof", "dog"), ("miaow", "cat"))
]


def test_a_classifier_reads_rows_texts_or_the_prompt() -> None:
    asked = question("woof")
    assert item_of(task_of("rows"), asked) == {"size": 4}
    assert item_of(task_of("texts"), asked) == "woof"
    assert item_of(task_of(), asked) == "What of woof?"


@pytest.mark.parametrize("learnable", ["texts", None])
def test_a_classifier_learns_and_says_one_of_the_choices(learnable: Learnable | None) -> None:
    student = learn_classifier(task_of(learnable), EXAMPLES)
    (said,) = student.say([question("a woof")])
    answer = answer_of(said)
    assert (answer.choice, answer.text) == ("dog", "dog")
    assert answer.probabilities is not None
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert sure_of(said) == max(answer.probabilities.values()) > 0.5
    one_choice, other = student.say([question("woof", ("cat",)), question("woof", ("cow",))])
    assert one_choice["probabilities"] == {"cat": 1.0}
    assert sure_of(other) == 0.0
    with pytest.raises(CallRejected, match="ever seen as a label") as failed:
        answer_of(other)
    assert failed.value.kind == "unknown_choices"


def test_the_same_examples_make_the_same_student() -> None:
    first, second = (learn_classifier(task_of("texts"), EXAMPLES) for _ in range(2))
    other = learn_classifier(task_of("texts"), EXAMPLES[2:])
    assert first.identity == second.identity != other.identity
    asked = [question("woof woof"), question("purr")]
    assert first.say(asked) == second.say(asked)


def test_soft_labels_are_learnt_as_probabilities() -> None:
    shares = {"dog": 0.75, "cat": 0.25}
    examples = [Example(request=question("same"), answer="dog", shares=shares) for _ in range(40)]
    said = learn_classifier(task_of("texts"), examples).say([question("same")])[0]
    assert said["probabilities"]["dog"] == pytest.approx(0.75, abs=0.01)
    hard = learn_classifier(task_of("texts"), [Example(request=question("same"), answer="dog")] * 2)
    assert hard.say([question("same")])[0]["probabilities"] == {"dog": 1.0, "cat": 0.0}


@given(st.lists(st.floats(0.01, 1), min_size=2, max_size=4))
def test_weights_count_samples_for_more_or_less(shares: list[float]) -> None:
    labels = [str(index) for index in range(len(shares))]
    learnt = learn_majority(labels, labels, weights=shares)
    known = learnt.probabilities("any")
    assert known == pytest.approx(
        {label: share / sum(shares) for label, share in zip(labels, shares, strict=True)}
    )
    assert next(iter(known)) == labels[shares.index(max(shares))]


@pytest.mark.parametrize("learn", [learn_rows_boosted, learn_rows_linear])
def test_weighted_rows_are_learnt_by_table(learn: Any) -> None:
    rows = [{"a": n % 5} for n in range(40)] + [{"b": n % 3} for n in range(40)]
    soft = [{"x": 0.9, "y": 0.1} if n < 40 else {"z": 1.0} for n in range(80)]
    learnt = learn_soft(learn, rows, soft)
    first, second, unseen = probabilities_of(learnt, [{"a": 1}, {"b": 1}, {"c": 1}])
    assert first["x"] == pytest.approx(0.9, abs=0.02)
    assert second == {"z": 1.0}
    assert unseen["z"] == pytest.approx(0.5)
    assert [first, second, unseen] == [
        learnt.probabilities(row) for row in ({"a": 1}, {"b": 1}, {"c": 1})
    ]


@pytest.mark.parametrize("rows", [True, False])
def test_a_rationale_is_read_beside_the_item(rows: bool) -> None:
    items: list[Any] = [{"n": 1, "of": "x"} if rows else "the same text" for _ in range(20)]
    said = ["looks false" if n % 2 else "looks true" for n in range(20)]
    labels = ["fake" if n % 2 else "real" for n in range(20)]
    learnt = learn_advised(list(zip(items, said, strict=True)), labels)
    assert learnt.probabilities((items[0], "looks false"))["fake"] > 0.9
    assert learnt.probabilities((items[0], ""))["fake"] == pytest.approx(0.5, abs=0.2)
    silent = learn_advised([(item, "") for item in items], labels)
    assert silent.probabilities((items[0], "looks false"))["fake"] == pytest.approx(0.5, abs=0.1)


def test_what_of_an_answer_is_a_label() -> None:
    assert label_of(Answer(text="It is a cat."), question("x")) == "cat"
    assert label_of(Answer(text="dog or cat"), question("x")) is None
    assert label_of(Answer(text=" 42 "), question("x", None)) == "42"
    assert label_of(Answer(text="  "), question("x", None)) is None
    assert trust(Answer(text="x")) is None
    assert trust(Answer(probabilities={"a": 0.3, "b": 0.7})) == 0.7
    assert trust(Answer(token_logprobs=(-1.0, -3.0))) == pytest.approx(0.1353, abs=1e-4)  # e^-2


def test_right_answers_are_given_as_a_system_would_give_them() -> None:
    sample = Sample(id="1", inputs={"text": "x"}, target="B")
    asked = question("x", ("A", "B"))
    assert right_answer(task_of(), sample, asked) == "B"
    shown = task_of(shot=lambda s: f"({s.target})")
    assert right_answer(shown, sample, question("x", ("(A)", "(B)"))) == "(B)"
    assert right_answer(task_of(), sample, question("x", ("C", "D"))) is None
    assert right_answer(shown, sample, question("x", None)) == "(B)"
    assert right_answer(task_of("texts"), sample, question("x", None)) == "B"
    assert right_answer(task_of(), sample, question("x", None)) is None


def test_numbers_and_free_texts_are_no_labels() -> None:
    labelled, number = (Sample(id="1", inputs={}, target=target) for target in ("a", 1.5))
    assert classifies(task_of("rows"), [labelled])
    assert not classifies(task_of("rows"), [number])
    assert not classifies(task_of("spans"), [labelled])
    assert classifies(task_of(choices=lambda sample: ["a"]), [number])


def test_choices_that_were_never_labels() -> None:
    assert among({"a": 1.0}, None)["choice"] == "a"
    assert among({"a": 0.2, "b": 0.8}, ("a", "c"))["probabilities"] == {"a": 1.0, "c": 0.0}
    assert among({"a": 0.0}, ("a",))["error"] == "unknown_choices"


def test_gap_recovered_by_hand() -> None:
    assert gap_recovered(0.6, 0.7, 0.8) == pytest.approx(0.5)
    assert gap_recovered(0.6, 0.5, 0.8) == pytest.approx(-0.5)
    assert gap_recovered(0.6, 0.9, 0.8) == pytest.approx(1.5)
    assert gap_recovered(0.8, 0.9, 0.8) is None


@given(st.floats(0, 0.99), st.floats(0, 1))
def test_the_gap_is_0_at_the_teacher_and_1_at_the_ceiling(weak: float, more: float) -> None:
    ceiling = weak + (1 - weak) * max(more, 0.01)
    assert gap_recovered(weak, weak, ceiling) == 0
    assert gap_recovered(weak, ceiling, ceiling) == 1
