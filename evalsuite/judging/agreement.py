"""Agreement of labels: share, Cohen's kappa and Fleiss' kappa, joined by key and never by row.

A judge that gave no verdict neither agreed nor disagreed. Every figure here therefore exists in two
conventions: ``excluded`` leaves those items out, ``wrong`` counts them as a label of their own that
no person gives.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Weights = Literal["nominal", "linear", "quadratic"]
Failures = Literal["excluded", "wrong"]


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Two raters' labels of the same keys.

    Attributes:
        keys: n keys that both have, sorted by their text.
        judge: n labels, None where the judge gave none.
        human: n labels.
        n_failed: keys of ``judge`` without a label.
        n_unjudged: labelled by the other, but never put to the judge.
        n_unlabelled: judged, but without a label of the other.
    """

    keys: tuple[Any, ...]
    judge: tuple[Any, ...]
    human: tuple[Any, ...]
    n_failed: int
    n_unjudged: int
    n_unlabelled: int


def join(judge: Mapping[Any, Any], human: Mapping[Any, Any]) -> Joined:
    """Pair labels by their key; None (or NaN) is a judge's failure, or a label nobody gave."""
    labels = {key: value for key, value in human.items() if not is_missing(value)}
    keys = tuple(sorted((key for key in judge if key in labels), key=str))
    given = tuple(None if is_missing(judge[key]) else judge[key] for key in keys)
    return Joined(
        keys=keys,
        judge=given,
        human=tuple(labels[key] for key in keys),
        n_failed=sum(value is None for value in given),
        n_unjudged=sum(key not in judge for key in labels),
        n_unlabelled=sum(key not in labels for key in judge),
    )


def is_missing(value: object) -> bool:
    """Whether a label is None or NaN."""
    return value is None or bool(value != value)  # only NaN differs from itself


def percent_agreement(
    judge: Sequence[Any], human: Sequence[Any], *, failures: Failures = "excluded"
) -> float | None:
    """Share of the n items on which two raters give the same label; None where there are none.

    ``judge`` may hold None. Under ``wrong`` those items disagree.

    Raises:
        ValueError: the raters differ in length.
    """
    pairs = _pairs(judge, human, failures)
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else None


def cohen_kappa(
    judge: Sequence[Any],
    human: Sequence[Any],
    *,
    labels: Sequence[Any] | None = None,
    weights: Weights = "nominal",
    failures: Failures = "excluded",
) -> float | None:
    """Agreement of two raters beyond what their label frequencies give by chance.

    Cohen (1960), Educ. Psychol. Meas. 20; weighted, Cohen (1968), Psychol. Bull. 70. ``labels``
    gives the order that weights need and defaults to the sorted ones; the weights are of their
    ranks, |i - j| or (i - j)^2. None where it does not exist: no items, or one label throughout.
    Under ``wrong`` a failure is a label of the judge's own, the farthest from all others.

    Raises:
        ValueError: the raters differ in length, or a label is not among ``labels``.
    """
    pairs = _pairs(judge, human, failures)
    order = _order([value for pair in pairs for value in pair if value is not None], labels)
    counts = confusion([a for a, _ in pairs], [b for _, b in pairs], order)
    value = float(kappa_of_counts(counts, weights))
    return None if np.isnan(value) else value


def confusion(judge: Sequence[Any], human: Sequence[Any], labels: Sequence[Any]) -> Floats:
    """Counts (K + 1, K + 1): rows are the judge's labels, columns the human's, last is None.

    Raises:
        ValueError: a label is not among ``labels``.
    """
    first, second = codes(judge, labels), codes(human, labels)
    size = len(labels) + 1
    counts = np.bincount(first * size + second, minlength=size * size)
    return counts.reshape(size, size).astype(np.float64)


def codes(values: Sequence[Any], labels: Sequence[Any]) -> NDArray[np.intp]:
    """Places (n,) of ``values`` in ``labels``; the number of labels for None.

    Raises:
        ValueError: a value is not among ``labels``.
    """
    place: dict[Hashable, int] = {label: index for index, label in enumerate(labels)}
    unknown = sorted({str(value) for value in values if value is not None and value not in place})
    if unknown:
        raise ValueError(f"labels {', '.join(unknown)} are not among {', '.join(map(str, labels))}")
    return np.array([len(labels) if v is None else place[v] for v in values], dtype=np.intp)


def kappa_of_counts(counts: Floats, weights: Weights = "nominal") -> Floats:
    """Kappa (...) of confusion counts (..., K, K); NaN where chance leaves nothing to disagree on.

    1 - observed / expected disagreement.
    """
    size = counts.shape[-1]
    away = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    if weights == "nominal":
        away = (away > 0).astype(float)
    elif weights == "quadratic":
        away **= 2
    total = counts.sum(axis=(-1, -2))
    rows, columns = counts.sum(axis=-1), counts.sum(axis=-2)
    observed = (counts * away).sum(axis=(-1, -2)) * total
    expected = np.einsum("...i,ij,...j->...", rows, away, columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(expected > 0, 1 - observed / expected, np.nan))


def fleiss_kappa(counts: ArrayLike) -> float | None:
    """Agreement beyond chance of m raters who label each item once, not always the same persons.

    ``counts`` (n, K) says how many raters gave each label to each item. Fleiss (1971), Psychol.
    Bull. 76. None where all raters use one label, or there are no items. For missing ratings use
    ``krippendorff_alpha``.

    Raises:
        ValueError: items differ in their number of ratings, or have fewer than 2.
    """
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or not len(table):
        return None
    raters = table.sum(axis=1)
    if (raters != raters[0]).any() or raters[0] < 2:
        raise ValueError("Fleiss' kappa needs the same number of ratings, 2 or more, of every item")
    value = float(fleiss_of_sums(fleiss_sums(table).sum(axis=0)))
    return None if np.isnan(value) else value


def fleiss_sums(counts: Floats) -> Floats:
    """Columns (n, K + 2) whose sums hold all that kappa needs: counts, agreement, 1 an item."""
    raters = counts.sum(axis=1)
    agreed = (np.square(counts).sum(axis=1) - raters) / (raters * (raters - 1))
    return np.column_stack([counts, agreed, np.ones(len(counts))])


def fleiss_of_sums(sums: Floats) -> Floats:
    """Fleiss' kappa (...) of summed ``fleiss_sums`` (..., K + 2); NaN where it does not exist."""
    items = sums[..., -1]
    share = sums[..., :-2] / sums[..., :-2].sum(axis=-1, keepdims=True)
    observed, chance = sums[..., -2] / items, np.square(share).sum(axis=-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(chance < 1, (observed - chance) / (1 - chance), np.nan))


def _pairs(judge: Sequence[Any], human: Sequence[Any], failures: Failures) -> list[tuple[Any, Any]]:
    if len(judge) != len(human):
        raise ValueError(f"{len(judge)} labels of one rater and {len(human)} of the other")
    if any(is_missing(value) for value in human):
        raise ValueError("the reference has missing labels: leave those items out, and say so")
    pairs = [(None if is_missing(a) else a, b) for a, b in zip(judge, human, strict=True)]
    return [pair for pair in pairs if failures == "wrong" or pair[0] is not None]


def _order(values: Sequence[Any], labels: Sequence[Any] | None) -> list[Any]:
    if labels is not None:
        return list(labels)
    numbers = all(isinstance(value, (int, float, np.number)) for value in values)
    return sorted(set(values)) if numbers else sorted(set(values), key=str)
