"""Independent groups of observations: their labels as numbers, their sums, their resamples.

Samples of one passage or one prompt, and repeats of one sample, share luck. Whatever is estimated
from them treats the group (the cluster) as the unit that varies.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

MOST_CLUSTERS = 4000
"""Clusters up to which each is redrawn by itself; beyond, groups of them are."""
GROUPS = 1000
"""Groups in all: the standard error that they show differs from the clusters' own by 2 % (1 SE)."""
FEWEST_GROUPS = 100
"""Of a stratum, where it has as many clusters: a cell of n redrawn groups shows 1 - 1/n of it."""


def numbers_of(values: ArrayLike, name: str = "values") -> Floats:
    """``values`` (n,) as floats.

    Raises:
        ValueError: not one-dimensional, or some are missing or infinite: leaving those out, and
            saying how many there were, is the caller's duty.
    """
    numbers = np.asarray(values, dtype=float)
    if numbers.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not of shape {numbers.shape}")
    unknown = int((~np.isfinite(numbers)).sum())
    if unknown:
        raise ValueError(f"{unknown} of {numbers.size} {name} are missing or infinite")
    return numbers


def binary_of(values: ArrayLike, name: str = "values") -> Floats:
    """``values`` (n,) of 0 and 1 as floats.

    Raises:
        ValueError: some are neither.
    """
    numbers = numbers_of(values, name)
    other = int(((numbers != 0) & (numbers != 1)).sum())
    if other:
        raise ValueError(f"{other} of {numbers.size} {name} are neither 0 nor 1")
    return numbers


def cluster_codes(clusters: ArrayLike, n: int | None = None) -> tuple[Codes, int]:
    """Cluster labels (n,) as integers 0..C-1 in label order, and C.

    Labels that are whole numbers without large gaps take no sorting: label once, and cut.

    Raises:
        ValueError: there are not ``n`` labels, where ``n`` is given.
    """
    given = np.asarray(clusters)
    if given.ndim != 1 or (n is not None and given.size != n):
        wanted = "one label each" if n is None else f"{n} labels"
        raise ValueError(f"clusters must be {wanted}, not of shape {given.shape}")
    if given.dtype.kind in "iu" and given.size:
        low = int(given.min())
        span = int(given.max()) - low + 1
        if span <= 16 * given.size + 4096:
            at = given.astype(np.intp) - low
            there = np.zeros(span, dtype=bool)
            there[at] = True
            return (np.cumsum(there) - 1)[at], int(np.count_nonzero(there))
    labels, codes = np.unique(given, return_inverse=True)
    return codes, len(labels)


def distinct(values: NDArray[np.float64]) -> tuple[Floats, NDArray[np.intp]]:
    """The different ``values`` (n,) in order, and how often each occurs; of -1, 0 and 1 quickly."""
    if values.size and np.abs(values).max() <= 1:
        small = values.astype(np.int8)
        if (small == values).all():
            counts = np.bincount(small + 1, minlength=3)
            there = np.flatnonzero(counts)
            return np.asarray(there - 1.0, dtype=np.float64), counts[there]
    kinds, counts = np.unique(values, return_counts=True)
    return kinds, counts


def cluster_sums(columns: Floats, codes: Codes, n_clusters: int) -> Floats:
    """Sums (C, k) of ``columns`` (n, k) within each cluster."""
    return np.column_stack(
        [np.bincount(codes, weights=column, minlength=n_clusters) for column in columns.T]
    )


def strata_of_clusters(codes: Codes, n_clusters: int, strata: ArrayLike | None) -> Codes:
    """The stratum (C,) of each cluster, as an integer 0..S-1; all 0 without ``strata`` (n,).

    Raises:
        ValueError: a cluster lies in two strata.
    """
    of_cluster = np.zeros(n_clusters, dtype=np.intp)
    if strata is None:
        return of_cluster
    of_row = cluster_codes(strata, codes.size)[0]
    of_cluster[codes] = of_row
    if (of_cluster[codes] != of_row).any():
        raise ValueError("a cluster lies in two strata: label clusters by stratum")
    return of_cluster


def resampled_totals(sums: Floats, strata: Codes, *, seed: int, resamples: int) -> Floats:
    """Totals (resamples, S, k) of cluster ``sums`` (C, k), clusters redrawn within each stratum.

    ``strata`` (C,) are integers 0..S-1. Of more than ``MOST_CLUSTERS`` clusters, groups are redrawn
    (``units``). Seeded; the same for any order of rows.
    """
    found, cells, of_cell = units(sums, strata, seed=seed)
    totals = np.zeros((resamples, int(strata.max()) + 1, sums.shape[1]))
    sizes = np.bincount(cells)
    order = np.argsort(cells, kind="stable")
    drawn = _times_drawn(tuple(sizes.tolist()), seed, resamples)
    for cell, (times, start) in enumerate(zip(drawn, np.cumsum(sizes) - sizes, strict=True)):
        members = found[order[start : start + sizes[cell]]]
        totals[:, of_cell[cell]] += times.astype(np.float64) @ members
    return totals


def units(sums: Floats, strata: Codes, *, seed: int) -> tuple[Floats, Codes, Codes]:
    """What a bootstrap redraws: the clusters themselves or, of very many, groups of them.

    Clusters are dealt at random, as the seed has it, into groups within strata; a group's sums are
    those of its clusters. Groups are as independent as clusters, and a total of redrawn groups has
    the mean, the variance and the skewness of one of redrawn clusters (random groups: Wolter 2007,
    Introduction to Variance Estimation, ch. 2). Sizes within a stratum differ by at most one;
    larger and smaller groups are redrawn apart, so that every resample has as many clusters.

    Returns:
        The sums (U, k) of the units, the cell (U,) that each is redrawn in, and the stratum of each
        cell.
    """
    n = len(strata)
    if n <= MOST_CLUSTERS:
        return sums, strata, np.arange(int(strata.max(initial=0)) + 1)
    group, cells, of_cell = _dealt(tuple(np.bincount(strata).tolist()), seed)
    of_cluster = np.empty(n, dtype=np.intp)
    of_cluster[np.argsort(strata, kind="stable")] = group
    return cluster_sums(sums, of_cluster, len(cells)), cells, of_cell


@lru_cache(maxsize=16)
def _dealt(sizes: tuple[int, ...], seed: int) -> tuple[Codes, Codes, Codes]:
    """The group (C,) of each cluster, strata of these ``sizes`` one after the other.

    With the cell of each group, and the stratum of each cell.
    """
    rng = np.random.default_rng([seed, len(sizes)])
    group, cells, of_cell = [], [], []
    n_groups = n_cells = 0
    for stratum, size in enumerate(sizes):
        wanted = round(GROUPS * size / sum(sizes))
        count = min(size, max(wanted, FEWEST_GROUPS))
        group.append(n_groups + rng.permutation(size) % max(1, count))
        larger = size % count if count else 0
        for cell_size in (larger, count - larger):
            if cell_size:
                cells.append(np.full(cell_size, n_cells))
                of_cell.append(stratum)
                n_cells += 1
        n_groups += count
    return np.concatenate(group), np.concatenate(cells), np.array(of_cell)


@lru_cache(maxsize=16)
def _times_drawn(
    sizes: tuple[int, ...], seed: int, resamples: int
) -> tuple[NDArray[np.uint8], ...]:
    """How often each member of each cell is drawn, (resamples, size) a cell; below 256 for certain.

    Kept, because a report asks for the same resamples of many figures.
    """
    rng = np.random.default_rng(seed)
    found = []
    for size in sizes:
        times = np.zeros((resamples, size), dtype=np.uint8)
        rows = max(1, 1_000_000 // max(1, size))  # a slice of resamples at a time bounds memory
        for start in range(0, resamples, rows):
            stop = min(resamples, start + rows)
            if size:
                shape = (stop - start, size)
                drawn = rng.integers(0, size, size=shape, dtype=np.int32)
                drawn += np.arange(stop - start, dtype=np.int32)[:, None] * size
                counts = np.bincount(drawn.ravel(), minlength=drawn.size)
                times[start:stop] = counts.reshape(shape)
        found.append(times)
    return tuple(found)
