"""Attacks on judges as files: those that ship, and those of the user."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from pydantic import ValidationError

from evalsuite.errors import ConfigError
from evalsuite.judging.attacks import AttackFile
from evalsuite.yaml_source import read_yaml


def read_attacks(path: Path | None = None) -> AttackFile:
    """The attacks in the file ``path``; those that ship where it is None.

    Raises:
        ConfigError: in one line, with file and line.
    """
    place = path or Path(str(files("evalsuite.judging").joinpath("attacks.yaml")))
    source = read_yaml(place)
    if not isinstance(source.value, dict):
        raise ConfigError(f"{place}: attacks are a mapping with `version:` and `attacks:`")
    try:
        return AttackFile.model_validate(source.value)
    except ValidationError as error:
        first = error.errors()[0]
        where = tuple(part for part in first["loc"] if isinstance(part, int | str))
        said = first["msg"].removeprefix("Value error, ")
        key = ".".join(map(str, where))
        raise ConfigError(f"{source.where(where)}: {key}: {said}") from None
