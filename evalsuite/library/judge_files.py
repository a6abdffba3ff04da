"""Judges as files: those that ship, by name, and those of the user, by path."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ValidationError

from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean
from evalsuite.judging.asking import check_template
from evalsuite.judging.judge_file import Criterion, Example, JudgeFile
from evalsuite.yaml_source import YamlSource, read_yaml


def judge_files(folder: Path) -> dict[str, Path]:
    """Name -> file of the judges below ``folder``; a name is the path without ``.yaml``."""
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(folder.rglob("*.yaml"))
    }


def find_judge(reference: str, *, base: Path, shipped: Path) -> JudgeFile:
    """The judge ``reference``: a shipped one, or a ``.yaml`` file relative to ``base``.

    Raises:
        ConfigError: there is none, or it is not one; with file and line.
    """
    if reference.endswith((".yaml", ".yml")):
        return read_judge(base / reference)
    files = judge_files(shipped)
    if reference not in files:
        every = f"there are {', '.join(files)}"
        hint = did_you_mean(reference, files, otherwise=every, cutoff=0.5)
        raise ConfigError(f"unknown judge {reference!r}: {hint}")
    return read_judge(files[reference])


def read_judge(path: Path) -> JudgeFile:
    """Read and check the judge in the file ``path``; ConfigError in one line, with its line."""
    source = read_yaml(path)
    if not isinstance(source.value, dict):
        raise ConfigError(f"{path}: a judge is a mapping with `kind:`, `summary:` and `criteria:`")
    try:
        judge = JudgeFile.model_validate(source.value)
    except ValidationError as error:
        raise _explained(error, source) from None
    try:
        check_template(judge)
    except ConfigError as error:
        raise ConfigError(f"{source.where(('prompt',))}: {error}") from None
    return judge


def _explained(error: ValidationError, source: YamlSource) -> ConfigError:
    first = error.errors()[0]
    location = tuple(part for part in first["loc"] if isinstance(part, int | str))
    key = next((part for part in reversed(location) if isinstance(part, str)), "")
    if first["type"] == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {"criteria": Criterion, "examples": Example}
        fields = models.get(str(location[0]), JudgeFile).model_fields
        message = did_you_mean(key, fields, otherwise=f"known are {', '.join(fields)}")
        message = f"unknown key {key!r}; {message}"
    elif first["type"] == "missing":
        message = f"{key!r} is missing"
    else:
        said = first["msg"].removeprefix("Value error, ")
        message = f"{key}: {said}" if key else said
    return ConfigError(f"{source.where(location)}: {message}")
