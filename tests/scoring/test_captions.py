from __future__ import annotations

from typing import Any

import pytest

from evalsuite.records import Answer
from evalsuite.scoring.captions import read_caption, score_caption

pytest.importorskip("sacrebleu")
COLOURS, SHAPES = ("red", "blue", "black"), ("circle", "square", "cross")
PAIR = {
    "caption": "a red circle left of a blue square",
    "kinds": [["red", "circle", 1], ["blue", "square", 1]],
    "relation": "left of",
}
MIXED = {
    "caption": "two red circles and one black cross",
    "kinds": [["red", "circle", 2], ["black", "cross", 1]],
    "relation": None,
}


def scores(text: str | None, target: dict[str, Any]) -> dict[str, float | None]:
    return {s.name: s.value for s in score_caption(Answer(text=text), target, COLOURS, SHAPES)}


@pytest.mark.parametrize(
    "text",
    [
        "a red circle left of a blue square",
        "A blue square to the right of a red circle.",
        "There is a small red circle on the left of one big blue square.",
        "Left of a blue square is a red circle.",
        "<think>a black cross?</think>The red circle lies left of the blue square.",
    ],
)
def test_one_scene_in_many_words(text: str) -> None:
    found = scores(text, PAIR)
    assert found["caption_match"] == found["fact_f1"] == found["relation_match"] == 1


@pytest.mark.parametrize(
    ("text", "target", "match", "f1"),
    [
        # three facts: two shapes and the relation
        ("a blue square left of a red circle", PAIR, 0, 2 * 2 / (3 + 3)),
        ("a red circle above a blue square", PAIR, 0, 2 * 2 / (3 + 3)),
        ("a red circle and a blue square", PAIR, 0, 2 * 2 / (3 + 2)),
        ("a red circle left of a black square", PAIR, 0, 2 * 1 / (3 + 3)),
        # three shapes; where they lie is not asked
        ("one black cross and two red circles", MIXED, 1, 1),
        ("2 red circles above 1 black cross", MIXED, 1, 1),
        ("three red circles and a black cross", MIXED, 0, 2 * 3 / (3 + 4)),
        ("red circles and black crosses", MIXED, 0, 2 * 2 / (3 + 2)),
        ("a red circle, another red circle, a black cross", MIXED, 1, 1),
    ],
)
def test_by_hand(text: str, target: dict[str, Any], match: float, f1: float) -> None:
    found = scores(text, target)
    assert (found["caption_match"], found["fact_f1"]) == (match, pytest.approx(f1))


def test_nothing_named_is_a_format_error() -> None:
    for text in ("I cannot see pictures.", "", None, "a circle"):
        found = score_caption(Answer(text=text), PAIR, COLOURS, SHAPES)
        assert {(s.value, s.status) for s in found} == {(0.0, "format_error")}


def test_facts_as_read() -> None:
    facts = read_caption("Beneath two red circles: one blue cross", COLOURS, SHAPES)
    assert facts.kinds == {("red", "circle"): 2, ("blue", "cross"): 1}
    assert facts.relation == ("above", ("red", "circle"), ("blue", "cross"))
