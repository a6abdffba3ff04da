"""A task of rows in a few lines; what is the same for tasks without code is in test_inline."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalsuite.errors import ConfigError
from evalsuite.library.simple import simple_task
from evalsuite.library.targets import target_problem
from evalsuite.prompting import Prompting, prompted
from evalsuite.records import Answer, Message, Sample, Score
from evalsuite.task import Task

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "tasks.md"


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    (tmp_path / "test.tsv").write_text("q\tkind\thost\nred sky\tgood\tann\ngrey sky\tbad\tbob\n")
    (tmp_path / "train.tsv").write_text("q\tkind\thost\nblue sky\tgood\tcid\nno sky\tbad\tdee\n")
    return tmp_path


def task(folder: Path, **changes: Any) -> Task:
    fields: dict[str, Any] = {
        "test": folder / "test.tsv",
        "prompt": lambda row: f"{row['q']}: good or bad?",
        "target": "kind",
        "scorer": "choice",
        "choices": ("good", "bad"),
    }
    return simple_task("sky/kinds", **{**fields, **changes})


def test_the_task_of_the_documentation_has_at_most_fifteen_lines() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    block = re.search(r"```python title=severity\.py\n|```python title=logs/severity\.py\n", text)
    assert block is not None
    code = text[block.end() : text.index("```", block.end())]
    assert 10 <= len(code.splitlines()) <= 15


def test_a_row_is_a_sample_without_its_target(rows: Path) -> None:
    made = task(rows, cluster="host", summary="Skies", max_output_tokens=3)
    first, second = made.samples("test")
    assert first.inputs == {"columns": {"q": "red sky", "host": "ann"}}
    assert (first.target, first.cluster, second.target) == ("good", "ann", "bad")
    assert made.messages(first) == (Message(role="user", content="red sky: good or bad?"),)
    assert (made.family, made.summary, made.max_output_tokens) == ("sky", "Skies", 3)
    assert made.success == "choice_match" and made.source == "test.tsv"
    assert list(made.samples("train")) == [] and made.learnable is None


def test_examples_and_classical_models_come_from_the_train_rows(rows: Path) -> None:
    made = task(rows, train=rows / "train.tsv")
    assert made.learnable == "rows"
    asked = prompted(made, Prompting(shots=2))
    turns = asked.messages(next(iter(made.samples("test"))))
    assert [turn.content for turn in turns] == [
        "blue sky: good or bad?",
        "good",
        "no sky: good or bad?",
        "bad",
        "red sky: good or bad?",
    ]


def test_a_prompt_may_be_a_template_or_a_chat(rows: Path) -> None:
    made = task(rows, prompt="Sky: {{ q }}", system="Be short.")
    sample = next(iter(made.samples("test")))
    assert [turn.content for turn in made.messages(sample)] == ["Be short.", "Sky: red sky"]
    chat = [Message(role="user", content="a"), Message(role="assistant", content="b")]
    assert task(rows, prompt=lambda row: chat).messages(sample) == tuple(chat)


def test_a_scorer_may_be_a_function(rows: Path) -> None:
    def score(sample: Sample, answer: Answer) -> Sequence[Score]:
        return [Score(name="same_letter", value=float((answer.text or "")[:1] == sample.target[0]))]

    made = task(rows, scorer=score, success="same_letter", success_at=0.5)
    sample = next(iter(made.samples("test")))
    assert made.score(sample, Answer(text="great"))[0].value == 1.0
    assert made.choices is not None and made.choices(sample) == ("good", "bad")
    assert made.shot is None and made.success_at == 0.5
    with pytest.raises(ConfigError, match="name the score that decides with success="):
        task(rows, scorer=score)


def test_the_first_of_several_targets_is_the_example(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"q": "?", "a": ["one", "two"]}\n{"q": "!", "a": 3}\n')
    made = simple_task(
        "mine/x", test=tmp_path / "x.jsonl", prompt="{{ q }}", target="a", scorer="exact"
    )
    assert made.shot is not None
    assert [made.shot(sample) for sample in made.samples("test")] == ["one", "3"]
    assert made.choices is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"prompt": lambda row: row["kind"]},
            "prompt: 'kind' is no column; the columns are q, host",
        ),
        ({"test": "nowhere.tsv"}, "nowhere.tsv: no such file"),
        ({"scorer": "blue"}, "no scorer named 'blue'"),
        ({"target": "label"}, "test.tsv:2: no column 'label'; it has q, kind, host"),
        ({"choices": ("good",)}, None),
    ],
)
def test_mistakes_are_told_in_one_line(
    rows: Path, changes: dict[str, Any], message: str | None
) -> None:
    if message is None:
        made = task(rows, **changes)  # the first row is right; the second is told when it is read
        with pytest.raises(Exception, match=r"test\.tsv:3: kind is 'bad', which is none of"):
            list(made.samples("test"))
        return
    with pytest.raises(ConfigError) as raised:
        task(rows, **changes)
    assert message in str(raised.value) and "\n" not in str(raised.value)
    assert str(raised.value).startswith("task sky/kinds: ")


@pytest.mark.parametrize(
    ("scorer", "target"),
    [
        ("choice", "yes"),
        ("choice", 1),
        ("number", "about 1,000 kg"),
        ("number", 2.5),
        ("regex", ["a+", "b"]),
        ("spans", []),
        ("spans", [{"start": 0, "end": 2, "label": "yes"}]),
        ("code", {"entry_point": "f", "check": "def check(c): pass"}),
        ("exact", ""),
        ("anything else", {"a": 1}),
    ],
)
def test_right_targets_are_no_problem(scorer: str, target: object) -> None:
    assert target_problem(scorer, target, choices=("yes", "1"), text="Bo") is None
