from __future__ import annotations

import pytest

from evalsuite.records import Answer, Score
from evalsuite.scoring.entities import score_entities, score_spans

LABELS = ("PER", "ORG", "LOC")
TEXT = "Mara Bell left Torli for Torli Bank."
GOLD = [
    {"start": 0, "end": 9, "label": "PER"},
    {"start": 15, "end": 20, "label": "LOC"},
    {"start": 25, "end": 35, "label": "ORG"},
]
RIGHT = "PER: Mara Bell; LOC: Torli; ORG: Torli Bank"


def scored(answer: str | Answer, gold: list[dict[str, object]] = GOLD) -> dict[str, Score]:
    answer = Answer(text=answer) if isinstance(answer, str) else answer
    basic = score_spans(answer, gold, text=TEXT, labels=LABELS)
    every = score_entities(answer, gold, text=TEXT, labels=LABELS)
    assert every[: len(basic)] == basic
    return {score.name: score for score in every}


def values(answer: str | Answer, gold: list[dict[str, object]] = GOLD) -> list[float | None]:
    return [score.value for score in scored(answer, gold).values()]


def test_names() -> None:
    assert list(scored(RIGHT)) == [
        "exact_set",
        "span_f1",
        "hallucinated",
        "repaired_exact_set",
        "repaired_span_f1",
        "correct_entities",
        "predicted_entities",
        "gold_entities",
    ]


def test_right_answers_and_structured_answers() -> None:
    for answer in (RIGHT, Answer(data=GOLD)):
        assert values(answer) == [1.0, 1.0, 0.0, 1.0, 1.0, 3.0, 3.0, 3.0]
    assert values("none", []) == [1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("said", ["", "I see nobody here", "[broken", "[1, 2]", "PER:"])
def test_unreadable_answers(said: str) -> None:
    """They predict nothing: wrong even where there is nothing to find."""
    scores = scored(said, [])
    assert {scores[name].status for name in ("exact_set", "span_f1", "hallucinated")} == {
        "format_error"
    }
    assert (scores["exact_set"].value, scores["hallucinated"].value) == (0.0, None)
    assert (scores["repaired_exact_set"].value, scores["repaired_exact_set"].status) == (
        0.0,
        "format_error",
    )
    assert scores["predicted_entities"] == Score(name="predicted_entities", value=0.0)
    assert scored(said)["gold_entities"].value == 3.0


def test_a_mended_form_has_scores_of_its_own() -> None:
    scores = scored('The answer is [{"type": "PER", "text": "Mara Bell"}]')
    assert (scores["exact_set"].value, scores["span_f1"].value) == (0.0, 0.0)
    assert scores["repaired_span_f1"].value == pytest.approx(2 / 4)
    assert scores["correct_entities"].value == 0.0


def test_parts_that_cannot_be_read_are_skipped_and_named() -> None:
    scores = scored(f"{RIGHT}\nThat is all.")
    assert scores["exact_set"].value == 1.0
    assert scores["exact_set"].explanation.endswith(", 1 unreadable")
    assert scores["correct_entities"].explanation == "3 correct, 1 format"


def test_made_up_mentions_are_wrong_predictions() -> None:
    scores = scored(RIGHT + "; PER: Nobody")
    assert scores["exact_set"].value == 0.0
    assert scores["hallucinated"].value == 1.0
    assert scores["span_f1"].value == pytest.approx(2 * 3 / (3 + 4))
    assert scores["span_f1"].explanation == "3 of 3 found, 1 wrong, 1 not in the text"
    assert scores["correct_entities"].explanation == "3 correct, 1 hallucinated"


def test_undeclared_types_are_wrong_predictions() -> None:
    assert values("FOO: Mara Bell", GOLD[:1])[:3] == [0.0, 0.0, 0.0]
    assert scored("FOO: Mara Bell")["correct_entities"].explanation == "3 missing, 1 undeclared"


def test_f1_is_made_of_the_counts() -> None:
    scores = scored("PER: Mara; LOC: Torli; LOC: Nowhere; and so on")
    correct, predicted, gold = (
        scores[f"{name}_entities"].value for name in ("correct", "predicted", "gold")
    )
    assert (correct, predicted, gold) == (1.0, 3.0, 3.0)
    assert scores["span_f1"].value == pytest.approx(2 * 1 / (3 + 3))
    assert scores["span_f1"].explanation.endswith("1 unreadable")
