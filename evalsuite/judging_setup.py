"""What a judge is asked about the answers of a run, with all that is needed to ask it.

Nothing is asked here: see ``judging_runs``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from evalsuite.errors import ConfigError
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
from evalsuite.records import Manifest, Message
from evalsuite.running.judge_questions import GivenAnswer, JudgedSample
from evalsuite.running.judge_task import JudgeTask, judge_task
from evalsuite.store import Run
from evalsuite.systems.base import HybridSpec, ModelSpec
from evalsuite.systems.build import parse_system

FOLDER = "judging"


@dataclass(frozen=True, kw_only=True)
class JudgingRun:
    """A judge's questions about a run, ready to be put.

    ``judged`` are the systems whose answers are judged, in the order of the experiment; ``own`` the
    pairs (judge, system) that have a model in common.
    """

    folder: Path
    experiment: Experiment
    tasks: tuple[JudgeTask, ...]
    judged: tuple[str, ...]
    own: frozenset[tuple[str, str]]


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
    binding = binding_of(content)
    stated = {**run.manifest.experiment.get("systems", {}), **further}
    stated.update(in_short(binding, stated))
    known = dict.fromkeys([*(entry.name for entry in run.manifest.systems), *stated])
    tasks = [task.name for task in run.manifest.tasks]
    bound = bind(binding, base, tasks, known)
    specs = specs_of(binding.by, stated)
    content = run.manifest.experiment
    kept = {key: content[key] for key in ("name", "seed", "concurrency", "cache") if key in content}
    settings = ExperimentFile.model_validate({**kept, "tasks": tasks, "systems": stated})
    return bound, specs, settings


def binding_of(content: Mapping[str, Any]) -> JudgeBinding:
    """An entry of ``judges:``, checked by itself; ConfigError names the first key that is wrong."""
    try:
        return JudgeBinding.model_validate(dict(content))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"judge: {key}: {said}" if key else f"judge: {said}") from None


def in_short(binding: JudgeBinding, stated: Collection[str]) -> dict[str, str]:
    """Who applies ``binding`` and is not among the systems ``stated``, but a model in short."""
    return {name: name for name in binding.by if name not in stated and "/" in name}


def specs_of(names: Iterable[str], stated: Mapping[str, Any]) -> dict[str, ModelSpec | HybridSpec]:
    """The systems ``names`` and all their members, read from what is ``stated`` of them.

    Raises:
        ConfigError: one is not stated, or not as it must be.
    """
    specs: dict[str, ModelSpec | HybridSpec] = {}

    def parse(name: str) -> None:
        if name not in stated:
            raise ConfigError(f"system {name!r} is not defined in the experiment: define it")
        spec = specs[name] = parse_system(name, stated[name])
        for member in spec.roles().values() if isinstance(spec, HybridSpec) else ():
            if member not in specs:
                parse(member)

    for name in names:
        parse(name)
    return specs


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
    return JudgingRun(
        folder=run.path / FOLDER / binding.title,
        experiment=asked_by(bound, tasks, run.manifest.name, specs=specs, settings=settings),
        tasks=tuple(tasks),
        judged=tuple(entry.name for entry in run.manifest.systems if entry.name in judged),
        own=frozenset(own),
    )


def asked_by(
    bound: BoundJudge,
    tasks: Sequence[JudgeTask],
    judged: str,
    *,
    specs: Specs,
    settings: ExperimentFile,
) -> Experiment:
    """The experiment that puts ``tasks`` to whoever applies ``bound`` to the run ``judged``."""
    binding = bound.binding
    needed = _with_members(binding.by, specs)
    content = {
        "name": re.sub(r"[^A-Za-z0-9._-]+", "-", f"{judged}-{binding.title}"),
        "description": f"{binding.title} judges {judged}",
        "tasks": [made.task.name for made in tasks],
        "systems": {name: settings.systems.get(name, name) for name in needed},
        "report": list(binding.by),
        "repeats": binding.repeats,
    }
    kept = ("seed", "concurrency", "cache", "max_seconds", "max_errors", "practice")
    stated = {key: getattr(settings, key) for key in kept if key in settings.model_fields_set}
    return Experiment(
        settings=ExperimentFile.model_validate({**content, **stated}),
        tasks=tuple(PlannedTask(task=made.task, limit=None) for made in tasks),
        systems={name: specs[name] for name in needed},
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
                question=asked_in_words(
                    msgspec.json.decode(str(sample["messages"]), type=tuple[Message, ...])
                ),
                reference=in_words(json.loads(sample["target"])),
                answers=tuple(answers),
            )


def asked_in_words(messages: Iterable[Message]) -> str:
    """What was asked, as a judge reads it: the only turn, or every turn with who spoke."""
    said = [turn for turn in messages if turn.content]
    if len(said) == 1:
        return said[0].content
    return "\n\n".join(f"{turn.role.capitalize()}: {turn.content}" for turn in said)


def in_words(target: Any) -> str | None:
    """What is right, as a judge reads it: text, or JSON; None where nobody says."""
    if target is None or isinstance(target, str):
        return target
    return json.dumps(target, ensure_ascii=False)


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
