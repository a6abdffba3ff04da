"""Classification figures over a whole set of samples.

Labels are texts. A prediction of None is an answer that could not be read: it is wrong wherever
predictions are counted. Figures that do not exist for the given labels are None.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evalsuite.scoring.choice import read_choice
from evalsuite.task import CorpusMetric, Graded

Labels = Sequence[str]
Predictions = Sequence[str | None]
Probabilities = Sequence[Mapping[str, float]]

_SMALLEST = 1e-15  # a probability of 0 for what happened would make one sample's loss infinite


def accuracy(targets: Labels, predictions: Predictions) -> float | None:
    """Share of right predictions; None for no samples."""
    if not targets:
        return None
    return sum(map(_equal, targets, predictions)) / len(targets)


def balanced_accuracy(targets: Labels, predictions: Predictions) -> float | None:
    """Mean over the labels that occur of the share of their samples that were found."""
    if not targets:
        return None
    total = Counter(targets)
    found = Counter(t for t, p in zip(targets, predictions, strict=True) if t == p)
    return sum(found[label] / total[label] for label in total) / len(total)


def macro_f1(targets: Labels, predictions: Predictions) -> float | None:
    """Mean of the F1 of every label that occurs as target or prediction."""
    if not targets:
        return None
    said, wanted = Counter(predictions), Counter(targets)
    found = Counter(t for t, p in zip(targets, predictions, strict=True) if t == p)
    names = wanted.keys() | {name for name in said if name is not None}
    return sum(2 * found[name] / (wanted[name] + said[name]) for name in names) / len(names)


def precision_of(label: str, targets: Labels, predictions: Predictions) -> float | None:
    """Share of the predictions of ``label`` that are right; None where it is never predicted."""
    said = [target for target, p in zip(targets, predictions, strict=True) if p == label]
    return said.count(label) / len(said) if said else None


def recall_of(label: str, targets: Labels, predictions: Predictions) -> float | None:
    """Share of the samples of ``label`` that were found; None where there is none."""
    found = [p for target, p in zip(targets, predictions, strict=True) if target == label]
    return found.count(label) / len(found) if found else None


def f1_of(label: str, targets: Labels, predictions: Predictions) -> float | None:
    """F1 of one label; None where it is neither a target nor a prediction."""
    found = sum(t == p == label for t, p in zip(targets, predictions, strict=True))
    n = list(targets).count(label) + list(predictions).count(label)
    return 2 * found / n if n else None


def mcc(targets: Labels, predictions: Predictions) -> float | None:
    """Matthews correlation, multi-class (Gorodkin 2004), -1 to 1.

    None where targets or predictions are all the same: there is nothing to correlate.
    """
    n = len(targets)
    said, wanted = Counter(predictions), Counter(targets)
    right = sum(map(_equal, targets, predictions))
    both = sum(wanted[name] * said[name] for name in wanted)
    spread_said = n * n - sum(count * count for count in said.values())
    spread_wanted = n * n - sum(count * count for count in wanted.values())
    if spread_said == 0 or spread_wanted == 0:
        return None
    return (right * n - both) / math.sqrt(spread_said * spread_wanted)


def log_loss(targets: Labels, probabilities: Probabilities) -> float | None:
    """Mean negative natural logarithm of the probability given to the target, in nats."""
    if not targets:
        return None
    given = [row.get(name, 0.0) for name, row in zip(targets, probabilities, strict=True)]
    return -sum(math.log(max(p, _SMALLEST)) for p in given) / len(given)


def brier(targets: Labels, probabilities: Probabilities) -> float | None:
    """Mean squared distance to the one-hot target, summed over labels: 0 to 2 (Brier 1950)."""
    if not targets:
        return None
    losses = [
        sum((p - (label == name)) ** 2 for label, p in row.items()) + (name not in row)
        for name, row in zip(targets, probabilities, strict=True)
    ]
    return sum(losses) / len(losses)


def auc(targets: Labels, probabilities: Probabilities) -> float | None:
    """Area under the ROC curve: macro mean over labels of one against the rest.

    Ties count half (Mann-Whitney). With two labels this is the usual binary figure. None where a
    label that has a probability has no sample, or all samples: its curve does not exist.
    """
    names = sorted({name for row in probabilities for name in row})
    areas = []
    for name in names:
        positive = [label == name for label in targets]
        area = auroc([row.get(name, 0.0) for row in probabilities], positive)
        if area is None:
            return None
        areas.append(area)
    return sum(areas) / len(areas) if areas else None


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """Chance that a positive scores above a negative, ties counting half (Mann-Whitney).

    None where one of the two kinds is missing.
    """
    import numpy as np

    n_positive = sum(positive)
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return None
    _, inverse, counts = np.unique(np.asarray(scores), return_inverse=True, return_counts=True)
    mean_rank = np.cumsum(counts) - (counts - 1) / 2
    ranks: float = mean_rank[inverse][np.asarray(positive)].sum()
    return float((ranks - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def _equal(target: str, prediction: str | None) -> bool:
    return target == prediction


def prediction_metrics(
    choices: Callable[[Any], Sequence[str]], group: Callable[[Any], str] | None = None
) -> dict[str, CorpusMetric]:
    """Corpus metrics of the predicted labels, for a task whose targets are labels.

    Args:
        choices: The labels of a sample.
        group: Names the label set of a sample where samples have different ones; equal labels of
            different groups are then different classes.

    Samples that the system failed on (no answer) are left out: they are no predictions.
    """

    def read(graded: Sequence[Graded]) -> tuple[list[str], list[str | None]]:
        targets, predictions = [], []
        for one in graded:
            if one.answer is None:
                continue
            front = f"{group(one.sample)}:" if group else ""
            said = read_choice(one.answer, choices(one.sample))
            targets.append(f"{front}{one.sample.target}")
            predictions.append(None if said is None else f"{front}{said}")
        return targets, predictions

    return {
        "balanced_accuracy": lambda graded: balanced_accuracy(*read(graded)),
        "macro_f1": lambda graded: macro_f1(*read(graded)),
        "mcc": lambda graded: mcc(*read(graded)),
    }


def label_metrics(
    read: Callable[[Graded], str | None],
    figures: Mapping[str, Callable[[Labels, Predictions], float | None]],
) -> dict[str, CorpusMetric]:
    """Corpus metrics of predicted labels.

    Args:
        read: The label that was predicted; None where that cannot be read, which is a wrong one.
        figures: Name -> figure of targets and predictions.

    Samples that the system failed on (no answer) are left out: they are no predictions.
    """

    def metric(figure: Callable[[Labels, Predictions], float | None]) -> CorpusMetric:
        def over(graded: Sequence[Graded]) -> float | None:
            answered = [one for one in graded if one.answer is not None]
            return figure(
                [str(one.sample.target) for one in answered], [read(one) for one in answered]
            )

        return over

    return {name: metric(figure) for name, figure in figures.items()}


def probability_metrics(*, ranking: bool = True) -> dict[str, CorpusMetric]:
    """Corpus metrics of class probabilities; None unless every answer has them.

    Args:
        ranking: Whether to give ``auc`` too, which needs all samples to have the same labels.
    """

    def read(graded: Sequence[Graded]) -> tuple[list[str], list[Mapping[str, float]]] | None:
        answered = [(one.sample.target, one.answer) for one in graded if one.answer is not None]
        known = [(target, answer.probabilities) for target, answer in answered]
        if any(probabilities is None for _, probabilities in known):
            return None
        return [t for t, _ in known], [p for _, p in known if p is not None]

    def metric(figure: Callable[[Labels, Probabilities], float | None]) -> CorpusMetric:
        def over(graded: Sequence[Graded]) -> float | None:
            pair = read(graded)
            return figure(*pair) if pair else None

        return over

    figures = {"log_loss": log_loss, "brier": brier}
    if ranking:
        figures["auc"] = auc
    return {name: metric(figure) for name, figure in figures.items()}
