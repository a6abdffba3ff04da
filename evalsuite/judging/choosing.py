"""Which pairs to have judged next, and on how many prompts, so that an order is settled soonest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from evalsuite.errors import ConfigError
from evalsuite.judging.standing import ABOVE, CIRCLE, OPEN, Pair, Standing

OPPONENTS = 4
"""Whom each system meets in the first round, where there are so many."""
FEWEST = 2
"""Clusters of a pair in a round: fewer are not worth a round."""
GROWTH = 0.25
"""Of the clusters that a pair has been judged on, as many more are judged in a round at least."""


def first_pairs(systems: Sequence[str]) -> list[Pair]:
    """The pairs of a first round: everybody meets ``OPPONENTS`` others, all are connected.

    Places in a circle and neighbours on either side of it, (a, b) in the order of ``systems``; up
    to five systems that is every pair.
    """
    k = len(systems)
    near = OPPONENTS // 2
    return [
        (systems[i], systems[j])
        for i, j in combinations(range(k), 2)
        if min(j - i, k - (j - i)) <= near
    ]


def next_clusters(standing: Standing, left: Mapping[Pair, int] | None = None) -> dict[Pair, int]:
    """How many further clusters (prompts) of which pairs to have judged next; none when done.

    A pair is of use where its order is wanted and open, unless somebody between the two will settle
    it on the way: whoever is above the middle one, who is above the last, needs no battle with the
    last. Of each such pair half of what it still takes is judged, as far as anyone can tell: it
    takes about (bar - log evidence) x 2 E[x^2] / d^2 clusters, where d is the difference of the
    mean score that the ratings allow, one standard error further from 0 than the estimate (for a
    tie: from the margin). So uncertain and clear differences come first, and no pair takes many at
    once before its difference is known. Pairs that ``left`` is too small for come only when no
    others are left.

    Args:
        standing: how the systems stand.
        left: clusters that can still be judged, by pair in either order; without limit unless
            given.

    Returns:
        By pair, soonest settled first.
    """
    room = _room(standing, left)
    takes = {pair: _takes(standing, *pair) for pair in standing.wanted_pairs()}
    open_now = [
        (i, j)
        for i, j in standing.open_pairs()
        if standing.sign(i, j) != CIRCLE and room[i, j] >= 1
    ]
    hopeful = {pair for pair in open_now if takes[pair] <= room[pair]}
    direct = [pair for pair in open_now if not _through_others(standing, pair, hopeful)]
    chosen = [pair for pair in direct if pair in hopeful] or direct
    chosen.sort(key=lambda pair: (takes[pair], pair))
    return {
        (a, b): _share(takes[i, j], room[i, j], standing.meetings[a, b].n)
        for i, j in chosen
        for a, b in [(standing.systems[i], standing.systems[j])]
    }


def pairs_to_settle(
    standing: Standing, n: int | None = None, left: Mapping[Pair, int] | None = None
) -> pd.DataFrame:
    """``next_clusters`` as a table: ``a``, ``b``, ``clusters`` to judge next, ``score`` so far.

    Args:
        standing: how the systems stand.
        n: rows at most.
        left: as in ``next_clusters``.

    Raises:
        ConfigError: ``n`` below 1.
    """
    if n is not None and n < 1:
        raise ConfigError(f"{n} next pairs: ask for 1 or more")
    rows = []
    for (a, b), clusters in list(next_clusters(standing, left).items())[:n]:
        score = standing.meetings[a, b].score
        rows.append((a, b, clusters, np.nan if score is None else score))
    return pd.DataFrame(rows, columns=["a", "b", "clusters", "score"])


def _room(standing: Standing, left: Mapping[Pair, int] | None) -> dict[tuple[int, int], float]:
    """Clusters that can still be judged, by places."""
    pairs = {
        (i, j): (standing.systems[i], standing.systems[j])
        for i, j in combinations(range(len(standing.systems)), 2)
    }
    if left is None:
        return dict.fromkeys(pairs, math.inf)
    return {
        places: float(left.get((a, b), left.get((b, a), 0))) for places, (a, b) in pairs.items()
    }


def _through_others(
    standing: Standing, pair: tuple[int, int], hopeful: set[tuple[int, int]]
) -> bool:
    """Whether somebody between the two is, or may soon be, below the first and above the last."""
    i, j = pair

    def link(upper: int, lower: int) -> bool:
        return standing.sign(upper, lower) == ABOVE or (upper, lower) in hopeful

    return any(link(i, middle) and link(middle, j) for middle in range(i + 1, j))


def _share(takes: float, room: float, n: int) -> int:
    """Half of what it takes, or of what there is; never so little that rounds become many."""
    half = min(takes, room) / 2 if math.isfinite(min(takes, room)) else 0
    return int(min(max(math.ceil(half), math.ceil(GROWTH * n), FEWEST), room))


def _takes(standing: Standing, i: int, j: int) -> float:
    """Clusters that settle the pair, with luck; infinite where none would."""
    if standing.sign(i, j) != OPEN:
        return 0.0
    met = standing.meetings[standing.systems[i], standing.systems[j]]
    d = float(standing.strengths[i] - standing.strengths[j])
    error = float(standing.spread[i, j])
    far = math.tanh((abs(d) + error) / 2)  # 2 p - 1 of the odds exp(d)
    towards = met.log_e["a_better" if d >= 0 else "b_better"]
    takes = _clusters(standing, far, towards)
    if standing.wanted.margin is not None:
        near = math.tanh(max(abs(d) - error, 0.0) / 2) if math.isfinite(error) else 0.0
        harder = met.log_e["not_far_above" if d >= 0 else "not_far_below"]
        takes = min(takes, _clusters(standing, 2 * standing.wanted.margin - near, harder))
    return takes


def _clusters(standing: Standing, difference: float, log_e: float) -> float:
    """Clusters until bets on a mean this far off are won: each adds about d^2 / 2 E[x^2]."""
    if difference <= 0:
        return math.inf
    square = max(standing.mean_square, difference**2)
    return max(standing.bar - log_e, 0.0) * 2 * square / difference**2
