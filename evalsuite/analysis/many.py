"""Many systems on the same blocks (tasks, data sets, samples): ranks, and who differs from whom.

After Demsar (2006), JMLR 7, with Wilcoxon's signed-rank tests in place of Nemenyi's, as Benavoli,
Corani and Mangili (2016), JMLR 17, advise: whether two systems differ must not depend on which
others are looked at. Blocks must be independent; ``block_means`` makes them so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.clusters import Floats, cluster_codes, cluster_sums, numbers_of
from evalsuite.analysis.multiplicity import holm
from evalsuite.analysis.signs import upper_tail

ALPHA = 0.05


@dataclass(frozen=True, kw_only=True)
class Friedman:
    """Friedman's test of "no system ranks higher than another" on ``n_blocks`` x ``n_systems``.

    ``chi_square`` is corrected for ties and has ``n_systems`` - 1 degrees of freedom;
    ``chi_square_uncorrected`` is the textbook's, too small where scores tie. ``f`` is Iman and
    Davenport's, with (k - 1) and (k - 1)(n - 1) degrees of freedom: the one to read, because the
    chi-square test is too cautious for few blocks. It is infinite where all blocks rank alike, and
    0 with p 1 where every block is one tie.
    """

    n_blocks: int
    n_systems: int
    average_ranks: tuple[float, ...]
    chi_square: float
    chi_square_uncorrected: float
    chi_square_p: float
    f: float
    f_p: float


@dataclass(frozen=True, kw_only=True)
class SignedRank:
    """Wilcoxon's signed-rank test: ``w_plus`` sums the ranks of the differences above 0."""

    n: int
    n_nonzero: int
    w_plus: float
    p_value: float
    exact: bool


@dataclass(frozen=True, kw_only=True)
class SystemPair:
    """Two systems of many: Wilcoxon's p-value, and Holm's over all pairs."""

    a: str
    b: str
    p_value: float
    adjusted_p: float


@dataclass(frozen=True, kw_only=True)
class ManySystems:
    """Ranks of ``systems``, best first, and which of them the data tell apart at level ``alpha``.

    ``average_ranks`` belong to ``systems``; 1 is best. ``groups`` are the bars of a critical
    difference diagram: the longest stretches of the ranking, of 2 systems or more, in which no pair
    is distinguishable. ``unbarred`` are the other pairs that are not: some system ranked between
    them differs from one of the two.
    """

    systems: tuple[str, ...]
    average_ranks: tuple[float, ...]
    friedman: Friedman
    pairs: tuple[SystemPair, ...]
    groups: tuple[tuple[str, ...], ...]
    unbarred: tuple[tuple[str, str], ...]
    alpha: float

    def distinguishable(self, pair: SystemPair) -> bool:
        """Whether the pair differs: Friedman's F rejects, and so does Wilcoxon's adjusted test."""
        return self.friedman.f_p < self.alpha and pair.adjusted_p < self.alpha


def block_means(scores: ArrayLike, clusters: ArrayLike) -> Floats:
    """Mean score (C, k) of each cluster's rows of ``scores`` (n, k): independent blocks.

    Raises:
        ValueError: a score is missing, or there is not one label for each row.
    """
    table = _table(scores)
    codes, n_clusters = cluster_codes(clusters, len(table))
    sizes = np.bincount(codes, minlength=n_clusters)
    return np.asarray(cluster_sums(table, codes, n_clusters) / sizes[:, None])


def average_ranks(scores: ArrayLike) -> Floats:
    """Mean rank (k,) over the blocks of ``scores`` (n, k); the highest score has rank 1.

    Ties share their mean rank.
    """
    from scipy.stats import rankdata

    return np.asarray(rankdata(-_table(scores), axis=1).mean(axis=0))


def friedman(scores: ArrayLike) -> Friedman:
    """Friedman's test on ``scores`` (n blocks, k systems), higher is better.

    Source: Friedman (1937), JASA 32; ties and F: Iman and Davenport (1980), Commun. Stat. A 9. Of
    0/1 scores the corrected chi-square is Cochran's Q. Rough for fewer than about 10 blocks.

    Raises:
        ValueError: fewer than 3 systems or 2 blocks, or a score is missing.
    """
    from scipy.special import chdtrc, fdtrc
    from scipy.stats import rankdata

    table = _table(scores)
    n, k = table.shape
    if k < 3 or n < 2:
        raise ValueError(f"Friedman's test needs 3 systems and 2 blocks, not {k} and {n}")
    ranks = rankdata(-table, axis=1)
    means = ranks.mean(axis=0)
    spread = float(np.square(means - (k + 1) / 2).sum())
    # The squared deviations of all ranks are n k (k^2 - 1) / 12 where nothing ties.
    scatter = float(np.square(ranks - (k + 1) / 2).sum())
    chi_square = n * n * (k - 1) * spread / scatter if scatter > 0 else 0.0
    room = n * (k - 1) - chi_square
    f = (n - 1) * chi_square / room if room > 1e-9 * n * k else math.inf
    return Friedman(
        n_blocks=n,
        n_systems=k,
        average_ranks=tuple(float(rank) for rank in means),
        chi_square=chi_square,
        chi_square_uncorrected=12 * n / (k * (k + 1)) * spread,
        chi_square_p=float(chdtrc(k - 1, chi_square)),
        f=f,
        f_p=0.0 if math.isinf(f) else float(fdtrc(k - 1, (k - 1) * (n - 1), f)),
    )


def wilcoxon_signed_rank(differences: ArrayLike) -> SignedRank:
    """Two-sided signed-rank test of paired ``differences`` (n,) around 0.

    Exact, given the ranks: every sign is a fair coin. Ties share their mean rank, sizes within 1e-9
    of the largest one being ties; differences of 0 are ranked and then dropped (Pratt, 1959, JASA
    54). Beyond some hundreds of differences the normal approximation, whose variance is that of
    these very ranks. Valid for independent differences, symmetric around their middle under the
    null hypothesis. Source: Wilcoxon (1945), Biometrics Bull. 1.

    Raises:
        ValueError: a difference is missing.
    """
    from scipy.special import ndtr
    from scipy.stats import rankdata

    values = numbers_of(differences, "differences")
    # Differences of rates tie in arithmetic but not in the last bits of their floats.
    sizes = np.round(np.abs(values) / (np.abs(values).max(initial=0.0) or 1.0), 9)
    # Twice the mean rank is a whole number.
    doubled = np.rint(2 * rankdata(sizes)).astype(np.int64)
    nonzero = sizes > 0
    doubled, above = doubled[nonzero], values[nonzero] > 0
    w_plus = float(doubled[above].sum()) / 2
    p_value, exact = 1.0, True
    if doubled.size:
        surplus = abs(int(doubled[above].sum() - doubled[~above].sum()))
        tail = upper_tail(doubled, surplus)
        if tail is None:
            exact = False
            tail = float(ndtr(-surplus / math.sqrt(float(np.square(doubled, dtype=float).sum()))))
        p_value = min(1.0, 2 * tail)
    return SignedRank(
        n=values.size, n_nonzero=doubled.size, w_plus=w_plus, p_value=p_value, exact=exact
    )


def compare_many(scores: ArrayLike, systems: Sequence[str], *, alpha: float = ALPHA) -> ManySystems:
    """Rank ``systems`` (k,) by ``scores`` (n blocks, k) and tell them apart where the data do.

    Friedman's F first; if it does not reject, no pair counts as different. Then Wilcoxon's test of
    every pair, corrected by Holm over all of them. For 2 systems use
    ``evalsuite.analysis.paired.paired_difference``.

    Raises:
        ValueError: fewer than 3 systems or 2 blocks, names that are not one each, or a score is
            missing.
    """
    table = _table(scores)
    names = list(systems)
    if len(set(names)) != len(names) or len(names) != table.shape[1]:
        raise ValueError(f"needs one name for each of {table.shape[1]} systems, all different")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha lies between 0 and 1, not at {alpha}")
    overall = friedman(table)
    order = sorted(range(len(names)), key=lambda at: (overall.average_ranks[at], names[at]))
    at = list(combinations(order, 2))
    p_values = [wilcoxon_signed_rank(table[:, i] - table[:, j]).p_value for i, j in at]
    pairs = tuple(
        SystemPair(a=names[i], b=names[j], p_value=p, adjusted_p=adjusted)
        for (i, j), p, adjusted in zip(at, p_values, holm(p_values), strict=True)
    )
    rejects = overall.f_p < alpha
    apart = {(pair.a, pair.b) for pair in pairs if rejects and pair.adjusted_p < alpha}
    ranked = tuple(names[i] for i in order)
    groups = indistinguishable_groups(ranked, apart)
    barred = {pair for group in groups for pair in combinations(group, 2)}
    return ManySystems(
        systems=ranked,
        average_ranks=tuple(overall.average_ranks[i] for i in order),
        friedman=overall,
        pairs=pairs,
        groups=groups,
        unbarred=tuple(pair for pair in combinations(ranked, 2) if pair not in apart | barred),
        alpha=alpha,
    )


def indistinguishable_groups(
    ranked: Sequence[str], apart: set[tuple[str, str]]
) -> tuple[tuple[str, ...], ...]:
    """Longest stretches of ``ranked`` (best first) without a pair in ``apart`` (better, worse).

    Only stretches of the ranking, so that a bar drawn over one never covers a system that differs
    from another under the same bar. Stretches of one are left out.
    """
    groups: list[tuple[str, ...]] = []
    reached = 0
    for start in range(len(ranked)):
        stop = start + 1
        while stop < len(ranked) and not any(
            (ranked[above], ranked[stop]) in apart for above in range(start, stop)
        ):
            stop += 1
        if stop > reached and stop - start > 1:
            groups.append(tuple(ranked[start:stop]))
        reached = max(reached, stop)
    return tuple(groups)


def _table(scores: ArrayLike) -> Floats:
    table = np.asarray(scores, dtype=float)
    if table.ndim != 2:
        raise ValueError(f"scores must be a table of blocks by systems, not {table.shape}")
    unknown = int((~np.isfinite(table)).sum())
    if unknown:
        raise ValueError(f"{unknown} scores are missing or infinite: leave out their blocks")
    return table
