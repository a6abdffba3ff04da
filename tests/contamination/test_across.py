"""Tasks that share questions, word for word or in other words."""

from __future__ import annotations

from itertools import count

from evalsuite.contamination import shared_questions
from evalsuite.records import Sample
from evalsuite.task import Split, Task

WORDS = "Ann has 3 red apples, 14 pears and 15 plums and gives 92 of them to Bo"
GERMAN = "Anna hat 3 rote Äpfel, 14 Birnen und 15 Pflaumen und gibt Bo 92 davon"


def task(name: str, *questions: str, endless: bool = False) -> Task:
    def samples(split: Split) -> object:
        if split != "test":
            return iter(())
        if endless:
            return (Sample(id=f"e{n}", inputs={"q": f"nothing {n}"}) for n in count())
        return iter([Sample(id=f"q{n}", inputs={"q": q}) for n, q in enumerate(questions)])

    return Task(
        name=name,
        family="toy",
        summary="toy",
        samples=samples,  # type: ignore[arg-type]
        prompt=lambda sample: sample.inputs["q"],
        score=lambda sample, answer: [],
        success="same",
        endless=endless,
    )


def test_the_same_question_is_found_by_words_and_a_translation_by_numbers() -> None:
    tasks = [
        task("a", WORDS, "another question without any numbers in it"),
        task("b", f"So: {WORDS.upper()}!"),
        task("c", GERMAN),
        task("d", "Ann has 3 red apples, 14 pears, 15 plums and 93 nuts"),
        task("e", endless=True),
    ]
    found = {(one.task, one.other): one for one in shared_questions(tasks)}
    assert set(found) == {("a", "b"), ("a", "c"), ("b", "c")}
    same, german = found["a", "b"], found["a", "c"]
    assert [one.id for one in same.by_words.contaminated] == ["q0"]
    assert german.by_words.contaminated == ()
    assert (german.by_numbers.judged, len(german.by_numbers.contaminated)) == (1, 1)
