"""What the judges would be worth together: votes, and weights learnt on other items."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evalsuite.analysis.intervals import LEVEL, Estimate, proportion
from evalsuite.analysis.judges.estimates import (
    alpha_estimate,
    correlation_estimate,
    fleiss_estimate,
)
from evalsuite.analysis.judges.table import Kind
from evalsuite.judging.agreement import is_missing
from evalsuite.judging.dawid_skene import Errors, dawid_skene
from evalsuite.judging.krippendorff import Level
from evalsuite.judging.panels import log_odds_weight, mean_score, vote

FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class PanelFigure:
    """A way of joining the judges.

    Attributes:
        name: ``majority``, ``log_odds``, ``dawid_skene`` or ``mean``.
        title: a few words.
        estimate: accuracy, or Spearman's rho with people; None where there are no labels.
        n_undecided: units without a winner, or without any verdict; wrong in an accuracy.
    """

    name: str
    title: str
    estimate: Estimate | None
    n_undecided: int


def panel_figures(
    verdicts: pd.DataFrame, about: pd.DataFrame, kind: Kind, *, level: float = LEVEL
) -> tuple[PanelFigure, ...]:
    """Panels of all judges on the units that all of them were asked and people labelled.

    Args:
        verdicts: (units, judges), None where a judge failed.
        about: the same units: ``human`` and ``cluster``.
        kind: pairs and labels are voted on, scores averaged.
        level: coverage of the intervals.

    ``log_odds`` weights are learnt on four fifths of the clusters and used on the fifth; Dawid and
    Skene's model never sees the labels. Nothing for fewer than 2 judges, or no units.
    """
    if verdicts.shape[1] < 2 or verdicts.empty:
        return ()
    given = {unit: _given(row) for unit, row in zip(verdicts.index, _rows(verdicts), strict=True)}
    if kind == "score":
        return (_mean(given, about, level),)
    human = about["human"].to_dict()
    fold = {unit: _fold(str(cluster)) for unit, cluster in about["cluster"].items()}
    weights = {at: _weights(given, human, fold, at) for at in range(FOLDS)}
    together: dict[str, tuple[str, dict[Any, Any]]] = {
        "majority": ("majority vote", {unit: vote(row).label for unit, row in given.items()}),
        "log_odds": (
            "weighted by accuracy on other items",
            {unit: vote(row, weights[fold[unit]]).label for unit, row in given.items()},
        ),
    }
    if any(row for row in given.values()):
        even: Errors = "even" if kind == "pairwise" else "by_label"
        found = dawid_skene(given, errors=even).label()
        together["dawid_skene"] = ("Dawid-Skene, without labels", {u: found.get(u) for u in given})
    return tuple(
        _accuracy(name, title, labels, about, level) for name, (title, labels) in together.items()
    )


def judges_alpha(
    verdicts: pd.DataFrame, clusters: pd.Series, kind: Kind, *, level: float = LEVEL
) -> Estimate | None:
    """Krippendorff's alpha of the judges with each other, people left out; None where it is not."""
    ratings = [list(_given(row).values()) for row in _rows(verdicts)]
    scale: Level = "interval" if kind == "score" else "nominal"
    return alpha_estimate(ratings, clusters.to_numpy(), scale=scale, level=level)


def judges_fleiss(
    verdicts: pd.DataFrame, clusters: pd.Series, kind: Kind, *, level: float = LEVEL
) -> Estimate | None:
    """Fleiss' kappa of the judges with each other, on the units that all gave a verdict on.

    None for scores, for fewer than 2 judges, and where it does not exist.
    """
    if kind == "score" or verdicts.shape[1] < 2:
        return None
    whole = verdicts[verdicts.notna().all(axis=1)]
    labels = sorted({str(value) for value in whole.to_numpy().ravel()})
    if whole.empty or len(labels) < 2:
        return None
    counts = np.stack([(whole == label).sum(axis=1).to_numpy() for label in labels], axis=1)
    return fleiss_estimate(counts, clusters.loc[whole.index].to_numpy(), level=level)


def _rows(verdicts: pd.DataFrame) -> list[dict[Any, Any]]:
    return verdicts.to_dict("records")


def _given(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(judge): value for judge, value in row.items() if not is_missing(value)}


def _fold(cluster: str) -> int:
    """By content, so that the same clusters are together whatever the order of rows."""
    return zlib.crc32(cluster.encode()) % FOLDS


def _weights(
    given: Mapping[Any, Mapping[str, Any]],
    human: Mapping[Any, Any],
    fold: Mapping[Any, int],
    held_out: int,
) -> dict[str, float]:
    """Log-odds of accuracy on the units outside a fold; 0 for a judge that has none there."""
    judges = {judge for row in given.values() for judge in row}
    right = dict.fromkeys(judges, 0)
    n = dict.fromkeys(judges, 0)
    for unit, row in given.items():
        if fold[unit] != held_out:
            for judge, value in row.items():
                n[judge] += 1
                right[judge] += value == human[unit]
    n_labels = max(len(set(human.values())), 2)
    return {
        judge: log_odds_weight(right[judge], n[judge], n_labels=n_labels) if n[judge] else 0.0
        for judge in judges
    }


def _accuracy(
    name: str, title: str, labels: Mapping[Any, Any], about: pd.DataFrame, level: float
) -> PanelFigure:
    given = [labels[unit] for unit in about.index]
    right = [float(a == b) for a, b in zip(given, about["human"], strict=True)]
    return PanelFigure(
        name=name,
        title=title,
        estimate=proportion(right, about["cluster"], level=level),
        n_undecided=sum(value is None for value in given),
    )


def _mean(given: Mapping[Any, Mapping[str, Any]], about: pd.DataFrame, level: float) -> PanelFigure:
    means = np.array([np.nan if (m := mean_score(row)) is None else m for row in given.values()])
    there = np.isfinite(means)
    x, y = means[there], about["human"].to_numpy(dtype=float)[there]
    clusters = about["cluster"].to_numpy()[there]
    estimate = correlation_estimate(x, y, clusters, "spearman", level=level)
    return PanelFigure(
        name="mean",
        title="mean of the judges' scores",
        estimate=estimate,
        n_undecided=int((~there).sum()),
    )
