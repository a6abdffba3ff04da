"""Texts to look for test questions in: a file of any size, or the samples of a split."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from evalsuite.datasets import BadData, read_rows
from evalsuite.datasets.lines import unpacked
from evalsuite.datasets.reading import ENDINGS
from evalsuite.records import Sample

_BLOCK_BYTES = 1 << 20


class Piece(NamedTuple):
    """A part of a corpus. ``begins`` says that a document begins with it."""

    text: str
    begins: bool


def file_pieces(path: Path, *, column: str | None = None) -> Iterator[Piece]:
    """Stream a corpus file, in bounded memory.

    Files of rows (jsonl, json, csv, tsv, parquet, conll) have a document a row: all its texts, or
    those of ``column``. Any other file, packed with gzip or not, is one document of UTF-8 text,
    in which bytes that are not UTF-8 separate words.

    Raises:
        BadData: For a row that cannot be read or lacks ``column``.
    """
    if Path(path.name.removesuffix(".gz")).suffix in ENDINGS:
        for row in read_rows(path):
            yield from _document(texts_of(row if column is None else row[column]))
        return
    if column is not None:
        raise BadData(f"{path}: has no columns, so --column has no meaning here")
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    begins, rest = True, ""
    with unpacked(path) as file:
        while block := file.read(_BLOCK_BYTES):
            text = rest + decoder.decode(block)
            # A block ends between two words; a word of a megabyte is cut.
            cut = max(text.rfind(" "), text.rfind("\n")) + 1 or len(text)
            rest = text[cut:]
            yield Piece(text[:cut], begins)
            begins = False
    if rest:
        yield Piece(rest, begins)


def sample_pieces(samples: Iterable[Sample]) -> Iterator[Piece]:
    """The inputs of each sample as a document."""
    for sample in samples:
        yield from _document(texts_of(sample.inputs))


def texts_of(value: Any) -> Iterator[str]:
    """All texts in a JSON-like value, in its order; no keys, no numbers, no images."""
    if isinstance(value, str):
        if value and not value.startswith("data:"):
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_of(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts_of(item)


def _document(texts: Iterable[str]) -> Iterator[Piece]:
    joined = "\n".join(texts)
    if joined:
        yield Piece(joined, begins=True)
