"""Texts ranked by a query: BM25 (the package bm25s) or embeddings (sentence-transformers)."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from evalsuite.errors import ConfigError, ExtraMissing

Method = Literal["bm25", "dense"]
_BATCH = 32


class Retriever(BaseModel):
    """How texts are ranked.

    method: "bm25" (Robertson and Zaragoza, 2009; Lucene's variant, k1 1.5, b 0.75, English stop
        words left out) or "dense", cosine of sentence embeddings.
    encoder: for "dense", a local folder or hub id of a sentence-transformers model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = "bm25"
    encoder: str | None = None

    @model_validator(mode="after")
    def _encoder_for_dense(self) -> Retriever:
        if (self.method == "dense") != (self.encoder is not None):
            raise ValueError("`encoder` is needed for `method: dense`, and for that alone")
        return self

    @property
    def name(self) -> str:
        """What a hop of it is called."""
        return self.method if self.encoder is None else f"dense {Path(self.encoder).name}"

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """How well each of ``texts`` fits ``query``; higher is better, 0 is no fit at all in BM25.

        Raises ExtraMissing and, for an encoder that cannot be loaded, ConfigError.
        """
        if not texts:
            return []
        ranked = _bm25 if self.method == "bm25" else functools.partial(_dense, self.encoder or "")
        return ranked(query, tuple(texts))

    def best(self, query: str, texts: Sequence[str], k: int | None = None) -> list[int]:
        """Indices of the ``k`` best texts (None: all), best first; the earlier one of equals."""
        scores = self.scores(query, texts)
        return sorted(range(len(texts)), key=lambda index: (-scores[index], index))[:k]


def embed(encoder: str, texts: Sequence[str]) -> list[list[float]]:
    """Sentence embeddings of length 1 of each of ``texts``.

    Raises ExtraMissing and, for an encoder that cannot be loaded, ConfigError.
    """
    vectors: list[list[float]] = _encode(encoder, texts).tolist()
    return vectors


def _bm25(query: str, texts: tuple[str, ...]) -> list[float]:
    index, tokenize = _index(texts)
    words = tokenize(query)
    if not words or index is None:
        return [0.0] * len(texts)
    return [float(score) for score in index.get_scores(words)]


@functools.lru_cache(maxsize=64)
def _index(texts: tuple[str, ...]) -> tuple[Any, Any]:
    """A BM25 index of ``texts`` and what tokenises a query for it."""
    try:
        import bm25s
    except ImportError:
        raise ExtraMissing("bm25s", "retrieval", "BM25") from None
    silent = {"show_progress": False, "return_ids": False}

    def tokenize(text: str) -> list[str]:
        words: list[str] = bm25s.tokenize([text], stopwords="en", **silent)[0]
        return words

    tokens = [tokenize(text) for text in texts]
    if not any(tokens):
        return None, tokenize
    index = bm25s.BM25()
    index.index(tokens, show_progress=False)
    return index, tokenize


def _dense(encoder: str, query: str, texts: tuple[str, ...]) -> list[float]:
    embedded = _embedded(encoder, texts)
    asked = _encode(encoder, [query])[0]
    return [float(value) for value in embedded @ asked]


@functools.lru_cache(maxsize=16)
def _embedded(encoder: str, texts: tuple[str, ...]) -> Any:
    return _encode(encoder, texts)


def _encode(encoder: str, texts: Sequence[str]) -> Any:
    return _loaded(encoder).encode(
        list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
    )


@functools.lru_cache(maxsize=2)
def _loaded(encoder: str) -> Any:
    try:
        import sentence_transformers
    except ImportError:
        raise ExtraMissing("sentence-transformers", "retrieval", "dense retrieval") from None
    try:
        return sentence_transformers.SentenceTransformer(encoder, device="cpu")
    except (OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ConfigError(f"encoder {encoder!r} cannot be loaded ({reason})") from None
