"""Does a judge favour answers of its own family more than people, or other judges, do."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evalsuite.analysis.intervals import LEVEL
from evalsuite.analysis.judges.estimates import mean_estimate
from evalsuite.analysis.judges.figure import Figure, absent
from evalsuite.analysis.judges.table import Kind
from evalsuite.analysis.judges.units import known, units_of
from evalsuite.analysis.paired import sign_flip_p

OWN = {"a": 1.0, "tie": 0.5, "b": 0.0}
NO_FAMILIES = "families of judge and systems are not given (judge_family, family_a, family_b)"
NO_REFERENCE = "neither labels nor verdicts of judges of other families on these"


def family_figures(
    rows: pd.DataFrame, everyone: pd.DataFrame, kind: Kind, *, level: float = LEVEL
) -> list[Figure]:
    """Figures of one judge's ``rows`` beside people's labels and ``everyone``'s rows.

    Pairs: of those with one answer of the judge's family, how much more often it chooses that
    answer than the reference does (a tie is half). Scores: how much higher above the reference it
    puts answers of its family than the other answers, both in standard deviations of their rater;
    a difference in differences, so that neither leniency nor quality enters.
    """
    title = "favours its own family"
    names = ("family_a", "family_b") if kind == "pairwise" else ("family",)
    family = rows["judge_family"].iloc[0]
    if kind == "label":
        return []
    if not family or any(name not in rows for name in names):
        return [absent("family", "own_against_people", title, "points", NO_FAMILIES)]
    others = everyone[(everyone["judge_family"] != family) & (everyone["judge_family"] != "")]
    sides = rows.drop_duplicates("unit").set_index("unit")[list(names)]
    units = units_of(rows, kind).join(sides)
    compare = _pairs if kind == "pairwise" else _scores
    return [
        compare(units, family, units["human"], "own_against_people", "than the labels do", level),
        compare(
            units, family, _panel(others, kind), "own_against_judges", "than other judges do", level
        ),
    ]


def _panel(others: pd.DataFrame, kind: Kind) -> pd.Series:
    """Mean of the other judges' verdicts on each unit, as numbers."""
    found = {}
    for judge, rows in others.groupby("judge"):
        value = units_of(rows, kind)["value"]
        value = value.map(OWN) if kind == "pairwise" else _standard(value)
        found[str(judge)] = value.astype(float)
    return pd.DataFrame(found).mean(axis=1) if found else pd.Series(dtype=float)


def _standard(values: pd.Series) -> pd.Series:
    given = values.astype(float)
    deviation = float(given.std())
    return (given - given.mean()) / deviation if deviation > 0 else given * np.nan


def _pairs(
    units: pd.DataFrame, family: str, reference: pd.Series, name: str, than: str, level: float
) -> Figure:
    own_a, own_b = units["family_a"] == family, units["family_b"] == family
    mixed = units[own_a != own_b]
    expected = reference.map(OWN) if reference.dtype == object else reference
    both = mixed.assign(
        expected=expected.astype(float).reindex(mixed.index), judge=mixed["value"].map(OWN)
    )
    used = known(both, "expected", "judge")
    difference = (used["judge"] - used["expected"]).to_numpy(dtype=float)
    sign = np.where(used["family_a"] == family, 1.0, -1.0)
    return _figure(name, than, sign * difference, used, len(mixed) - len(used), "points", level)


def _scores(
    units: pd.DataFrame, family: str, reference: pd.Series, name: str, than: str, level: float
) -> Figure:
    both = units.assign(expected=reference.astype(float).reindex(units.index))
    used = known(both, "expected", "value", "family")
    own = (used["family"] == family).to_numpy()
    n_without = len(units) - len(used)
    if not own.any() or own.all():
        return _figure(name, than, np.zeros(0), used.iloc[:0], n_without, "score", level)
    gap = (_standard(used["value"]) - _standard(used["expected"])).to_numpy(dtype=float)
    # influence of each answer on (mean gap of own) - (mean gap of others), whose mean is that
    weight = np.where(own, len(own) / own.sum(), -len(own) / (~own).sum())
    centred = gap - np.where(own, gap[own].mean(), gap[~own].mean())
    effect = float(gap[own].mean() - gap[~own].mean())
    return _figure(name, than, effect + weight * centred, used, n_without, "score", level)


def _figure(
    name: str,
    than: str,
    values: np.ndarray,
    used: pd.DataFrame,
    n_without: int,
    unit: str,
    level: float,
) -> Figure:
    clusters = used["cluster"].to_numpy()
    known_values = len(values) > 0 and bool(np.isfinite(values).all())
    estimate = mean_estimate(values, clusters, level=level) if known_values else None
    return Figure(
        section="family",
        name=name,
        title=f"favours its own family more {than}",
        unit="points" if unit == "points" else "score",
        estimate=estimate,
        n_without=n_without,
        p_value=sign_flip_p(values, clusters) if known_values and unit == "points" else None,
        note=("" if unit == "points" else "in standard deviations of each rater's scores")
        if estimate is not None
        else NO_REFERENCE,
        wanted=0.0,
    )
