"""Independent groups of observations: their labels as numbers, their sums, their resamples.

Samples of one passage or one prompt, and repeats of one sample, share luck. Whatever is estimated
from them treats the group (the cluster) as the unit that varies.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


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


def cluster_codes(clusters: ArrayLike, n: int | None = None) -> tuple[NDArray[np.intp], int]:
    """Cluster labels (n,) as integers 0..C-1 in label order, and C.

    Raises:
        ValueError: there are not ``n`` labels, where ``n`` is given.
    """
    given = np.asarray(clusters)
    if given.ndim != 1 or (n is not None and given.size != n):
        wanted = "one label each" if n is None else f"{n} labels"
        raise ValueError(f"clusters must be {wanted}, not of shape {given.shape}")
    labels, codes = np.unique(given, return_inverse=True)
    return codes, len(labels)


def cluster_sums(columns: Floats, codes: NDArray[np.intp], n_clusters: int) -> Floats:
    """Sums (C, k) of ``columns`` (n, k) within each cluster."""
    return np.column_stack(
        [np.bincount(codes, weights=column, minlength=n_clusters) for column in columns.T]
    )


def strata_of_clusters(
    codes: NDArray[np.intp], n_clusters: int, strata: ArrayLike | None
) -> NDArray[np.intp]:
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


def resampled_totals(
    sums: Floats, strata: NDArray[np.intp], *, seed: int, resamples: int
) -> Floats:
    """Totals (resamples, S, k) of cluster ``sums`` (C, k), clusters redrawn within each stratum.

    ``strata`` (C,) are integers 0..S-1. Seeded; the same for any order of rows.
    """
    rng = np.random.default_rng(seed)
    totals = np.zeros((resamples, int(strata.max()) + 1, sums.shape[1]))
    for stratum in np.unique(strata):
        members = sums[strata == stratum]
        rows = max(1, 1_000_000 // len(members))  # a slice of resamples at a time bounds memory
        for start in range(0, resamples, rows):
            stop = min(resamples, start + rows)
            shape = (stop - start, len(members))
            drawn = rng.integers(0, len(members), size=shape, dtype=np.int32)
            for k, column in enumerate(members.T):
                taken = np.take(np.ascontiguousarray(column), drawn)
                totals[start:stop, stratum, k] = taken.sum(axis=1)
    return totals
