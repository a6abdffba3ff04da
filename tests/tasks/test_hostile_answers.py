"""No answer breaks a task's scoring, is right by luck, or takes time that grows with its square."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from itertools import islice, product
from types import FrameType

import pytest

from evalsuite.catalog import load_task, task_files
from evalsuite.errors import DataMissing, ExtraMissing
from evalsuite.records import Answer, Sample, Score
from evalsuite.scoring.languages import ToolchainMissing
from evalsuite.task import Task

NAMES = sorted(task_files())

BLANK = 20_000
# Not a limit on speed: what took the square of its length took minutes.
GIVE_UP_SECONDS = 60

ANYTHING = {
    "safety/crows_pairs": "success says that a preference was measured",
    "safety/xstest": "nonsense does not refuse a safe prompt",
    "tool_calling/bfcl_irrelevance": "nonsense calls nothing",
    "tool_calling/bfcl_irrelevance_native": "nonsense calls nothing",
    "writing/mt_bench": "ten words of any kind",
}
"""Tasks where nonsense may be a success, and why; their pages say so."""

NONSENSE = {
    "nothing": "",
    "blanks": " \n\t ",
    "one word": "a" * 200_000,
    "parentheses": "(" * 20_000,
    "json": "[" * 20_000,
    "json objects": '{"a":' * 20_000,
    "latex": "\\frac{" * 5_000,
    "boxes": "\\boxed{" * 5_000,
    "fence": "```python\n",
    "fences": "```\n" * 3_000,
    "line of blanks": " " * BLANK + "x",
    "blanks within": "x" + " " * BLANK + "x",
    "tabs before a fence": "\t" * BLANK + "```",
    "line ends within": "x" + "\n" * BLANK + "x",
    "line ends after what tells": "the answer is" + "\n" * BLANK + "x",
    "line ends after a template": "template: " + "\n" * BLANK + "x",
    "NUL": "\0" * 100,
    "right to left": "\u202e\u2066\u200fxyz\u2069" * 100,
    "lone surrogates": "\ud800 x \udfff",
    "marks": "x" + "\u0301" * 5_000,
    "null": "null",
    "NaN": "NaN",
    "infinity": "-Infinity",
    "JSON that is none": '{"answer": NaN, "scale": [Infinity]}',
    "thought without end": "<think>" + "so " * 100,
    "tags": "</think>" * 5_000,
}
DIGITS = {
    "digits": "9" * 5_000,
    "more digits": "9" * 50_000,
    "decimals": "0." + "3" * 5_000,
    "ratio": "1/" + "9" * 5_000,
    "digits in JSON": '{"answer": ' + "9" * 5_000 + "}",
    "digits in a call": "[f(a=" + "9" * 5_000 + ")]",
}


@pytest.fixture(params=NAMES)
def task(request: pytest.FixtureRequest) -> Iterator[Task]:
    try:
        task = load_task(task_files()[request.param])
        if task.ready is not None:
            task.ready()
    except (DataMissing, ExtraMissing, ToolchainMissing) as absent:
        pytest.skip(str(absent))
    for dataset in task.data:
        for key, file in dataset.files.items():
            if dataset.copy(key) is None:
                pytest.skip(f"no {file.path} on this machine; set EVALSUITE_DATA")
    yield task


@contextlib.contextmanager
def giving_up(what: str) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"{what}: still not scored after {GIVE_UP_SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(GIVE_UP_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def deciding(task: Task, sample: Sample, text: str) -> Score:
    scores = task.score(sample, Answer(text=text))
    for score in scores:
        assert score.value is None or score.value == score.value, f"{score.name} is NaN"
        assert len(score.explanation or "") <= 1_000, score.name
    return {score.name: score for score in scores}[task.success]


def is_success(task: Task, score: Score) -> bool:
    return score.value is not None and score.value >= task.success_at


def test_nonsense_is_scored_and_never_right(task: Task) -> None:
    sample = next(iter(task.samples("test")))
    for what, text in {**NONSENSE, **DIGITS}.items():
        with giving_up(what):
            score = deciding(task, sample, text)
        if task.name not in ANYTHING:
            assert not is_success(task, score), (what, score)


def test_all_choices_at_once_are_never_right(task: Task) -> None:
    if task.choices is None or task.name == "schema_matching/smutf":
        pytest.skip("no closed set, or a ranking of it")
    for sample in islice(task.samples("test"), 3):
        choices = [str(choice) for choice in task.choices(sample)]
        letters = all(len(choice) == 1 for choice in choices)
        # "The answer is A. The answer is B." is somebody who thought better of it.
        forms = ["{}"] if letters and len(choices) == 2 else ["{}", "The answer is {}."]
        for join, form in product(("\n", ", ", " or "), forms):
            for order in (choices, choices[::-1]):
                text = join.join(form.format(choice) for choice in order)
                assert not is_success(task, deciding(task, sample, text)), text[:200]
        if not letters:
            assert not is_success(task, deciding(task, sample, "(A) (B) (C) (D)"))


def test_the_prompt_said_back_is_not_right(task: Task) -> None:
    if task.name in ANYTHING or task.name == "reasoning/gsm8k_routellm":
        pytest.skip("anything may be right, or the last integer of a question")
    sample = next(iter(task.samples("test")))
    prompt = "\n\n".join(message.content for message in task.messages(sample))
    assert not is_success(task, deciding(task, sample, prompt))
