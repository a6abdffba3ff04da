"""BERTScore (Zhang et al. 2020, arXiv:1904.09675): texts compared by contextual embeddings.

Every token is paired with the token of the other text whose vector is nearest (cosine). Precision
is the mean over the text's tokens, recall over the reference's. Figures equal those of the package
bert-score to 1e-6; what is computed once is computed once: an encoder is loaded once, a reference
embedded once, a pair that occurs again (a hybrid gives the answers of its members) not matched
again.

Figures of different encoders or layers do not compare: give the ``signature`` with them.
"""

from __future__ import annotations

import itertools
import math
import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from evalsuite.errors import ConfigError
from evalsuite.records import Sample
from evalsuite.scoring.bertscore_encoder import Encoder, Tokens
from evalsuite.scoring.embedding_cache import EmbeddingCache, Vectors
from evalsuite.task import CorpusMetric, Graded

References = Sequence[str | Sequence[str]]
Padding = Literal["package", "none"]
Weights = Callable[[int], float]
Pair = tuple[str, str]

_WINDOW_TOKENS = 100_000  # whose vectors are held at once: 150 MB at 384 dimensions
_WINDOW_PAIRS = 4096
_KEPT_PAIRS = 200_000


@dataclass(frozen=True)
class Similarity:
    """Precision, recall and F1 of a text, usually 0 to 1; below 0 where rescaled and unlike.

    With several references, each figure is the best over them, taken by itself, as the package
    does. ``truncated`` says that a text was cut to the encoder's window (512 tokens for most).
    """

    precision: float
    recall: float
    f1: float
    truncated: bool


class _Matched(NamedTuple):
    """Precision and recall of a pair; ``_floored`` where a match below 0 counts as 0."""

    precision: float
    precision_floored: float
    recall: float
    recall_floored: float


class BertScore:
    """BERTScore with one encoder, loaded when it is first needed. Safe to use from threads.

    ``padding``: the package pads a batch with vectors that match everything at 0, so that a token
    whose best match is below 0 counts as 0, unless its pair is the longest of its batch. "package"
    does as ``bert_score.score`` does for the same pairs in the same order; "none" takes the best
    match as it is, so that no figure depends on the other pairs. Where no best match is below 0,
    the two agree.
    """

    def __init__(
        self,
        encoder: str = "roberta-large",
        *,
        num_layers: int | None = None,
        idf: bool | Sequence[str] = False,
        baseline: str | Path | None = None,
        device: str = "cpu",
        batch_size: int = 64,
        padding: Padding = "package",
        cache: Path | None = None,
        memory_bytes: int = 256 * 2**20,
        cache_bytes: int = 2**30,
    ) -> None:
        """Nothing is loaded yet.

        Args:
            encoder: A model folder, or the hub id of an encoder.
            num_layers: The layer whose vectors are compared. None is the layer that bert-score
                tuned for an encoder it knows by name, and the last layer for any other.
            idf: True weighs tokens by their inverse document frequency in the references of each
                call; texts make the frequencies those of these texts, in every call.
            baseline: Rescale by the figures of unrelated texts: a file with the columns LAYER, P,
                R, F, or a language ("en"), for the encoders that bert-score ships a file of.
            device: Where the encoder runs: "cpu", "cuda".
            batch_size: Texts embedded at once, and pairs of a batch as ``padding`` counts them.
            padding: See above.
            cache: A file to keep the vectors of references in, between runs.
            memory_bytes: Most bytes of references' vectors in memory.
            cache_bytes: Most bytes of vectors in the file.

        Raises:
            ConfigError: If ``cache`` is a file of something else.
        """
        self._name, self._num_layers, self._device = encoder, num_layers, device
        self._idf, self._baseline_source = idf, baseline
        self._batch_size, self._padding = batch_size, padding
        self._vectors = EmbeddingCache(memory_bytes, cache, cache_bytes)
        self._identity = ""
        self._on_disk = cache is not None
        self._matched: OrderedDict[Pair, _Matched] = OrderedDict()
        self._encoder: Encoder | None = None
        self._fixed_weights: Weights | None = None
        self._baseline: tuple[float, float, float] | None = None
        self._lock = threading.RLock()

    @property
    def signature(self) -> str:
        """What figures depend on: encoder, layer, weights, baseline, versions."""
        encoder = self._opened()
        source = self._baseline_source
        return "|".join(
            (
                encoder.signature,
                "idf:no" if self._idf is False else "idf:call" if self._idf is True else "idf:own",
                f"baseline:{Path(source).name if source is not None else 'no'}",
                f"padding:{self._padding}",
            )
        )

    def score(
        self, candidates: Sequence[str | None], references: References
    ) -> list[Similarity | None]:
        """BERTScore of each candidate against its reference, or the best of its references.

        Args:
            candidates: What was generated; None is no answer.
            references: One text, or several, for each candidate.

        Returns:
            One figure a candidate. None where there is none: no answer, no text in it (the package
            fails there), no reference with text, or (with idf) no token with a weight.

        Raises:
            ValueError: If the numbers of candidates and references differ.
            ExtraMissing: If bert-score is not installed.
            ConfigError: If the encoder or the baseline cannot be had.
        """
        if len(candidates) != len(references):
            raise ValueError(f"{len(candidates)} candidates but {len(references)} references")
        if not candidates:
            return []
        with self._lock:
            return self._score(candidates, [_several(wanted) for wanted in references])

    def _score(
        self, candidates: Sequence[str | None], references: Sequence[Sequence[str]]
    ) -> list[Similarity | None]:
        encoder = self._opened()
        texts = {text for text in candidates if text is not None}
        texts.update(text for several in references for text in several)
        tokens = {text: found for text in texts if (found := encoder.tokens(text)) is not None}
        groups = [
            [(said, wanted) for wanted in several if wanted in tokens]
            if said is not None and said in tokens
            else []
            for said, several in zip(candidates, references, strict=True)
        ]
        pairs = [pair for group in groups for pair in group]
        if self._idf is True:
            used = [text for group in references for text in group if text in tokens]
            matched = self._match_all(pairs, tokens, _idf([tokens[text].ids for text in used]), {})
        else:
            matched = self._match_all(pairs, tokens, self._weights(), self._matched)
        figures = _as_padded(pairs, tokens, matched, self._batch_size, self._padding)
        rows: list[Similarity | None] = []
        for group in groups:
            best = [one for one in itertools.islice(figures, len(group)) if one is not None]
            cut = any(tokens[text].truncated for pair in group for text in pair)
            rows.append(self._best(best, cut))
        return rows

    def _best(
        self, found: Sequence[tuple[float, float, float]], truncated: bool
    ) -> Similarity | None:
        if not found:
            return None
        figures = [max(column) for column in zip(*found, strict=True)]
        if self._baseline is not None:
            figures = [(f - b) / (1 - b) for f, b in zip(figures, self._baseline, strict=True)]
        precision, recall, f1 = figures
        return Similarity(precision, recall, f1, truncated)

    # -- what is opened once ---------------------------------------------------------------------

    def _opened(self) -> Encoder:
        with self._lock:
            if self._encoder is None:
                encoder = Encoder(self._name, self._num_layers, self._device)
                if self._baseline_source is not None:
                    self._baseline = _baseline(self._baseline_source, encoder)
                self._identity = encoder.signature if self._on_disk else ""
                self._encoder = encoder
            return self._encoder

    def _weights(self) -> Weights:
        if self._fixed_weights is None:
            encoder = self._opened()
            if self._idf is False:
                self._fixed_weights = lambda token: float(token not in encoder.weightless)
            else:
                assert not isinstance(self._idf, bool)
                known = [encoder.tokens(text) for text in self._idf]
                self._fixed_weights = _idf([one.ids for one in known if one is not None])
        return self._fixed_weights

    # -- matching --------------------------------------------------------------------------------

    def _match_all(
        self,
        pairs: Sequence[Pair],
        tokens: Mapping[str, Tokens],
        weights: Weights,
        kept: OrderedDict[Pair, _Matched] | dict[Pair, _Matched],
    ) -> dict[Pair, _Matched]:
        """Every pair matched once; ``kept`` are those of earlier calls, and is added to."""
        matched = {pair: kept[pair] for pair in dict.fromkeys(pairs) if pair in kept}
        new = [pair for pair in dict.fromkeys(pairs) if pair not in matched]
        for window in _windows(new, tokens):
            vectors = self._embedded(window, tokens)
            for pair in window:
                matched[pair] = _match(
                    vectors[pair[0]],
                    vectors[pair[1]],
                    [weights(token) for token in tokens[pair[0]].ids],
                    [weights(token) for token in tokens[pair[1]].ids],
                )
        kept.update((pair, matched[pair]) for pair in new[-_KEPT_PAIRS:])
        while len(kept) > _KEPT_PAIRS:
            del kept[next(iter(kept))]
        return matched

    def _embedded(self, pairs: Sequence[Pair], tokens: Mapping[str, Tokens]) -> dict[str, Vectors]:
        """The vectors of the texts of ``pairs``; those of references are kept."""
        wanted = dict.fromkeys(reference for _, reference in pairs)
        vectors = self._vectors.get(self._identity, wanted)
        texts = {text for pair in pairs for text in pair if text not in vectors}
        by_length = sorted(texts, key=lambda text: (len(tokens[text].ids), text))
        encoder = self._opened()
        for start in range(0, len(by_length), self._batch_size):
            batch = by_length[start : start + self._batch_size]
            embedded = encoder.embed([tokens[text] for text in batch])
            vectors.update(zip(batch, embedded, strict=True))
        new = {text: vectors[text] for text in wanted if text in texts}
        self._vectors.put(self._identity, new)
        return vectors


def bertscore(
    candidates: Sequence[str | None],
    references: References,
    *,
    encoder: str = "roberta-large",
    num_layers: int | None = None,
    device: str = "cpu",
) -> list[Similarity | None]:
    """:meth:`BertScore.score` for a single use; keep a :class:`BertScore` for more than one."""
    return BertScore(encoder, num_layers=num_layers, device=device).score(candidates, references)


def bertscore_metrics(
    scorer: BertScore,
    references: Callable[[Sample], str | Sequence[str]] = lambda sample: str(sample.target),
) -> dict[str, CorpusMetric]:
    """``bertscore_precision``, ``bertscore_recall``, ``bertscore_f1`` and ``bertscore_n``.

    The first three are means over the answers that have a figure, which ``bertscore_n`` counts: a
    failed answer and one without text have none. None where no answer has one.
    """

    def rows(graded: Sequence[Graded]) -> list[Similarity]:
        said = [row.answer.text if row.answer is not None else None for row in graded]
        found = scorer.score(said, [references(row.sample) for row in graded])
        return [one for one in found if one is not None]

    def mean(graded: Sequence[Graded], figure: str) -> float | None:
        known = [getattr(one, figure) for one in rows(graded)]
        return math.fsum(known) / len(known) if known else None

    return {
        "bertscore_precision": lambda graded: mean(graded, "precision"),
        "bertscore_recall": lambda graded: mean(graded, "recall"),
        "bertscore_f1": lambda graded: mean(graded, "f1"),
        "bertscore_n": lambda graded: float(len(rows(graded))),
    }


def _several(wanted: str | Sequence[str]) -> Sequence[str]:
    return [wanted] if isinstance(wanted, str) else list(wanted)


def _idf(documents: Sequence[Sequence[int]]) -> Weights:
    """ln((n + 1) / (documents with the token + 1)), as the package has it."""
    counts = Counter(token for ids in documents for token in set(ids))
    n = len(documents)
    return lambda token: math.log((n + 1) / (counts[token] + 1))


def _windows(pairs: Sequence[Pair], tokens: Mapping[str, Tokens]) -> Iterator[list[Pair]]:
    """``pairs`` in parts whose vectors fit into memory together."""
    window: list[Pair] = []
    held: set[str] = set()
    total = 0
    for pair in pairs:
        total += sum(len(tokens[text].ids) for text in set(pair) - held)
        held.update(pair)
        window.append(pair)
        if total >= _WINDOW_TOKENS or len(window) >= _WINDOW_PAIRS:
            yield window
            window, held, total = [], set(), 0
    if window:
        yield window


def _match(
    said: Vectors, wanted: Vectors, said_weights: list[float], wanted_weights: list[float]
) -> _Matched:
    """Greedy matching of unit vectors; NaN where no token has a weight."""
    import numpy as np

    cosines = said @ wanted.T
    figures = []
    for best, weights in (
        (cosines.max(axis=1), said_weights),
        (cosines.max(axis=0), wanted_weights),
    ):
        array = np.asarray(weights, dtype=np.float32)
        total = float(array.sum())
        for values in (best, np.maximum(best, 0)):
            figures.append(float(values @ array) / total if total else math.nan)
    return _Matched(*figures)


def _as_padded(
    pairs: Sequence[Pair],
    tokens: Mapping[str, Tokens],
    matched: Mapping[Pair, _Matched],
    batch_size: int,
    padding: Padding,
) -> Iterator[tuple[float, float, float] | None]:
    """Precision, recall and F1 of each pair, in order; None where one of them is undefined."""
    for start in range(0, len(pairs), batch_size):
        batch = pairs[start : start + batch_size]
        longest = [max(len(tokens[pair[side]].ids) for pair in batch) for side in (0, 1)]
        for pair in batch:
            one = matched[pair]
            said_padded = padding == "package" and len(tokens[pair[0]].ids) < longest[0]
            wanted_padded = padding == "package" and len(tokens[pair[1]].ids) < longest[1]
            precision = one.precision_floored if wanted_padded else one.precision
            recall = one.recall_floored if said_padded else one.recall
            if math.isnan(precision) or math.isnan(recall):
                yield None
                continue
            both = precision + recall
            yield precision, recall, 2 * precision * recall / both if both else 0.0


def _baseline(source: str | Path, encoder: Encoder) -> tuple[float, float, float]:
    """P, R and F of unrelated texts at the encoder's layer."""
    import csv

    path = Path(source)
    if not path.is_file():
        import bert_score

        shipped = Path(bert_score.__file__).parent / "rescale_baseline" / str(source)
        path = shipped / f"{encoder.name}.tsv"
        if isinstance(source, Path) or not path.is_file():
            raise ConfigError(
                f"BERTScore: no baseline {str(source)!r} for {encoder.name!r}: give a file with "
                "the columns LAYER, P, R, F, or a language that bert-score has one for"
            )
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            try:
                if int(row["LAYER"]) == encoder.num_layers:
                    return float(row["P"]), float(row["R"]), float(row["F"])
            except (KeyError, TypeError, ValueError):
                raise ConfigError(f"{path}: needs columns LAYER, P, R, F of numbers") from None
    raise ConfigError(f"{path}: has no row of layer {encoder.num_layers}")
