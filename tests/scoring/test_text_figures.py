"""Vocabulary, readability and repetition, by hand and by invariants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring import lexical, readability, repetition

texts = st.lists(st.sampled_from(["a", "b", "c", "d", "e"]), max_size=40).map(" ".join)


def test_vocabulary_by_hand() -> None:
    assert lexical.type_token_ratio("a b a c") == 0.75
    # windows of 3: aba, bac, aca, cab with 2, 3, 2, 3 types
    assert lexical.mattr("a b a c a b", window=3) == pytest.approx((2 + 3 + 2 + 3) / 12)
    assert lexical.mattr("a b", window=3) is None
    # forwards: "a b a" has ratio 2/3, a stretch; then "b", and 1 - 1 = 0 of another
    assert lexical.mtld("a b a b") == pytest.approx(4.0)
    # "a b c a" is at 3/4: (1 - 3/4) / (1 - 0.72) of a stretch, both ways
    assert lexical.mtld("a b c a") == pytest.approx(4 / (0.25 / 0.28))
    assert lexical.mtld("a b c") is None and lexical.mtld("") is None
    assert lexical.type_token_ratio("...") is None


@given(texts)
def test_vocabulary_is_bounded(text: str) -> None:
    ratio, moving = lexical.type_token_ratio(text), lexical.mattr(text, window=5)
    assert ratio is None or 0 < ratio <= 1
    assert moving is None or 0 < moving <= 1
    n = len(text.split())
    if n:
        assert lexical.mattr(text, window=n) == ratio
    stretch = lexical.mtld(text)
    assert stretch is None or stretch > 0


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("cat", 1), ("the", 1), ("table", 2), ("making", 2), ("walked", 1), ("wanted", 2),
        ("motion", 2), ("readability", 5), ("Mountain's", 2), ("don't", 1), ("didn't", 2),
        ("people", 2), ("syllable", 3), ("1984", 4), ("zoo", 1),
    ],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    assert readability.syllables(word) == count


def test_readability_by_hand() -> None:
    # 6 words, 1 sentence, 6 syllables
    found = readability.readability("The cat sat on the mat.")
    assert found is not None and (found.words, found.sentences, found.syllables) == (6, 1, 6)
    assert found.flesch_reading_ease == pytest.approx(116.145)
    assert found.flesch_kincaid_grade == pytest.approx(-1.45)
    # 5 words, 2 sentences, syllables 2 + 3 + 3 + 2 + 2
    harder = readability.readability("Mountains remember. Every river forgets.")
    assert harder is not None and harder.syllables == 12
    assert harder.flesch_reading_ease == pytest.approx(206.835 - 1.015 * 2.5 - 84.6 * 12 / 5)


def test_nothing_to_read_has_no_readability() -> None:
    assert readability.readability("...") is None
    assert readability.score_readability(Answer(text="")) == []
    names = [score.name for score in readability.score_readability(Answer(text="A cat."))]
    assert names == ["flesch_reading_ease", "flesch_kincaid_grade"]


def test_repetition_by_hand() -> None:
    text = "a b c a b c"
    # pairs ab bc ca ab bc: 3 of 5; triples abc bca cab abc: 3 of 4; fours abca bcab cabc: all new
    assert repetition.seq_rep(text, 2) == pytest.approx(2 / 5)
    assert repetition.unrepeated(text) == pytest.approx(3 / 5 * 3 / 4 * 1)
    assert repetition.unrepeated("a b c") is None
    assert repetition.rep_window(text, 128) == 0.5
    assert repetition.rep_window(text, 2) == 0.0
    assert repetition.rep_window("") is None
    assert repetition.repeated_lines("One.\n\none\nTwo") == pytest.approx(1 / 3)
    assert repetition.repeated_lines("\n") is None
