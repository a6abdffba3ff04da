"""Which tasks and systems of several runs are one and the same, and what they are called together.

A name that means the same in all runs stays. Where it does not, each meaning gets the name of the
run that has it behind its own, and a note says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evalsuite.records import SystemEntry, TaskEntry

if TYPE_CHECKING:
    import pandas as pd

    from evalsuite.store import Run

_CONTENT = ("cluster", "inputs", "target", "metadata", "messages", "choices")
_ANSWER = ["task", "sample_id", "repeat"]


@dataclass(frozen=True)
class Names:
    """What each run's names become: a mapping a run, and notes on those that had to change."""

    of_run: tuple[dict[str, str], ...]
    notes: tuple[str, ...]


def labels_of(runs: Sequence[Run]) -> list[str]:
    """A name for each run: its own, or its folder's where runs share it; numbered if need be."""
    names = [run.manifest.name for run in runs]
    labels = [
        run.path.name if names.count(name) > 1 else name
        for name, run in zip(names, runs, strict=True)
    ]
    return [
        f"{label} #{labels[: at + 1].count(label)}" if labels.count(label) > 1 else label
        for at, label in enumerate(labels)
    ]


def task_names(runs: Sequence[Run], labels: Sequence[str]) -> Names:
    """What tasks are called together.

    A task of two runs is one where version, split and success rule agree and the samples that both
    asked are the same: inputs, target, metadata, prompt, choices and cluster.
    """
    entries = [{entry.name: entry for entry in run.manifest.tasks} for run in runs]

    def why_not(name: str, a: int, b: int) -> str | None:
        return _other_task(entries[a][name], entries[b][name], runs[a], runs[b])

    names = sorted({name for of_run in entries for name in of_run})
    return _named(names, [set(of_run) for of_run in entries], labels, "task", why_not)


def system_names(runs: Sequence[Run], labels: Sequence[str], tasks: Names) -> Names:
    """What systems are called together, ``tasks`` being called as they are.

    A system of two runs is one where fingerprint and price agree, its members are the same, and no
    question was answered in both: two answers of one repeat would be two measurements.
    """
    entries = [{entry.name: entry for entry in run.manifest.systems} for run in runs]
    answered = [_Answered(run, of_run) for run, of_run in zip(runs, tasks.of_run, strict=True)]
    found: list[dict[str, str]] = [{} for _ in runs]
    notes: list[str] = []

    def why_not(name: str, a: int, b: int) -> str | None:
        one, other = entries[a][name], entries[b][name]
        members = [
            {role: found[run].get(member, member) for role, member in entry.roles.items()}
            for run, entry in ((a, one), (b, other))
        ]
        if (one.kind, one.fingerprint) != (
            other.kind,
            other.fingerprint,
        ) or one.price != other.price:
            return _other_system(one, other)
        if members[0] != members[1]:
            return "their members are kept apart"
        return "both answered the same questions" if answered[a].meets(answered[b], name) else None

    for names in _by_depth(entries):  # members before the hybrids that ask them
        named = _named(names, [set(of_run) for of_run in entries], labels, "system", why_not)
        notes += named.notes
        for mapping, more in zip(found, named.of_run, strict=True):
            mapping.update(more)
    return Names(of_run=tuple(found), notes=tuple(notes))


class _Answered:
    """What each system of a run was asked, read a system at a time and kept as long as needed."""

    def __init__(self, run: Run, tasks: dict[str, str]) -> None:
        self._run, self._tasks = run, tasks
        self._rows: pd.DataFrame | None = None

    def meets(self, other: _Answered, system: str) -> bool:
        """Whether both have an answer of ``system`` to one (task, sample, repeat)."""
        mine, theirs = self._of(system), other._of(system)
        return not mine.merge(theirs, on=_ANSWER).empty

    def _of(self, system: str) -> pd.DataFrame:
        if self._rows is None:
            self._rows = self._run.read("responses", [*_ANSWER, "system"])
        rows = self._rows[(self._rows["system"] == system).to_numpy()]
        return rows[_ANSWER].assign(task=rows["task"].map(self._tasks))


def _named(
    names: Sequence[str],
    held: Sequence[set[str]],
    labels: Sequence[str],
    what: str,
    why_not: Callable[[str, int, int], str | None],
) -> Names:
    """Give each of ``names`` one name for all runs that mean the same by it.

    ``held`` are the names of each run; ``why_not`` says why a name does not mean the same in two
    runs, None where it does.
    """
    of_run: list[dict[str, str]] = [{} for _ in labels]
    notes: list[str] = []
    taken = set().union(*held)
    for name in names:
        meanings: list[list[int]] = []
        reasons: list[str] = []
        for run in (at for at, of in enumerate(held) if name in of):
            for meaning in meanings:
                why = next((why for at in meaning if (why := why_not(name, at, run))), None)
                if why is None:
                    meaning.append(run)
                    break
                reasons.append(why)
            else:
                meanings.append([run])
        for meaning in meanings:
            label = labels[meaning[0]]
            shown = name if len(meanings) == 1 else _free(f"{name} ({label})", taken)
            for run in meaning:
                of_run[run][name] = shown
        if len(meanings) > 1:
            apart = ", ".join(of_run[meaning[0]][name] for meaning in meanings)
            why = "; ".join(dict.fromkeys(reasons))
            notes.append(f"{what} {name} is not one in all runs ({why}): it stands here as {apart}")
    return Names(of_run=tuple(of_run), notes=tuple(notes))


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "'"
    taken.add(name)
    return name


def _other_task(one: TaskEntry, other: TaskEntry, a: Run, b: Run) -> str | None:
    for field in ("version", "split", "success", "success_at"):
        here, there = getattr(one, field), getattr(other, field)
        if here != there:
            return f"{field} is {here} and {there}"
    pins = ("data_hash", "prompt_hash", "n_samples")
    if all(getattr(one, pin) == getattr(other, pin) for pin in pins):
        return None  # the hashes are over content, in order
    columns = ["task", "sample_id", *_CONTENT]
    mine, theirs = (_of_task(run.read("samples", columns), one.name) for run in (a, b))
    both = mine.merge(theirs, on="sample_id", suffixes=("", "_other"))
    same = _same(both, "cluster")
    for column in _CONTENT:
        same &= _same(both, column)
    n_other = int((~same).sum())
    return f"{n_other} of {len(both)} common samples differ" if n_other else None


def _of_task(samples: pd.DataFrame, task: str) -> pd.DataFrame:
    return samples[(samples["task"] == task).to_numpy()].drop(columns="task")


def _same(both: pd.DataFrame, column: str) -> pd.Series:
    mine, theirs = both[column], both[f"{column}_other"]
    return (mine == theirs).fillna(False).astype(bool) | (mine.isna() & theirs.isna())


def _other_system(one: SystemEntry, other: SystemEntry) -> str:
    if one.fingerprint != other.fingerprint:
        return "their fingerprints differ"
    return "their prices differ" if one.price != other.price else "one is a hybrid"


def _by_depth(entries: Sequence[dict[str, SystemEntry]]) -> list[list[str]]:
    """All names, those first that ask nobody, then those that ask only these, and so on."""

    def depth(name: str, seen: tuple[str, ...] = ()) -> int:
        members = {member for of in entries if name in of for member in of[name].roles.values()} - {
            name,
            *seen,
        }
        return 1 + max((depth(member, (*seen, name)) for member in members), default=-1)

    depths = {name: depth(name) for of_run in entries for name in of_run}
    return [
        sorted(name for name, at in depths.items() if at == level)
        for level in range(max(depths.values(), default=-1) + 1)
    ]
