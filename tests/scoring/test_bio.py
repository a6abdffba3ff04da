"""BIO scoring against the figures that seqeval publishes, and against seqeval itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval import scheme as seqeval_scheme
from seqeval.metrics import accuracy_score
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support as lenient
from seqeval.metrics.v1 import precision_recall_fscore_support as strict

from evalsuite.scoring.bio import SCHEMES, Scheme, TagReport, conlleval, spans_of_tags, tag_report
from evalsuite.scoring.spans import Counts, Span

PREFIXES: dict[Scheme | None, str] = {
    None: "OBIES",
    "IOB1": "OBI",
    "IOB2": "OBI",
    "IOE1": "OIE",
    "IOE2": "OIE",
    "IOBES": "OBIES",
    "BILOU": "OBILU",
}


def ground_truth() -> tuple[list[list[str]], list[list[str]]]:
    types = {"N": "NP", "V": "VP", "P": "PP", "S": "SBAR", "A": "ADVP", "J": "ADJP"}

    def tag(letter: str) -> str:
        if letter == "O":
            return "O"
        return f"{'B' if letter.isupper() else 'I'}-{types[letter.upper()]}"

    lines = (Path(__file__).parent / "seqeval_ground_truth.txt").read_text().splitlines()
    pairs = [line.split() for line in lines if not line.startswith("#")]
    gold, said = ([[tag(pair[side]) for pair in line] for line in pairs] for side in (0, 1))
    return gold, said


def test_spans() -> None:
    assert spans_of_tags(["B-PER", "I-PER", "O", "B-LOC", "B-LOC"]) == [
        Span(0, 2, "PER"),
        Span(3, 4, "LOC"),
        Span(4, 5, "LOC"),
    ]
    assert spans_of_tags(["B-PER", "I-LOC"]) == [Span(0, 1, "PER"), Span(1, 2, "LOC")]
    assert spans_of_tags(["B-creative-work"]) == [Span(0, 1, "creative-work")]
    assert spans_of_tags(["B", "I", "O"]) == [Span(0, 2, "_")]
    assert spans_of_tags([]) == []


@pytest.mark.parametrize("tag", ["X-PER", "PER", "", "BPER", "O-PER", "b-PER"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="is no tag"):
        spans_of_tags(["O", tag])


def test_a_scheme_refuses_the_prefixes_of_another() -> None:
    with pytest.raises(ValueError, match="'E-PER' is no tag"):
        spans_of_tags(["B-PER", "E-PER"], "IOB2")


def test_figures_of_the_seqeval_readme() -> None:
    # github.com/chakki-works/seqeval: F1 0.50; then lenient 1.0 where strict IOB2 gives 0.0.
    report = tag_report(
        [["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]],
        [["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"], ["B-PER", "I-PER", "O"]],
    )
    assert report.precision_recall_f1() == (0.5, 0.5, 0.5)
    assert report.precision_recall_f1("macro") == (0.5, 0.5, 0.5)
    gold, said = [["B-NP", "I-NP", "O"]], [["I-NP", "I-NP", "O"]]
    assert tag_report(gold, said).precision_recall_f1()[2] == 1.0
    assert tag_report(gold, said, scheme="IOB2").precision_recall_f1()[2] == 0.0


def test_ground_truth_of_seqeval() -> None:
    """What conlleval.pl and seqeval 1.2.2 print for tests/data/ground_truth.txt of seqeval."""
    gold, said = ground_truth()
    report = tag_report(gold, said)
    total = report.total
    assert (report.n_tokens, total.gold, total.predicted, total.correct) == (961, 459, 539, 371)
    assert report.accuracy == pytest.approx(0.84079, abs=5e-6)
    assert report.precision_recall_f1() == pytest.approx((0.68831, 0.80828, 0.743487), abs=5e-6)
    assert report.precision_recall_f1("macro")[2] == pytest.approx(0.553976, abs=5e-7)
    strict = tag_report(gold, said, scheme="IOB2")
    assert strict.precision_recall_f1()[2] == pytest.approx(0.704595, abs=5e-7)


def test_conlleval_prints_what_the_perl_script_prints() -> None:
    # https://www.clips.uantwerpen.be/conll2000/chunking/output.html
    printed = conlleval(tag_report(*ground_truth())).splitlines()
    assert printed[0] == "processed 961 tokens with 459 phrases; found: 539 phrases; correct: 371."
    assert printed[1] == "accuracy:  84.08%; precision:  68.83%; recall:  80.83%; FB1:  74.35"
    assert printed[4] == (
        "               NP: precision:  64.98%; recall:  78.63%; FB1:  71.16  317"
    )
    assert len(printed) == 2 + 6


def test_declared_labels() -> None:
    gold, said = [["B-A", "O", "O"]], [["B-A", "B-X", "B-X"]]
    report = tag_report(gold, said, labels=["A", "B"])
    assert report.labels == {"A": Counts(correct=1), "B": Counts()}
    assert report.undeclared == Counts(spurious=2)
    assert report.precision_recall_f1() == pytest.approx((1 / 3, 1, 0.5))
    assert report.precision_recall_f1("macro") == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="gold has undeclared types: A"):
        tag_report(gold, said, labels=["B"])


def test_sentences_must_agree() -> None:
    with pytest.raises(ValueError, match="sentence 1 has 2 gold tags and 1 predicted"):
        tag_report([["O"], ["O", "O"]], [["O"], ["O"]])
    with pytest.raises(ValueError):
        tag_report([["O"]], [])


def test_nothing_at_all() -> None:
    report = tag_report([], [])
    assert (report.accuracy, report.total) == (None, Counts())
    for average in ("micro", "macro", "weighted"):
        assert report.precision_recall_f1(average) == (0.0, 0.0, 0.0)  # type: ignore[arg-type]


# --- seqeval as the oracle -----------------------------------------------------------------------


def sentences(scheme: Scheme | None) -> st.SearchStrategy[list[tuple[list[str], list[str]]]]:
    tags = [
        prefix if prefix == "O" else f"{prefix}-{label}"
        for prefix in PREFIXES[scheme]
        for label in ("PER", "creative-work")
    ]
    pair = st.tuples(st.sampled_from(tags), st.sampled_from(tags))
    sentence = st.lists(pair, min_size=1, max_size=9).map(
        lambda pairs: ([gold for gold, _ in pairs], [said for _, said in pairs])
    )
    return st.lists(sentence, min_size=1, max_size=4)


def oracle(gold: Any, said: Any, scheme: Scheme | None, average: str) -> tuple[float, ...]:
    if scheme is None:
        found = lenient(gold, said, average=average, zero_division=0)
    else:
        rules = getattr(seqeval_scheme, scheme)
        found = strict(gold, said, average=average, zero_division=0, scheme=rules)
    return tuple(float(figure) for figure in found[:3])


def assert_agrees(report: TagReport, gold: Any, said: Any, scheme: Scheme | None) -> None:
    assert report.accuracy == pytest.approx(accuracy_score(gold, said))
    # Without gold entities seqeval's weighted average divides 0 by 0; that case is left out.
    for average in ("micro", "macro", "weighted") if report.total.gold else ():
        expected = oracle(gold, said, scheme, average)
        assert report.precision_recall_f1(average) == pytest.approx(expected)  # type: ignore[arg-type]


@settings(deadline=None)
@given(sentences(None))
def test_lenient_figures_are_those_of_seqeval(rows: list[tuple[list[str], list[str]]]) -> None:
    gold, said = [list(column) for column in zip(*rows, strict=True)]
    assert_agrees(tag_report(gold, said), gold, said, None)


@pytest.mark.parametrize("scheme", SCHEMES)
@settings(deadline=None)
@given(data=st.data())
def test_strict_figures_are_those_of_seqeval(scheme: Scheme, data: st.DataObject) -> None:
    gold, said = [list(column) for column in zip(*data.draw(sentences(scheme)), strict=True)]
    assert_agrees(tag_report(gold, said, scheme=scheme), gold, said, scheme)
    for tags in (*gold, *said):
        rules = getattr(seqeval_scheme, scheme)
        found = seqeval_scheme.Tokens(tags, rules).entities
        assert spans_of_tags(tags, scheme) == [Span(e.start, e.end, e.tag) for e in found]
