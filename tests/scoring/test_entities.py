from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.records import Answer, Sample
from evalsuite.scoring.entities import (
    Mention,
    corpus_metrics,
    parse_mentions,
    place,
    read_spans,
    score_spans,
)
from evalsuite.scoring.spans import Span
from evalsuite.task import Graded

LABELS = ("PER", "ORG", "LOC")
TEXT = "Mara Bell left Torli for Torli Bank."
GOLD = [
    {"start": 0, "end": 9, "label": "PER"},
    {"start": 15, "end": 20, "label": "LOC"},
    {"start": 25, "end": 35, "label": "ORG"},
]
RIGHT = "PER: Mara Bell; LOC: Torli; ORG: Torli Bank"


@pytest.mark.parametrize(
    "said",
    [
        RIGHT,
        "per: Mara Bell\n- LOC: Torli\n- ORG: 'Torli Bank'",
        '[{"label": "PER", "text": "Mara Bell"}, {"type": "LOC", "entity": "Torli"},'
        ' {"label": "ORG", "text": "Torli Bank"}]',
        '```json\n{"PER": ["Mara Bell"], "LOC": ["Torli"], "ORG": ["Torli Bank"]}\n```',
    ],
)
def test_forms_of_answers(said: str) -> None:
    mentions = [Mention("PER", "Mara Bell"), Mention("LOC", "Torli"), Mention("ORG", "Torli Bank")]
    assert parse_mentions(said, LABELS) == (mentions, 0)


@pytest.mark.parametrize("said", ["none", "None.", "[]", "{}", "No entities"])
def test_nothing_can_be_said(said: str) -> None:
    assert parse_mentions(said, LABELS) == ([], 0)


@pytest.mark.parametrize("said", ["", "I see nobody here", "[broken", "[1, 2]", "PER:", "[" * 9999])
def test_unreadable(said: str) -> None:
    mentions, unreadable = parse_mentions(said, LABELS)
    assert not mentions and unreadable
    scores = {s.name: s for s in score_spans(Answer(text=said), [], text=TEXT, labels=LABELS)}
    assert {s.status for s in scores.values()} == {"format_error"}
    assert (scores["exact_set"].value, scores["hallucinated"].value) == (0.0, None)


def test_kth_mention_goes_to_kth_occurrence() -> None:
    reading = place([Mention("PER", "Bo"), Mention("LOC", "Bo"), Mention("ORG", "Bo")], "Bo met Bo")
    assert reading.spans == [Span(0, 2, "PER"), Span(7, 9, "LOC")]
    assert reading.excess == (Mention("ORG", "Bo"),)


def test_longer_mentions_choose_first_and_places_inside_them_come_last() -> None:
    text = "The Torli Bank of Torli"
    for order in (1, -1):
        mentions = [Mention("LOC", "Torli"), Mention("ORG", "Torli Bank")][::order]
        assert place(mentions, text).spans == [Span(4, 14, "ORG"), Span(18, 23, "LOC")]
    nested = place([Mention("LOC", "Torli"), Mention("ORG", "Torli Bank")], "Torli Bank")
    assert nested.spans == [Span(0, 5, "LOC"), Span(0, 10, "ORG")]


def test_whole_words_come_before_parts() -> None:
    assert place([Mention("PER", "Ann")], "Annual Ann").spans == [Span(7, 10, "PER")]
    assert place([Mention("PER", "Ann")], "Annual").spans == [Span(0, 3, "PER")]


def test_case_and_punctuation_tiers_keep_offsets() -> None:
    text = "In STRAßE 5 the U.S. Bank"
    assert place([Mention("LOC", "strasse 5")], text).spans == [Span(3, 11, "LOC")]
    assert place([Mention("ORG", "US Bank")], text).spans == [Span(16, 25, "ORG")]
    exact = place([Mention("PER", "bo")], "Bo bo").spans
    assert exact == [Span(3, 5, "PER")]


def test_made_up_mentions_are_wrong_predictions() -> None:
    answer = Answer(text=RIGHT + "; PER: Nobody")
    scores = {s.name: s for s in score_spans(answer, GOLD, text=TEXT, labels=LABELS)}
    assert scores["exact_set"].value == 0.0
    assert scores["hallucinated"].value == 1.0
    assert scores["span_f1"].value == pytest.approx(2 * 3 / (3 + 4))


def test_undeclared_types_are_wrong_predictions() -> None:
    scores = score_spans(Answer(text="FOO: Mara Bell"), GOLD[:1], text=TEXT, labels=LABELS)
    assert [s.value for s in scores] == [0.0, 0.0, 0.0]


def test_right_answers_and_structured_answers() -> None:
    for answer in (Answer(text=RIGHT), Answer(data=GOLD)):
        scores = score_spans(answer, GOLD, text=TEXT, labels=LABELS)
        assert [s.value for s in scores] == [1.0, 1.0, 0.0]
    nothing = score_spans(Answer(text="none"), [], text=TEXT, labels=LABELS)
    assert [s.value for s in nothing] == [1.0, 1.0, 0.0]


def test_partly_readable_answers_keep_what_can_be_read() -> None:
    reading = read_spans(Answer(text="PER: Mara Bell; and so on"), TEXT, LABELS)
    assert reading.readable and reading.unreadable_parts == 1
    assert reading.spans == [Span(0, 9, "PER")]


def test_corpus_metrics_by_hand() -> None:
    sample = Sample(id="1", inputs={"text": TEXT}, target=GOLD)
    said = Answer(text="PER: Mara; LOC: Torli; LOC: Nowhere")
    rows = [
        Graded(sample=sample, answer=said, scores={}),
        Graded(sample=sample, answer=None, scores={}),  # a failure is no prediction
    ]
    figures = {name: metric(rows) for name, metric in corpus_metrics(LABELS).items()}
    assert figures["precision"] == pytest.approx(1 / 3)
    assert figures["recall"] == pytest.approx(1 / 3)
    assert figures["micro_f1"] == pytest.approx(1 / 3)
    assert figures["micro_f1_partial"] == pytest.approx(1.5 / 3)
    assert figures["micro_f1_type"] == pytest.approx(2 / 3)
    # PER 0, ORG 0, LOC 2*1/(1+2)
    assert figures["macro_f1"] == pytest.approx((0 + 0 + 2 / 3) / 3)


@given(st.text(alphabet="ab .", max_size=20), st.lists(st.text(alphabet="ab.", min_size=1)))
def test_places_carry_the_words_and_are_taken_once(text: str, names: list[str]) -> None:
    reading = place([Mention("PER", name) for name in names], text)
    assert len({(s.start, s.end) for s in reading.spans}) == len(reading.spans)
    assert len(reading.spans) + len(reading.unplaced) == len(names)
    assert all(0 <= s.start < s.end <= len(text) for s in reading.spans)
