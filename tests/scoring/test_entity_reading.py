from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.records import Answer
from evalsuite.scoring.entity_reading import (
    OUTCOMES,
    Outcome,
    facts_of_reading,
    facts_of_spans,
    outcomes,
    read_both,
    read_spans,
)
from evalsuite.scoring.placing import Mention
from evalsuite.scoring.spans import Span, compare

LABELS = ("PER", "ORG", "LOC")
TEXT = "Mara Bell left Torli for Torli Bank."
GOLD = [Span(0, 9, "PER"), Span(15, 20, "LOC"), Span(25, 35, "ORG")]


def found(answer: Answer) -> dict[Outcome, int]:
    return dict(outcomes(GOLD, read_spans(answer, TEXT, LABELS)))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("PER: Mara Bell; LOC: Torli; ORG: Torli Bank", {"correct": 3}),
        ("ORG: Mara Bell", {"type": 1, "missing": 2}),
        ("PER: Bell", {"boundary": 1, "missing": 2}),
        ("ORG: Mara", {"type_boundary": 1, "missing": 2}),
        ("LOC: left", {"spurious": 1, "missing": 3}),
        ("LOC: Paris", {"hallucinated": 1, "missing": 3}),
        ("PER: Mara Bell; PER: Mara Bell", {"correct": 1, "duplicate": 1, "missing": 2}),
        ("FOO: Mara Bell", {"undeclared": 1, "missing": 3}),
        ("FOO: Paris", {"hallucinated": 1, "missing": 3}),
        ("PER: Mara Bell; and so on", {"correct": 1, "missing": 2, "format": 1}),
        ("I see nobody", {"format": 1, "missing": 3}),
        ("none", {"missing": 3}),
    ],
)
def test_every_outcome(said: str, expected: dict[Outcome, int]) -> None:
    assert found(Answer(text=said)) == expected


def test_structured_answers_are_taken_as_they_are() -> None:
    entries = [{"start": s.start, "end": s.end, "label": s.label} for s in GOLD]
    assert found(Answer(data=entries, text="ignored")) == {"correct": 3}
    assert found(Answer(data=[*entries, entries[0]])) == {"correct": 3, "duplicate": 1}
    assert found(Answer(data=[{"start": 10, "end": 14, "label": "LOC"}] * 2)) == {
        "missing": 3,
        "spurious": 1,
        "duplicate": 1,
    }
    assert found(Answer(data=[])) == {"missing": 3}


@pytest.mark.parametrize("place", [(0, 0), (5, 2), (-3, 4), (30, 99)])
def test_a_span_outside_the_text_is_made_up(place: tuple[int, int]) -> None:
    entry = {"start": place[0], "end": place[1], "label": "PER"}
    assert found(Answer(data=[entry])) == {"hallucinated": 1, "missing": 3}


def test_structure_that_is_no_span_is_unreadable() -> None:
    data = [{"start": 0, "end": 9, "label": "PER"}, {"start": 0}, "PER", {"start": "0", "end": 9}]
    reading = read_spans(Answer(data=data), TEXT, LABELS)
    assert (reading.readable, reading.unreadable_parts) == (True, 3)
    assert not read_spans(Answer(data=["PER"]), TEXT, LABELS).readable


def test_undeclared_types_match_nothing_whatever_the_schema() -> None:
    reading = read_spans(Answer(text="FOO: Mara Bell"), TEXT, LABELS)
    assert (reading.spans, reading.unplaced) == ([], ["FOO"])
    for counts in compare(GOLD, reading.spans, unplaced=reading.unplaced).values():
        assert (counts.missed, counts.spurious) == (3, 1)


def test_a_repair_is_a_reading_of_its_own() -> None:
    answer = Answer(text='Sure: [{"type": "per", "text": "Mara Bell"}]')
    reading, repaired = read_both(answer, TEXT, LABELS)
    assert reading == read_spans(answer, TEXT, LABELS)
    assert (reading.spans, repaired.spans) == ([], GOLD[:1])
    reading, repaired = read_both(Answer(text="PER: Mara Bell"), TEXT, LABELS)
    assert repaired is reading


def test_facts_are_types_and_words_without_case_number_and_place() -> None:
    said = "LOC: torli; LOC: Torli; PER: Mara-Bell; ORG: Nowhere"
    facts = facts_of_reading(read_spans(Answer(text=said), TEXT, LABELS))
    assert facts == {("LOC", "torli"), ("PER", "marabell"), ("ORG", "nowhere")}
    assert facts & facts_of_spans(GOLD, TEXT) == {("LOC", "torli"), ("PER", "marabell")}


names = st.sampled_from(
    ["Mara Bell", "Mara", "Torli", "torli", "Bank", "TorliBank", "Paris", "left"]
)
answers = st.lists(st.builds(Mention, st.sampled_from([*LABELS, "FOO"]), names), max_size=8)


@settings(deadline=None)
@given(answers, st.integers(0, 2))
def test_every_span_and_prediction_has_one_outcome(said: list[Mention], noise: int) -> None:
    lines = [f"{one.label}: {one.text}" for one in said] + ["hm"] * noise
    reading = read_spans(Answer(text="\n".join(lines) or "none"), TEXT, LABELS)
    counts = outcomes(GOLD, reading)
    assert set(counts) <= set(OUTCOMES)
    paired = sum(counts[name] for name in OUTCOMES[:4])
    assert paired + counts["missing"] == len(GOLD)
    wrong = sum(counts[name] for name in OUTCOMES[5:9])
    assert paired + wrong == reading.predicted == len(said)
    assert counts["format"] == noise
    strict = compare(GOLD, reading.spans, unplaced=reading.unplaced)["strict"]
    assert strict.correct == counts["correct"]
    assert strict.predicted == len(said)


places = st.tuples(st.integers(0, 20), st.integers(1, 15), st.sampled_from([*LABELS, "FOO"]))


@settings(deadline=None)
@given(st.lists(places, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_structured_answers_does_not_matter(
    rows: list[tuple[int, int, str]], random: Random
) -> None:
    entries = [{"start": at, "end": at + length, "label": label} for at, length, label in rows]
    before = found(Answer(data=entries))
    random.shuffle(entries)
    assert found(Answer(data=entries)) == before
