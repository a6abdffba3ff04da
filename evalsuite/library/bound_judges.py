"""A judge with who applies it: an entry of ``judges:``, its file read, its names looked up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from evalsuite.catalog import content_folder
from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean
from evalsuite.judging.binding import JudgeBinding
from evalsuite.judging.judge_file import JudgeFile
from evalsuite.library.judge_files import find_judge


@dataclass(frozen=True, kw_only=True)
class BoundJudge:
    """A judge and who applies it to what."""

    binding: JudgeBinding
    judge: JudgeFile


def bind(
    binding: JudgeBinding,
    base: Path,
    tasks: Collection[str],
    systems: Collection[str],
    others: Iterable[BoundJudge] = (),
) -> BoundJudge:
    """``binding`` with its judge, whose file is found relative to ``base``.

    Raises:
        ConfigError: there is no such judge, a task or system that it names is unknown, or one of
            ``others`` has the same name.
    """
    judge = find_judge(binding.judge, base=base, shipped=content_folder("judges"))
    title = binding.title
    if binding.form is not None:
        judge = _in_form(judge, binding.form, title)
    if any(title == other.binding.title for other in others):
        raise ConfigError(f"two judges are called {title!r}: give one a `name`")
    against = [] if isinstance(binding.pairs, str) else [binding.pairs.against]
    _look_up("system", [*binding.by, *(binding.systems or ()), *against], systems, title)
    _look_up("task", binding.tasks or (), tasks, title)
    return BoundJudge(binding=binding, judge=judge)


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
