from __future__ import annotations

import pytest

from evalsuite.records import Answer
from evalsuite.scoring import story

TARGET = {
    "words": ["lamp", "river"],
    "forbidden": ["moon"],
    "character": "fox",
    "name": "Mara",
    "place": "valley",
    "min_sentences": 2,
    "max_sentences": 2,
}
GOOD = "In the valley lived a fox named Mara. One day Mara found the lamp under the river."


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("...", 0),
        ("One. Two! Three?", 3),
        ('"Go." He went', 2),
        ("Mr. Fox met Dr. Owl. They spoke.", 2),
        ("It cost 3.50 coins.", 1),
        ("Wait... what?!", 2),
        ("no end", 1),
    ],
)
def test_sentence_count(text: str, count: int) -> None:
    assert story.sentence_count(text) == count


def test_ends_properly() -> None:
    assert story.ends_properly('He said "no."')
    assert story.ends_properly("The end!\n")
    assert not story.ends_properly("and then")
    assert not story.ends_properly("")


def test_distinct_and_repetition_by_hand() -> None:
    # bigrams of "a b a b a": ab ba ab ba
    assert story.distinct_n("a b a b a", 2) == 0.5
    assert story.repetition_share("a b a b a", 2) == 0.5
    assert story.repetition_share("too short", 4) is None


def test_constraints_kept() -> None:
    assert story.broken_constraints(GOOD, TARGET) == []
    scores = {s.name: s.value for s in story.score_constraints(Answer(text=GOOD), TARGET)}
    assert (scores["all_constraints"], scores["constraints_broken"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD.replace("lamp", "lamps"), "no 'lamp'"),
        (GOOD.replace("fox", "dog"), "no 'fox'"),
        (GOOD.replace("One day", "By the moon"), "has 'moon'"),
        (GOOD + " The end.", "3 sentences, more than 2"),
        (GOOD.replace("Mara. One", "Mara, one"), "1 sentences, fewer than 2"),
        (GOOD[:-1], "does not end properly"),
    ],
)
def test_constraints_broken(text: str, complaint: str) -> None:
    assert story.broken_constraints(text, TARGET) == [complaint]


def test_an_empty_story_breaks_everything_and_has_no_style() -> None:
    scores = {s.name: s.value for s in story.score_constraints(Answer(text=""), TARGET)}
    assert scores == {
        "all_constraints": 0.0,
        "constraints_broken": 7.0,
        "words": 0.0,
        "ends_properly": 0.0,
    }
