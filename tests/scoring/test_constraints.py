from __future__ import annotations

from typing import Any

import pytest

from evalsuite.errors import ConfigError
from evalsuite.records import Answer
from evalsuite.scoring.constraints import CONSTRAINTS, broken, score_constraints

# constraint -> its argument, a text that keeps it, a text that breaks it, what is said of that
CASES: dict[str, tuple[Any, str, str, str]] = {
    "words_at_least": (3, "One two three.", "One two.", "2 words, fewer than 3"),
    "words_at_most": (2, "One two.", "One two three.", "3 words, more than 2"),
    "words_exactly": (2, "Don't go.", "Go.", "1 words, not 2"),
    "sentences_at_least": (2, "Go. Stop!", "Go.", "1 sentences, fewer than 2"),
    "sentences_at_most": (1, "Mr. Fox left.", "Go. Stop!", "2 sentences, more than 1"),
    "sentences_exactly": (2, "Go. Stop!", "Go.", "1 sentences, not 2"),
    "lines_at_least": (2, "a\nb", "a", "1 lines, fewer than 2"),
    "lines_at_most": (2, "a\n\nb", "a\nb\nc", "3 lines, more than 2"),
    "lines_exactly": (2, "a\n\n---\nb", "a", "1 lines, not 2"),
    "paragraphs_exactly": (2, "a\nb\n\nc", "a\nb", "1 paragraphs, not 2"),
    "questions_at_least": (2, "Who? Me?", "Who?", "1 question marks, fewer than 2"),
    "contains": (["cat", "red hat"], "A Cat in a red hat.", "Cats in a red hat.", "no 'cat'"),
    "lacks": (["sea"], "A season.", "The Sea.", "has 'sea'"),
    "lacks_letter": ("e", "A fox ran.", "The fox.", "'e' in 'the'"),
    "starts_with": ("Once there", '"Once there was.', "There once.", "does not start with"),
    "ends_with": ("home.", 'Go "home."', "Go home now.", "does not end with"),
    "ends_properly": (True, "He left.", "He left", "the last sentence does not end"),
    "acrostic": ("FOX", "Far\n\nout\n*xylophones*", "Far\nout", "begin with 'fo', not 'FOX'"),
    "words_per_line": ([1, 2], "a\nb c", "a b\nc", "[2, 1] words, not [1, 2]"),
    "words_a_line_at_most": (2, "a b\nc", "a b c", "a line of 3 words, more than 2"),
    "lines_start_with": ("I am", "I am a.\n- I am b.", "I am.\nYou are.", "You are"),
    "lines_end_alike": ([1, 3], "go home\nno\nat home!", "a\nb\nc", "end with a, c"),
    "lines_equal": ([1, 3], "Go home\nno\ngo home.", "a\nb\nc", "lines 1, 3 differ"),
    "no_repeated_lines": (True, "a\nb", "a\nb\nA.", "1 lines stood before"),
    "person": ("third", "She left her island.", "She left me.", "has 'me'"),
    "speakers": (["A", "MR B"], "A: x\nMR B: y", "A: x\nC: y", "the speakers are A, C"),
    "only_questions": (True, "Who? And why?", "Who? Me.", "no question: 'Me.'"),
    "sentences_start_with": ("m", "My cat. Mud!", "My cat. A dog.", "'A dog.'"),
    "no_digits": (True, "ten", "10", "has digits"),
    "upper_case": (True, "GO 2!", "Go!", "has lower case"),
    "lower_case": (True, "go 2!", "Go!", "has capitals"),
}


def test_every_constraint_has_a_case() -> None:
    assert set(CASES) == set(CONSTRAINTS)


@pytest.mark.parametrize("name", CASES)
def test_kept_and_broken(name: str) -> None:
    argument, good, bad, complaint = CASES[name]
    assert broken(good, {name: argument}) == {}
    assert complaint in broken(bad, {name: argument})[name]
    assert broken("...", {name: argument}) == {name: "no words"}


@pytest.mark.parametrize(
    ("person", "text", "kept"),
    [
        ("first", "I’m here.", True),
        ("first", "It is mine.", True),
        ("first", "Icarus fell.", False),
        ("second", "Your hat.", True),
        ("second", "My hat.", False),
        ("third", "The young mine owner left.", False),
    ],
)
def test_persons(person: str, text: str, kept: bool) -> None:
    assert (broken(text, {"person": person}) == {}) is kept


def test_lines_that_are_not_there() -> None:
    for name in ("lines_equal", "lines_end_alike"):
        assert broken("a", {name: [1, 3]}) == {name: "1 lines, so no line 3"}
    assert broken("A: x\nwhat", {"speakers": ["A"]}) == {
        "speakers": "a line that is not NAME: words"
    }


def test_scores_tell_each_constraint_apart() -> None:
    target = {"words_at_most": 2, "contains": ["cat"], "no_digits": True}
    thought = "<think>three long words</think>A cat."
    right = {s.name: s.value for s in score_constraints(Answer(text=thought), target)}
    assert right["all_constraints"] == right["constraints_kept"] == 1.0
    scores = {s.name: s for s in score_constraints(Answer(text="A dog ran."), target)}
    assert scores["all_constraints"].value == 0
    assert scores["constraints_kept"].value == pytest.approx(1 / 3)
    assert [scores[f"keeps_{name}"].value for name in target] == [0, 0, 1]
    assert scores["all_constraints"].explanation == (
        "words_at_most: 3 words, more than 2; contains: no 'cat'"
    )
    nothing = {s.name: s.value for s in score_constraints(Answer(text=None), target)}
    assert nothing["constraints_kept"] == 0


def test_mistakes_of_a_target() -> None:
    with pytest.raises(ConfigError, match="no constraint named 'words'; there are acrostic, "):
        broken("a", {"words": 3})
    with pytest.raises(ConfigError, match="first, second or third"):
        broken("a", {"person": "fourth"})
