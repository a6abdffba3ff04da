from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from evalsuite.errors import CallTransient, ConfigError
from evalsuite.records import Answer, Request, Sample
from evalsuite.systems.hybrids.distil import DistilSpec
from evalsuite.systems.hybrids.distil_synthesis import Perplexity, Quality, Synthesis
from evalsuite.systems.price import Price
from tests.systems.hybrids.conftest import Driver

pytest.importorskip("sklearn")

FAILURE = CallTransient("no answer within 1 s", kind="timeout")
CHOICES = ("dog", "cat")
SOUNDS = {"dog": "woof", "cat": "miaow"}


def texts(n: int, split: str = "t") -> list[Sample]:
    return [
        Sample(id=f"{split}{i}", inputs={"text": f"{SOUNDS[label]} {i}"}, target=label)
        for i in range(n)
        for label in [CHOICES[i % 2]]
    ]


class Stepping(Driver):
    """A driver whose hybrid may do work of its own, over a task that is learnt from texts."""

    def __init__(self, spec: Any, members: Any, **options: Any) -> None:
        options.setdefault("train", texts(40))
        super().__init__(spec, members, choices=CHOICES, **options)
        self.task = dataclasses.replace(self.task, learnable="texts")

    async def step(
        self,
        name: str,
        asked: object,
        work: Callable[[], Any],
        *,
        reason: str,
        price: Price | None = None,
    ) -> Any:
        assert price is not None
        self.hops.append((name, reason))
        return work()


def teach(request: Request) -> Answer:
    label = "dog" if "woof" in request.inputs["text"] else "cat"
    shares = {choice: 0.9 if choice == label else 0.1 for choice in CHOICES}
    return Answer(text=label, choice=label, probabilities=shares)


def driven(teacher: Any = teach, **options: Any) -> Stepping:
    kept = {key: options.pop(key) for key in ("train", "samples") if key in options}
    return Stepping(DistilSpec(teacher="large", **options), [teacher], **kept)


async def test_the_student_learns_from_the_teacher_and_answers_alone() -> None:
    driver = driven(labels=30)
    fitted = await driver.fit()
    assert fitted is not None
    assert driver.hops == [("teacher", "practice")] * 30
    assert (fitted.split, fitted.n_samples) == ("train", 30)
    assert fitted.note == "classifier learnt from 30 of 30 answers of the teacher"
    answer = await driver.respond("woof 77", fitted)
    assert answer.choice == "dog" and answer.probabilities is not None
    assert driver.hops == [("student", "student")]
    assert driver.spec.hops() == {"teacher": (0, 0)}


async def test_a_wrong_teacher_makes_a_wrong_student() -> None:
    """Labels come from the teacher, never from the targets."""
    driver = driven(lambda r: Answer(text="cat" if "woof" in r.inputs["text"] else "dog"))
    assert (await driver.respond("woof 77", await driver.fit())).choice == "cat"


async def test_all_of_the_split_where_no_number_is_given() -> None:
    driver = driven(labels=None)
    fitted = await driver.fit()
    assert fitted is not None and fitted.n_samples == 40
    assert driver.hops == []  # outcomes, which every system that practises shares


async def test_later_rounds_ask_what_the_student_is_unsure_of() -> None:
    """After a round of woofs and miaows the student is unsure of the sounds of neither."""
    odd = [
        Sample(id=f"o{i}", inputs={"text": f"{word} {word}"}, target="cat")
        for i, word in enumerate(("purr", "hiss", "yowl", "chirp"))
    ]
    asked: list[str] = []

    def watched(request: Request) -> Answer:
        asked.append(request.inputs["text"])
        return teach(request)

    def seen(train: list[Sample], **options: Any) -> Stepping:
        asked.clear()
        return driven(watched, train=train, **options)

    plain = texts(60)
    await seen([*plain, *odd], labels=24).fit()
    by_chance = sum(text.split()[0] not in SOUNDS.values() for text in asked)
    driver = seen([*plain, *odd], labels=24, rounds=2)
    fitted = await driver.fit()
    assert fitted is not None and fitted.note.endswith("; 2 rounds")
    chosen = sum(text.split()[0] not in SOUNDS.values() for text in asked)
    assert len(asked) == len(set(asked)) == 24
    assert by_chance < chosen == 4


async def test_only_the_surest_labels_are_kept() -> None:
    def unsure_of_dogs(request: Request) -> Answer:
        answer = teach(request)
        if answer.choice == "cat":
            return answer
        return Answer(text="dog", choice="dog", probabilities={"dog": 0.6, "cat": 0.4})

    fitted = await driven(unsure_of_dogs, labels=None, keep=0.5).fit()
    assert fitted is not None
    assert "20 of 40 answers of the teacher; 20 left out by confidence x unc" in fitted.note
    assert "all have the same label, so the student knows no other" in fitted.note
    silent = await driven(lambda r: Answer(text=teach(r).text), labels=None, keep=0.5).fit()
    assert silent is not None and "20 left out by uncertainty alone" in silent.note
    assert "same label" not in silent.note


async def test_soft_labels() -> None:
    driver = driven(soft=True, labels=None)
    fitted = await driver.fit()
    assert fitted is not None and fitted.note.endswith("; soft labels for 40")
    hard = driven(labels=None)
    soft_answer = await driver.respond("woof 3", fitted)
    hard_answer = await hard.respond("woof 3", await hard.fit())
    assert soft_answer.probabilities is not None and hard_answer.probabilities is not None
    # The teacher says 0.9; hard labels make the student surer than it.
    assert soft_answer.probabilities["dog"] == pytest.approx(0.9, abs=0.06)
    assert hard_answer.probabilities["dog"] > soft_answer.probabilities["dog"]


async def test_failures_are_left_out_and_counted() -> None:
    def patchy(request: Request) -> Any:
        number = int(request.inputs["text"].split()[-1])
        if number % 10 == 0:
            return FAILURE
        return Answer(text="neither") if number % 10 == 5 else teach(request)

    fitted = await driven(patchy).fit()
    assert fitted is not None and fitted.n_samples == 40
    assert fitted.note == (
        "classifier learnt from 32 of 40 answers of the teacher; it failed on 4 (timeout 4); "
        "4 could not be read"
    )
    with pytest.raises(ConfigError, match=r"none of the 40 .* \(timeout 40\)"):
        await driven(lambda request: FAILURE).fit()
    with pytest.raises(ConfigError, match=r"40 answers could not be read"):
        await driven(lambda request: Answer(text="neither")).fit()
    with pytest.raises(ConfigError, match="no training samples for a teacher"):
        await driven(train=[]).fit()
    with pytest.raises(ConfigError, match="must be fitted"):
        await driven().respond("woof")
    plain = Driver(DistilSpec(teacher="large"), [teach], train=texts(4))
    with pytest.raises(ConfigError, match="student: embedded/nano"):
        await plain.fit()


async def test_the_gap_recovered_by_hand() -> None:
    """A teacher wrong on every tenth text; the student evens that out, as right answers do."""

    def heard(n: int, split: str) -> list[Sample]:
        return [
            Sample(id=f"{split}{i}", inputs={"text": f"a {SOUNDS[label]}"}, target=label)
            for i in range(n)
            for label in [CHOICES[i % 2]]
        ]

    def weak(request: Request) -> Answer:
        right = teach(request)
        if int(request.sample_id[1:]) % 10:
            return right
        return Answer(text="cat" if right.text == "dog" else "dog")

    samples = {"train": heard(60, "t"), "samples": heard(40, "v")}
    fitted = await driven(weak, ceiling=True, labels=None, **samples).fit()
    assert fitted is not None
    assert fitted.note.endswith(
        "on 40 validation samples the teacher is right in 90.0%, the student in 100.0%, "
        "taught by right answers in 100.0%: gap recovered 1.00"
    )
    level = await driven(ceiling=True, samples=texts(10, "v")).fit()
    assert level is not None and level.note.endswith(
        "gap recovered undefined, the ceiling is not above the teacher"
    )
    with pytest.raises(ConfigError, match="`ceiling` needs validation samples"):
        await driven(ceiling=True).fit()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rounds": 2, "labels": None}, "chooses among `labels`"),
        ({"soft": True, "student": "embedded/pico"}, "`soft` labels are for"),
        ({"student": "gpt"}, "embedded/NAME"),
        ({"keep": float("nan")}, "keep"),
        ({"labels": 0}, "labels"),
    ],
)
def test_configuration_is_checked(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        DistilSpec(teacher="large", **options)


async def test_learning_is_deterministic() -> None:
    first, second = [await driven(labels=20, rounds=4, keep=0.7).fit() for _ in range(2)]
    other = await driven(labels=21, rounds=4, keep=0.7).fit()
    assert first is not None and second is not None and other is not None
    assert first.identity == second.identity != other.identity


WRITING = Synthesis(generator="g", per_label=4, shots=2)


def write(request: Request) -> Any:
    """Per label: a good text, a repeated one, one of the training texts, a failure."""
    label = "dog" if "label dog" in request.messages[0].content else "cat"
    assert request.choices is None and request.temperature == 1.0
    if request.repeat == 3:
        return FAILURE
    again = request.messages[0].content.split("\n\n")[1]
    return Answer(text=again if request.repeat == 2 else f"{SOUNDS[label]} says the {label}")


async def test_texts_are_written_and_what_is_no_new_text_is_dropped() -> None:
    spec = DistilSpec(teacher="t", synthesise=WRITING)
    driver = Stepping(spec, [teach, write])
    fitted = await driver.fit()
    assert fitted is not None and fitted.note.endswith(
        "8 texts asked for, failed on timeout 2, 0 empty, 4 repeated; 2 kept"
    )
    assert [role for role, _ in driver.hops].count("generator") == 8
    without = await Stepping(DistilSpec(teacher="t"), [teach]).fit()
    assert without is not None and without.identity != fitted.identity


async def test_filters_count_what_they_drop() -> None:
    def distinct(request: Request) -> Answer:
        label = "dog" if "label dog" in request.messages[0].content else "cat"
        return Answer(text=f"{SOUNDS[label]} x{request.repeat}")

    def likelihood(request: Request) -> Answer:
        (text,) = request.choices or ()
        return Answer(
            choice=text, probabilities={text: 1.0}, token_logprobs=(-float(text[-1]), -1.0)
        )

    def verdict(request: Request) -> Any:
        said = request.messages[0].content
        if "x0" in said:
            return Answer(text="no")
        return FAILURE if "x1" in said else Answer(text="yes")

    filters = {
        "perplexity": Perplexity(member="p", keep=0.75),
        "quality": Quality(member="q", threshold=0.5),
    }
    wanted = WRITING.model_copy(update=filters)
    spec = DistilSpec(teacher="t", synthesise=wanted)
    fitted = await Stepping(spec, [teach, distinct, likelihood, verdict]).fit()
    assert fitted is not None
    # Mean log-probabilities -0.5, -1, -1.5, -2 for each label: the least likely two go.
    assert (
        "6 of 8 by perplexity (at most 4.48), 2 of 6 by quality with 2 without a verdict; 2 k"
        in (fitted.note)
    )
    with pytest.raises(ConfigError, match="`perplexity` needs a local model"):
        await Stepping(spec, [teach, distinct, distinct, verdict]).fit()
    with pytest.raises(ConfigError, match="is not learnt from texts"):
        plain = Driver(DistilSpec(teacher="t", synthesise=WRITING), [teach, write], train=texts(4))
        plain.task = dataclasses.replace(plain.task, choices=lambda sample: CHOICES)
        await plain.fit()
