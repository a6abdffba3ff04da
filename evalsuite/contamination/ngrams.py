"""Contamination by n-gram overlap: which test questions a corpus holds, word for word.

The definition is that of GPT-3 (Brown et al. 2020, arXiv:2005.14165, appendix C), which
lm-evaluation-harness follows (``lm_eval/decontamination``): a sample is contaminated if any of its
n-grams, 13 words as a rule, stands in the corpus; case and punctuation do not matter. With
``share``, it is that of PaLM (Chowdhery et al. 2022, arXiv:2204.02311, section 8): at least that
share of the sample's n-grams does, 0.7 of its 8-grams there.

The index is over the samples, so a corpus streams past it in memory that does not grow. Windows
over words that no sample has are left out first; a hash finds the others, and every hit is
compared word by word.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from evalsuite.contamination.corpus import Piece, texts_of
from evalsuite.records import Sample

Ids = npt.NDArray[np.uint32]
Hashes = npt.NDArray[np.uint64]

# Scripts without blanks between words have a word a character.
_UNSPACED = "\u0e00-\u0eff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_NO_WORD = 0
_BATCH_WORDS = 1 << 18
_PRIME = 0x9E3779B97F4A7C15


@dataclass(frozen=True, kw_only=True)
class SampleOverlap:
    """How many of the n-grams of a sample the corpus holds."""

    id: str
    ngrams: int
    found: int

    @property
    def share(self) -> float:
        """Of its n-grams, 0 to 1."""
        return self.found / self.ngrams


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """What a corpus holds of some samples.

    Attributes:
        samples: How many were looked at.
        too_short: Ids of those that cannot be judged, because they have fewer words than an
            n-gram (or too few numbers).
        contaminated: Those that the rule says are, in the order of the samples.
        documents: How many the corpus has.
        words: How many the corpus has; None where words were not what was looked at.
        rule: What was counted as contaminated, in words.
    """

    samples: int
    too_short: tuple[str, ...]
    contaminated: tuple[SampleOverlap, ...]
    documents: int
    words: int | None
    rule: str

    @property
    def judged(self) -> int:
        """Samples that are long enough to be judged."""
        return self.samples - len(self.too_short)

    @property
    def share(self) -> float | None:
        """Contaminated samples as a share of the judged ones; None where there are none."""
        return len(self.contaminated) / self.judged if self.judged else None


def ngram_overlap(
    samples: Iterable[Sample],
    corpus: Iterable[Piece],
    *,
    ngram: int = 13,
    share: float | None = None,
    common_above: int | None = None,
) -> Overlap:
    """Which of ``samples`` stand in ``corpus``, by their texts (inputs, not the task's wording).

    Args:
        samples: The samples to be judged; held in memory, as an index of their n-grams.
        corpus: Where to look; streamed. No n-gram reaches over the end of a document.
        ngram: Words in an n-gram.
        share: The share of a sample's distinct n-grams that must be found; None: any one.
        common_above: N-grams that stand in more documents than this are common phrases and do not
            count, as in GPT-3 with 10; None: all count.
    """
    if ngram < 1:
        raise ValueError("an n-gram has at least one word")
    index = _Index(ngram)
    ids, too_short = list[str](), list[str]()
    for sample in samples:
        ids.append(sample.id)
        if not index.add(len(ids) - 1, list(texts_of(sample.inputs))):
            too_short.append(sample.id)
    scan = _Scan(index)
    for piece in corpus:
        scan.take(piece)
    scan.finish()
    common = {g for g, n in scan.documents_of.items() if common_above and n > common_above}
    found = Counter(
        owner for gram in scan.documents_of.keys() - common for owner in index.owners[gram]
    )
    overlaps = [
        SampleOverlap(id=ids[number], ngrams=index.sizes[number], found=n)
        for number, n in sorted(found.items())
    ]
    least = "any" if share is None else f"at least {share:.0%}"
    left_out = f", none that is in more than {common_above} documents" if common_above else ""
    return Overlap(
        samples=len(ids),
        too_short=tuple(too_short),
        contaminated=tuple(o for o in overlaps if share is None or o.share >= share),
        documents=scan.documents,
        words=scan.words,
        rule=f"{least} of its {ngram}-grams found{left_out}",
    )


def words_of(text: str) -> list[str]:
    """The words of a text: runs of letters and digits, in lower case."""
    return _WORD.findall(text.lower())


@dataclass
class _Index:
    """The distinct n-grams of the samples. A gram is a number; ``owners`` says whose it is."""

    ngram: int
    vocabulary: dict[str, int] = field(default_factory=dict)
    grams: dict[tuple[int, ...], int] = field(default_factory=dict)
    owners: list[list[int]] = field(default_factory=list)
    sizes: dict[int, int] = field(default_factory=dict)

    def add(self, number: int, texts: Sequence[str]) -> bool:
        """Take in sample ``number``; False if none of its texts has as many words as an n-gram."""
        own: dict[int, None] = {}
        for text in texts:
            words = [
                self.vocabulary.setdefault(w, len(self.vocabulary) + 1) for w in words_of(text)
            ]
            for at in range(len(words) - self.ngram + 1):
                gram = self.grams.setdefault(tuple(words[at : at + self.ngram]), len(self.grams))
                if gram == len(self.owners):
                    self.owners.append([])
                own[gram] = None
        for gram in own:
            self.owners[gram].append(number)
        self.sizes[number] = len(own)
        return bool(own)


class _Scan:
    """A corpus that streams past an index."""

    def __init__(self, index: _Index) -> None:
        self.documents = self.words = 0
        self.documents_of: dict[int, int] = {}
        """Gram -> documents that it was found in."""
        self._index = index
        self._last_document: dict[int, int] = {}
        grams = np.array(list(index.grams), dtype=np.uint32).reshape(-1, index.ngram)
        hashes = _hashes(grams.ravel(), np.arange(0, grams.size, index.ngram), index.ngram)
        self._order = np.argsort(hashes)
        self._sorted: Hashes = hashes[self._order]
        self._grams = grams
        self._batch: list[int] = []
        self._begins: list[int] = []

    def take(self, piece: Piece) -> None:
        """Look at one piece, sooner or later."""
        if piece.begins:
            self.documents += 1
            self._batch.append(_NO_WORD)
            self._begins.append(len(self._batch))
        words = words_of(piece.text)
        self.words += len(words)
        self._batch.extend(map(self._index.vocabulary.get, words, itertools.repeat(_NO_WORD)))
        if len(self._batch) >= _BATCH_WORDS:
            self._look(keep=self._index.ngram - 1)

    def finish(self) -> None:
        """Look at what has been taken and not yet looked at."""
        self._look(keep=0)

    def _look(self, *, keep: int) -> None:
        """Find the grams in the batch; its last words stay, for grams that reach beyond it."""
        batch = np.array(self._batch, dtype=np.uint32)
        first_document = self.documents - len(self._begins)
        begins = np.array(self._begins, dtype=np.int64)
        for at, gram in self._hits(batch):
            document = first_document + int(np.searchsorted(begins, at, side="right"))
            if self._last_document.get(gram) != document:
                self._last_document[gram] = document
                self.documents_of[gram] = self.documents_of.get(gram, 0) + 1
        self._batch = self._batch[len(self._batch) - keep :] if keep else []
        self._begins = []

    def _hits(self, batch: Ids) -> Iterator[tuple[int, int]]:
        """Where in the batch a gram stands, and which."""
        n = self._index.ngram
        if len(batch) < n or not len(self._sorted):
            return
        unknown = np.concatenate(([0], np.cumsum(batch == _NO_WORD)))
        starts = np.flatnonzero(unknown[n:] == unknown[:-n])
        hashes = _hashes(batch, starts, n)
        places = np.searchsorted(self._sorted, hashes)
        inside = places < len(self._sorted)
        starts, places, hashes = starts[inside], places[inside], hashes[inside]
        same = self._sorted[places] == hashes
        for at, place in zip(starts[same].tolist(), places[same].tolist(), strict=True):
            gram = int(self._order[place])
            if np.array_equal(batch[at : at + n], self._grams[gram]):
                yield at, gram


def _hashes(ids: Ids, starts: npt.NDArray[np.int64], ngram: int) -> Hashes:
    """A 64-bit polynomial hash of each window of ``ngram`` ids that starts at ``starts``."""
    total: Hashes = np.zeros(len(starts), dtype=np.uint64)
    for offset in range(ngram):
        total = (total + ids[starts + offset].astype(np.uint64) + np.uint64(1)) * np.uint64(_PRIME)
    return total
