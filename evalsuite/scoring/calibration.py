"""Calibration: whether answers given with 80 % confidence are right in 80 % of cases."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from evalsuite.scoring import labels
from evalsuite.task import CorpusMetric, Graded

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

BINS = 15
"""As in Guo et al. 2017 (arXiv:1706.04599), section 2."""

View = Callable[[Graded], tuple[str, Mapping[str, float]] | None]


def ece(
    confidences: Sequence[float], correct: Sequence[bool | float], bins: int = BINS
) -> float | None:
    """Expected calibration error, 0 to 1; None for no answers.

    Answers are put into ``bins`` bins of equal width, ((m - 1) / bins, m / bins], by their
    confidence; the figure is the mean over answers of the distance between the accuracy and the
    mean confidence of their bin (Guo et al. 2017, equation 3). Confidence 0 is in the first bin.

    Args:
        confidences: Probability that each answer had for its own, 0 to 1.
        correct: Whether each answer is right.
        bins: How many.

    Raises:
        ValueError: If a confidence is not within 0 and 1.
    """
    import numpy as np

    values, right = _checked(confidences, correct)
    if not len(values):
        return None
    upper = np.arange(1, bins + 1) / bins
    # Comparing with the bounds keeps 0.2 out of the bin above it, which 0.2 * 15 would not.
    where = np.minimum(np.searchsorted(upper, values, side="left"), bins - 1)
    gaps = np.bincount(where, weights=right - values, minlength=bins)
    return float(np.abs(gaps).sum() / len(values))


def adaptive_ece(
    confidences: Sequence[float], correct: Sequence[bool | float], bins: int = BINS
) -> float | None:
    """:func:`ece` with bins of equal mass: as many answers in each (Nguyen and O'Connor 2015).

    Answers of equal confidence are alike: where the bound of a bin falls between them, each side
    gets their mean accuracy, so that the order of the samples does not count. With fewer answers
    than ``bins`` each is a bin of its own.
    """
    import numpy as np

    values, right = _checked(confidences, correct)
    if not len(values):
        return None
    order = np.argsort(values, kind="stable")
    values, right = values[order], right[order]
    _, group = np.unique(values, return_inverse=True)
    mean_right = (np.bincount(group, weights=right) / np.bincount(group))[group]
    parts = np.array_split(mean_right - values, min(bins, len(values)))
    return float(sum(abs(part.sum()) for part in parts) / len(values))


def calibration_metrics(view: View | None = None) -> dict[str, CorpusMetric]:
    """Corpus metrics of the probabilities that answers came with.

    ``brier`` and ``log_loss`` are of the probability of the target (see
    :mod:`~evalsuite.scoring.labels`), ``ece`` and ``ece_adaptive`` of the probability of the
    likeliest label. All are None unless every answer has probabilities. Samples that the system
    failed on have none and are left out.

    Args:
        view: The target and the probabilities of an answer, None where it has none; by default
            ``sample.target`` and ``answer.probabilities``.
    """
    of = view or _plain

    def read(graded: Sequence[Graded]) -> list[tuple[str, Mapping[str, float]]] | None:
        views = [of(one) for one in graded if one.answer is not None]
        known = [one for one in views if one is not None]
        return known if known and len(known) == len(views) else None

    def metric(
        figure: Callable[[Sequence[str], labels.Probabilities], float | None],
    ) -> CorpusMetric:
        def over(graded: Sequence[Graded]) -> float | None:
            known = read(graded)
            return figure([t for t, _ in known], [p for _, p in known]) if known else None

        return over

    return {
        "brier": metric(labels.brier),
        "log_loss": metric(labels.log_loss),
        "ece": metric(_of_likeliest(ece)),
        "ece_adaptive": metric(_of_likeliest(adaptive_ece)),
    }


def _plain(graded: Graded) -> tuple[str, Mapping[str, float]] | None:
    probabilities = graded.answer.probabilities if graded.answer else None
    return (str(graded.sample.target), probabilities) if probabilities else None


def _of_likeliest(
    figure: Callable[[Sequence[float], Sequence[bool]], float | None],
) -> Callable[[Sequence[str], labels.Probabilities], float | None]:
    def over(targets: Sequence[str], probabilities: labels.Probabilities) -> float | None:
        likeliest = [max(row, key=row.__getitem__) for row in probabilities]
        confidences = [row[name] for row, name in zip(probabilities, likeliest, strict=True)]
        return figure(confidences, [a == b for a, b in zip(targets, likeliest, strict=True)])

    return over


def _checked(
    confidences: Sequence[float], correct: Sequence[bool | float]
) -> tuple[NDArray[float64], NDArray[float64]]:
    import numpy as np

    values = np.asarray(confidences, dtype=float)
    right = np.asarray(correct, dtype=float)
    if values.shape != right.shape:
        raise ValueError(f"{len(values)} confidences of {len(right)} answers")
    # Sums of a softmax may pass 1 by a rounding error.
    if not ((values >= 0) & (values <= 1 + 1e-9)).all():
        raise ValueError("a confidence is a probability, from 0 to 1")
    return values, right
