from __future__ import annotations

import pytest

from evalsuite.records import Answer
from evalsuite.scoring.choice import read_choice, score_choice

COLOURS = ("red", "green", "dark green")


@pytest.mark.parametrize(
    ("said", "choice"),
    [
        ("Red.", "red"),
        ("green\nTable: next", "green"),
        ("B", "green"),
        ("(C) because", "dark green"),
        ("The answer is (B).", "green"),
        ("Answer: A", "red"),
        ("The answer is a dark colour: red", "red"),
        ("Not answer A but answer B", "green"),
        ("It must be dark green", "dark green"),
        ("<think>red? green?</think> red", "red"),
        ("A dark colour: red", "red"),
        ("red or green", None),
        ("green, not dark green", None),
        ("blue", None),
        ("Z.", None),
        ("", None),
        ("infrared", None),
    ],
)
def test_read_choice(said: str, choice: str | None) -> None:
    assert read_choice(Answer(text=said), COLOURS) == choice


def test_a_scored_choice_is_taken_as_it_is() -> None:
    assert read_choice(Answer(text="green", choice="red"), COLOURS) == "red"
    assert read_choice(Answer(choice="mauve"), COLOURS) is None


def test_choices_that_are_letters_are_not_positions() -> None:
    assert read_choice(Answer(text="A"), ("B", "A")) == "A"
    assert read_choice(Answer(text="I say: A."), ("B", "A")) == "A"


def test_score_statuses() -> None:
    assert score_choice(Answer(text="red"), "red", COLOURS).value == 1.0
    assert score_choice(Answer(text="green"), "red", COLOURS).value == 0.0
    unclear = score_choice(Answer(text="red or green"), "red", COLOURS)
    assert (unclear.value, unclear.status) == (0.0, "format_error")
    with pytest.raises(ValueError, match="none of"):
        score_choice(Answer(text="red"), "mauve", COLOURS)


@pytest.mark.parametrize(
    ("choices", "said", "choice"),
    [
        (("C", "C++", "C#"), "C++", "C++"),
        (("C", "C++", "C#"), "C#.", "C#"),
        (("C", "C++", "C#"), "c", "C"),
        (("C", "C++", "C#"), "It is written in C++ of course", "C++"),
        (("5", "-5"), "-5", "-5"),
        (("5", "-5"), "5.", "5"),
        (("+", "-"), "-", "-"),
    ],
)
def test_punctuation_counts_where_nothing_else_tells_choices_apart(
    choices: tuple[str, ...], said: str, choice: str
) -> None:
    assert read_choice(Answer(text=said), choices) == choice


def test_all_kinds_of_thinking_aloud_are_left_out() -> None:
    assert read_choice(Answer(text="[THINK]red[/THINK]\ngreen"), COLOURS) == "green"
    assert read_choice(Answer(text="red it could be\n</think>\ngreen"), COLOURS) == "green"
