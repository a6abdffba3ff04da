"""Judging the answers of a run: a run of its own, in the run's folder, for each judge.

``RUN/judging/NAME`` is a run folder like any other: its samples are questions about answers, its
systems are judges. So whatever judges is journalled, resumed, priced, budgeted and replayed as
whatever answers, and what it takes is never mixed with what the answers took. No answer is asked
for again. ``RUN/verdicts.parquet`` holds the verdicts of all judges.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from evalsuite.errors import ConfigError, StoppedEarly, UserError
from evalsuite.experiment import Experiment, ExperimentFile, PlannedTask
from evalsuite.judging.binding import JudgeBinding
from evalsuite.library.bound_judges import (
    BoundJudge,
    Specs,
    bind,
    model_of,
    models_of,
    own_answers_refused,
)
from evalsuite.records import Manifest, Message, Verdict, VerdictRole
from evalsuite.running.events import Event
from evalsuite.running.journal import Journal
from evalsuite.running.judge_questions import GivenAnswer, JudgedSample
from evalsuite.running.judge_task import JudgeTask, judge_task
from evalsuite.running.judge_verdicts import overall, panel, unasked, verdicts_of
from evalsuite.session import Session
from evalsuite.store import Run, load_run
from evalsuite.systems.base import HybridSpec, ModelSpec
from evalsuite.systems.build import parse_system
from evalsuite.tables import TableWriter, verdict_row

FOLDER = "judging"
TABLE = "verdicts.parquet"


@dataclass(frozen=True, kw_only=True)
class JudgingRun:
    """A judge's questions about a run, ready to be put.

    ``own`` are the pairs (judge, system) that have a model in common.
    """

    folder: Path
    experiment: Experiment
    tasks: tuple[JudgeTask, ...]
    own: frozenset[tuple[str, str]]


def judge_experiment(experiment: Experiment, folder: Path, tell: Callable[[Event], None]) -> None:
    """Let all judges of ``experiment`` judge its run in ``folder``; raises as ``judge``."""
    settings = experiment.settings
    for bound in experiment.judges:
        try:
            judge(load_run(folder), bound, specs=experiment.systems, settings=settings, tell=tell)
        except StoppedEarly as stopped:
            stopped.folder = folder  # the run is what a reader wants, not that of the judge
            raise


def judge(
    run: Run,
    bound: BoundJudge,
    *,
    specs: Specs,
    settings: ExperimentFile,
    tell: Callable[[Event], None],
) -> None:
    """Let ``bound`` judge the answers of ``run``, and write its verdicts.

    Args:
        run: finished, or stopped early: what it holds is judged.
        bound: the judge and who applies it.
        specs: the systems that may judge, by name, with the members of hybrids.
        settings: of the experiment: configurations of these systems, seed, limits.
        tell: called with every Event.

    Raises:
        ConfigError: a model would judge its own answers, or a judge's question cannot be made.
        StoppedEarly, Interrupted: as in a run; what was judged is written, and the same call goes
            on.
    """
    judging = prepare(run, bound, specs=specs, settings=settings)
    said = f"judging: {bound.binding.title}, by {', '.join(bound.binding.by)}"
    tell(Event(kind="note", at=time.time(), text=said))

    def finish(journal: Journal) -> None:
        rows = list(_verdicts(judging, bound, journal))
        with TableWriter(judging.folder, "verdicts") as table:
            table.add_all(verdict_row(row) for row in rows)
        gather(run.path)

    limits = _limits(run.path, bound, settings)
    limited = judging.experiment.settings.model_copy(update=limits)
    experiment = Experiment(
        settings=limited, tasks=judging.experiment.tasks, systems=judging.experiment.systems
    )
    Session(experiment, judging.folder, tell, finish=finish).run()


def bound_to(
    run: Run, content: Mapping[str, Any], further: Mapping[str, Any], *, base: Path
) -> tuple[BoundJudge, dict[str, ModelSpec | HybridSpec], ExperimentFile]:
    """An entry of ``judges:`` for a run that is done, with the systems that may judge it.

    Args:
        run: the run.
        content: the keys of the entry.
        further: systems beside those of the run's experiment; they win where names are the same.
        base: the folder that files are named relative to.

    Raises:
        ConfigError: the entry, a system or the judge is not as it must be.
    """
    try:
        binding = JudgeBinding.model_validate(dict(content))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"judge: {key}: {said}" if key else f"judge: {said}") from None
    stated = {**run.manifest.experiment.get("systems", {}), **further}
    stated.update({name: name for name in binding.by if name not in stated and "/" in name})
    known = dict.fromkeys([*(entry.name for entry in run.manifest.systems), *stated])
    tasks = [task.name for task in run.manifest.tasks]
    bound = bind(binding, base, tasks, known)
    specs: dict[str, ModelSpec | HybridSpec] = {}

    def parse(name: str) -> None:
        if name not in stated:
            raise ConfigError(f"system {name!r} is not defined in the experiment: define it")
        spec = specs[name] = parse_system(name, stated[name])
        for member in spec.roles().values() if isinstance(spec, HybridSpec) else ():
            if member not in specs:
                parse(member)

    for name in binding.by:
        parse(name)
    content = run.manifest.experiment
    kept = {key: content[key] for key in ("name", "seed", "concurrency", "cache") if key in content}
    settings = ExperimentFile.model_validate({**kept, "tasks": tasks, "systems": stated})
    return bound, specs, settings


def prepare(run: Run, bound: BoundJudge, *, specs: Specs, settings: ExperimentFile) -> JudgingRun:
    """The questions of a judge about a run, and the experiment that asks them; asks nothing.

    Raises:
        ConfigError: as ``judge``, or nothing is left to be judged.
    """
    binding = bound.binding
    names = [task.name for task in run.manifest.tasks]
    chosen = [name for name in names if binding.tasks is None or name in binding.tasks]
    tasks: list[JudgeTask] = []
    for name in chosen:
        items = list(judged_samples(run, name, binding.systems, binding.limit))
        made = judge_task(bound, f"{binding.judge_name}:{name}", items, seed=settings.seed)
        if made.puts:
            tasks.append(made)
    if not tasks:
        raise ConfigError(
            f"judge {binding.title!r}: nothing to judge in {run.path}: its `tasks`, `systems` and "
            "`pairs` leave no answer (a pair needs two systems that answered)"
        )
    judged = {answer.system for made in tasks for put in made.puts.values() for answer in put.shown}
    own = own_answers(run.manifest, sorted(judged), binding.by, specs)
    if own and not binding.allow_self:
        raise own_answers_refused(binding.title, *min(own))
    needed = _with_members(binding.by, specs)
    content = {
        "name": re.sub(r"[^A-Za-z0-9._-]+", "-", f"{run.manifest.name}-{binding.title}"),
        "description": f"{binding.title} judges {run.manifest.name}",
        "tasks": [made.task.name for made in tasks],
        "systems": {name: settings.systems.get(name, name) for name in needed},
        "report": list(binding.by),
        "repeats": binding.repeats,
    }
    kept = ("seed", "concurrency", "cache", "max_seconds", "max_errors", "practice")
    stated = {key: getattr(settings, key) for key in kept if key in settings.model_fields_set}
    return JudgingRun(
        folder=run.path / FOLDER / binding.title,
        experiment=Experiment(
            settings=ExperimentFile.model_validate({**content, **stated}),
            tasks=tuple(PlannedTask(task=made.task, limit=None) for made in tasks),
            systems={name: specs[name] for name in needed},
        ),
        tasks=tuple(tasks),
        own=frozenset(own),
    )


def judged_samples(
    run: Run, task: str, systems: Sequence[str] | None, limit: int | None
) -> Iterator[JudgedSample]:
    """The samples of ``task`` with the answers to be judged, in the order of the run."""
    order = {entry.name: place for place, entry in enumerate(run.manifest.systems)}
    rows = run.responses[run.responses["task"] == task]
    given: dict[str, list[GivenAnswer]] = {}
    for row in rows.to_dict("records"):
        if systems is None or row["system"] in systems:
            given.setdefault(str(row["sample_id"]), []).append(_given(row))
    samples = run.samples[run.samples["task"] == task].head(limit or len(run.samples))
    for sample in samples.to_dict("records"):
        answers = given.get(str(sample["sample_id"]), [])
        if answers:
            answers.sort(key=lambda answer: (answer.repeat, order[answer.system]))
            yield JudgedSample(
                task=task,
                sample_id=str(sample["sample_id"]),
                cluster=str(sample["cluster"]),
                question=_asked(str(sample["messages"])),
                reference=_in_words(json.loads(sample["target"])),
                answers=tuple(answers),
            )


def own_answers(
    manifest: Manifest, judged: Iterable[str], by: Iterable[str], specs: Specs
) -> set[tuple[str, str]]:
    """The pairs (judge, system) with a model in common, anywhere below the two."""
    entries = {entry.name: entry for entry in manifest.systems}

    def recorded(name: str) -> set[str]:
        entry = entries[name]
        if entry.kind == "hybrid":
            return set().union(*map(recorded, entry.roles.values()))
        return {model_of(entry.pattern, entry.config)}

    models = {name: recorded(name) for name in judged}
    return {
        (name, system)
        for name in by
        for system, found in models.items()
        if models_of(name, specs) & found
    }


def gather(folder: Path) -> None:
    """Write the verdicts of all judges of the run in ``folder`` as one table, in one step."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    parts = sorted((folder / FOLDER).glob(f"*/{TABLE}"))
    part = folder / f".{TABLE}.part"
    whole = pa.concat_tables([pq.read_table(path) for path in parts])
    pq.write_table(whole, part, compression="zstd")
    os.replace(part, folder / TABLE)


def _verdicts(judging: JudgingRun, bound: BoundJudge, journal: Journal) -> Iterator[Verdict]:
    binding = bound.binding
    role: VerdictRole = "member" if binding.aggregate else "judge"

    def is_own(by: str, system: str) -> bool:
        return (by, system) in judging.own

    for made in judging.tasks:
        rows: list[Verdict] = []
        for by in binding.by:
            for sample, response in journal.current(made.task.name, by):
                put = made.puts[sample.id]
                rows.extend(verdicts_of(made, put, response, role, is_own))
            rows.extend(unasked(made, by, role, binding.repeats))
        if binding.aggregate:
            rows.extend(list(panel(made, rows)))
        yield from rows
        yield from overall(bound.judge, rows)


def _given(row: Mapping[Any, Any]) -> GivenAnswer:
    """An answer as a judge reads it: its text, the choice, or calls and data as JSON."""
    texts = (row[name] for name in ("text", "choice", "tool_calls", "data"))
    text = next((text for text in texts if isinstance(text, str)), None)
    failed = row["status"] != "ok"
    success = row["success"]
    return GivenAnswer(
        key=str(row["key"]),
        system=str(row["system"]),
        repeat=int(row["repeat"]),
        text=None if failed else text or "",
        success=None if failed or success is None or success != success else bool(success),
        error_kind=str(row["error_kind"]) if failed else None,
    )


def _asked(messages: str) -> str:
    turns = msgspec.json.decode(messages, type=tuple[Message, ...])
    said = [turn for turn in turns if turn.content]
    if len(said) == 1:
        return said[0].content
    return "\n\n".join(f"{turn.role.capitalize()}: {turn.content}" for turn in said)


def _in_words(target: Any) -> str | None:
    if target is None or isinstance(target, str):
        return target
    return json.dumps(target, ensure_ascii=False)


def _with_members(names: Iterable[str], specs: Specs) -> list[str]:
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        spec = specs[name]
        for member in spec.roles().values() if isinstance(spec, HybridSpec) else ():
            visit(member)
        found[name] = None

    for name in names:
        visit(name)
    return list(found)


def _limits(folder: Path, bound: BoundJudge, settings: ExperimentFile) -> dict[str, Any]:
    """What this judging may spend: its own limits, and what is left of the experiment's."""
    title = bound.binding.title
    journals = [folder / "journal.sqlite", *(folder / FOLDER).glob("*/journal.sqlite")]
    elsewhere = [path for path in journals if path.exists() and path.parent.name != title]
    spent = [_spent(path) for path in elsewhere]
    limits: dict[str, Any] = {}
    for index, name in enumerate(("max_usd", "max_tokens")):
        own, whole = getattr(bound.binding, name), getattr(settings, name)
        used = sum(each[index] for each in spent)
        if whole is not None and whole <= used:
            raise StoppedEarly(f"{name} {whole:g} is used up before {title!r} judged anything")
        most = [each for each in (own, None if whole is None else whole - used) if each is not None]
        limits[name] = min(most, default=None)
    return limits


def _spent(journal: Path) -> tuple[float, int]:
    try:
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
            usd, tokens = connection.execute(
                "SELECT coalesce(sum(usd_at_most), 0), coalesce(sum(tokens_at_most), 0) FROM calls"
            ).fetchone()
    except sqlite3.Error as error:
        raise UserError(f"cannot read {journal}: {error}") from error
    return usd, tokens
