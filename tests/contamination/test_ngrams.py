"""Overlap by n-grams, against counts made by hand and by the definition, spelled out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.contamination import (
    Piece,
    file_pieces,
    ngram_overlap,
    ngrams,
    number_overlap,
    sample_pieces,
    texts_of,
)
from evalsuite.contamination.numbers import numbers_of
from evalsuite.datasets import BadData, data_roots, read_rows
from evalsuite.records import Sample


def samples(*texts: str) -> list[Sample]:
    return [Sample(id=f"s{n}", inputs={"text": text}) for n, text in enumerate(texts)]


def documents(*texts: str) -> list[Piece]:
    return [Piece(text, begins=True) for text in texts]


def test_one_ngram_is_enough_and_case_and_punctuation_do_not_matter() -> None:
    found = ngram_overlap(
        samples("The quick brown fox jumps", "An altogether different sentence here"),
        documents("It was said: 'the QUICK, brown -- fox' slept."),
        ngram=4,
    )
    (one,) = found.contaminated
    assert (one.id, one.ngrams, one.found) == ("s0", 2, 1)
    assert (found.samples, found.judged, found.share, found.documents) == (2, 2, 0.5, 1)
    assert found.words == 8


def test_a_share_of_the_ngrams_can_be_demanded() -> None:
    """PaLM's rule: two of the three 3-grams are found, which is 0.67."""
    asked, corpus = samples("a b c d e"), documents("a b c d x")
    for share, n in ((0.6, 1), (0.7, 0)):
        found = ngram_overlap(asked, corpus, ngram=3, share=share)
        assert len(found.contaminated) == n
        assert f"at least {share:.0%}" in found.rule


def test_no_ngram_reaches_over_the_end_of_a_document() -> None:
    asked = samples("one two three four")
    assert ngram_overlap(asked, documents("one two", "three four"), ngram=4).contaminated == ()
    joined = [Piece("one two ", begins=True), Piece("three four", begins=False)]
    assert len(ngram_overlap(asked, joined, ngram=4).contaminated) == 1


def test_what_is_too_short_is_not_judged() -> None:
    found = ngram_overlap(samples("too short", ""), documents("too short"), ngram=3)
    assert found.too_short == ("s0", "s1")
    assert found.contaminated == () and found.share is None


def test_phrases_of_many_documents_can_be_left_out() -> None:
    """GPT-3 left out what collided with more than 10 documents."""
    asked = samples("all rights reserved by law")
    corpus = documents(*["all rights reserved by law"] * 3)
    assert len(ngram_overlap(asked, corpus, ngram=4, common_above=3).contaminated) == 1
    assert ngram_overlap(asked, corpus, ngram=4, common_above=2).contaminated == ()


def test_scripts_without_blanks_have_a_word_a_character() -> None:
    found = ngram_overlap(samples("今天天气很好"), documents("他说今天天气不好"), ngram=4)
    assert (found.contaminated[0].ngrams, found.contaminated[0].found) == (3, 1)


word = st.sampled_from("abcdef")
text = st.lists(word, max_size=30).map(" ".join)


@given(
    st.lists(text, max_size=4), st.lists(text, max_size=4), st.integers(1, 4), st.integers(4, 50)
)
def test_it_finds_what_the_definition_says(
    asked: list[str], corpus: list[str], n: int, batch_words: int
) -> None:
    def grams(words: str) -> set[tuple[str, ...]]:
        split = words.split()
        return {tuple(split[i : i + n]) for i in range(len(split) - n + 1)}

    everywhere = set[tuple[str, ...]]().union(*map(grams, corpus))
    expected = {
        f"s{i}": len(grams(words) & everywhere)
        for i, words in enumerate(asked)
        if grams(words) & everywhere
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngrams, "_BATCH_WORDS", batch_words)
        found = ngram_overlap(samples(*asked), documents(*corpus), ngram=n)
    assert {one.id: one.found for one in found.contaminated} == expected
    assert found.words == sum(len(words.split()) for words in corpus)


def test_a_text_file_of_any_size_is_one_document(tmp_path: Path) -> None:
    filler = "lorem ipsum dolor " * 100_000
    planted = "a needle of exactly seven words here"
    path = tmp_path / "corpus.txt.gz"
    path.write_bytes(gzip.compress((filler + planted + " " + filler).encode() + b"\xff"))
    found = ngram_overlap(
        samples(planted, "no such needle in it at all"), file_pieces(path), ngram=7
    )
    assert [one.id for one in found.contaminated] == ["s0"]
    assert found.documents == 1 and found.words == 600_007


def test_a_file_of_rows_has_a_document_a_row(tmp_path: Path) -> None:
    path = tmp_path / "corpus.jsonl"
    rows = [{"title": "a b", "body": {"text": "c d"}, "n": 1}, {"title": "x", "body": None, "n": 2}]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert list(file_pieces(path)) == [Piece("a b\nc d", True), Piece("x", True)]
    assert list(file_pieces(path, column="title")) == [Piece("a b", True), Piece("x", True)]
    with pytest.raises(BadData, match=r"corpus\.jsonl:1: no column 'text'; it has title, body, n"):
        list(file_pieces(path, column="text"))
    (tmp_path / "plain.txt").write_text("x")
    with pytest.raises(BadData, match="has no columns"):
        list(file_pieces(tmp_path / "plain.txt", column="text"))


def test_images_and_numbers_are_no_text() -> None:
    value = {"a": ["x", {"b": "y"}], "image": "data:image/png;base64,AAAA", "n": 3, "c": ("z",)}
    assert list(texts_of(value)) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ("16 eggs, 3 for breakfast, 1,000 left, 2.50 each", ("1000", "16", "250", "3")),
        ("১৬টি ডিম, 3", ("16", "3")),
        ("no numbers", ()),
    ],
)
def test_numbers_of_a_text(asked: str, numbers: tuple[str, ...]) -> None:
    assert numbers_of(asked) == numbers


def mirror(path: str) -> Path:
    for root in data_roots():
        if (root / path).exists():
            return root / path
    pytest.skip(f"{path} is not on this machine (EVALSUITE_DATA)")


def test_translated_problems_are_found_by_their_numbers() -> None:
    """MGSM is the first 250 problems of GSM8K's test split, translated by people."""
    gsm8k = [
        Sample(id=str(n), inputs=dict(row))
        for n, row in enumerate(read_rows(mirror("tasks/reasoning/gsm8k/test.jsonl.gz")))
    ]
    german = [
        Sample(id=row["idx"], inputs={"question": row["question"]})
        for row in read_rows(mirror("tasks/multilingual/mgsm/mgsm.jsonl.gz"))
        if row["lang"] == "de"
    ]
    questions = [Sample(id=s.id, inputs={"q": s.inputs["question"]}) for s in gsm8k]
    assert ngram_overlap(german, sample_pieces(questions)).contaminated == ()
    by_number = number_overlap(german, sample_pieces(questions))
    assert (by_number.samples, by_number.judged, len(by_number.contaminated)) == (250, 95, 93)
    chance = number_overlap(questions[250:], sample_pieces(german))
    assert (chance.judged, len(chance.contaminated)) == (468, 3)  # what mere chance finds
