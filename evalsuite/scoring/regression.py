"""Predicted numbers: how far they are from the truth, one by one and over a whole set of samples.

Error figures exist only where there is a number. An answer without one is wrong for the sample's
success, is counted in ``parse_failure_rate``, and is in none of the averages; ``n_numbers`` says
over how many answers these are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from evalsuite.records import Answer, Score
from evalsuite.scoring.number import final_number
from evalsuite.task import CorpusMetric, Graded


def rmse(targets: Sequence[float], predictions: Sequence[float]) -> float | None:
    """Root of the mean squared error, in units of the target; None for no samples."""
    if not targets:
        return None
    return math.sqrt(_squares(targets, predictions) / len(targets))


def mae(targets: Sequence[float], predictions: Sequence[float]) -> float | None:
    """Mean absolute error, in units of the target; None for no samples."""
    if not targets:
        return None
    pairs = zip(targets, predictions, strict=True)
    return math.fsum(abs(said - wanted) for wanted, said in pairs) / len(targets)


def r2(targets: Sequence[float], predictions: Sequence[float]) -> float | None:
    """Share of the targets' variance that is explained: 1 is perfect, 0 is as good as their mean.

    Below 0 is worse than that mean. None where the targets do not vary, or for no samples.
    """
    if not targets:
        return None
    mean = math.fsum(targets) / len(targets)
    total = math.fsum((wanted - mean) ** 2 for wanted in targets)
    return 1 - _squares(targets, predictions) / total if total > 0 else None


def read_number(answer: Answer) -> float | None:
    """The number that an answer gives as its result; None where it gives none that is finite."""
    found = final_number(answer.text or "")
    if found is None:
        return None
    try:
        value = float(found.value)
    except OverflowError:
        return None
    return value if math.isfinite(value) else None


def score_regression(answer: Answer, target: float, *, tolerance: float) -> list[Score]:
    """``within_tolerance``, and ``absolute_error`` in units of the target.

    Args:
        answer: Its final number is taken. Without one, ``within_tolerance`` is a ``format_error``
            with 0.0 and there is no error to give.
        target: The true number.
        tolerance: The largest absolute error that is a success, in units of the target.
    """
    said = read_number(answer)
    if said is None:
        return [
            Score(
                name="within_tolerance", value=0.0, status="format_error", explanation="no number"
            )
        ]
    error = abs(said - target)
    return [
        Score(name="within_tolerance", value=float(error <= tolerance), explanation=f"{said:g}"),
        Score(name="absolute_error", value=error),
    ]


def regression_metrics() -> dict[str, CorpusMetric]:
    """``rmse``, ``mae``, ``r2``, ``parse_failure_rate`` and ``n_numbers``, for numeric targets.

    The first three are over the answers that hold a number. ``parse_failure_rate`` is the share of
    answers that hold none; samples that the system failed on are no answers, and are in neither.
    """

    def read(graded: Sequence[Graded]) -> tuple[list[float], list[float]]:
        targets, predictions = [], []
        for one in graded:
            said = None if one.answer is None else read_number(one.answer)
            if said is not None:
                targets.append(float(one.sample.target))
                predictions.append(said)
        return targets, predictions

    def metric(
        figure: Callable[[Sequence[float], Sequence[float]], float | None],
    ) -> CorpusMetric:
        return lambda graded: figure(*read(graded))

    def parse_failure_rate(graded: Sequence[Graded]) -> float | None:
        answers = [one.answer for one in graded if one.answer is not None]
        if not answers:
            return None
        return sum(read_number(answer) is None for answer in answers) / len(answers)

    return {
        "rmse": metric(rmse),
        "mae": metric(mae),
        "r2": metric(r2),
        "parse_failure_rate": parse_failure_rate,
        "n_numbers": lambda graded: float(len(read(graded)[0])),
    }


def _squares(targets: Sequence[float], predictions: Sequence[float]) -> float:
    pairs = zip(targets, predictions, strict=True)
    return math.fsum((said - wanted) ** 2 for wanted, said in pairs)
