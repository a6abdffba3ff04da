"""The sign-flip test of clusters whose sums are there already: for many pairs of systems at once.

``paired.sign_flip_p`` draws 4,999 flips where it cannot enumerate, so its least p-value is 0.0002:
too much to survive a correction for hundreds of pairs. Here nothing is drawn.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.signs import whole_magnitudes

MOST_EXACT = 200
"""Clusters of unequal sums up to which the distribution is worked out; beyond, it is normal."""
MOST_WORK = 2_000_000
FINEST = 1_000


def flip_p_of_sums(sums: Floats) -> float:
    """Two-sided p-value of "the cluster ``sums`` (m,) have no direction"; 1 where all are 0.

    Exact where all sums are of one size, as with 0/1 outcomes of single samples (then it is the
    exact McNemar test), and up to ``MOST_EXACT`` sums: their sizes are taken as multiples of a
    fine step, which leaves the test valid, because any odd function of the sums has the same null
    distribution under flipped signs. Beyond, the sum over its standard deviation is taken as
    normal, which is close for so many signs (Pinelis, 2012, Electron. J. Probab. 17).
    """
    sizes = np.abs(sums)
    largest = float(sizes.max(initial=0.0))
    kept = sizes > 1e-9 * largest
    if largest == 0.0 or not kept.any():
        return 1.0
    values, sizes = sums[kept], sizes[kept]
    if float(sizes.min()) > largest * (1 - 1e-9):
        whole = np.ones(values.size, dtype=np.int64)
    elif values.size > MOST_EXACT:
        z = abs(float(values.sum())) / math.sqrt(float(np.square(values).sum()))
        return math.erfc(z / math.sqrt(2))
    else:
        found = whole_magnitudes(values)
        if found is None or values.size * int(found.sum()) > MOST_WORK:
            steps = min(FINEST, MOST_WORK // values.size**2)
            found = np.rint(sizes * (steps / largest)).astype(np.int64)
        whole = found
    observed = abs(int((whole * np.sign(values).astype(np.int64)).sum()))
    return min(1.0, 2 * _upper_tail(whole[whole > 0], observed))


def _upper_tail(whole: NDArray[np.int64], observed: int) -> float:
    """P(sum of +-``whole`` (m,) >= ``observed``), every sign a fair coin."""
    from scipy.special import bdtrc

    total = int(whole.sum())
    least = math.ceil((total + observed) / 2)  # the sum is twice what is positive, less the total
    if int(whole.min()) == int(whole.max()):
        return float(bdtrc(math.ceil(least / int(whole[0])) - 1, whole.size, 0.5))
    chances = np.zeros(total + 1)
    chances[0] = 1.0
    reached = 0
    for size in whole.tolist():
        shifted = chances[: reached + 1] / 2
        chances[: reached + 1] = shifted
        chances[size : reached + size + 1] += shifted
        reached += size
    return float(min(1.0, chances[least:].sum()))
