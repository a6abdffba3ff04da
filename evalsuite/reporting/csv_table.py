"""The long table of figures as CSV that a spreadsheet may open without running what is in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import astuple
from typing import Any

from evalsuite.analysis.summary import Summary
from evalsuite.reporting.tidy import COLUMNS, FigureRow, tidy

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell begins with that some spreadsheet takes for a formula, or skips before one."""
GUARD = "'"


def to_csv(summary: Summary) -> str:
    """The figures of ``summary`` as CSV (RFC 4180), a header line first."""
    return csv_of(tidy(summary))


def csv_of(rows: Iterable[FigureRow]) -> str:
    """``rows`` as CSV: unknown is an empty cell, an infinite figure is ``inf``."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in astuple(row)] for row in rows)
    return out.getvalue()


def guarded(text: str) -> str:
    """``text`` with an apostrophe before it where a spreadsheet might run it.

    A text that begins with an apostrophe gets another one, so that taking one away gives ``text``
    back. Source: OWASP, CSV Injection.
    """
    return GUARD + text if text.startswith((*FORMULA, GUARD)) else text


def unguarded(cell: str) -> str:
    """What ``guarded`` was given."""
    return cell.removeprefix(GUARD)


def _cell(value: Any) -> Any:
    return guarded(value) if isinstance(value, str) else value
