"""Verdicts that are known to be right, from a file: people's, as a rule.

A row is about one answer (``sample_id``, ``system``, ``label``) or about a pair (``sample_id``,
``system_a``, ``system_b`` and a ``label`` of "a", "b" or "tie"). ``task`` and ``criterion`` say of
which, where there are several.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalsuite.errors import ConfigError
from evalsuite.judging.judge_file import POINTWISE, JudgeFile
from evalsuite.judging.scales import TIE
from evalsuite.systems.recordings import recorded_rows

Key = tuple[str, str, str, tuple[str, ...]]
_OTHER = {"a": "b", "b": "a", TIE: TIE}


@dataclass(frozen=True)
class Labels:
    """``found`` is by (task, sample, criterion, systems); a task or criterion of "" is any."""

    found: dict[Key, str]

    def of(self, task: str, sample_id: str, criterion: str, systems: tuple[str, ...]) -> str | None:
        """The label of an answer, or of a pair: "a" is then the first of ``systems``."""
        for at_task in (task, ""):
            for at_criterion in (criterion, ""):
                label = self.found.get((at_task, sample_id, at_criterion, systems))
                if label is not None:
                    return label
        return None


def read_labels(path: Path, judge: JudgeFile) -> Labels:
    """Read the labels in ``path``, a CSV or JSON Lines file (also .gz), for ``judge``.

    Raises:
        ConfigError: no such file, a column is missing, a label is not on the judge's scale, or two
            labels of one thing differ.
    """
    names = ("system",) if judge.kind in POINTWISE else ("system_a", "system_b")
    found: dict[Key, str] = {}
    for number, row in enumerate(recorded_rows(path), start=1):
        for column in ("sample_id", *names, "label"):
            if row.get(column) in (None, ""):
                raise ConfigError(f"{path}: row {number} has no {column!r}")
        task, sample_id, criterion = (
            str(row.get(column) or "") for column in ("task", "sample_id", "criterion")
        )
        label = _label(judge, criterion, str(row["label"]))
        if label is None:
            raise ConfigError(f"{path}: row {number}: {row['label']!r} is no label of this judge")
        systems = tuple(str(row[name]) for name in names)
        _keep(found, (task, sample_id, criterion, systems), label, path, number)
        if len(systems) == 2:
            turned = (systems[1], systems[0])
            _keep(found, (task, sample_id, criterion, turned), _OTHER[label], path, number)
    if not found:
        raise ConfigError(f"{path}: no labels in it")
    return Labels(found)


def _label(judge: JudgeFile, criterion: str, said: str) -> str | None:
    if judge.kind not in POINTWISE:
        return said if said in _OTHER else None
    known = [criterion] if criterion in judge.criteria else list(judge.criteria)
    labels = (judge.scale_of(name).label_of(said) for name in known)
    return next((label for label in labels if label is not None), None)


def _keep(found: dict[Key, str], key: Key, label: str, path: Path, number: int) -> None:
    if found.setdefault(key, label) != label:
        raise ConfigError(f"{path}: row {number}: another row says {found[key]!r} of the same")
