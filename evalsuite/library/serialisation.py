"""Rows of a table as text: six serialisations, and three that take something away on purpose.

The serialisations hold the same information: ``text`` and ``list`` are TabLLM's templates
(Hegselmann et al. 2023, arXiv:2210.10723), ``markdown``, ``json``, ``csv`` and ``html`` are forms
of files. The ablations are TabLLM's too; a system that does as well on them does not use what was
taken away: names (``list_values_only``), the meaning of names (``list_permuted_names``), the
meaning of values (``list_permuted_values``).
"""

from __future__ import annotations

import csv
import html
import io
import json
import math
import random
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from evalsuite.records import fingerprint

Value = float | str | None
Cells = Sequence[tuple[str, Value]]
"""Names and values of one row, in order; None is not known."""

SERIALISATIONS = ("text", "list", "markdown", "json", "csv", "html")
ABLATIONS = ("list_values_only", "list_permuted_names", "list_permuted_values")

_SEED = 42
_BINS = 10


def shown(value: Value, unknown: str = "unknown") -> str:
    """A value as it is written: whole numbers without a point, what is not known as ``unknown``."""
    if value is None:
        return unknown
    if isinstance(value, str):
        return value
    return str(int(value)) if value == int(value) else repr(value)


def serialise(form: str, cells: Cells) -> str:
    """One row in one of ``SERIALISATIONS``, or its values alone (``list_values_only``).

    Raises:
        ValueError: If there is no such form.
    """
    if form not in _FORMS:
        raise ValueError(f"no serialisation {form!r}; there are {', '.join(_FORMS)}")
    return _FORMS[form](cells)


def _text(cells: Cells) -> str:
    return " ".join(f"The {name} is {shown(value)}." for name, value in cells)


def _list(cells: Cells) -> str:
    return "\n".join(f"- {name}: {shown(value)}" for name, value in cells)


def _values_only(cells: Cells) -> str:
    return "\n".join(shown(value) for _, value in cells)


def _json(cells: Cells) -> str:
    """Numbers stay numbers, whole ones without a point; what is not known is null."""
    plain = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in cells
    }
    return json.dumps(plain, ensure_ascii=False)


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; bars and line ends in cells are escaped."""
    lines = [_markdown_row(header), _markdown_row(["---"] * len(header))]
    return "\n".join([*lines, *map(_markdown_row, rows)])


def csv_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as comma-separated values, as RFC 4180 has them but for the line ends."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([header, *rows])
    return buffer.getvalue().rstrip("\n")


def html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in HTML, one line a row."""
    lines = [_html_row("th", header), *(_html_row("td", row) for row in rows)]
    return "\n".join(["<table>", *lines, "</table>"])


def _markdown_row(cells: Sequence[str]) -> str:
    escaped = (" ".join(cell.replace("|", "\\|").split()) for cell in cells)
    return f"| {' | '.join(escaped)} |"


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"


def _as_table(form: Callable[[Sequence[str], list[list[str]]], str]) -> Callable[[Cells], str]:
    return lambda cells: form([name for name, _ in cells], [[shown(value) for _, value in cells]])


_FORMS: Mapping[str, Callable[[Cells], str]] = {
    "text": _text,
    "list": _list,
    "markdown": _as_table(markdown_table),
    "json": _json,
    "csv": _as_table(csv_table),
    "html": _as_table(html_table),
    "list_values_only": _values_only,
}


def permuted_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names in another order, in which none is at its place; always the same one."""
    order = _derangement(len(names))
    return tuple(names[index] for index in order)


@dataclass(frozen=True, kw_only=True)
class ValuePermutation:
    """Which value of a column stands for which other one, the same for all rows.

    ``words`` maps the values of a column of words. ``numbers`` are the sorted values of a column of
    numbers, in ten bins of equal count: a number becomes one of another bin, the same one for the
    same row. As in TabLLM's ``create_external_datasets.py``, but reproducible row by row.
    """

    words: Mapping[str, str]
    numbers: Sequence[float]

    @classmethod
    def of(cls, values: Iterable[Value]) -> ValuePermutation:
        """From all values that the column has."""
        known = [value for value in values if value is not None]
        words = sorted({value for value in known if isinstance(value, str)})
        numbers = sorted(value for value in known if not isinstance(value, str))
        order = _derangement(len(words))
        return cls(words=dict(zip(words, (words[i] for i in order), strict=True)), numbers=numbers)

    def apply(self, value: Value, row: str) -> Value:
        """What stands for ``value`` in the row of that id; what is not known stays so."""
        if value is None:
            return None
        if isinstance(value, str):
            return self.words.get(value, value)
        bins = min(_BINS, len(self.numbers))
        bounds = [math.floor(index * len(self.numbers) / bins) for index in range(bins + 1)]
        highest = [self.numbers[end - 1] for end in bounds[1:]]
        found = min(bisect_left(highest, value), bins - 1)
        other = _derangement(bins)[found]
        among = self.numbers[bounds[other] : bounds[other + 1]]
        return among[int(fingerprint([row, value]), 16) % len(among)]


@cache
def _derangement(n: int) -> tuple[int, ...]:
    """An order of ``range(n)`` in which nothing is at its place; of one thing, there is none."""
    order = list(range(n))
    rng = random.Random(_SEED)
    while n > 1 and any(index == place for place, index in enumerate(order)):
        rng.shuffle(order)
    return tuple(order)
