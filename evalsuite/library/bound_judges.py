"""A judge with who applies it: an entry of ``judges:``, its file read, its names looked up."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evalsuite.catalog import content_folder
from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean
from evalsuite.judging.binding import Against, JudgeBinding
from evalsuite.judging.judge_file import JudgeFile
from evalsuite.library.judge_files import find_judge
from evalsuite.library.judge_labels import Labels, read_labels
from evalsuite.systems.base import HybridSpec, ModelSpec

Specs = Mapping[str, ModelSpec | HybridSpec]


@dataclass(frozen=True, kw_only=True)
class BoundJudge:
    """A judge and who applies it to what; ``labels`` are verdicts that are known to be right."""

    binding: JudgeBinding
    judge: JudgeFile
    labels: Labels | None = None


def bind(
    binding: JudgeBinding,
    base: Path,
    tasks: Collection[str],
    systems: Collection[str],
    others: Iterable[BoundJudge] = (),
) -> BoundJudge:
    """``binding`` with its judge, whose file is found relative to ``base``.

    Raises:
        ConfigError: there is no such judge, a task or system that it names is unknown, its labels
            cannot be read, or one of ``others`` has the same name.
    """
    judge = find_judge(binding.judge, base=base, shipped=content_folder("judges"))
    title = binding.title
    if binding.form is not None:
        judge = _in_form(judge, binding.form, title)
    if any(title == other.binding.title for other in others):
        raise ConfigError(f"two judges are called {title!r}: give one a `name`")
    against = [binding.pairs.against] if isinstance(binding.pairs, Against) else []
    _look_up("system", [*binding.by, *(binding.systems or ()), *against], systems, title)
    _look_up("task", binding.tasks or (), tasks, title)
    if binding.active is not None:
        _check_settles(judge, title)
    labels = None if binding.labels is None else read_labels(base / binding.labels, judge)
    return BoundJudge(binding=binding, judge=judge, labels=labels)


def check_judged(bound: BoundJudge, judged: Collection[str], specs: Specs) -> None:
    """Return where ``bound`` may judge the answers of the systems ``judged``, before any is paid.

    Raises:
        ConfigError: it compares answers, and only one system gives any; or a model would judge its
            own answers, and the entry does not allow it.
    """
    binding, title = bound.binding, bound.binding.title
    wanted = [name for name in judged if binding.systems is None or name in binding.systems]
    if bound.judge.kind in ("pairwise", "listwise") and len(wanted) < 2:
        said = ", ".join(wanted) or "none"
        raise ConfigError(
            f"judge {title!r} compares answers, so it needs two systems that answer, not {said}"
        )
    models = {name: models_of(name, specs) for name in wanted}
    own = [
        (by, name) for by in binding.by for name in wanted if models[name] & models_of(by, specs)
    ]
    if own and not binding.allow_self:
        raise own_answers_refused(title, *own[0])


def own_answers_refused(title: str, by: str, system: str) -> ConfigError:
    """The error for a model that would judge its own answers."""
    return ConfigError(
        f"judge {title!r}: {by!r} would judge answers of its own model ({system!r}); choose "
        "another judge, name the `systems` to be judged, or say `allow_self: true`"
    )


def models_of(name: str, specs: Specs) -> set[str]:
    """Every model at and below the system ``name``."""
    spec = specs[name]
    if isinstance(spec, HybridSpec):
        return set().union(*(models_of(member, specs) for member in spec.roles().values()))
    return {model_of(spec.backend, spec.model_dump(mode="json", exclude_defaults=True))}


def model_of(pattern: str, config: Mapping[str, Any]) -> str:
    """What makes two systems the same model: decoding and prices do not make them another."""
    what = config.get("model", {key: value for key, value in config.items() if key != "backend"})
    return json.dumps([pattern, what], sort_keys=True, default=str)


def _check_settles(judge: JudgeFile, title: str) -> None:
    """Return where ``pairs: active`` can settle an order by ``judge``; ConfigError where not."""
    if judge.kind != "pairwise":
        raise ConfigError(f"judge {title!r} is {judge.kind}: `pairs: active` is for a pairwise one")
    if len(judge.criteria) > 1:
        raise ConfigError(
            f"judge {title!r} has {len(judge.criteria)} criteria: `pairs: active` settles one "
            "order; use a judge with one"
        )


def _in_form(judge: JudgeFile, form: str, title: str) -> JudgeFile:
    try:
        return JudgeFile.model_validate({**judge.model_dump(exclude_unset=True), "form": form})
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigError(f"judge {title!r}: form: {said}") from None


def _look_up(what: str, names: Iterable[str], known: Collection[str], title: str) -> None:
    for name in names:
        if name not in known:
            every = f"there are {', '.join(known)}"
            hint = did_you_mean(name, known, otherwise=every, cutoff=0.5)
            raise ConfigError(f"judge {title!r}: unknown {what} {name!r}; {hint}")
