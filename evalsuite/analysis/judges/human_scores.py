"""Does the judge score as people do: correlation over items, within items and of systems."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evalsuite.analysis.intervals import LEVEL, Estimate, clustered_mean
from evalsuite.analysis.judges.estimates import (
    correlation_estimate,
    kappa_estimate,
    system_estimate,
)
from evalsuite.analysis.judges.figure import Figure, absent
from evalsuite.analysis.judges.units import known
from evalsuite.judging.correlation import (
    COEFFICIENTS,
    Coefficient,
    grouped_correlation,
)
from evalsuite.judging.icc import intraclass_correlation

Floats = NDArray[np.float64]
MOST_GRADES = 20
"""Whole-number scales with at most this many grades have a kappa."""
NO_LABELS = "no item has both a judge's score and a label"
CONSTANT = "one side gives the same score throughout"
NAMES = {"pearson": "Pearson's r", "spearman": "Spearman's rho", "kendall": "Kendall's tau-b"}


def score_figures(units: pd.DataFrame, *, level: float = LEVEL) -> list[Figure]:
    """Correlations and distances of one judge's ``units`` (see ``units_of``) and people's scores.

    ``n_without`` are units with a person's score where the judge failed. There is no correlation
    with failures counted as wrong: no score would be a fair one to put in their place.
    """
    labelled = known(units, "human")
    both = known(labelled, "value")
    if len(both) < 2:
        return [absent("human", "spearman", NAMES["spearman"], "coefficient", NO_LABELS)]
    n_failed = len(labelled) - len(both)
    x, y = both["value"].to_numpy(dtype=float), both["human"].to_numpy(dtype=float)
    clusters = both["cluster"].to_numpy()
    found = [_over_items(x, y, clusters, c, n_failed, level) for c in COEFFICIENTS]
    if "system" in both and both["system"].nunique() > 1:
        found += [_within_items(both, x, y, c, n_failed, level) for c in COEFFICIENTS]
        found += [_of_systems(both, x, y, c, n_failed, level) for c in COEFFICIENTS]
    return [*found, *_distances(x, y, clusters, n_failed, level)]


def _over_items(
    x: Floats, y: Floats, clusters: NDArray[np.str_], c: Coefficient, n_failed: int, level: float
) -> Figure:
    estimate = correlation_estimate(x, y, clusters, c, level=level)
    return _coefficient(c, NAMES[c], estimate, n_failed)


def _within_items(
    both: pd.DataFrame, x: Floats, y: Floats, c: Coefficient, n_failed: int, level: float
) -> Figure:
    found = grouped_correlation(x, y, both["item"].tolist(), c)
    cluster = dict(zip(both["item"], both["cluster"], strict=True))
    labels = [cluster[item] for item in found.groups]
    estimate = clustered_mean(found.within, labels, level=level) if found.groups else None
    note = f"items where one side is constant: {found.n_undefined}" if found.n_undefined else ""
    title = f"{NAMES[c]} within an item"
    return _coefficient(f"{c}_within_items", title, estimate, n_failed, note)


def _of_systems(
    both: pd.DataFrame, x: Floats, y: Floats, c: Coefficient, n_failed: int, level: float
) -> Figure:
    """Resampled over items: the systems are these, and no others."""
    clusters = both["cluster"].to_numpy()
    estimate = system_estimate(x, y, both["system"].to_numpy(), clusters, c, level=level)
    n_systems = both["system"].nunique()
    title = f"{NAMES[c]} of systems"
    return _coefficient(f"{c}_of_systems", title, estimate, n_failed, f"{n_systems} systems")


def _distances(
    x: Floats, y: Floats, clusters: NDArray[np.str_], n_failed: int, level: float
) -> list[Figure]:
    """How far apart scores are, in points; for whole-number scales also weighted kappa."""
    reliability = intraclass_correlation(np.column_stack([x, y]), "ICC2", level=level)
    icc = None
    if reliability is not None:
        icc = Estimate(
            value=reliability.value,
            low=reliability.low,
            high=reliability.high,
            n=len(x),
            method="F",
            level=level,
        )
    found = [
        _points(
            "leniency", "scores above the labels", clustered_mean(x - y, clusters), n_failed, 0.0
        ),
        _points(
            "distance", "distance to the labels", clustered_mean(abs(x - y), clusters), n_failed, 0
        ),
        _coefficient("icc2", "ICC(2,1), absolute agreement", icc, n_failed),
    ]
    grades = np.unique(np.concatenate([x, y]))
    if len(grades) <= MOST_GRADES and (grades == np.round(grades)).all():
        ladder = list(range(int(grades.min()), int(grades.max()) + 1))
        judge, human = [int(v) for v in x], [int(v) for v in y]
        estimate = kappa_estimate(
            judge, human, clusters, labels=ladder, weights="quadratic", level=level
        )
        found.append(
            _coefficient("quadratic_kappa", "quadratic-weighted kappa", estimate, n_failed)
        )
    return found


def _coefficient(
    name: str, title: str, estimate: Estimate | None, n_without: int, note: str = ""
) -> Figure:
    return Figure(
        section="human",
        name=name,
        title=title,
        unit="coefficient",
        estimate=estimate,
        n_without=n_without,
        note=note if estimate is not None else CONSTANT,
        wanted=1.0,
    )


def _points(
    name: str, title: str, estimate: Estimate | None, n_without: int, wanted: float
) -> Figure:
    return Figure(
        section="human",
        name=name,
        title=title,
        unit="score",
        estimate=estimate,
        n_without=n_without,
        wanted=wanted,
    )
