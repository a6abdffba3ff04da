"""What a reader of ratings must know, a sentence each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evalsuite.judging.battles import Battles
from evalsuite.judging.cells import Cells
from evalsuite.judging.repeats import count_repeats

Integers = NDArray[np.int64]

FEW_CLUSTERS = 20
"""Below this many clusters, cluster-robust intervals are known to be too narrow."""


def notes(
    battles: Battles, cells: Cells, parts: Integers, *, clustered: bool, ridge: float
) -> list[str]:
    """Left-out rows, parts, separation (where a ``ridge`` was needed), repeats, clusters."""
    said = []
    if battles.n_unjudged:
        said.append(f"Rows left out for want of an outcome: {battles.n_unjudged}.")
    if parts.max() > 0:
        said.append(
            f"The models fall into {parts.max() + 1} parts that never met, directly or through "
            "others: ratings and ranks hold within a part only."
        )
    if ridge:
        said.append(
            f"{separation(battles, cells)}, so no finite rating exists; a ridge of {ridge:g} "
            "keeps ratings finite. Read their order, not the distances."
        )
    duplicates, contradictions = count_repeats(battles)
    if duplicates:
        said.append(
            f"Rows that repeat an earlier battle (same pair, cluster and outcome): {duplicates}; "
            "all were counted."
        )
    if contradictions:
        said.append(
            f"Rows that contradict another of the same pair and cluster: {contradictions}; "
            "all were counted."
        )
    if battles.cluster is None:
        said.append(
            "Battles were taken as independent. If several were judged on one prompt, intervals "
            "are too narrow: name the prompt in a column cluster."
        )
    elif not clustered:
        said.append(
            "The clusters were not used: intervals are too narrow if battles share prompts."
        )
    elif battles.n_clusters < FEW_CLUSTERS:
        said.append(f"Clusters: {battles.n_clusters}; intervals are rough below {FEW_CLUSTERS}.")
    return said


def separation(battles: Battles, cells: Cells) -> str:
    """Who never lost or never won, in words."""
    wins, ties, losses = cells.counts
    k = cells.n_models
    up = np.bincount(cells.first, wins + ties, k) + np.bincount(cells.second, losses + ties, k)
    down = np.bincount(cells.first, losses + ties, k) + np.bincount(cells.second, wins + ties, k)
    said = []
    for verb, values in (("lost", down), ("won", up)):
        names = [battles.models[index] for index in np.flatnonzero(values == 0)]
        if names:
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            said.append(f"{', '.join(names[:3])}{more} never {verb}")
    return " and ".join(said) if said else "Some models never lost to any of the others"
