from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evalsuite.records import Answer
from evalsuite.task import Task

# All 164 solutions pass; here two that are special (texts of 7 MB, any zero) and every twelfth.
ODD = {15, 32}


@pytest.fixture
def task(load: Callable[[str], Task], data: Callable[[str], Path]) -> Task:
    data("code/humaneval/HumanEvalPlus-Mini.jsonl.gz")
    return load("code/humaneval_plus")


def test_solutions_pass_and_empty_bodies_do_not(task: Task) -> None:
    samples = list(task.samples("test"))
    assert len(samples) == 164
    chosen = [s for n, s in enumerate(samples) if n % 12 == 0 or n in ODD]

    def values(sample: object) -> tuple[float | None, float | None]:
        assert sample in chosen
        (right,) = task.score(sample, Answer(text=sample.target["solution"]))
        (empty,) = task.score(sample, Answer(text="    pass\n"))
        return right.value, empty.value

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(values, chosen)) == {(1.0, 0.0)}


def test_hidden_inputs_find_what_the_base_tests_do_not(
    task: Task, load: Callable[[str], Task], data: Callable[[str], Path]
) -> None:
    # HumanEval/2: the base tests use positive numbers above 1 only, and so does this program.
    data("code/humaneval/HumanEval.jsonl.gz")
    said = Answer(text="    return number % 1.0 if number > 1e-9 else 0.5\n")
    base = {s.id: s for s in load("code/humaneval").samples("test")}["HumanEval/2"]
    plus = {s.id: s for s in task.samples("test")}["HumanEval/2"]
    assert load("code/humaneval").score(base, said)[0].value == 1.0
    assert task.score(plus, said)[0].value == 0.0
