from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.scoring.spans import Counts, Schema, Span, by_label, compare, from_bio


def test_bio() -> None:
    assert from_bio(["B-PER", "I-PER", "O", "B-LOC", "B-LOC"]) == [
        Span(0, 2, "PER"),
        Span(3, 4, "LOC"),
        Span(4, 5, "LOC"),
    ]
    assert from_bio(["B-PER", "I-LOC"]) == [Span(0, 1, "PER"), Span(1, 2, "LOC")]
    assert from_bio(["B-creative-work"]) == [Span(0, 1, "creative-work")]
    assert from_bio([]) == []


def test_seqeval_readme() -> None:
    # https://github.com/chakki-works/seqeval: F1 0.50 (one of two entities has wrong boundaries)
    gold = from_bio(["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"])
    said = from_bio(["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"])
    person = from_bio(["B-PER", "I-PER", "O"])
    total = compare(gold, said)["strict"] + compare(person, person)["strict"]
    assert total.f1 == 0.5


def test_seqeval_readme_lenient_and_strict_iob2() -> None:
    gold, said = ["B-NP", "I-NP", "O"], ["I-NP", "I-NP", "O"]
    assert compare(from_bio(gold), from_bio(said))["strict"].f1 == 1.0
    assert compare(from_bio(gold), from_bio(said, strict=True))["strict"].f1 == 0.0


def test_nervaluate_readme() -> None:
    # Its first example, in documents; the README prints .40 for partial, which its rules make .70.
    documents = [
        ("O B-PER I-PER O O O B-ORG I-ORG", "O B-PER I-PER O O O B-ORG I-ORG"),
        ("O B-LOC I-LOC I-LOC O", "O B-LOC I-LOC O O"),
        ("B-PER I-PER I-PER O B-DATE I-DATE", "B-PER I-PER O O B-DATE O"),
    ]
    totals: dict[Schema, Counts] = {}
    for gold, said in documents:
        for schema, counts in compare(from_bio(gold.split()), from_bio(said.split())).items():
            totals[schema] = totals.get(schema, Counts()) + counts
    assert totals["type"] == Counts(correct=5)
    assert totals["exact"] == totals["strict"] == Counts(correct=2, incorrect=3)
    assert totals["partial"] == Counts(correct=2, partial=3)
    assert totals["strict"].f1 == pytest.approx(0.40)
    assert totals["partial"].f1 == pytest.approx(0.70)


@pytest.mark.parametrize(
    ("said", "strict", "exact", "partial", "type_"),
    [
        (Span(0, 5, "PER"), "correct", "correct", "correct", "correct"),
        (Span(0, 5, "ORG"), "incorrect", "correct", "correct", "incorrect"),
        (Span(0, 3, "PER"), "incorrect", "incorrect", "partial", "correct"),
        (Span(0, 3, "ORG"), "incorrect", "incorrect", "partial", "incorrect"),
    ],
)
def test_four_schemas(said: Span, strict: str, exact: str, partial: str, type_: str) -> None:
    counts = compare([Span(0, 5, "PER")], [said])
    expected = {"strict": strict, "exact": exact, "partial": partial, "type": type_}
    assert counts == {schema: Counts(**{kind: 1}) for schema, kind in expected.items()}


def test_missed_spurious_and_unplaced() -> None:
    counts = compare([Span(0, 5, "PER")], [Span(6, 9, "PER")], unplaced=["PER"])["strict"]
    assert counts == Counts(missed=1, spurious=2)
    assert (counts.precision, counts.recall, counts.f1) == (0.0, 0.0, 0.0)


def test_nothing_has_no_figures() -> None:
    nothing = compare([], [])["strict"]
    assert (nothing.precision, nothing.recall, nothing.f1) == (None, None, None)


def test_best_assignment_where_greedy_fails() -> None:
    gold = [Span(0, 10, "A"), Span(0, 4, "B")]
    # Taken in order, the first prediction would block the strict match of the second.
    said = [Span(0, 9, "A"), Span(0, 10, "A")]
    assert compare(gold, said)["strict"].correct == 1
    assert compare(gold, said)["strict"] == compare(gold, said[::-1])["strict"]


def test_by_label() -> None:
    gold = [Span(0, 1, "A"), Span(2, 3, "B")]
    said = [Span(0, 1, "A"), Span(2, 3, "A"), Span(2, 3, "A")]
    assert by_label(gold, said, ["A", "B"], unplaced=["B"]) == {
        "A": Counts(correct=1, spurious=2),
        "B": Counts(missed=1, spurious=1),
    }


spans = st.lists(
    st.builds(
        lambda start, length, label: Span(start, start + length, label),
        st.integers(0, 12),
        st.integers(1, 6),
        st.sampled_from("AB"),
    ),
    max_size=6,
)


@given(spans, spans, st.randoms(use_true_random=False))
def test_order_does_not_matter_and_totals_agree(gold: list, said: list, random: object) -> None:
    counts = compare(gold, said)
    shuffled_gold, shuffled = list(gold), list(said)
    random.shuffle(shuffled_gold)
    random.shuffle(shuffled)
    again = compare(shuffled_gold, shuffled)
    for schema in ("strict", "exact"):
        assert counts[schema].correct == again[schema].correct
        assert counts[schema].f1 == again[schema].f1
    for one in counts.values():
        assert one.correct + one.incorrect + one.partial + one.missed == len(gold)
        assert one.correct + one.incorrect + one.partial + one.spurious == len(said)


@given(spans)
def test_gold_is_perfect(gold: list) -> None:
    for counts in compare(gold, gold).values():
        assert counts == Counts(correct=len(gold))
