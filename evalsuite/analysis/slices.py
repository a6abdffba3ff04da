"""Parts of a run's samples that share a trait: a task, a family, a value in their metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evalsuite.store import Run

OWN = ("task", "family")
MOST_VALUES = 60
FEWEST_SAMPLES = 3
"""A trait with more values, or fewer samples of each, is no way to slice: an id, a date, a text."""


def traits(run: Run) -> dict[str, dict[tuple[str, str], str]]:
    """For each trait, the value of every (task, sample) that has one.

    Traits are ``task``, ``family`` (where there are several) and the keys of samples' metadata
    that hold a few plain values.
    """
    families = {task.name: task.family for task in run.manifest.tasks}
    found: dict[str, dict[tuple[str, str], str]] = {"task": {}, "family": {}}
    for task, sample, metadata in zip(
        run.samples["task"], run.samples["sample_id"], run.samples["metadata"], strict=True
    ):
        key = (str(task), str(sample))
        found["task"][key], found["family"][key] = key[0], families[key[0]]
        for name, value in _plain(metadata).items():
            found.setdefault(f"metadata {name}" if name in OWN else name, {})[key] = value
    if len(set(families.values())) == len(families):
        del found["family"]  # says what the task says
    return {name: of for name, of in found.items() if _divides(list(of.values()))}


def _divides(values: Sequence[str]) -> bool:
    """Whether a trait divides the samples into parts that can be looked at, and is no id."""
    n_parts = len(set(values))
    return 2 <= n_parts <= min(MOST_VALUES, len(values) / FEWEST_SAMPLES)


def _plain(metadata: str) -> Mapping[str, str]:
    """The entries of ``metadata`` (a JSON object as text) that are numbers, words or yes/no."""
    content: Any = json.loads(metadata)
    if not isinstance(content, dict):
        return {}
    return {
        str(key): str(value)
        for key, value in content.items()
        if isinstance(value, str | int | float | bool)
    }
