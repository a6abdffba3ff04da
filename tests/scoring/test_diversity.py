from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.records import Answer, Sample
from evalsuite.scoring import diversity
from evalsuite.task import Graded

sacrebleu = pytest.importorskip("sacrebleu")

texts = st.lists(
    st.lists(st.sampled_from("abcde"), min_size=1, max_size=12).map(" ".join),
    min_size=2,
    max_size=5,
)


def test_distinct_by_hand() -> None:
    # words a b a b c: 3 of 5; pairs a-b, a-b, b-c, none over the border: 2 of 3
    assert diversity.distinct_across(["a b", "a b c"], 1) == pytest.approx(3 / 5)
    assert diversity.distinct_across(["a b", "a b c"], 2) == pytest.approx(2 / 3)
    assert diversity.distinct_across(["", "a"], 2) is None


@given(texts)
@settings(max_examples=60, deadline=None)
def test_self_bleu_is_sacrebleus(several: list[str]) -> None:
    values = [
        sacrebleu.sentence_bleu(
            text,
            several[:at] + several[at + 1 :],
            tokenize="none",
            use_effective_order=True,
        ).score
        for at, text in enumerate(several)
    ]
    assert diversity.self_bleu(several) == pytest.approx(sum(values) / len(values) / 100)


def test_self_bleu_of_the_same_and_of_one() -> None:
    assert diversity.self_bleu(["a b c d e"] * 3) == pytest.approx(1)
    assert diversity.self_bleu(["a b c", "..."]) is None


def test_compression() -> None:
    alike, unlike = ["the same words again"] * 20, [f"{n * 7919 % 10007:x}" for n in range(60)]
    high, low = diversity.compression_ratio(alike), diversity.compression_ratio(unlike)
    assert high is not None and low is not None and high > 5 > 2 > low
    assert diversity.compression_ratio([]) is None


def test_corpus_metrics_leave_failures_out_and_say_how_many_are_left() -> None:
    def graded(sample: str, text: str | None) -> Graded:
        answer = None if text is None else Answer(text=text)
        return Graded(sample=Sample(id=sample, inputs={}), answer=answer, scores={})

    rows = [graded("1", "a b c d"), graded("1", "a b c d"), graded("2", "e f g h")]
    rows += [graded("2", None), graded("3", " ")]
    figures = {name: metric(rows) for name, metric in diversity.diversity_metrics().items()}
    assert figures["diversity_n"] == 3
    assert figures["distinct_1_across"] == pytest.approx(8 / 12)
    assert figures["self_bleu_repeats"] == pytest.approx(1)
    assert figures["self_bleu"] == pytest.approx(2 / 3)
    none = {name: metric(rows[3:]) for name, metric in diversity.diversity_metrics().items()}
    assert none.pop("diversity_n") == 0 and set(none.values()) == {None}
