from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.scoring.placing import TIERS, Mention, place, words_of
from evalsuite.scoring.spans import Span


def spans(mentions: list[Mention], text: str) -> list[Span]:
    return [placed.span for placed in place(mentions, text).placed]


def test_kth_mention_goes_to_kth_occurrence() -> None:
    found = place([Mention("PER", "Bo"), Mention("LOC", "Bo"), Mention("ORG", "Bo")], "Bo met Bo")
    assert [placed.span for placed in found.placed] == [Span(0, 2, "PER"), Span(7, 9, "LOC")]
    assert found.excess == (Mention("ORG", "Bo"),)


def test_longer_mentions_choose_first_and_places_inside_them_come_last() -> None:
    text = "The Torli Bank of Torli"
    for order in (1, -1):
        mentions = [Mention("LOC", "Torli"), Mention("ORG", "Torli Bank")][::order]
        assert spans(mentions, text) == [Span(4, 14, "ORG"), Span(18, 23, "LOC")]
    nested = spans([Mention("LOC", "Torli"), Mention("ORG", "Torli Bank")], "Torli Bank")
    assert nested == [Span(0, 5, "LOC"), Span(0, 10, "ORG")]


def test_whole_words_come_before_parts() -> None:
    assert spans([Mention("PER", "Ann")], "Annual Ann") == [Span(7, 10, "PER")]
    assert spans([Mention("PER", "Ann")], "Annual") == [Span(0, 3, "PER")]


@pytest.mark.parametrize(
    ("words", "place_", "tier"),
    [
        ("STRAßE 5", (3, 11), "exact"),
        ("strasse 5", (3, 11), "case"),
        ("U.S. bank", (16, 25), "case"),
        ("US Bank", (16, 25), "punctuation"),
        ("Straße  5", (3, 11), "punctuation"),
    ],
)
def test_tiers_keep_offsets_and_are_recorded(
    words: str, place_: tuple[int, int], tier: str
) -> None:
    (placed,) = place([Mention("LOC", words)], "In STRAßE 5 the U.S. Bank").placed
    assert (placed.span.start, placed.span.end, TIERS[placed.tier]) == (*place_, tier)


def test_an_exact_place_comes_before_another_case() -> None:
    assert spans([Mention("PER", "bo")], "Bo bo") == [Span(3, 5, "PER")]
    assert spans([Mention("PER", "bo")] * 2, "Bo bo") == [Span(0, 2, "PER"), Span(3, 5, "PER")]


def test_without_blanks_only_whole_words_count() -> None:
    """The letters of "kid of" hold "Ido", which nobody wrote."""
    assert place([Mention("PER", "Ido")], "a kid of ten").hallucinated == (Mention("PER", "Ido"),)
    assert spans([Mention("PER", "McDonald s")], "at McDonald's now") == [Span(3, 13, "PER")]


def test_words_of() -> None:
    assert words_of("The U.S. ﬁrm") == "theusfirm"
    assert words_of(" !? ") == "!?"


texts = st.text(alphabet="ab .", max_size=20)
names = st.lists(st.text(alphabet="aAb.", min_size=1), max_size=6)


@settings(deadline=None)
@given(texts, names)
def test_every_mention_is_kept_and_every_place_taken_once(text: str, said: list[str]) -> None:
    found = place([Mention("PER", name) for name in said], text)
    taken = {(placed.span.start, placed.span.end) for placed in found.placed}
    assert len(taken) == len(found.placed)
    assert len(taken) + len(found.excess) + len(found.hallucinated) == len(said)
    for placed in found.placed:
        there = text[placed.span.start : placed.span.end]
        assert there == placed.mention.text if placed.tier == 0 else there
        assert words_of(there) == words_of(placed.mention.text)


@settings(deadline=None)
@given(texts, names, st.randoms(use_true_random=False))
def test_the_order_of_mentions_of_one_type_does_not_matter(
    text: str, said: list[str], random: Random
) -> None:
    before = place([Mention("PER", name) for name in said], text)
    random.shuffle(said)
    assert place([Mention("PER", name) for name in said], text) == before
