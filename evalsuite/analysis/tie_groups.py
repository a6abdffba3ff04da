"""Which systems the data cannot tell apart: letters for a table, and ranges of ranks.

"Not distinguishable" is not transitive: a may be told apart from c while b is from neither. So a
system can belong to several groups: a compact letter display, in which two systems share a letter
exactly where they are not told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from string import ascii_letters

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.clusters import Floats, cluster_codes
from evalsuite.analysis.compare import ALPHA, Outcomes
from evalsuite.analysis.flips_of_sums import flip_p_of_sums
from evalsuite.analysis.multiplicity import holm

MOST_SYSTEMS = 30


@dataclass(frozen=True, kw_only=True)
class Tied:
    """One system of a ranking.

    ``letters`` has a letter a group it belongs to. ``best_rank`` is 1 + the systems shown to be
    right more often, ``worst_rank`` the number of systems less those shown to be right less often.
    """

    system: str
    letters: str
    best_rank: int
    worst_rank: int


@dataclass(frozen=True, kw_only=True)
class TieGroups:
    """A ranking with its ties.

    ``systems`` are in the order of the ranking. ``groups`` are the largest sets of systems of which
    no pair is distinguishable, the best one's first; a letter each. ``n_pairs`` tests were
    corrected for together. ``left_out`` are systems beyond the ``MOST_SYSTEMS`` best.
    """

    systems: tuple[Tied, ...]
    groups: tuple[tuple[str, ...], ...]
    n_pairs: int
    left_out: tuple[str, ...]

    def of(self, system: str) -> Tied | None:
        """The place of ``system``; None where it is not in the ranking."""
        return next((item for item in self.systems if item.system == system), None)


def tie_groups(outcomes: Outcomes, ranked: Sequence[str]) -> TieGroups | None:
    """Tell the systems ``ranked`` (best first) apart where the data do; None for fewer than two.

    Every pair is compared on what was scored for both, every task weighing the same, by a sign-flip
    test over clusters (``flip_p_of_sums``). Holm's correction is over all pairs, so all differences
    named are true at once with 95 %, and so are all ranges of ranks, as Mogstad, Romano, Shaikh and
    Wilhelm (2024), Rev. Econ. Stud. 91, have them. Letters: Piepho (2004), J. Comput. Graph. Stat.
    13, by inserting and absorbing.
    """
    names = list(ranked[:MOST_SYSTEMS])
    if len(names) < 2:
        return None
    better = _better(outcomes, names)
    pairs = list(combinations(range(len(names)), 2))
    groups = letter_groups(len(names), {(i, j) for i, j in pairs if better[i, j] or better[j, i]})
    return TieGroups(
        systems=tuple(
            Tied(
                system=name,
                letters="".join(letter_of(at) for at, group in enumerate(groups) if index in group),
                best_rank=1 + int(better[:, index].sum()),
                worst_rank=len(names) - int(better[index].sum()),
            )
            for index, name in enumerate(names)
        ),
        groups=tuple(tuple(names[index] for index in group) for group in groups),
        n_pairs=len(pairs),
        left_out=tuple(ranked[MOST_SYSTEMS:]),
    )


def letter_groups(n: int, apart: set[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """The largest sets of 0..n-1 without a pair in ``apart``, in lexical order.

    Insert and absorb: one set of all; every pair that is apart splits each set that holds both in
    two, and a set inside another is dropped. Source: Piepho (2004).
    """
    sets: list[frozenset[int]] = [frozenset(range(n))]
    for first, second in sorted(apart):
        split = [item for item in sets if first in item and second in item]
        kept = [item for item in sets if not (first in item and second in item)]
        for part in (item - {out} for item in split for out in (first, second)):
            if not any(part <= other for other in kept):
                kept = [other for other in kept if not other <= part]
                kept.append(part)
        sets = kept
    return tuple(sorted(tuple(sorted(item)) for item in sets))


def letter_of(index: int) -> str:
    """The letter of group ``index``, from 0: a to z, A to Z, then numbers in brackets."""
    return ascii_letters[index] if index < len(ascii_letters) else f"({index + 1})"


def _better(outcomes: Outcomes, names: Sequence[str]) -> NDArray[np.bool_]:
    """(k, k): whether the first system is shown to be right more often than the second."""
    clusters, n_clusters = cluster_codes(outcomes.clusters)
    tasks, n_tasks = cluster_codes(outcomes.base_tasks)
    columns = [outcomes.success[:, outcomes.systems.index(name)] for name in names]
    pairs = list(combinations(range(len(names)), 2))
    sums = [
        weighted_sums(columns[i] - columns[j], tasks, n_tasks, clusters, n_clusters)
        for i, j in pairs
    ]
    better = np.zeros((len(names), len(names)), dtype=bool)
    adjusted = holm([flip_p_of_sums(item) for item in sums])
    for (i, j), total, p in zip(pairs, sums, adjusted, strict=True):
        if p < ALPHA:
            better[(i, j) if total.sum() > 0 else (j, i)] = True
    return better


def weighted_sums(
    differences: Floats,
    tasks: NDArray[np.intp],
    n_tasks: int,
    clusters: NDArray[np.intp],
    n_clusters: int,
) -> Floats:
    """Sums (n_clusters,) of ``differences`` (n,), every task weighing the same; NaN is left out.

    ``tasks`` and ``clusters`` (n,) are codes from 0. They add up to the number of tasks x the mean
    over tasks.
    """
    known = ~np.isnan(differences)
    sizes = np.bincount(tasks[known], minlength=n_tasks)
    weights = 1 / np.maximum(1, sizes)[tasks[known]]
    found = np.bincount(clusters[known], differences[known] * weights, minlength=n_clusters)
    return np.asarray(found, dtype=np.float64)
