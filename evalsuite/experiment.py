"""What to run: tasks x systems x repeats, read from YAML and checked before anything is spent."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from evalsuite.catalog import find_task
from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean
from evalsuite.inline import InlineTask
from evalsuite.judging.binding import JudgeBinding
from evalsuite.library.bound_judges import BoundJudge, bind, check_judged
from evalsuite.prompting import (
    PLAIN,
    Form,
    Prompting,
    Select,
    base_name,
    parse_name,
    prompted,
    variants_of,
)
from evalsuite.records import Sample, fingerprint
from evalsuite.systems.base import HybridSpec, ModelSpec
from evalsuite.systems.build import parse_system
from evalsuite.task import Split, Task
from evalsuite.yaml_source import Location, YamlSource, read_yaml

_SHARE = re.compile(r"\d+(\.\d+)?%")
SplitStream = Callable[[Split], Iterable[Sample]]


class TaskChoice(BaseModel):
    """A task of the catalog with settings of its own; one task a way to ask it.

    variants: wordings: names of the task's variants, "plain" (its own prompt) or "all".
    shots: how many examples are shown, and ``select`` which; see ``evalsuite.prompting``.
    form: "chat" or "completion".

    What is a list is asked in every combination.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    limit: int | None = Field(None, ge=1)
    variants: tuple[str, ...] = Field((PLAIN,), min_length=1)
    shots: tuple[Annotated[int, Field(ge=0)], ...] = Field((0,), min_length=1)
    select: Select = "first"
    form: tuple[Form, ...] = Field(("chat",), min_length=1)

    @field_validator("variants", "shots", "form", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str | int) else value

    def promptings(self, task: Task, seed: int) -> list[Prompting]:
        """Every way to ask ``task`` that was chosen, in the order of the words."""
        every = variants_of(task)
        variants = [each for name in self.variants for each in (every if name == "all" else [name])]
        return [
            Prompting(
                variant=variant,
                shots=shots,
                select=self.select if shots else "first",
                form=form,
                seed=seed,
            )
            for variant, shots, form in product(variants, self.shots, self.form)
        ]


class ExperimentFile(BaseModel):
    """The keys of an experiment file.

    limit: samples per task; a task's own ``default_limit`` where it is not given.
    report: systems that answer for the record; others only serve inside hybrids. Default: all.
    baselines: false to leave out the baselines that tasks name, such as tabular ones.
    practice: validation samples that a hybrid may practise on (thresholds, routers), per task.
    validation_share: makes this share of the test samples, picked by the hash of their ids, the
        validation split, and reports on the rest: for data that has no other split (recordings).
    train_limit: training samples that a classical model learns from, per task.
    order: "random" takes the samples in an order drawn with ``seed``, clusters together, so that a
        ``limit`` is a fair sample of the data; all of a split is read for it.
    concurrency: most answers in flight at a time. Unless given, local models get 8, and endpoints
        as many as they turn out to take.
    cache: true to reuse answers from, and add them to, the response cache of this user; or the
        file of another cache. A cached answer has no latency.
    max_usd, max_tokens: what the run may be billed, and may use, over all its sessions.
    max_seconds: how long a session may ask for answers.
    max_errors: failed answers after which a session stops: a number, or a share such as "5%".
    judges: who judges the answers when they are there; see ``evalsuite.judging.binding``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = ""
    tasks: tuple[str | dict[str, Any], ...] = Field(min_length=1)
    systems: dict[str, str | dict[str, Any]] = Field(min_length=1)
    report: tuple[str, ...] | None = None
    task_folders: tuple[str, ...] = ()
    split: Split = "test"
    limit: int | None = Field(None, ge=1)
    baselines: bool = True
    practice: int = Field(200, ge=1)
    validation_share: float | None = Field(None, gt=0, lt=1)
    train_limit: int = Field(2000, ge=1)
    repeats: int = Field(1, ge=1)
    seed: int = 0
    order: Literal["given", "random"] = "given"
    concurrency: int | None = Field(None, ge=1)
    cache: bool | str = False
    max_usd: float | None = Field(None, gt=0)
    max_tokens: int | None = Field(None, gt=0)
    max_seconds: float | None = Field(None, gt=0)
    max_errors: int | str | None = None
    judges: tuple[JudgeBinding, ...] = ()

    @field_validator("max_errors")
    @classmethod
    def _number_or_share(cls, value: int | str | None) -> int | str | None:
        if isinstance(value, int) and value >= 0:
            return value
        if value is None or (isinstance(value, str) and _SHARE.fullmatch(value)):
            return value
        if isinstance(value, str) and value.isdecimal():
            return int(value)
        raise ValueError('write a number of answers, or a share such as "5%"')


@dataclass(frozen=True, kw_only=True)
class PlannedTask:
    """A task and how many of its samples to use (None: all)."""

    task: Task
    limit: int | None


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A checked experiment: every task loads, every system's configuration is valid.

    ``baselines`` are those of the ``systems`` that nobody asked for but a task; systems that only
    judge answer nothing for the record.
    """

    settings: ExperimentFile
    tasks: tuple[PlannedTask, ...]
    systems: Mapping[str, ModelSpec | HybridSpec]
    baselines: tuple[str, ...] = ()
    judges: tuple[BoundJudge, ...] = ()

    @property
    def reported(self) -> tuple[str, ...]:
        """Names of the systems that answer for the record, the baselines last."""
        left = {*self.baselines, *(name for bound in self.judges for name in bound.binding.by)}
        own = tuple(name for name in self.systems if name not in left)
        return (*(self.settings.report or own), *self.baselines)

    def asks(self, name: str, task: Task) -> bool:
        """Whether the reported system ``name`` is asked ``task``; baselines have their own."""
        return name not in self.baselines or task.name in getattr(
            self.systems[name], "baseline_of", ()
        )


def load_experiment(path: Path, overrides: Mapping[str, Any] | None = None) -> Experiment:
    """Read and check the experiment at ``path``; ``overrides`` replace top-level keys."""
    return check_experiment(read_yaml(path), overrides or {})


def make_experiment(content: Mapping[str, Any], base: Path | None = None) -> Experiment:
    """An experiment from plain Python values, as ``evalsuite.run`` and the command line make it."""
    source = YamlSource((base or Path.cwd()) / "experiment", dict(content), {})
    return check_experiment(source, {})


def check_experiment(source: YamlSource, overrides: Mapping[str, Any]) -> Experiment:
    """Turn a parsed file into an Experiment, or say in one line what to write instead."""
    if not isinstance(source.value, dict):
        raise ConfigError(f"{source.path}: an experiment is a mapping with `tasks:` and `systems:`")
    try:
        settings = ExperimentFile.model_validate({**source.value, **overrides})
    except ValidationError as error:
        raise _explained(error, source, ExperimentFile) from None
    systems = _systems(settings, source)
    folders = [source.path.parent / folder for folder in settings.task_folders]
    tasks: list[PlannedTask] = []
    for index, entry in enumerate(settings.tasks):
        for planned in _planned(entry, index, settings, source, folders):
            if any(planned.task.name == other.task.name for other in tasks):
                twice = f"task {planned.task.name!r} is listed twice"
                raise ConfigError(f"{source.where(('tasks', index))}: {twice}")
            tasks.append(planned)
    baselines = _baselines(settings, tasks, systems)
    names = [planned.task.name for planned in tasks]
    experiment = Experiment(
        settings=settings,
        tasks=tuple(tasks),
        systems={**systems, **baselines},
        baselines=tuple(baselines),
        judges=_judges(settings, names, {**systems, **baselines}, source),
    )
    if not experiment.reported:
        message = "every system only judges: list those that answer in `report`"
        raise _placed(ConfigError(message), source, ("judges",))
    for index, bound in enumerate(experiment.judges):
        try:
            check_judged(bound, experiment.reported, experiment.systems)
        except ConfigError as error:
            raise _placed(error, source, ("judges", index)) from None
    return experiment


def named_task(
    reference: str, *, base: Path, folders: Iterable[Path] = (), split: Split = "test"
) -> Task:
    """The task ``reference``, in the catalog or a file, asked as the name says behind its ``@``.

    ``split`` is the one that is answered, which examples never come from.

    Raises:
        ConfigError: no such task or variant, or examples that it does not have.
    """
    name, prompting = parse_name(reference)
    task = _named(name, base, folders)
    return task if prompting is None else prompted(task, prompting, answered=split)


def _named(name: str, base: Path, folders: Iterable[Path]) -> Task:
    return _without_at(find_task(name, base=base, folders=tuple(folders)))


def _without_at(task: Task) -> Task:
    if base_name(task.name) != task.name:
        message = f"task {task.name!r}: what follows an @ says how a task is asked; rename the task"
        raise ConfigError(message)
    return task


def _planned(
    entry: str | dict[str, Any],
    index: int,
    settings: ExperimentFile,
    source: YamlSource,
    folders: list[Path],
) -> list[PlannedTask]:
    """The tasks of an entry: one for each way to ask it."""
    at: Location = ("tasks", index)
    base = source.path.parent
    limit: int | None = None
    ways = [Prompting()]
    try:
        if isinstance(entry, dict) and "task" not in entry:
            task = _without_at(InlineTask.model_validate(entry).task(base))
        else:
            choice = TaskChoice.model_validate({"task": entry} if isinstance(entry, str) else entry)
            name, said = parse_name(choice.task, seed=settings.seed)
            if said is not None and choice.model_fields_set - {"task", "limit"}:
                raise ConfigError(
                    f"task {choice.task!r}: say how to ask it behind the @, or in keys"
                )
            task, limit = _named(name, base, folders), choice.limit
            ways = choice.promptings(task, settings.seed) if said is None else [said]
        if settings.validation_share is not None:
            task = replace(task, samples=_with_held_out(task.samples, settings.validation_share))
        asked = [prompted(task, way, answered=settings.split) for way in ways]
    except ValidationError as error:
        model = TaskChoice if isinstance(entry, dict) and "task" in entry else InlineTask
        raise _explained(error, source, model, at) from None
    except ConfigError as error:
        raise _placed(error, source, at) from None
    if settings.order == "random" and not task.endless:
        samples = _shuffled(task.samples, settings.seed)
        asked = [replace(each, samples=samples) for each in asked]
    most = limit or settings.limit or task.default_limit
    return [PlannedTask(task=each, limit=most) for each in asked]


def _baselines(
    settings: ExperimentFile,
    tasks: Iterable[PlannedTask],
    systems: Mapping[str, ModelSpec | HybridSpec],
) -> Mapping[str, ModelSpec | HybridSpec]:
    """The systems that tasks want to be shown beside, but for those that answer anyway."""
    wanting = [planned.task for planned in tasks if planned.task.baselines]
    if not wanting or not settings.baselines:
        return {}
    from evalsuite.systems.baselines import baseline_systems

    return baseline_systems(wanting, systems, settings.report or tuple(systems))


def _judges(
    settings: ExperimentFile,
    tasks: Sequence[str],
    systems: Collection[str],
    source: YamlSource,
) -> tuple[BoundJudge, ...]:
    """The judges of the experiment, loaded, with everything that they name looked up."""
    bound: list[BoundJudge] = []
    for index, binding in enumerate(settings.judges):
        try:
            bound.append(bind(binding, source.path.parent, tasks, systems, bound))
        except ConfigError as error:
            raise _placed(error, source, ("judges", index)) from None
    return tuple(bound)


def _with_held_out(samples: SplitStream, share: float) -> SplitStream:
    """``samples`` with a ``share`` of its test split as the validation split instead."""

    def split_samples(split: Split) -> Iterable[Sample]:
        if split == "train":
            return samples("train")
        validation = split == "validation"
        return (
            sample
            for sample in samples("test")
            if (int(fingerprint(["held out", sample.id]), 16) / 16**16 < share) == validation
        )

    return split_samples


def _shuffled(samples: SplitStream, seed: int) -> SplitStream:
    """``samples`` in an order of their own for each ``seed``; a cluster stays together."""

    def place(sample: Sample) -> tuple[str, str]:
        return (
            fingerprint(["order", seed, sample.cluster or sample.id]),
            fingerprint(["order", seed, sample.id]),
        )

    return lambda split: sorted(samples(split), key=place)


def _systems(settings: ExperimentFile, source: YamlSource) -> Mapping[str, ModelSpec | HybridSpec]:
    systems: dict[str, ModelSpec | HybridSpec] = {}
    for name, config in settings.systems.items():
        try:
            content = _relative_paths(config, source.path.parent)
            systems[name] = parse_system(name, cast(Any, content))
        except ConfigError as error:
            raise _placed(error, source, ("systems", name)) from None
    for name, spec in systems.items():
        for role, member in spec.roles().items() if isinstance(spec, HybridSpec) else ():
            if member not in systems:
                message = f"system {name!r} wants {member!r} as {role}, which is not defined"
                raise _placed(
                    ConfigError(_with_hint(message, member, systems)), source, ("systems", name)
                )
        _refuse_cycle(name, systems, source)
    for index, name in enumerate(settings.report or ()):
        if name not in systems:
            message = _with_hint(f"unknown system {name!r}", name, systems)
            raise ConfigError(f"{source.where(('report', index))}: {message}")
    return systems


def _relative_paths(config: str | dict[str, Any], base: Path) -> str | dict[str, Any]:
    """Paths in a file are relative to that file: recordings, model folders, own systems."""
    if isinstance(config, str):
        return config
    resolved = dict(config)
    keys = ["run", "file", "chat_template", "tokenizer"]
    if resolved.get("backend") == "transformers":
        keys.append("model")
    for key in keys:
        value = resolved.get(key)
        if isinstance(value, str) and (base / value).exists():
            resolved[key] = str((base / value).resolve())
    for key in ("backend", "hybrid"):
        file, colon, attribute = str(resolved.get(key, "")).rpartition(":")
        if colon and file.endswith(".py"):
            resolved[key] = f"{(base / file).resolve()}:{attribute}"
    return resolved


def _refuse_cycle(
    name: str, systems: Mapping[str, ModelSpec | HybridSpec], source: YamlSource
) -> None:
    def visit(current: str, trail: tuple[str, ...]) -> None:
        if current in trail:
            chain = " -> ".join((*trail, current))
            raise ConfigError(
                f"{source.where(('systems', name))}: systems ask each other in a circle: {chain}"
            )
        spec = systems[current]
        for member in spec.roles().values() if isinstance(spec, HybridSpec) else ():
            if member in systems:
                visit(member, (*trail, current))

    visit(name, ())


def _placed(error: ConfigError, source: YamlSource, at: Location) -> ConfigError:
    """``error`` with the file and line in front, once."""
    message = str(error)
    return ConfigError(f"{source.where(at)}: {message}" if source.lines else message)


def _explained(
    error: ValidationError, source: YamlSource, model: type[BaseModel], at: Location = ()
) -> ConfigError:
    """The first problem of ``error`` as one line: where, what, and what to write instead."""
    first = error.errors()[0]
    location = (*at, *(part for part in first["loc"] if isinstance(part, int | str)))
    key = next((part for part in reversed(first["loc"]) if isinstance(part, str)), "")
    if location[:1] == ("judges",):
        model = JudgeBinding
    if first["type"] == "extra_forbidden":
        message = _with_hint(f"unknown key {key!r}", key, model.model_fields)
    elif first["type"] == "missing":
        message = f"{key!r} is missing"
    else:
        message = f"{key}: {first['msg'][0].lower()}{first['msg'][1:]}, not {first['input']!r:.60}"
    return _placed(ConfigError(message), source, location)


def _with_hint(message: str, word: str, known: Mapping[str, Any]) -> str:
    every = f"known are {', '.join(sorted(known))}"
    return f"{message}; {did_you_mean(word, known, otherwise=every, cutoff=0.5)}"
