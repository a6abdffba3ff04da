"""YAML that remembers where everything stood, so that a mistake can be named by file and line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from evalsuite.errors import ConfigError

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class YamlSource:
    """A parsed YAML file: its value and, for every key and item, the line it stands on."""

    path: Path
    value: Any
    lines: dict[Location, int]

    def where(self, location: Location) -> str:
        """``file:line`` of ``location``, or of its nearest ancestor that is in the file."""
        for end in range(len(location), -1, -1):
            if location[:end] in self.lines:
                return f"{self.path}:{self.lines[location[:end]]}"
        return str(self.path)


def read_yaml(path: Path) -> YamlSource:
    """Read ``path``; ConfigError, with the line, where it is not YAML or repeats a key."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}{line}: broken YAML: {error.problem or error}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: broken YAML: {error}") from None
    lines: dict[Location, int] = {}
    if node is not None:
        _collect(node, (), lines, path)
    return YamlSource(path, value, lines)


def _collect(node: yaml.Node, at: Location, lines: dict[Location, int], path: Path) -> None:
    lines.setdefault(at, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, child in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                raise ConfigError(f"{path}:{line}: {key.value!r} stands here a second time")
            seen.add(key.value)
            lines[(*at, key.value)] = line
            _collect(child, (*at, key.value), lines, path)
    elif isinstance(node, yaml.SequenceNode):
        for index, child in enumerate(node.value):
            _collect(child, (*at, index), lines, path)
