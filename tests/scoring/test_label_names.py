from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.records import Answer, Sample
from evalsuite.scoring.choice import read_choice
from evalsuite.scoring.label_names import folded_name, label_reader, read_label, score_label
from evalsuite.task import Graded

CARDS = ("card_arrival", "card_linking", "card_payment_fee_charged", "reverted_card_payment?")
IRONY = ("irony", "non_irony")
INTENTS = ("no", "yes", "time", "transfer", "card_declined", "oos")
GRADES = ("pants-fire", "false", "barely-true", "half-true", "mostly-true", "true")


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("card_arrival", "card_arrival"),
        ("Card arrival.", "card_arrival"),
        ("**card-arrival**", "card_arrival"),
        ("`card_arrival`\n\nThe customer waits for a card.", "card_arrival"),
        ('{"intent": "card_linking"}', "card_linking"),
        ("The intent is card_arrival, since the card has not come.", "card_arrival"),
        ("I would say card linking fits best.", "card_linking"),
        ("<think>card_linking?</think>card_arrival", "card_arrival"),
        ("reverted card payment", "reverted_card_payment?"),
        ("Intent: card_arrival\nIntent: card_arrival", "card_arrival"),
        ("card_arrival or card_linking", None),
        ("Intent: card_arrival\nIntent: card_linking", None),
        ("card_arrival\ncard_linking", None),
        ("It is not card_arrival", None),
        ("card", None),
        ("arrival of the card", None),
        ("delivery", None),
        ("card_arrivals", None),
        ("A", None),
        ("", None),
    ],
)
def test_names_of_intents(said: str, label: str | None) -> None:
    assert read_label(Answer(text=said), CARDS) == label


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("irony", "irony"),
        ("non-irony", "non_irony"),
        ("Non irony!", "non_irony"),
        ("There is irony in it.", "irony"),
        ("There is no irony in it.", None),
        ("This isn't irony.", None),
        ("ironic", None),
        ("Both irony and non_irony", None),
    ],
)
def test_a_label_inside_another_and_denials(said: str, label: str | None) -> None:
    assert read_label(Answer(text=said), IRONY) == label


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("no", "no"),
        ("The intent is transfer.", "transfer"),
        ("Answer: time", "time"),
        ("There is no intent that fits", None),
        ("They want to know the time", None),
        ("This is card_declined", "card_declined"),
        ("This is card_declined, there was no money at that time", None),
        ("answer: no matching intent", None),
        ("oos", "oos"),
        ("out of scope", None),
    ],
)
def test_labels_that_are_common_words(said: str, label: str | None) -> None:
    assert read_label(Answer(text=said), INTENTS, common_words=True) == label


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("Mostly true", "mostly-true"),
        ("true", "true"),
        ("Verdict: FALSE", "false"),
        ("pants fire", "pants-fire"),
        ("pants on fire", None),
        ("It is true that this is half-true", None),
        ("It is false that they said it", None),
    ],
)
def test_grades_of_truth(said: str, label: str | None) -> None:
    assert read_label(Answer(text=said), GRADES, common_words=True) == label


def test_letters_are_not_positions_here() -> None:
    said = Answer(text="A) card that did not come")
    assert read_choice(said, CARDS) == "card_arrival", "what multiple choice would make of it"
    assert read_label(said, CARDS) is None


def test_labels_must_be_told_apart() -> None:
    with pytest.raises(ValueError, match="cannot be told apart"):
        read_label(Answer(text="x"), ("not-offensive", "not_offensive"))


def test_a_scored_label_is_taken_as_it_is() -> None:
    assert read_label(Answer(choice="card_linking", text="card_arrival"), CARDS) == "card_linking"
    assert read_label(Answer(choice="mauve"), CARDS) is None


def test_scores() -> None:
    right = score_label(Answer(text="card linking"), "card_linking", CARDS)
    assert (right.value, right.status, right.explanation) == (1.0, "scored", "card_linking")
    wrong = score_label(Answer(text="card linking"), "card_arrival", CARDS)
    assert (wrong.value, wrong.status) == (0.0, "scored")
    unclear = score_label(Answer(text="a card"), "card_arrival", CARDS)
    assert (unclear.value, unclear.status) == (0.0, "format_error")
    with pytest.raises(ValueError, match="none of"):
        score_label(Answer(text="card linking"), "card", CARDS)


def test_the_reader_of_graded_answers_knows_failures() -> None:
    read = label_reader(CARDS)
    sample = Sample(id="1", inputs={}, target="card_arrival")
    assert read(Graded(sample=sample, answer=None, scores={})) is None
    said = Graded(sample=sample, answer=Answer(text="card arrival"), scores={})
    assert read(said) == "card_arrival"


@settings(deadline=None)
@given(st.sampled_from(CARDS), st.sampled_from([str.upper, str.lower, str.title]))
def test_spelling_does_not_matter(label: str, change: object) -> None:
    assert callable(change)
    for joint in ("_", " ", "-"):
        said = change(label.replace("_", joint))
        assert read_label(Answer(text=said), CARDS) == label


@settings(deadline=None)
@given(st.text(max_size=80))
def test_whatever_is_said_is_read_as_a_label_or_not_at_all(said: str) -> None:
    label = read_label(Answer(text=said), INTENTS, common_words=True)
    assert label is None or folded_name(label) in folded_name(said)
