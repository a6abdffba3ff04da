"""One verdict a unit: the orders and repeats in which a judge was asked, taken together."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evalsuite.analysis.judges.table import Kind
from evalsuite.judging.agreement import is_missing
from evalsuite.judging.orders import combine
from evalsuite.judging.panels import vote

CARRIED = ("item", "cluster", "domain", "human", "system", "system_a", "system_b")


def units_of(rows: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """A judge's ``rows`` (n) as a frame of units, in order of appearance.

    ``value`` is the combined verdict: of pairs the majority of orders and repeats (a missing one
    abstains), of labels their plurality, of scores their mean. None where the judge gave none, and
    of labels that tie. ``n_given`` and ``n_failed`` count its verdicts.
    """
    carried = [name for name in CARRIED if name in rows]
    grouped = rows.groupby("unit", sort=False)
    units = grouped[carried].first()
    # first() skips missing values within a group, which holds one value at most
    units["n_given"] = grouped["value"].count()
    units["n_failed"] = grouped.size() - units["n_given"]
    if kind == "score":
        units["value"] = grouped["value"].mean()
        return units
    given: dict[str, list[Any]] = {}
    for unit, value in zip(rows["unit"], rows["value"], strict=True):
        given.setdefault(unit, []).append(None if is_missing(value) else value)
    together = combine if kind == "pairwise" else _plurality
    units["value"] = pd.Series({u: together(v) for u, v in given.items()}, dtype=object)
    return units.astype({"value": object, "human": object})


def known(units: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """The units where all ``columns`` have a value."""
    return units.dropna(subset=list(columns))


def _plurality(verdicts: list[Any]) -> Any:
    return vote({str(index): verdict for index, verdict in enumerate(verdicts)}).label
