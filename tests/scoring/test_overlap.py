from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalsuite.errors import ExtraMissing
from evalsuite.records import Answer, Sample
from evalsuite.scoring import overlap
from evalsuite.task import Graded

sacrebleu = pytest.importorskip("sacrebleu")
pytest.importorskip("rouge_score")

words = st.lists(
    st.sampled_from(["the", "a", "cat", "dog", "sat", "ran", "on", "mat", "hill", "."]), max_size=9
)
texts = words.map(" ".join)


def test_rouge_by_hand() -> None:
    # 5 of 6 words are shared; 3 of 5 pairs of words ("on the", "the mat", "the cat"); the longest
    # common subsequence is "the cat on the mat".
    found = overlap.rouge("The cat lay on the mat.", "The cat sat on the mat.")
    assert found == pytest.approx(
        {"rouge_1": 5 / 6, "rouge_2": 3 / 5, "rouge_l": 5 / 6, "rouge_lsum": 5 / 6}
    )


def test_rouge_lsum_takes_lines_for_sentences() -> None:
    found = overlap.rouge("a b\nc d", "c d\na b")
    assert (found["rouge_l"], found["rouge_lsum"]) == (pytest.approx(0.5), pytest.approx(1.0))


def test_the_best_of_several_references_counts() -> None:
    target = ["A dog barked.", "The cat sat on the mat."]
    assert overlap.rouge("The cat sat on the mat.", target)["rouge_2"] == 1
    assert overlap.chrf("The cat sat on the mat.", target) == pytest.approx(1)
    assert overlap.bleu("The cat sat on the mat.", target) == pytest.approx(1)


def test_bleu_by_hand() -> None:
    # 13a makes 7 tokens, the full stop being one. Of 7, 6, 5 and 4 n-grams 6, 4, 2 and 1 are
    # shared, and the lengths are equal.
    value = overlap.bleu("the cat lay on the mat .", "the cat sat on the mat .")
    assert value == pytest.approx((6 / 7 * 4 / 6 * 2 / 5 * 1 / 4) ** 0.25)


def test_corpus_bleu_of_the_papineni_example_is_not_the_mean() -> None:
    said = ["the the the the the the the", "the cat is on the mat"]
    wanted = ["The cat is on the mat", "the cat is on the mat"]
    corpus = overlap.corpus_bleu(said, wanted)
    assert corpus == pytest.approx(sacrebleu.corpus_bleu(said, [wanted]).score / 100)
    mean = sum(overlap.bleu(a, b) for a, b in zip(said, wanted, strict=True)) / 2
    assert corpus is not None and abs(corpus - mean) > 0.05


def test_texts_may_differ_in_the_number_of_references() -> None:
    said = ["a cat sat on the mat", "it rained all day long"]
    several = [["a cat sat on a mat", "the cat sat on the mat"], ["it rained all day"]]
    value = overlap.corpus_bleu(said, several)
    assert value == pytest.approx(
        sacrebleu.corpus_bleu(said, [[one[0] for one in several], [several[0][1], None]]).score
        / 100
    )


@given(texts, texts.filter(str.strip))
@settings(max_examples=40, deadline=None)
def test_figures_are_shares_and_equal_the_packages(said: str, wanted: str) -> None:
    assert overlap.bleu(said, wanted) == pytest.approx(
        sacrebleu.sentence_bleu(said, [wanted], use_effective_order=True).score / 100
    )
    assert overlap.chrf(said, wanted, word_order=2) == pytest.approx(
        sacrebleu.sentence_chrf(said, [wanted], word_order=2).score / 100
    )
    figures = [overlap.bleu(said, wanted), overlap.chrf(said, wanted)]
    figures += overlap.rouge(said, wanted).values()
    assert all(0 <= value <= 1 + 1e-9 for value in figures)


def test_an_empty_text_overlaps_with_nothing() -> None:
    scores = [overlap.score_bleu(Answer(text=None), "a cat")]
    scores += [*overlap.score_chrf(Answer(text=""), "a cat"), *overlap.score_rouge(Answer(), "a")]
    assert {score.value for score in scores} == {0.0}
    assert {score.status for score in scores} == {"scored"}


def test_signatures_say_how() -> None:
    assert overlap.score_bleu(Answer(text="a"), "a").explanation.startswith(
        "case:mixed|eff:yes|tok:13a|smooth:exp|version:"
    )
    assert overlap.bleu_signature().startswith("case:mixed|eff:no|tok:13a|smooth:exp|version:")


def test_failures_are_missed_by_corpus_metrics() -> None:
    def graded(text: str | None) -> Graded:
        answer = None if text is None else Answer(text=text)
        sample = Sample(id="1", inputs={}, target="the cat sat on the mat")
        return Graded(sample=sample, answer=answer, scores={})

    right = [graded("the cat sat on the mat")]
    for name, metric in overlap.overlap_metrics().items():
        assert metric(right) == pytest.approx(1), name
        with_failure = metric([*right, graded(None)])
        assert with_failure is not None and 0 < with_failure < 0.75, name
        assert metric([graded(None)]) is None and metric([]) is None


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    overlap._bleu.cache_clear()
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics.bleu", None)
    with pytest.raises(ExtraMissing, match=r"pip install 'evalsuite\[text\]'"):
        overlap.ready()
    overlap._bleu.cache_clear()
