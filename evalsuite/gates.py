"""Runs against runs: compare two, bless one, and judge later ones by it.

>>> from evalsuite import gates
>>> gates.bless("runs/mine", "baseline.json").changes        # doctest: +SKIP
>>> gates.gate("runs/mine", "baseline.json").verdict         # doctest: +SKIP

``docs/gate.md`` explains the rules.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalsuite import api
from evalsuite.analysis import gate as _gate
from evalsuite.analysis.answers import SCORED, answers_of
from evalsuite.analysis.baseline import (
    UnreadableBaseline,
    baseline_of,
    changes,
    read_baseline,
    write_baseline,
)
from evalsuite.analysis.gate_config import GateFile, load_gate_file, too_many
from evalsuite.analysis.gate_evidence import Pair
from evalsuite.analysis.gate_result import GateResult, Mismatch
from evalsuite.analysis.run_pairs import RunPair, compare_runs
from evalsuite.errors import UserError
from evalsuite.experiment import Experiment, ExperimentFile, load_experiment
from evalsuite.running.events import Event
from evalsuite.store import Run, load_run

__all__ = [
    "Blessed",
    "GateFile",
    "GateResult",
    "RunPair",
    "bless",
    "compare",
    "gate",
    "load_gate_file",
]

# Keys of an experiment that fresh repeats need not share with the run they repeat; the others, from
# seed to concurrency, are taken from the run, which may have been started with other ones.
_FREE = {
    *("name", "description", "tasks", "task_folders", "systems", "report", "repeats"),
    *("cache", "max_usd", "max_tokens", "max_seconds", "max_errors"),
}


@dataclass(frozen=True, kw_only=True)
class Blessed:
    """What blessing did: the file, whether it is new, and how it differs from the one before."""

    path: Path
    new: bool
    changes: tuple[str, ...]
    n_samples: int


def bless(
    run: Run | Path | str,
    path: Path | str,
    *,
    overwrite: bool = False,
    timings: bool = False,
    allow_errors: bool = False,
    max_errors: int | str = "2%",
) -> Blessed:
    """Make ``run`` the baseline that later runs are judged by, and write it to ``path``.

    Args:
        run: a finished run, or its folder.
        path: the JSON file to write.
        overwrite: put it in the place of another baseline.
        timings: keep latency and machine-hour cost, for a gate on the same machine.
        allow_errors: bless it although more than ``max_errors`` of its answers failed.
        max_errors: a number of answers of a system in a task, or a share such as "2%".

    Raises:
        UserError: the run is not finished or has too many failures, or ``path`` holds another
            baseline and ``overwrite`` is not given (the message says what would change).
    """
    loaded, target = _loaded(run), Path(path)
    if not loaded.manifest.complete:
        raise UserError(f"{loaded.path}: stopped early, so not all of it is there to be blessed")
    if not allow_errors:
        _refuse_failures(loaded, max_errors)
    made = baseline_of(loaded, timings=timings)
    n = sum(len(task.samples) for task in made.tasks.values())
    if not target.exists():
        write_baseline(target, made)
        return Blessed(path=target, new=True, changes=(), n_samples=n)
    try:
        before = read_baseline(target)
        found = tuple(changes(before, made))
        same = before == made
    except UnreadableBaseline as unreadable:
        found, same = (str(unreadable),), False
    if not (overwrite or same):
        what = "; ".join(found) or "nothing but where it comes from"
        raise UserError(f"{target} holds another baseline; --replace would change: {what}")
    write_baseline(target, made)
    return Blessed(path=target, new=False, changes=found, n_samples=n)


def gate(
    run: Run | Path | str,
    baseline: Path | str,
    config: GateFile | Path | str | None = None,
    *,
    experiment: Path | str | None = None,
    tell: Callable[[Event], None] | None = None,
    **overrides: Any,
) -> GateResult:
    """Judge ``run`` by the baseline in file ``baseline``.

    Args:
        run: a run of the same tasks, or its folder.
        baseline: what ``bless`` wrote. Where there is none, or none of the same tasks, the verdict
            is "incompatible" and ``mismatches`` says why.
        config: a gate file, or what one says; the usual gate unless given.
        experiment: the experiment that the run is of. Then doubtful systems are asked again, into
            sub-folders of the run, and the verdict is on all their repeats.
        tell: called with every Event of asking again.
        overrides: keys of the gate file to replace (``strict=True``).

    Raises:
        UserError: the run or the configuration cannot be read, or does not fit the experiment.
        StoppedEarly: asking again reached a limit of the experiment.
    """
    loaded = _loaded(run)
    checked = _config(config, overrides)
    try:
        known = read_baseline(Path(baseline))
    except UnreadableBaseline as unreadable:
        return GateResult(
            verdict="incompatible",
            run=loaded.manifest.name,
            baseline=str(baseline),
            config=checked,
            mismatches=(Mismatch(kind=None, text=str(unreadable)),),
        )
    enough = loaded.manifest.repeats >= checked.repeats
    ask_again = None
    if experiment is not None and not enough:
        ask_again = _asker(loaded, Path(experiment), checked.repeats, tell)
    result = _gate.gate(loaded, known, checked, baseline_name=str(baseline), ask_again=ask_again)
    if experiment is not None and enough:
        had = f"nobody was asked again: the run has {loaded.manifest.repeats} answers a sample"
        result = replace(result, notes=(*result.notes, had))
    return result


def compare(
    a: Run | Path | str,
    b: Run | Path | str,
    *,
    systems: tuple[str, str] | None = None,
    seed: int = 0,
) -> RunPair:
    """Compare two runs, or two systems of one: what differs, by how much, how sure, where.

    Args:
        a: a run or its folder.
        b: another one, or the same.
        systems: one system of each; every name that both have unless given.
        seed: of permutation tests.

    Raises:
        UserError: there is nothing to compare.
    """
    first = _loaded(a)
    second = first if b == a else _loaded(b)
    return compare_runs(first, second, systems, seed=seed)


def _loaded(run: Run | Path | str) -> Run:
    return run if isinstance(run, Run) else load_run(run)


def _config(config: GateFile | Path | str | None, overrides: Mapping[str, Any]) -> GateFile:
    if isinstance(config, GateFile):
        return GateFile.model_validate({**config.model_dump(), **overrides})
    return load_gate_file(None if config is None else Path(config), overrides)


def _refuse_failures(run: Run, max_errors: int | str) -> None:
    for (task, system), answers in answers_of(run).items():
        letters = "".join(item.outcomes for item in answers.values())
        failed = sum(letter not in SCORED for letter in letters)
        if too_many(failed, len(letters), max_errors):
            raise UserError(
                f"{run.path}: {failed} of {len(letters)} answers of {system} in {task} failed; "
                f"at most {max_errors} may (--max-errors, or --allow-errors to bless it anyway)"
            )


def _asker(
    run: Run, experiment: Path, repeats: int, tell: Callable[[Event], None] | None
) -> _gate.AskAgain:
    """Asks for ``repeats`` answers in sub-folders of ``run``, going on from those it has."""
    stated = run.manifest.experiment
    shape = {
        key: stated.get(key, field.get_default())
        for key, field in ExperimentFile.model_fields.items()
        if key not in _FREE
    }
    checked = load_experiment(experiment, {**shape, "repeats": repeats})

    def ask_again(pairs: Sequence[Pair]) -> Sequence[Run]:
        systems: dict[str, list[str]] = {}
        for task, system in pairs:
            systems.setdefault(task, []).append(system)
        by_systems: dict[tuple[str, ...], list[str]] = {}
        for task, names in systems.items():
            by_systems.setdefault(tuple(sorted(names)), []).append(task)
        return [
            _asked_again(run, _part(run, checked, tasks, names), number, tell)
            for number, (names, tasks) in enumerate(sorted(by_systems.items()), start=1)
        ]

    return ask_again


def _part(run: Run, whole: Experiment, tasks: Sequence[str], systems: Sequence[str]) -> Experiment:
    """``whole`` with nothing but ``tasks`` and, for the record, ``systems``.

    What is configured otherwise than in ``run`` is refused here, before anything is spent.
    """
    chosen = tuple(planned for planned in whole.tasks if planned.task.name in tasks)
    unknown = [name for name in systems if name not in whole.systems]
    if unknown or len(chosen) < len(tasks):
        absent = unknown or sorted(set(tasks) - {planned.task.name for planned in chosen})
        raise UserError(f"to ask again, the experiment needs {', '.join(absent)}, as the run had")
    was, now = run.manifest.experiment["systems"], whole.settings.model_dump(mode="json")["systems"]
    for name in systems:
        if was.get(name) != now[name]:
            raise UserError(
                f"to ask {name} again, the experiment has to be that of the run; it says "
                f"{now[name]}, the run {was.get(name)}"
            )
    settings = whole.settings.model_copy(update={"report": tuple(systems)})
    return replace(whole, settings=settings, tasks=chosen)


def _asked_again(
    run: Run, part: Experiment, number: int, tell: Callable[[Event], None] | None
) -> Run:
    """Run ``part`` beside ``run``; its journal comes along, so only fresh repeats are asked."""
    folder = run.path / f"asked-again-{number}"
    folder.mkdir(parents=True, exist_ok=True)
    journal, copy = run.path / "journal.sqlite", folder / "journal.sqlite"
    if journal.exists() and not copy.exists():
        with closing(sqlite3.connect(journal)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    return api.run(part, out=folder, tell=tell)
