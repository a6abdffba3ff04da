"""From a file of battles to ratings, and ratings to a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from evalsuite.errors import ConfigError
from evalsuite.judging.battles import read_battles
from evalsuite.judging.ratings import Ratings, rate, rate_by
from evalsuite.judging.standing import Standing, standing


def rate_file(path: Path, *, by: str | None = None, **options: Any) -> dict[str, Ratings]:
    """Rate the battles of a file, each value of column ``by`` by itself; "" where there is none.

    Raises:
        UserError: as ``read_battles`` and ``rate``, whose ``options`` these are.
    """
    battles = read_battles(path)
    return {"": rate(battles, **options)} if by is None else rate_by(battles, by, **options)


def stand_file(path: Path, *, by: str | None = None, **options: Any) -> dict[str, Standing]:
    """How models stand by the battles of a file, each value of column ``by`` by itself.

    Rows come in the order in which prompts were drawn. ``options`` are those of ``standing``.

    Raises:
        UserError: as ``read_battles`` and ``standing``, or there is no column ``by``.
    """
    battles = read_battles(path)
    if by is None:
        return {"": standing(battles, **options)}
    if by not in battles:
        raise ConfigError(f"battles have no column {by}; found {', '.join(map(str, battles))}")
    groups = battles.groupby(by, sort=True)
    return {str(value): standing(rows, **options) for value, rows in groups}


def write_ratings(rated: Mapping[str, Ratings], path: Path) -> None:
    """Write the tables as one CSV; column ``category`` is the key, empty where there is none.

    Raises:
        ConfigError: ``path`` does not end in .csv.
    """
    if path.suffix != ".csv":
        raise ConfigError(f"{path}: ratings are written as .csv")
    tables = [item.table.assign(category=category) for category, item in rated.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.concat(tables).to_csv(path, index=False)
