"""From a file of battles to ratings, and ratings to a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from evalsuite.errors import ConfigError
from evalsuite.judging.battles import read_battles
from evalsuite.judging.ratings import Ratings, rate, rate_by


def rate_file(path: Path, *, by: str | None = None, **options: Any) -> dict[str, Ratings]:
    """Rate the battles of a file, each value of column ``by`` by itself; "" where there is none.

    Raises:
        UserError: as ``read_battles`` and ``rate``, whose ``options`` these are.
    """
    battles = read_battles(path)
    return {"": rate(battles, **options)} if by is None else rate_by(battles, by, **options)


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
