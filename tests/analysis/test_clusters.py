from __future__ import annotations

import math

import numpy as np
import pytest

from evalsuite.analysis.clusters import (
    binary_of,
    cluster_codes,
    cluster_sums,
    numbers_of,
    resampled_totals,
    strata_of_clusters,
)


def test_labels_become_codes_in_label_order() -> None:
    codes, n_clusters = cluster_codes(["b", "a", "b"])
    assert (codes.tolist(), n_clusters) == ([1, 0, 1], 2)
    sums = cluster_sums(np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]), codes, n_clusters)
    assert sums.tolist() == [[2.0, 20.0], [4.0, 40.0]]
    assert strata_of_clusters(codes, 2, ["s", "r", "s"]).tolist() == [0, 1]
    assert strata_of_clusters(codes, 2, None).tolist() == [0, 0]


def test_each_stratum_is_redrawn_from_its_own_clusters() -> None:
    sums = np.array([[1.0], [1.0], [5.0], [7.0]])
    totals = resampled_totals(sums, np.array([0, 0, 1, 1]), seed=1, resamples=500)
    assert totals.shape == (500, 2, 1)
    assert set(totals[:, 0, 0]) == {2.0}
    assert set(totals[:, 1, 0]) == {10.0, 12.0, 14.0}
    assert totals[:, 1, 0].mean() == pytest.approx(12.0, abs=0.2)


def test_what_is_missing_or_misplaced_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 costs are missing"):
        numbers_of([1.0, math.nan], "costs")
    with pytest.raises(ValueError, match="one-dimensional"):
        numbers_of([[1.0]])
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        binary_of([0, 1, 2])
    with pytest.raises(ValueError, match="3 labels"):
        cluster_codes([0, 1], 3)
    with pytest.raises(ValueError, match="two strata"):
        strata_of_clusters(np.array([0, 0]), 1, ["s", "t"])
