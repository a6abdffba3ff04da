from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Sample
from evalsuite.scoring import novelty
from evalsuite.task import Graded

tokens = st.lists(st.sampled_from("abc"), max_size=14)


def test_by_hand() -> None:
    corpus = ["The cat sat on the mat, and slept.", "A dog ran."]
    (found,) = novelty.novelty(["Then the CAT sat on the roof."], corpus, ns=(1, 2, 4))
    # of the words then, the, cat, sat, on, roof: then and roof are new
    assert found.novel[1] == pytest.approx(2 / 6)
    # then-the, the-cat, cat-sat, sat-on, on-the, the-roof
    assert found.novel[2] == pytest.approx(2 / 6)
    # then-the-cat-sat, the-cat-sat-on, cat-sat-on-the, sat-on-the-roof
    assert found.novel[4] == pytest.approx(2 / 4)
    assert found.longest_copied_words == 5


def test_runs_do_not_span_documents_and_short_ones_count() -> None:
    (found,) = novelty.novelty(["a b c d e f"], ["a b c", "d e f"])
    assert found.longest_copied_words == 3
    (none,) = novelty.novelty([""], ["a b"])
    assert (none.longest_copied_words, none.novel[1]) == (0, None)


def longest_run(one: list[str], other: list[str]) -> int:
    return max(
        (
            length
            for a in range(len(one))
            for b in range(len(other))
            for length in range(1, min(len(one) - a, len(other) - b) + 1)
            if one[a : a + length] == other[b : b + length]
        ),
        default=0,
    )


@given(tokens, tokens, tokens)
def test_the_longest_run_is_that_of_the_plain_definition(
    text: list[str], one: list[str], other: list[str]
) -> None:
    (found,) = novelty.novelty([" ".join(text)], [" ".join(one), " ".join(other)])
    assert found.longest_copied_words == max(longest_run(text, one), longest_run(text, other))
    for n in (1, 2, 3, 4):
        grams = {tuple(text[at : at + n]) for at in range(len(text) - n + 1)}
        known = {tuple(d[at : at + n]) for d in (one, other) for at in range(len(d) - n + 1)}
        share = len(grams - known) / len(grams) if grams else None
        assert found.novel[n] == (share if share is None else pytest.approx(share))


def test_the_corpus_is_streamed_once() -> None:
    opened = 0

    def corpus() -> Iterator[str]:
        nonlocal opened
        opened += 1
        yield from (f"a long line number {number} of the corpus" for number in range(500))

    def graded(number: int, text: str | None) -> Graded:
        answer = None if text is None else Answer(text=text)
        return Graded(sample=Sample(id=str(number), inputs={}), answer=answer, scores={})

    rows = [graded(1, "it was line number 77 of the corpus"), graded(2, None), graded(3, "new")]
    metrics = novelty.novelty_metrics(corpus, ns=(2,))
    figures = {name: metric(rows) for name, metric in metrics.items()}
    assert opened == 1
    # of it-was, was-line, line-number, number-77, 77-of, of-the, the-corpus, two are new
    assert figures == {
        "corpus_novel_2": pytest.approx(2 / 7),
        "corpus_longest_copied_words": 6.0,
        "corpus_novelty_n": 2.0,
    }
    assert metrics["corpus_longest_copied_words"](rows[1:2]) is None and opened == 2


def test_corpora_are_paragraphs_or_rows(tmp_path: Path) -> None:
    text = "one\ntwo\n\n\nthree\n"
    (tmp_path / "c.txt").write_text(text)
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(text.encode()))
    (tmp_path / "c.jsonl").write_text('{"text": "one"}\n{"text": "two"}\n')
    assert list(novelty.read_corpus(tmp_path / "c.txt")) == ["one\ntwo\n", "three\n"]
    assert list(novelty.read_corpus(tmp_path / "c.txt.gz")) == ["one\ntwo\n", "three\n"]
    assert list(novelty.read_corpus(tmp_path / "c.jsonl")) == ["one", "two"]
    with pytest.raises(ConfigError, match="no column 'story'; it has text"):
        list(novelty.read_corpus(tmp_path / "c.jsonl", "story"))
    with pytest.raises(ConfigError, match="no such corpus file"):
        list(novelty.read_corpus(tmp_path / "none.txt"))


def test_copying_from_the_prompt() -> None:
    scores = {s.name: s.value for s in novelty.score_copying(Answer(text="a b c x"), "a b c")}
    assert scores == {"novel_3": 0.5, "longest_copied_words": 3.0}
    (short,) = novelty.score_copying(Answer(text="a"), "a b c")
    assert (short.name, short.value) == ("longest_copied_words", 1.0)
