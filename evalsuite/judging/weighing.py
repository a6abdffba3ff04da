"""A verdict weighed by how sure the judge was: the expected value instead of the likeliest.

G-Eval's score (Liu et al., 2023, arXiv:2303.16634): the sum over the labels of their value times
their probability. It tells apart answers that get the same number, and a judge that says 4 with
0.4 from one that says it with 0.9.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from evalsuite.judging.scales import Scale
from evalsuite.records import Answer


def chances(answer: Answer, label: str, scale: Scale) -> dict[str, float] | None:
    """Probabilities of the labels, summing to 1; None where the judge gave no way to know them.

    Of a judge that scored the labels as choices they are those. Of one that wrote a text they are
    of the likeliest tokens, at the last position where the likeliest was ``label``, the verdict
    that was read; tokens that are no label are left out. Where a label begins with another one
    ("1" and "10") the tokens count only if the longer label is one of them: else it may be hidden
    in the shorter one's.
    """
    if answer.probabilities:
        return _shared({name: answer.probabilities.get(name, 0.0) for name in scale.labels})
    for position in reversed(answer.top_logprobs or ()):
        if not position or scale.label_of(max(position, key=position.__getitem__)) != label:
            continue
        found = _labels_in(position, scale)
        return _shared(found) if len(found) > 1 and not _hidden(found, scale) else None
    return None


def expected(chance: Mapping[str, float], scale: Scale) -> float:
    """The expected value over the labels that have a probability."""
    return math.fsum(p * scale.values[label] for label, p in chance.items())


def _labels_in(position: Mapping[str, float], scale: Scale) -> dict[str, float]:
    found: dict[str, float] = {}
    for token, logprob in position.items():
        label = scale.label_of(token)
        if label is not None:
            found[label] = found.get(label, 0.0) + math.exp(logprob)
    return found


def _hidden(found: Mapping[str, float], scale: Scale) -> bool:
    longer: Sequence[str] = [
        label
        for label in scale.labels
        for other in found
        if label != other and label.startswith(other)
    ]
    return any(label not in found for label in longer)


def _shared(masses: Mapping[str, float]) -> dict[str, float] | None:
    whole = math.fsum(masses.values())
    if whole <= 0:
        return None
    return {label: mass / whole for label, mass in masses.items()}
