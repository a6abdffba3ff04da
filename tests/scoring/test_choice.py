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
        ("The answer is A card that is red", "red"),  # no letter
        ("The answer is A card that has two colours", None),
        ("The answer is A because of the hue", "red"),
        ("The answer I gave is green", "green"),
        ("Answer: A red", "red"),
        ("Answer: **B**", "green"),
        ("B. green", "green"),
        ("C) dark green, not red", "dark green"),
        ("B. red", None),  # the letter of one, the name of another
        ("Answer: B (red)", None),
        ("(A) (B) (C)", None),
        ("A) or B)", None),
        ("Answer: (A), (B)", None),
        ("red\nTable: next\ngreen", "red"),  # a base model goes on with a question of its own
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


@pytest.mark.parametrize("join", ["\n", "\n\n", ", ", " or ", " "])
@pytest.mark.parametrize("template", ["{}", "The answer is {}.", "- {}"])
@pytest.mark.parametrize("choices", [COLOURS, COLOURS[::-1], ("Yes", "No"), ("<=50K", ">50K")])
def test_a_list_of_all_choices_names_none(
    choices: tuple[str, ...], template: str, join: str
) -> None:
    said = join.join(template.format(choice) for choice in choices)
    assert read_choice(Answer(text=said), choices) is None


def test_a_list_of_all_letters_names_none() -> None:
    assert read_choice(Answer(text="Answer: A\nAnswer: B\nAnswer: C"), COLOURS) is None
    assert read_choice(Answer(text="Answer: A\nNo, answer: C"), COLOURS) == "dark green"


@pytest.mark.parametrize(
    ("choices", "said", "choice"),
    [
        (("irony", "no irony"), "There is no irony in it", "no irony"),
        (("irony", "no irony"), "irony", "irony"),
        (("risk", "low risk", "very low risk"), "I see a very low risk", "very low risk"),
        (("risk", "low risk"), "a low risk, but a risk", None),
        (("-5", "5"), "It is -5 then", "-5"),
        (("5", "6"), "It is -5 then", None),
        (("5", "6"), "It is 5 then", "5"),
        (("5", "5%"), "5%", "5%"),
        (("Java", "JavaScript"), "JavaScript it is", "JavaScript"),
    ],
)
def test_a_label_inside_another(choices: tuple[str, ...], said: str, choice: str | None) -> None:
    assert read_choice(Answer(text=said), choices) == choice
