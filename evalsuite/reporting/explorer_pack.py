"""Rows of a run packed for the page: by column, in blocks of samples, each compressed on its own.

A block is deflated JSON, written as base64, so that nothing in it can be markup::

    {"sample": [0, 0, 1], "system": {"of": ["small", "large"], "at": [0, 1, 0]}, "text": ["12", …]}

``sample`` says which sample of the block a row belongs to. Every other column is one of null (no
row has a value), a list, ``{"all": value}``, or ``{"of": values, "at": places}``, so a value that
many rows share is there once. A text longer than ``LONGEST_TEXT`` is cut, and ``<column>_cut``
counts the characters that were left out.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from evalsuite.tables import Kind

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

LONGEST_TEXT = 4_000
"""Characters of one text that a page carries."""
LEVEL = 5
"""Of deflate: beyond it, a few per cent of size cost as much time again."""
DIGITS = 5
"""Significant digits of figures in a block; the page shows three."""

SOME, FEW = 5_000, 4
"""A column whose values come up ``FEW`` times in ``SOME`` rows is held as places in its values."""

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Rows of one table, sorted by sample: their ``columns``, and the sample of each of them.

    Samples are counted in the order of the page.
    """

    columns: Mapping[str, pa.Array]
    samples: Integers

    def blocks(self, held: Integers, size: int) -> tuple[list[str], int]:
        """The samples ``held`` (sorted), so many in a block, and how many texts were cut."""
        place = np.full(max(held.max(initial=-1), self.samples.max(initial=-1)) + 1, -1)
        place[held] = np.arange(len(held))
        rows = np.flatnonzero(place[self.samples] >= 0)
        places = place[self.samples[rows]]
        blocks, n_cut = [], 0
        bounds = np.searchsorted(places, np.arange(0, len(held) + size, size))
        for number, (low, high) in enumerate(pairwise(bounds)):
            block: dict[str, Any] = {"sample": (places[low:high] - number * size).tolist()}
            for name, whole in self.columns.items():
                for part, values in _cut(name, _rounded(whole.take(rows[low:high]))):
                    block[part] = _written(values)
                    n_cut += len(values) - values.null_count if part != name else 0
            blocks.append(squeezed(msgspec.json.encode(block)))
        return blocks, n_cut


def strings(values: pd.Series) -> pa.Array | pa.ChunkedArray:
    """``values`` as Arrow text; a lone surrogate, which is none, is spelled out."""
    import pyarrow as pa

    try:
        return pa.array(values, type=pa.large_string(), from_pandas=True)
    except UnicodeEncodeError:
        spelled = values.map(_spelled, na_action="ignore")
        return pa.array(spelled, type=pa.large_string(), from_pandas=True)


def column(values: pd.Series, kind: Kind, rows: Integers) -> pa.Array:
    """``rows`` of a table's column of this ``kind`` as an Arrow array, null where unknown.

    A text that many rows share is held once. -1 is a row without a value.
    """
    import pyarrow as pa

    if kind == "text":
        array = strings(values)
    else:
        types = {"integer": pa.int64(), "float": pa.float64(), "boolean": pa.bool_()}
        array = pa.array(values, from_pandas=True).cast(types[kind])
    del values  # a large column is let go as soon as what is wanted of it is copied
    wanted = np.zeros(len(array), dtype=bool)
    wanted[rows[rows >= 0]] = True
    array = array.filter(pa.array(wanted))
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if array.null_count == len(array):
        return pa.nulls(len(rows))
    array = array.take(pa.array(np.cumsum(wanted)[rows] - 1, mask=rows < 0))
    return _once(array) if kind == "text" else array


def squeezed(content: bytes) -> str:
    """``content``, deflated without a header, as base64."""
    deflate = zlib.compressobj(LEVEL, wbits=-zlib.MAX_WBITS)
    return base64.b64encode(deflate.compress(content) + deflate.flush()).decode("ascii")


def _once(array: pa.Array) -> pa.Array:
    """``array`` as places in its values where some of it says that they come up often."""
    some = array.slice(0, SOME)
    often = len(some.unique()) * FEW <= len(some)
    return array.dictionary_encode() if often else array


def _spelled(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _rounded(column: pa.Array) -> pa.Array:
    """Figures to ``DIGITS`` significant digits: more double the size and are never shown."""
    import pyarrow as pa

    if not pa.types.is_floating(column.type):
        return column
    values = column.to_numpy(zero_copy_only=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        places = DIGITS - 1 - np.floor(np.log10(np.abs(values)))
        scale = 10.0 ** np.clip(np.where(np.isfinite(places), places, 0.0), 0, 22)
        rounded = np.round(values * scale) / scale
    return pa.array(rounded, from_pandas=True)


def _cut(name: str, column: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """``column``, and what was left out of each of its values where any is too long."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_large_string(column.type):
        yield name, column
        return
    longest = pc.max(pc.binary_length(column)).as_py()
    if longest is None or longest <= LONGEST_TEXT:
        yield name, column
        return
    beyond = pc.subtract(pc.utf8_length(column), LONGEST_TEXT)
    left_out = pc.if_else(pc.greater(beyond, 0), beyond, None)
    yield name, pc.utf8_slice_codeunits(column, 0, LONGEST_TEXT)
    if left_out.null_count < len(left_out):
        yield f"{name}_cut", left_out


def _written(column: pa.Array) -> object:
    """The shortest of the ways to write ``column``."""
    if column.null_count == len(column):
        return None
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    found = column.dictionary_encode()
    values = found.dictionary.to_pylist()
    if len(values) == 1 and not column.null_count:
        return {"all": values[0]}
    if 2 * len(values) <= len(column):
        return {"of": values, "at": found.indices.to_pylist()}
    return column.to_pylist()
