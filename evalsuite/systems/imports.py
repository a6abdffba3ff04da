"""Systems from a table of recorded answers: one a column, ready for an experiment file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean
from evalsuite.systems.recordings import recorded_rows


def recorded_systems(
    file: Path, *, key: Mapping[str, str], answers: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    """The ``systems:`` entries that replay the answers in ``file``.

    Args:
        file: CSV or JSON Lines, also gzipped.
        key: how rows are found, for example ``{"prompt": "question"}``: one of ``sample_id``,
            ``prompt`` or ``inputs.<name>`` and its column.
        answers: name of each system -> the column that holds its answers.

    Raises:
        ConfigError: the file is missing or empty, or lacks a column.
    """
    first = next(recorded_rows(file), None)
    if first is None:
        raise ConfigError(f"{file}: no recorded answers in it")
    for column in (*key.values(), *answers.values()):
        if column not in first:
            hint = did_you_mean(column, first, otherwise=f"it has {', '.join(first)}")
            raise ConfigError(f"{file}: no column {column!r}; {hint}")
    return {
        name: {"backend": "replay", "file": str(file), "columns": {**key, "text": column}}
        for name, column in answers.items()
    }
