"""Who can be compared with whom, and whether a finite rating exists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def components(first: Integers, second: Integers, n_models: int) -> Integers:
    """(K,) number of the connected part each model belongs to, by battles of either result.

    Models of different parts never met, not even through others: no data rank them.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = coo_array((np.ones(len(first)), (first, second)), shape=(n_models, n_models))
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)


def groups(first: Integers, second: Integers, counts: Floats, n_models: int) -> Integers:
    """(K,) number of the group each model belongs to; within a group everyone is beaten by someone.

    Groups are strongly connected parts of "beat or tied with". A finite maximum-likelihood
    rating exists exactly where each connected part is one group: Ford (1957), Amer. Math. Monthly
    64. ``counts`` is (3, C): wins, ties and losses of ``first``.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    won, lost = counts[0] + counts[1] > 0, counts[1] + counts[2] > 0
    rows = np.concatenate([first[won], second[lost]])
    columns = np.concatenate([second[won], first[lost]])
    edges = coo_array((np.ones(len(rows)), (rows, columns)), shape=(n_models, n_models))
    found = connected_components(edges, directed=True, connection="strong")[1]
    return np.asarray(found, dtype=np.int64)


def hub(first: Integers, second: Integers, counts: Floats, n_models: int) -> Integers | None:
    """Cells by which one model meets all others, best matched in its rarest result; None if none.

    Where each of these cells has seen results both ways, all models are one group, and the
    search for ``groups`` can be spared. Cells must be pairs, one cell each.
    """
    rarest = np.zeros((n_models, n_models))
    both_ways = np.minimum(counts[0] + counts[1], counts[1] + counts[2])
    rarest[first, second] = rarest[second, first] = both_ways
    np.fill_diagonal(rarest, np.inf)
    model = int(rarest.min(axis=1).argmax())
    cells = np.flatnonzero((first == model) | (second == model))
    return cells if rarest[model].min() > 0 and len(cells) == n_models - 1 else None
