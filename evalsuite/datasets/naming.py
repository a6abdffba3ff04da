"""Errors over a row of a data file, told with the row: file, line, and what the code made of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from evalsuite.datasets.lines import BadData
from evalsuite.datasets.reading import Row
from evalsuite.errors import EvalsuiteError

Key = TypeVar("Key")
Item = TypeVar("Item")


def rows_named(stream: Callable[[Key], Iterable[Item]]) -> Callable[[Key], Iterator[Item]]:
    """``stream``, whose errors over a row are BadData that names the row.

    A row that is at hand when ``int(row["age"])`` fails is what the error is about. An error
    without a row is a bug of the code, and stays as it is.
    """

    def named(key: Key) -> Iterator[Item]:
        try:
            yield from stream(key)
        except EvalsuiteError:
            raise
        except Exception as error:
            row = _row_at_hand(error)
            if row is None:
                raise
            said = " ".join(str(error).split())[:200]
            at = traceback.extract_tb(error.__traceback__)[-1]
            code = f"{Path(at.filename).name}:{at.lineno}"
            raise BadData(f"{row.where}: {type(error).__name__}: {said} (in {code})") from error

    return named


def _row_at_hand(error: Exception) -> Row | None:
    """The row that the innermost of the failed calls has in a variable; None if none has one."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(frames):
        for value in frame.f_locals.values():
            if isinstance(value, Row):
                return value
    return None
