"""The answers that a judge may give, and what each is worth.

A scale is a list of labels with values. It is written as ``1-5``, as ``1-10 in steps of 0.5``, as
``yes/no``, as a list from the worst label to the best, or as a mapping of labels to values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_RANGE = re.compile(r"(-?\d+)\s*-\s*(-?\d+)(?:\s+in steps of\s+(\d+(?:\.\d+)?))?")
_MOST_LABELS = 101

A, B, TIE = "A", "B", "tie"
PAIR = {A: 1.0, TIE: 0.5, B: 0.0}
"""What a verdict on two answers is worth to the one shown first."""


@dataclass(frozen=True)
class Scale:
    """``values`` maps each label, in the order in which a judge is told of them, to its worth."""

    values: Mapping[str, float]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in order."""
        return tuple(self.values)

    @property
    def numeric(self) -> bool:
        """Whether the labels are the numbers themselves."""
        return all(_number(label) == value for label, value in self.values.items())

    def label_of(self, said: str) -> str | None:
        """The label that ``said`` is, whatever its case and quotes; None where it is none.

        A number may be written in other ways (``4.0`` on a scale of 1-5); one that lies between
        two labels is no label.
        """
        plain = _plain(said)
        for label in self.values:
            if _plain(label) == plain:
                return label
        number = _number(plain) if self.numeric else None
        return next((name for name, value in self.values.items() if value == number), None)

    def out_of_range(self, said: str) -> bool:
        """Whether ``said`` is a number where numbers are asked for, and no label."""
        return self.numeric and _number(_plain(said)) is not None and self.label_of(said) is None

    def words(self) -> str:
        """The labels as a judge is told of them."""
        labels = self.labels
        if self.numeric and len(labels) > 2:
            whole = all(value.is_integer() for value in self.values.values())
            what = "a whole number" if whole else f"a number such as {labels[0]} or {labels[1]}"
            return f"{what} from {labels[0]} to {labels[-1]}"
        return f"{', '.join(labels[:-1])} or {labels[-1]}"


def scale_of(stated: object) -> Scale:
    """The scale that a judge file states.

    Raises:
        ValueError: it is none of the four forms.
    """
    if isinstance(stated, Mapping):
        return _checked({_label(key): float(value) for key, value in stated.items()})
    if isinstance(stated, Sequence) and not isinstance(stated, str):
        labels = [_label(item) for item in stated]
        steps = max(1, len(labels) - 1)
        return _checked({label: index / steps for index, label in enumerate(labels)}, len(labels))
    text = str(stated).strip()
    bounds = _RANGE.fullmatch(text)
    if bounds:
        low, high, step = int(bounds[1]), int(bounds[2]), float(bounds[3] or 1)
        n = round((high - low) / step) if step > 0 else 0
        if low + n * step != high or n < 1:
            raise ValueError(f"steps of {step:g} do not lead from {low} to {high}")
        if n >= _MOST_LABELS:
            raise ValueError(f"a scale has {_MOST_LABELS} labels at most, not {n + 1}")
        return _checked({f"{low + i * step:g}": low + i * step for i in range(n + 1)})
    if text.count("/") == 1:
        good, bad = (part.strip() for part in text.split("/"))
        return _checked({good: 1.0, bad: 0.0})
    raise ValueError("a scale is 1-5, yes/no, a list of labels or a mapping of labels to values")


def _checked(values: dict[str, float], stated: int | None = None) -> Scale:
    if len(values) < 2 or (stated or len(values)) != len(values):
        raise ValueError("a scale needs two different labels at least")
    if len(values) > _MOST_LABELS:
        raise ValueError(f"a scale has {_MOST_LABELS} labels at most, not {len(values)}")
    plain = [_plain(label) for label in values]
    if "" in plain or len(set(plain)) != len(plain):
        raise ValueError("labels of a scale must differ in more than case, and none may be empty")
    return Scale(values)


def _label(value: object) -> str:
    """A label of YAML: ``yes`` and ``no`` come as booleans."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _plain(text: str) -> str:
    return " ".join(text.split()).strip("*_`'\" .").casefold()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
