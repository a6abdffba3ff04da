"""Does the judge say what people say: accuracy and kappa of pairs and labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalsuite.analysis.intervals import LEVEL, Estimate, proportion
from evalsuite.analysis.judges.estimates import kappa_estimate
from evalsuite.analysis.judges.figure import Figure, absent
from evalsuite.analysis.judges.units import known

NO_LABELS = "no item has both a verdict and a label"


def human_figures(
    rows: pd.DataFrame, units: pd.DataFrame, labels: Sequence[str], *, level: float = LEVEL
) -> list[Figure]:
    """Accuracy and kappa of one judge's ``rows`` and ``units`` (see ``units_of``).

    Each in both conventions: failures left out, and failures counted as wrong.
    """
    labelled = known(units, "human")
    given = known(labelled, "value")
    if labelled.empty:
        return [absent("human", "accuracy", "agrees with the labels", "share", NO_LABELS)]
    n_failed = len(labelled) - len(given)
    found = [
        _figure("accuracy", "agrees with the labels", _accuracy(given, level), n_failed),
        _figure(
            "accuracy_failures_wrong",
            "… failures counted as wrong",
            _accuracy(labelled, level),
            0,
        ),
        _figure("kappa", "Cohen's kappa", _kappa(given, labels, level), n_failed),
        _figure(
            "kappa_failures_wrong",
            "… failures counted as wrong",
            _kappa(labelled, labels, level),
            0,
        ),
    ]
    if len(rows) > len(units):
        found += _single_verdicts(known(rows, "human"), level)
    return found


def both_orders(rows: pd.DataFrame) -> pd.DataFrame:
    """Units that were shown in both orders: ``first_a``, ``first_b`` (of the first repeat), more.

    The two verdicts are None where the judge failed.
    """
    once = rows[rows["shown_first"].notna()]
    once = once.drop_duplicates(["unit", "shown_first"])
    sides = {side: once[once["shown_first"] == side].set_index("unit") for side in ("a", "b")}
    both = sides["a"][["value", "human", "cluster", "domain"]].join(
        sides["b"]["value"].rename("first_b"), how="inner"
    )
    return both.rename(columns={"value": "first_a"})


def _single_verdicts(labelled: pd.DataFrame, level: float) -> list[Figure]:
    """Figures of verdicts taken one by one, where units have several."""
    given = known(labelled, "value")
    n_failed = len(labelled) - len(given)
    found = [
        _figure("verdict_accuracy", "one verdict agrees", _accuracy(given, level), n_failed),
        _figure(
            "verdict_accuracy_failures_wrong",
            "… failures counted as wrong",
            _accuracy(labelled, level),
            0,
        ),
    ]
    if "shown_first" in labelled:
        both = both_orders(labelled)
        if len(both):
            right = (both["first_a"] == both["human"]) & (both["first_b"] == both["human"])
            estimate = proportion(right.astype(float), both["cluster"], level=level)
            title = "agrees in both orders (failures wrong)"
            found.append(_figure("both_orders_accuracy", title, estimate, 0))
    return found


def _figure(name: str, title: str, estimate: Estimate | None, n_without: int) -> Figure:
    is_kappa = name.startswith("kappa")
    note = "" if estimate is not None else NO_LABELS
    if is_kappa and estimate is None:
        note = "one label throughout: chance leaves nothing to disagree on"
    return Figure(
        section="human",
        name=name,
        title=title,
        unit="coefficient" if is_kappa else "share",
        estimate=estimate,
        n_without=n_without,
        note=note,
        wanted=1.0,
    )


def _accuracy(units: pd.DataFrame, level: float) -> Estimate | None:
    right = units["value"].astype(object) == units["human"].astype(object)
    return proportion(right.to_numpy(dtype=float), units["cluster"], level=level)


def _kappa(units: pd.DataFrame, labels: Sequence[str], level: float) -> Estimate | None:
    return kappa_estimate(
        list(units["value"]),
        list(units["human"]),
        np.asarray(units["cluster"]),
        labels=labels,
        failures="wrong",
        level=level,
    )
