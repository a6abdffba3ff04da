"""What a gate asks: which figures, how much worse is too much, and which samples may not fail."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from evalsuite.errors import ConfigError
from evalsuite.hints import did_you_mean
from evalsuite.yaml_source import Location, YamlSource, read_yaml

Metric = Literal["success", "format", "cost", "latency"]
Allowed = Literal["samples", "prompt", "scorer", "sandbox", "version", "missing"]
_SHARE = re.compile(r"\d+(\.\d+)?%")


class MetricRule(BaseModel):
    """How much worse a figure may become: 0.02 is 2 points of a share, 0.1 is 10 % of a ratio.

    margin: what a run must be shown to stay within, to pass.
    min_effect: a loss that is proven fails only where it is at least this large.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    margin: float = Field(gt=0, lt=10)
    min_effect: float = Field(ge=0, lt=10)


DEFAULT_RULES: Mapping[Metric, MetricRule] = {
    "success": MetricRule(margin=0.02, min_effect=0.01),
    "format": MetricRule(margin=0.02, min_effect=0.01),
    "cost": MetricRule(margin=0.10, min_effect=0.05),
    "latency": MetricRule(margin=0.25, min_effect=0.10),
}
UNASKED: tuple[Metric, ...] = ("success", "format", "cost")
"""Gated unless the configuration names its metrics; one that cannot be measured is then left out,
while a named one that cannot be measured keeps the gate from passing."""


class GateFile(BaseModel):
    """The keys of a gate file.

    metrics: figures to gate, each with `margin` and `min_effect` where they are not the usual ones.
        `success` and `format` (readable answers) are shares, `cost` (dollars per success) and
        `latency` (seconds an answer) ratios. Default: success, format and cost.
    alpha: the risk of blaming a system that did not change, over all comparisons together.
    strict: an inconclusive gate fails (exit code 4).
    max_errors: answers that may fail or stay without a score, of each system in each task: a number
        or a share such as "2%". More, and nothing is judged (exit code 3).
    critical: task -> ids of samples that may not fail, whatever the averages say.
    tasks, systems: what of the baseline to gate. Default: all.
    same_machine: true where baseline and run come from the same machine: latency and machine-hour
        cost are gated only then.
    allow: mismatches with the baseline to put up with: samples, prompt, scorer, sandbox, version,
        missing.
    repeats: answers per sample where a doubtful system is asked again (two stages).
    screen: p-value below which a system is doubtful.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    metrics: dict[Metric, MetricRule] | None = None
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    strict: bool = False
    max_errors: int | str = "2%"
    critical: dict[str, tuple[str, ...]] = {}
    tasks: tuple[str, ...] | None = None
    systems: tuple[str, ...] | None = None
    same_machine: bool = False
    allow: tuple[Allowed, ...] = ()
    repeats: int = Field(default=5, ge=2)
    screen: float = Field(default=0.3, gt=0, le=1)

    @field_validator("metrics", mode="before")
    @classmethod
    def _completed(cls, value: Any) -> Any:
        """Fill what a metric's rule leaves open: `latency:` alone takes the usual rule."""
        if isinstance(value, list | tuple):
            value = {name: None for name in value}
        if not isinstance(value, dict):
            return value
        usual = {name: rule.model_dump() for name, rule in DEFAULT_RULES.items()}
        return {
            name: {**usual.get(name, {}), **(rule or {})}
            if rule is None or isinstance(rule, dict)
            else rule
            for name, rule in value.items()
        }

    @field_validator("max_errors")
    @classmethod
    def _number_or_share(cls, value: int | str) -> int | str:
        if isinstance(value, int) and value >= 0:
            return value
        if isinstance(value, str) and _SHARE.fullmatch(value):
            return value
        if isinstance(value, str) and value.isdecimal():
            return int(value)
        raise ValueError('write a number of answers, or a share such as "2%"')

    @property
    def rules(self) -> Mapping[Metric, MetricRule]:
        """The rule of every metric that is gated."""
        if self.metrics is not None:
            return self.metrics
        return {name: DEFAULT_RULES[name] for name in UNASKED}


def load_gate_file(path: Path | None, overrides: Mapping[str, Any] | None = None) -> GateFile:
    """Read and check a gate file; ``overrides`` replace top-level keys. None: the usual gate.

    Raises:
        ConfigError: in one line, with file and line.
    """
    source = read_yaml(path) if path is not None else YamlSource(Path("gate"), {}, {})
    content = {} if source.value is None else source.value
    if not isinstance(content, dict):
        raise ConfigError(f"{source.path}: a gate file is a mapping with keys such as `metrics:`")
    stated = {key: value for key, value in (overrides or {}).items() if value is not None}
    try:
        return GateFile.model_validate({**content, **stated})
    except ValidationError as error:
        raise _explained(error, source) from None


def too_many(failed: int, attempted: int, most: int | str) -> bool:
    """Whether ``failed`` of ``attempted`` answers are more than ``most`` ("2%", or a number)."""
    if isinstance(most, int):
        return failed > most
    return failed > float(most.removesuffix("%")) / 100 * attempted


def _explained(error: ValidationError, source: YamlSource) -> ConfigError:
    """The first problem as one line: where, what, and what to write instead."""
    first = error.errors()[0]
    at: Location = tuple(part for part in first["loc"] if isinstance(part, int | str))
    key = next((part for part in reversed(at) if isinstance(part, str)), "")
    if key == "[key]":
        at, key = at[:-1], str(at[-2])
    if first["type"] == "extra_forbidden":
        fields = GateFile.model_fields if len(at) == 1 else MetricRule.model_fields
        message = f"unknown key {key!r}; {_hint(key, fields)}"
    elif first["type"] == "literal_error" and at[:1] == ("metrics",):
        message = f"unknown metric {key!r}; {_hint(key, DEFAULT_RULES)}"
    else:
        text = first["msg"].removeprefix("Value error, ")
        message = f"{key}: {text[0].lower()}{text[1:]}, not {first['input']!r:.60}"
    return ConfigError(f"{source.where(at)}: {message}" if source.lines else message)


def _hint(word: str, known: Iterable[str]) -> str:
    every = f"known are {', '.join(sorted(known))}"
    return did_you_mean(word, known, otherwise=every, cutoff=0.5)
