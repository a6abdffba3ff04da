"""Rows of data files, streamed; what is wrong with one is told in a line with file and row."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from evalsuite.datasets.lines import (
    LONGEST_LINE_BYTES,
    BadData,
    at_returns,
    megabytes,
    text_lines,
    whole_text,
)

Form = Literal["jsonl", "json", "csv", "tsv", "parquet", "conll", "lines"]

_FORMS: dict[str, Form] = {
    ".jsonl": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".conll": "conll",
}
ENDINGS = tuple(_FORMS)
_LARGEST_JSON_BYTES = 256 << 20
_BATCH_ROWS = 1024


class Row(dict[str, Any]):
    """A row that knows where it stands; asked for a column that it lacks, it says so.

    ``row[column]`` raises BadData, with file and row; ``get`` and ``in`` are those of a mapping.
    """

    __slots__ = ("_number", "_path", "_unit")

    def __init__(self, cells: Any, path: Path, number: int, unit: Literal[":", ": row "]) -> None:
        """``cells`` of the row or line ``number`` of the file ``path``."""
        super().__init__(cells)
        self._path, self._number, self._unit = path, number, unit

    @property
    def where(self) -> str:
        """File and line, or file and row: ``rows.csv:17``, ``rows.parquet: row 17``."""
        return f"{self._path}{self._unit}{self._number}"

    def __missing__(self, column: str) -> Any:
        """There is no such column.

        Raises:
            BadData: Always.
        """
        known = ", ".join(map(str, self)) or "no columns"
        raise BadData(f"{self.where}: no column {column!r}; it has {known}")


def read_rows(
    path: Path,
    *,
    form: Form | None = None,
    columns: Sequence[str] | None = None,
    separator: str | None = None,
) -> Iterator[Row]:
    """Stream the rows of a jsonl, json (a list of objects), csv, tsv, parquet or conll file.

    Files may be packed with gzip (parquet excepted). Cells of csv and tsv files are texts;
    quotation marks have a meaning in csv files alone. A conll file has one row a sentence, with
    ``tokens`` and ``tags`` (first and last column). Rows of form "lines" have one column, ``line``.

    Args:
        path: The file.
        form: How to read it; what its ending says unless given.
        columns: Names of the columns of a csv or tsv file that has no header.
        separator: Between the cells of a csv or tsv file; a comma or a tab unless given.

    Raises:
        BadData: If the ending is none of these, or the content is not what the ending says.
    """
    suffix = Path(path.name.removesuffix(".gz")).suffix
    form = form or _FORMS.get(suffix)
    if form is None:
        raise BadData(f"{path}: cannot read {suffix or 'a file without ending'}")
    if form == "jsonl":
        return _jsonl(path)
    if form == "json":
        return _json(path)
    if form == "parquet":
        return _parquet(path)
    if form == "conll":
        return _conll(path)
    if form == "lines":
        return (Row({"line": line.rstrip("\r\n")}, path, n, ":") for n, line in text_lines(path))
    return _csv(path, columns, separator or ("," if form == "csv" else "\t"), quoted=form == "csv")


def _jsonl(path: Path) -> Iterator[Row]:
    for number, line in text_lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise BadData(f"{path}:{number}: {_complaint(error)}") from None
        if not isinstance(row, dict):
            raise BadData(f"{path}:{number}: not an object")
        yield Row(row, path, number, ":")


def _json(path: Path) -> Iterator[Row]:
    try:
        rows = json.loads(whole_text(path, _LARGEST_JSON_BYTES))
    except json.JSONDecodeError as error:
        raise BadData(f"{path}:{error.lineno}: {_complaint(error)}") from None
    except RecursionError as error:
        raise BadData(f"{path}: {_complaint(error)}") from None
    if not isinstance(rows, list):
        raise BadData(f"{path}: not a list of objects")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise BadData(f"{path}: row {number}: not an object; the file is a list of objects")
        yield Row(row, path, number, ": row ")


def _complaint(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at character {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else f"not JSON: {error}"


def _csv(
    path: Path, columns: Sequence[str] | None, separator: str, *, quoted: bool
) -> Iterator[Row]:
    source = _CsvLines(path)
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE_BYTES))
    reader = csv.reader(
        source,
        strict=True,
        delimiter=separator,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
    )
    while True:
        source.begin_row()
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise BadData(f"{path}:{source.first}: not CSV: {error}") from None
        if cells is None:
            return
        if not cells:
            continue
        if columns is None:
            twice = next((name for name in cells if cells.count(name) > 1), None)
            if twice is not None:
                raise BadData(f"{path}:{source.first}: two columns are called {twice!r}")
            columns = cells
        elif len(cells) == len(columns):
            yield Row(zip(columns, cells, strict=True), path, source.first, ":")
        else:
            raise BadData(
                f"{path}:{source.first}: another number of cells ({len(cells)}) than columns "
                f"({len(columns)})"
            )


class _CsvLines:
    """The lines of a csv file; a row that never ends is refused before it fills the memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = text_lines(path)
        self._rest: list[str] = []
        self._number = self._size = self.first = 0

    def begin_row(self) -> None:
        """What is read from now on is another row, which begins in the line ``first``."""
        self._size = 0
        self.first = self._number + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._rest:
            self._rest = at_returns(next(self._lines)[1])[::-1]
        line = self._rest.pop()
        self._number += 1
        self._size += len(line)
        if self._size > LONGEST_LINE_BYTES:
            most = megabytes(LONGEST_LINE_BYTES)
            raise BadData(
                f"{self._path}:{self.first}: a row of more than {most}; "
                "is a quotation mark missing?"
            )
        return line


def _parquet(path: Path) -> Iterator[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    yield Row(row, path, number, ": row ")
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        said = str(error).partition("\n")[0]
        raise BadData(f"{path}: row {number + 1}: cannot be read as Parquet ({said})") from None


def _conll(path: Path) -> Iterator[Row]:
    lines = ((number, line.split()) for number, line in text_lines(path))
    for filled, group in itertools.groupby(lines, key=lambda line: bool(line[1])):
        if not filled:
            continue
        first, tokens, tags = 0, list[str](), list[str]()
        for number, cells in group:
            if len(cells) < 2:
                raise BadData(f"{path}:{number}: a token without a tag: {cells[0][:40]!r}")
            first = first or number
            tokens.append(cells[0])
            tags.append(cells[-1])
        yield Row({"tokens": tokens, "tags": tags}, path, first, ":")
