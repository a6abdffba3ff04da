"""What a text took from elsewhere: n-grams of words that a corpus has, and the longest copied run.

The answers are indexed and the corpus is streamed past them, once: results are exact, and memory
grows with the answers and not with the corpus. Words are those of
:func:`evalsuite.scoring.story.words`, so case and punctuation hide nothing.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalsuite.datasets import read_rows
from evalsuite.errors import ConfigError
from evalsuite.records import Answer, Score
from evalsuite.scoring.corpus_texts import mean, once, texts_of
from evalsuite.scoring.story import words
from evalsuite.task import CorpusMetric, Graded

Gram = tuple[str, ...]
_SEED = 4  # words: shorter runs are told by the n-grams alone


@dataclass(frozen=True)
class Novelty:
    """Of one text.

    novel: n -> share of the text's different n-grams that the corpus lacks (as in Fabbri et al.
        2021, SummEval); None where the text has no n-gram.
    longest_copied_words: length of the longest run of words that one document of the corpus has.
    """

    novel: Mapping[int, float | None]
    longest_copied_words: int


def novelty(
    texts: Sequence[str], corpus: Iterable[str], ns: Sequence[int] = (1, 2, 3, 4)
) -> list[Novelty]:
    """The novelty of each text against the documents of ``corpus``, read once.

    ``ns`` are the lengths of n-grams that are counted.
    """
    tokens = [words(text) for text in texts]
    lengths = sorted({*ns, *range(1, _SEED + 1)})
    grams = [{n: _grams(one, n) for n in lengths} for one in tokens]
    wanted: dict[int, set[Gram]] = {n: set().union(*(one[n] for one in grams)) for n in lengths}
    found: dict[int, set[Gram]] = {n: set() for n in lengths}
    seeds: dict[Gram, list[tuple[int, int]]] = {}
    for text, read in enumerate(tokens):
        for at in range(len(read) - _SEED + 1):
            seeds.setdefault(tuple(read[at : at + _SEED]), []).append((text, at))
    longest = [0] * len(texts)
    for document in corpus:
        read = words(document)
        for n in lengths:
            for at in range(len(read) - n + 1):
                gram = tuple(read[at : at + n])
                if gram in wanted[n]:
                    found[n].add(gram)
        _runs(read, seeds, longest)
    rows = []
    for one, run in zip(grams, longest, strict=True):
        shared = {n: one[n] & found[n] for n in lengths}
        short = max((n for n in lengths if n <= _SEED and shared[n]), default=0)
        novel = {n: 1 - len(shared[n]) / len(one[n]) if one[n] else None for n in ns}
        rows.append(Novelty(novel, max(run, short)))
    return rows


def _grams(tokens: Sequence[str], n: int) -> set[Gram]:
    return {tuple(tokens[at : at + n]) for at in range(len(tokens) - n + 1)}


def _runs(
    document: Sequence[str],
    seeds: Mapping[Gram, Sequence[tuple[int, int]]],
    longest: list[int],
) -> None:
    """Raise ``longest`` of each text to the longest run that it shares with ``document``."""
    running: dict[tuple[int, int], int] = {}
    for at in range(len(document) - _SEED + 1):
        places = seeds.get(tuple(document[at : at + _SEED]), ())
        # A run goes on where the text's place before was part of one.
        running = {
            (text, place): running.get((text, place - 1), _SEED - 1) + 1 for text, place in places
        }
        for (text, _), length in running.items():
            longest[text] = max(longest[text], length)


def read_corpus(path: Path, column: str = "text") -> Iterator[str]:
    """The documents of a file, streamed.

    A ``.txt`` file (also ``.txt.gz``) has a document a paragraph, parted by blank lines; a table
    (jsonl, csv, parquet, json) one a row, in ``column``.

    Raises:
        ConfigError: If there is no such file or column, or it cannot be read.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no such corpus file")
    if not path.name.removesuffix(".gz").endswith(".txt"):
        try:
            for row in read_rows(path):
                if column not in row:
                    raise ConfigError(f"{path}: no column {column!r}; it has {', '.join(row)}")
                yield str(row[column])
        except ValueError as error:
            raise ConfigError(str(error)) from None
        return
    opened = gzip.open if path.name.endswith(".gz") else open
    paragraph: list[str] = []
    with opened(path, "rt", encoding="utf-8") as file:
        for line in file:
            if line.strip():
                paragraph.append(line)
            elif paragraph:
                yield "".join(paragraph)
                paragraph = []
    if paragraph:
        yield "".join(paragraph)


def score_copying(answer: Answer, source: str, n: int = 3) -> Sequence[Score]:
    """``novel_3`` and ``longest_copied_words`` of the answer against ``source`` (its prompt).

    The first is left out where the answer has no 3-gram.
    """
    (found,) = novelty([answer.text or ""], [source], ns=(n,))
    scores = [Score(name="longest_copied_words", value=float(found.longest_copied_words))]
    share = found.novel[n]
    return scores if share is None else [Score(name=f"novel_{n}", value=share), *scores]


def novelty_metrics(
    corpus: Callable[[], Iterable[str]], ns: Sequence[int] = (4,)
) -> dict[str, CorpusMetric]:
    """``corpus_novel_N``, ``corpus_longest_copied_words`` and ``corpus_novelty_n``.

    The first is the mean over the answers with an n-gram, the second the longest run of any
    answer. ``corpus_novelty_n`` counts the answers that they are over: failed ones and those
    without text took nothing and gave nothing, and are left out.

    Args:
        corpus: Opens the corpus; called once for each system.
        ns: Lengths of n-grams.
    """

    @once
    def rows(graded: Sequence[Graded]) -> list[Novelty]:
        return novelty([text for text in texts_of(graded) if text], corpus(), ns)

    def share(n: int) -> CorpusMetric:
        def metric(graded: Sequence[Graded]) -> float | None:
            found = [one.novel[n] for one in rows(graded)]
            return mean([value for value in found if value is not None])

        return metric

    def longest(graded: Sequence[Graded]) -> float | None:
        return max((float(one.longest_copied_words) for one in rows(graded)), default=None)

    return {
        **{f"corpus_novel_{n}": share(n) for n in ns},
        "corpus_longest_copied_words": longest,
        "corpus_novelty_n": lambda graded: float(len(rows(graded))),
    }
