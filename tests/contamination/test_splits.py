"""Tasks that are wrong in every way that the check knows, and one that is right."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest

from evalsuite.contamination import check_task
from evalsuite.datasets import DataFile, Dataset
from evalsuite.records import Answer, Sample, Score
from evalsuite.task import Split, Task


def sample(name: str, text: str | None = None, target: object = "yes") -> Sample:
    return Sample(id=name, inputs={"text": text or f"text of {name}"}, target=target)


def right(answered: Sample, answer: Answer) -> list[Score]:
    return [Score(name="right", value=float(answer.text == answered.target))]


def task(**splits: list[Sample]) -> Task:
    made: dict[str, list[Sample]] = {"test": [sample("a"), sample("b")], **splits}

    def samples(split: Split) -> list[Sample]:
        return made.get(split, [])

    return Task(
        name="mine/toy",
        family="mine",
        summary="toy",
        samples=samples,
        prompt=lambda asked: asked.inputs["text"],
        score=right,
        success="right",
        choices=lambda asked: ("yes", "no"),
        shot=lambda asked: str(asked.target),
    )


def test_a_right_task_has_no_problems() -> None:
    found = check_task(task(train=[sample("c")], validation=[sample("d")]))
    assert found.problems == () and found.notes == ()
    assert found.sizes == {"train": 1, "validation": 1, "test": 2}


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        (task(test=[]), "test: has no samples"),
        (task(test=[sample("a"), sample("a", "x")]), "test: two samples have the id: a"),
        (task(test=[sample("a", "  ")]), "test: asks nothing: a"),
        (task(test=[sample("a", target="maybe")]), "test: its target is none of its choices: a"),
        (task(train=[sample("a", "x")]), "test and train share ids: a"),
        (task(train=[sample("c", "TEXT  of\na")]), "test and train ask the same: a = c"),
        (
            task(train=[sample("c", "x")], validation=[sample("d", "x")]),
            "validation and train ask the same: d = c",
        ),
        (
            replace(task(), prompt=lambda asked: asked.inputs["txt"]),
            "test: cannot be rendered (KeyError: 'txt'): a, b",
        ),
        (
            task(test=[sample("a", target=object())]),
            "test: cannot be rendered (TypeError: Encoding objects of type object is unsupported)",
        ),
        (
            replace(task(), choices=lambda asked: ("yes", "yes")),
            "test: its choices are not several different ones: a, b",
        ),
        (
            replace(task(), shot=lambda asked: "no"),
            "test: the answer that it is shown with as an example is no success: a, b",
        ),
        (
            replace(task(), shot=lambda asked: asked.inputs["txt"]),
            "test: its right answer cannot be scored (KeyError: 'txt'): a, b",
        ),
        (
            replace(task(), learnable="texts"),
            "train: has no samples, though the task says that it can be learnt",
        ),
        (
            replace(
                task(),
                data=(
                    Dataset(
                        name="toy",
                        licence="MIT",
                        source="here",
                        files={"validation": DataFile(path="x.jsonl", sha256="0" * 64)},
                    ),
                ),
            ),
            "validation: has no samples, though there is a file for it",
        ),
    ],
)
def test_every_problem_is_told_with_the_samples(made: Task, problem: str) -> None:
    found = check_task(made).problems
    assert any(one.startswith(problem) for one in found), found


def test_many_samples_are_counted_and_repeats_within_a_split_are_noted() -> None:
    found = check_task(task(test=[sample(f"s{n}", "the same") for n in range(6)]))
    assert found.problems == ()
    assert found.notes == ("test: asks the same as an earlier sample: s1, s2, s3 and 2 more",)


def test_an_endless_task_is_read_as_far_as_its_default_limit() -> None:
    def endless(split: Split) -> object:
        return (sample(f"{split}-{n}") for n in count())

    made = replace(task(), samples=endless, endless=True, default_limit=7)  # type: ignore[arg-type]
    assert check_task(made).sizes == {"train": 7, "validation": 7, "test": 7}
    assert check_task(made, limit=3).sizes["test"] == 3
