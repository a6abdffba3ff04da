from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring import text


@pytest.mark.parametrize(
    ("said", "wanted", "value"),
    [
        ("Paris", "paris", 1.0),
        (" “Paris.” ".replace("“", '"').replace("”", '"'), "Paris", 1.0),
        ("ﬁne", "fine", 1.0),  # NFKC unfolds the ligature
        ("New   York", "new york", 1.0),
        ("Paris, France", "Paris", 0.0),
        ("", "Paris", 0.0),
        ("“Paris.”", "Paris", 1.0),
        ("**Paris**", "paris", 1.0),
        ("- Paris", "Paris", 1.0),
        ("-5", "5", 0.0),
        ("5", "-5", 0.0),
        ("−5.", "-5", 1.0),  # a typographic minus
        ("(-5)", "- 5", 1.0),
        (".5", "5", 0.0),
        ("-.5", "-5", 0.0),
        ("...5", "5", 1.0),
        ("5%", "5", 0.0),
        ("$5", "5", 0.0),
        ("$5", "€5", 0.0),
        ("-$5", "$5", 0.0),
        ("C#", "C", 0.0),
        ("!=", "=", 0.0),
        ("?", "!", 0.0),
        ("...", "", 0.0),
    ],
)
def test_exact_match(said: str, wanted: str, value: float) -> None:
    assert text.score_exact(Answer(text=said), wanted).value == value


def test_the_best_of_several_targets_counts() -> None:
    answer = Answer(text="the big apple")
    assert text.score_exact(answer, ["New York", "The Big Apple"]).value == 1.0
    assert text.score_token_f1(answer, ["New York", "big apple"]).value == 1.0


def test_token_f1_by_hand() -> None:
    # said {cat, sat, on, mat}, wanted {cat, on, mat, today}: 3 common, 2*3/(4+4)
    assert text.token_f1("The cat sat on a mat.", "cat on the mat today") == 0.75
    assert text.token_f1("the", "a") == 1.0  # no words on either side
    assert text.token_f1("the", "cat") == 0.0


def test_contains_whole_words_only() -> None:
    assert text.score_contains(Answer(text="It is Paris, surely"), "paris").value == 1.0
    assert text.score_contains(Answer(text="comparison"), "paris").value == 0.0


@pytest.mark.parametrize("said", ["it is 5", "5, 6", "1,5,7", "pages 3-5", "$5", "(5)", "wait...5"])
def test_a_number_is_contained_as_it_is(said: str) -> None:
    assert text.score_contains(Answer(text=said), "5").value == 1.0


@pytest.mark.parametrize("said", ["it is -5", "−5", "0.5", ".5", "5.5", "5,000", "5%", "5 %", "15"])
def test_a_number_is_not_contained_in_another(said: str) -> None:
    assert text.score_contains(Answer(text=said), "5").value == 0.0


def test_nothing_is_not_contained() -> None:
    assert text.score_contains(Answer(text="anything"), "").value == 0.0
    assert text.score_contains(Answer(text=""), " ").value == 0.0
    assert text.contains_words("1,500", "500") is False


def test_regex() -> None:
    assert text.score_regex(Answer(text="id=42;"), r"id=\d+").value == 1.0
    assert text.score_regex(Answer(text="id=x;"), r"id=\d+").value == 0.0
    with pytest.raises(re.error):
        text.score_regex(Answer(text="x"), "(")


@given(st.text(), st.text())
def test_token_f1_is_symmetric_and_bounded(a: str, b: str) -> None:
    assert text.token_f1(a, b) == text.token_f1(b, a)
    assert 0 <= text.token_f1(a, b) <= 1
    assert text.token_f1(a, a) == 1


@given(st.text(), st.sampled_from(["", " ", ".", '"', "**"]))
def test_normalising_twice_changes_nothing(a: str, around: str) -> None:
    once = text.normalise(around + a + around)
    assert text.normalise(once) == once
