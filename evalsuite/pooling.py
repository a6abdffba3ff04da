"""Several runs as one, so that every figure and every report works on them together.

Samples that two runs share are paired, as if one run had asked both runs' systems. What may be put
together is decided by content, not by name: see ``evalsuite.pooled_names`` for tasks and systems.
Texts are read where they are needed, from the folders of the runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from evalsuite.errors import UserError
from evalsuite.pooled_names import labels_of, system_names, task_names
from evalsuite.records import Footprint, Manifest, SystemEntry, TaskEntry, fingerprint
from evalsuite.store import COLUMNS, Run, Table

if TYPE_CHECKING:
    import pandas as pd

_SYSTEMS = ("system", "system_a", "system_b", "member")
_KEYS = ("response_key", "response_key_a", "response_key_b", "question_key")
_ONCE = {
    "samples": ("task", "sample_id"),
    "fits": ("key", "task", "system"),
    "corpus": ("task", "system", "metric"),
}
"""Tables in which two runs may say one thing, and what names it. Its first row is kept; of
``corpus`` none is, because a figure over the answers of one run is not one over those of all."""


def pool(runs: Sequence[Run]) -> Run:
    """One run that holds the answers of all ``runs``.

    A task of two runs is one where what both asked is the same; a system of two runs is one where
    its fingerprint, price and members are the same and no question was answered in both. Otherwise
    each keeps the name of its run behind its own, and ``manifest.notes`` says why. Notes also say
    where runs were made under other conditions, which latency and machine cost depend on. The
    order of ``runs`` decides only whose name comes first.

    Raises:
        UserError: there are no runs, or one is given twice.
    """
    _check(runs)
    if len(runs) == 1:
        return runs[0]
    labels = labels_of(runs)
    tasks = task_names(runs, labels)
    systems = system_names(runs, labels, tasks)
    parts = [
        _Part(number=number, run=run, tasks=tasks.of_run[number], systems=systems.of_run[number])
        for number, run in enumerate(runs)
    ]
    tables = _tables(parts)
    notes = (
        *tasks.notes,
        *systems.notes,
        *different_conditions(runs, labels),
        *_left_out(parts, tables),
    )
    manifest = _manifest(parts, labels, notes, tables)
    return Run(
        path=Path(" + ".join(str(run.path) for run in runs)),
        manifest=manifest,
        tables=tables,
        parts=tuple(
            msgspec.structs.replace(run.manifest, name=label)
            for run, label in zip(runs, labels, strict=True)
        ),
    )


def different_conditions(runs: Sequence[Run], labels: Sequence[str]) -> tuple[str, ...]:
    """What makes latencies, machine costs and energy of ``runs`` hard to compare, in words."""
    manifests = [run.manifest for run in runs]

    def differing(of: Callable[[Manifest], Any], words: Callable[[Any], str]) -> str | None:
        values = [of(manifest) for manifest in manifests]
        if all(value == values[0] for value in values):
            return None
        told = (f"{label}: {words(value)}" for label, value in zip(labels, values, strict=True))
        return "; ".join(told)

    machines = differing(lambda one: one.hardware, _machine)
    at_a_time = differing(
        lambda one: one.concurrency,
        lambda n: "as many at a time as the endpoint took" if n is None else f"{n} at a time",
    )
    versions = differing(lambda one: one.evalsuite_version, str)
    notes = []
    if machines:
        notes.append(
            "the runs were made on different machines, so latency, energy and the cost of "
            f"machine time are not comparable between them ({machines})"
        )
    if at_a_time:
        notes.append(
            "the runs asked different numbers of questions at a time, so latencies are not "
            f"comparable between them ({at_a_time})"
        )
    if versions:
        notes.append(f"the runs were made by different versions of evalsuite ({versions})")
    return tuple(notes)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A run to be pooled, and what its tasks and systems are called."""

    number: int
    run: Run
    tasks: Mapping[str, str]
    systems: Mapping[str, str]

    def read(self, table: str, columns: Sequence[str]) -> pd.DataFrame:
        """``columns`` of ``table`` under the names of the pooled run."""
        frame = self.run.read(table, columns)
        changed: dict[str, Any] = {}
        for name in columns:
            if name == "task" and _changes(self.tasks):
                changed[name] = _renamed(frame[name], self.tasks)
            elif name in _SYSTEMS and _changes(self.systems):
                changed[name] = _renamed(frame[name], self.systems)
            elif name in _KEYS or (name == "key" and table in ("responses", "practice")):
                # One question to one system has one key in every run.
                changed[name] = f"{self.number}-" + frame[name].astype("str")
        return frame.assign(**changed) if changed else frame


def _check(runs: Sequence[Run]) -> None:
    if not runs:
        raise UserError("there is no run to report: name at least one folder of a finished run")
    seen: set[Path] = set()
    for run in runs:
        folder = run.path.resolve()
        if folder in seen:
            raise UserError(f"{run.path} is given twice: name each run once")
        seen.add(folder)
        if run.manifest.schema_version != runs[0].manifest.schema_version:
            raise UserError(
                f"{run.path} has schema version {run.manifest.schema_version} and {runs[0].path} "
                f"{runs[0].manifest.schema_version}: runs of one version can be pooled"
            )


def _tables(parts: Sequence[_Part]) -> dict[str, Table]:
    def table(name: str) -> Table:
        @cache
        def kept() -> list[NDArray[np.bool_]]:
            found = [part.read(name, _ONCE[name]) for part in parts]
            return _once(found, keep=False if name == "corpus" else "first")

        def read(columns: Sequence[str]) -> pd.DataFrame:
            import pandas as pd

            frames = [part.read(name, columns) for part in parts]
            if name in _ONCE:
                frames = [frame[rows] for frame, rows in zip(frames, kept(), strict=True)]
            # Columns of no rows have no type of their own to give to the others.
            frames = [frame for frame in frames if len(frame)] or frames[:1]
            return pd.concat(frames, ignore_index=True)

        return read

    return {name: table(name) for name in COLUMNS}


def _once(frames: Sequence[pd.DataFrame], keep: Literal["first", False]) -> list[NDArray[np.bool_]]:
    """Which rows of each of ``frames`` are the first of their kind, or the only ones."""
    import pandas as pd

    again = pd.concat(frames, ignore_index=True).duplicated(keep=keep).to_numpy()
    return np.split(~again, np.cumsum([len(frame) for frame in frames])[:-1])


def _left_out(parts: Sequence[_Part], tables: Mapping[str, Table]) -> tuple[str, ...]:
    """A note on figures over all answers of a task that two runs have of one system."""
    n_rows = sum(len(part.run.read("corpus", ["task"])) for part in parts)
    n_out = n_rows - len(tables["corpus"](["task"]))
    if not n_out:
        return ()
    return (
        f"{n_out} corpus figures are left out: each is over the answers of one run, and the "
        "system answered parts of the task in several",
    )


def _changes(names: Mapping[str, str]) -> bool:
    return any(old != new for old, new in names.items())


def _renamed(column: pd.Series, names: Mapping[str, str]) -> pd.Series:
    """``column`` with each name replaced; those of no system (a tool's) and nulls stay."""
    import pandas as pd

    codes, found = pd.factorize(column)
    new = pd.Series([names.get(str(name), str(name)) for name in found], dtype="str")
    return new.reindex(codes).set_axis(column.index)  # of code -1 there is none


def _manifest(
    parts: Sequence[_Part], labels: Sequence[str], notes: Iterable[str], tables: Mapping[str, Table]
) -> Manifest:
    manifests = [part.run.manifest for part in parts]
    first = manifests[0]
    told = [
        f"{label}: {note}"
        for label, manifest in zip(labels, manifests, strict=True)
        for note in manifest.notes
    ]
    stopped = [
        f"{label}: {manifest.stopped}"
        for label, manifest in zip(labels, manifests, strict=True)
        if manifest.stopped
    ]
    ends = [manifest.finished_at for manifest in manifests if manifest.finished_at is not None]
    tasks, more = _tasks(parts, tables["samples"], tables["responses"])
    return Manifest(
        schema_version=first.schema_version,
        name=" + ".join(labels),
        experiment={"runs": [manifest.experiment for manifest in manifests]},
        fingerprint=fingerprint([manifest.fingerprint for manifest in manifests]),
        started_at=min(manifest.started_at for manifest in manifests),
        finished_at=max(ends) if len(ends) == len(manifests) else None,
        complete=all(manifest.complete for manifest in manifests),
        sessions=sum(manifest.sessions for manifest in manifests),
        tasks=tasks,
        systems=_systems(parts),
        repeats=max(manifest.repeats for manifest in manifests),
        seed=first.seed,
        concurrency=_common([manifest.concurrency for manifest in manifests]),
        sandbox=_joined(manifest.sandbox for manifest in manifests),
        evalsuite_version=_joined(manifest.evalsuite_version for manifest in manifests),
        code=_joined(manifest.code for manifest in manifests if manifest.code) or None,
        python=_joined(manifest.python for manifest in manifests),
        packages=_joined_values([manifest.packages for manifest in manifests]),
        hardware=_joined_values([manifest.hardware for manifest in manifests]),
        notes=(*notes, *more, *told),
        stopped="; ".join(stopped) or None,
        sandbox_features=_joined(one.sandbox_features for one in manifests if one.sandbox_features),
        footprints=_footprints(parts),
        idle_power=tuple(power for manifest in manifests for power in manifest.idle_power),
    )


def _tasks(
    parts: Sequence[_Part], samples: Table, responses: Table
) -> tuple[tuple[TaskEntry, ...], tuple[str, ...]]:
    """The tasks by name, with all samples of all runs, and a note where systems had some only."""
    merged: dict[str, list[TaskEntry]] = {}
    for part in parts:
        for entry in part.run.manifest.tasks:
            merged.setdefault(part.tasks[entry.name], []).append(entry)
    n_samples = samples(["task"])["task"].value_counts()
    found = tuple(
        msgspec.structs.replace(
            entries[0],
            name=name,
            n_samples=int(n_samples.get(name, 0)) if len(entries) > 1 else entries[0].n_samples,
            data_hash=_one_hash([entry.data_hash for entry in entries]),
            prompt_hash=_one_hash([entry.prompt_hash for entry in entries]),
        )
        for name, entries in merged.items()
    )
    shared = [name for name, entries in merged.items() if len(entries) > 1]
    return found, _unequal(responses, shared)


def _unequal(responses: Table, tasks: Sequence[str]) -> tuple[str, ...]:
    """Notes on those of ``tasks`` in which not all systems were asked as many samples."""
    if not tasks:
        return ()
    rows = responses(["task", "system", "sample_id"])
    asked = rows[rows["task"].isin(list(tasks))].drop_duplicates()
    counts = asked.groupby(["task", "system"], sort=True).size()
    notes = []
    for task in tasks:
        of_task = counts[counts.index.get_level_values("task") == task]
        if of_task.nunique() > 1:
            each = ", ".join(
                f"{system} {n}" for (_, system), n in zip(of_task.index, of_task, strict=True)
            )
            notes.append(
                f"task {task}: systems were not asked the same samples ({each}); rates are over "
                "what each was asked, comparisons over what both were"
            )
    return tuple(notes)


def _systems(parts: Sequence[_Part]) -> tuple[SystemEntry, ...]:
    found: dict[str, SystemEntry] = {}
    for part in parts:
        for entry in part.run.manifest.systems:
            name = part.systems[entry.name]
            roles = {role: part.systems.get(one, one) for role, one in entry.roles.items()}
            reported = entry.reported or (name in found and found[name].reported)
            known = found.get(name, entry)
            found[name] = msgspec.structs.replace(known, name=name, roles=roles, reported=reported)
    return tuple(found.values())


def _footprints(parts: Sequence[_Part]) -> tuple[Footprint, ...]:
    """One of each system; the first one, where a system was in several runs."""
    found: dict[str, Footprint] = {}
    for part in parts:
        for item in part.run.manifest.footprints:
            name = part.systems.get(item.system, item.system)
            found.setdefault(name, msgspec.structs.replace(item, system=name))
    return tuple(found.values())


def _machine(hardware: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in hardware.items()) or "unknown"


def _one_hash(hashes: Sequence[str]) -> str:
    return hashes[0] if len(set(hashes)) == 1 else fingerprint(sorted(set(hashes)))


def _common(values: Sequence[Any]) -> Any:
    """What all of ``values`` are; None where they differ."""
    return values[0] if all(value == values[0] for value in values) else None


def _joined(values: Iterable[str]) -> str:
    return " / ".join(dict.fromkeys(values))


def _joined_values(of_runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Each entry as all runs have it, or what they have, joined."""
    found: dict[str, Any] = {}
    for name in dict.fromkeys(name for of_run in of_runs for name in of_run):
        values = [of_run[name] for of_run in of_runs if name in of_run]
        same = all(value == values[0] for value in values)
        found[name] = values[0] if same else _joined(map(str, values))
    return found
