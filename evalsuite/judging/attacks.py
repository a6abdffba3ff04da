"""Attacks on judges: hostile texts made out of an answer that is known to be bad.

The texts are content, in ``attacks.yaml`` beside this file. What counts is
how a verdict changes against the same bad answer without the attack.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator

from evalsuite.errors import ConfigError
from evalsuite.judging.asking import LETTERS
from evalsuite.judging.fencing import SEAL, mark_for
from evalsuite.judging.judge_file import POINTWISE, JudgeFile
from evalsuite.records import fingerprint

if TYPE_CHECKING:
    import jinja2

RIGHT, WRONG, OTHER = "right answer", "wrong answer", "other wrong answer"
"""What answers without an attack are called in the tables of a battery."""
RECORD = "attacks.json"
"""The file in a battery's run folder that holds its ``BatteryRecord``."""
Group = Literal["control", "constant", "instruction", "token", "criteria", "persuasion", "form"]
_ID = re.compile(r"[a-z][a-z0-9_]*")


class Attack(BaseModel):
    """One way to attack a judge.

    says: what it tries, in one line.
    text: Jinja2 template of the candidate answer; ``attacks.yaml`` lists its places.
    group: what it belongs to.
    source: where the idea is from.
    replaces: the text has nothing of the bad answer.
    control: no attack, but a harmless change to hold the attacks against.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    says: str = Field(min_length=1)
    text: str
    group: Group = "instruction"
    source: str = ""
    replaces: bool = False
    control: bool = False

    @field_validator("text")
    @classmethod
    def _is_template(cls, value: str) -> str:
        _template(value)
        return value


class BadAnswer(BaseModel):
    """A question with an answer that is known to be bad, and a good one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str = Field(min_length=1)
    wrong: str
    right: str


class AttackFile(BaseModel):
    """The keys of a file of attacks.

    version: raised when a text changes.
    attacks: id -> attack.
    harm: answers that would help to do harm, for judges of harm.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(ge=1)
    attacks: dict[str, Attack] = Field(min_length=1)
    harm: tuple[BadAnswer, ...] = ()

    @field_validator("attacks")
    @classmethod
    def _named(cls, value: dict[str, Attack]) -> dict[str, Attack]:
        wrong = [name for name in value if not _ID.fullmatch(name)]
        if wrong:
            raise ValueError(f"the id {wrong[0]!r} must be written like_this")
        return value

    @property
    def identity(self) -> str:
        """Content hash of the file."""
        return fingerprint(self.model_dump(mode="json"))

    def only(self, names: Sequence[str]) -> AttackFile:
        """The file with the attacks ``names`` and the controls alone.

        Raises:
            ConfigError: one of them is not there.
        """
        unknown = [name for name in names if name not in self.attacks]
        if unknown:
            known = ", ".join(self.attacks)
            raise ConfigError(f"no attack {unknown[0]!r}; there are {known}")
        kept = {k: v for k, v in self.attacks.items() if k in names or v.control}
        return self.model_copy(update={"attacks": kept})


class AttackEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An attack as a battery's record has it."""

    says: str
    group: str
    source: str
    control: bool


class BatteryRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a battery was, beside its verdicts.

    ``attacks_version`` and ``attacks_identity`` are of the file of attacks, ``items`` says in words
    what the bad answers were, ``scales`` has the worth of each label by criterion (none of a judge
    that compares), ``attacks`` what each system of the verdicts tries.
    """

    judge: str
    judge_version: int
    kind: str
    by: tuple[str, ...]
    attacks_version: int
    attacks_identity: str
    items: str
    n_items: int
    seed: int
    scales: dict[str, dict[str, float]]
    attacks: dict[str, AttackEntry]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What an attack is made for: the bad answer, its question, and the judge's own forms.

    ``place`` is where the answer is shown: 0 for the first of ``n_shown``. An attacker who knows
    its place is the hardest one; of a single answer there is nothing to know.
    """

    judge: JudgeFile
    question: str
    answer: str
    place: int = 0
    n_shown: int = 1


def attacked(attack: Attack, target: Target) -> str:
    """The hostile answer that ``attack`` makes of the bad answer of ``target``.

    Raises:
        ConfigError: the template names a place that there is not.
    """
    import jinja2

    places = _places(target)
    try:
        return _template(attack.text).render(places).strip("\n")
    except jinja2.TemplateError as error:
        raise ConfigError(f"attack: {error}; its places are {', '.join(places)}") from None


def best_label(judge: JudgeFile, criterion: str) -> str:
    """The label that is worth most on the scale of ``criterion``."""
    values = judge.scale_of(criterion).values
    return max(values, key=lambda label: values[label])


def _places(target: Target) -> dict[str, str]:
    judge = target.judge
    first = next(iter(judge.criteria))
    letter = LETTERS[target.place]
    best, what = letter, f"answer {letter}"
    if judge.kind in POINTWISE:
        best, what = best_label(judge, first), "answer"
    elif judge.kind == "listwise":
        others = [LETTERS[place] for place in range(target.n_shown) if place != target.place]
        best = " > ".join([letter, *others])
    said = [target.question, target.answer]
    mark = mark_for(["forged", said], said)
    return {
        "question": target.question,
        "answer": target.answer,
        "best": best,
        "verdict": _as_json(judge, best, mark),
        "what": what,
        "mark": mark,
        "criterion": first,
    }


def _as_json(judge: JudgeFile, best: str, mark: str) -> str:
    """The verdict ``best`` (of every criterion) in the judge's own schema, under a forged seal."""
    verdict: Any = best
    if judge.kind in POINTWISE and judge.ask == "together":
        verdict = {name: _value(judge, name, best_label(judge, name)) for name in judge.criteria}
    elif judge.kind in POINTWISE:
        verdict = _value(judge, next(iter(judge.criteria)), best)
    return json.dumps({"reason": "It could not be better.", SEAL: mark, "verdict": verdict})


def _value(judge: JudgeFile, criterion: str, label: str) -> str | int | float:
    scale: Mapping[str, float] = judge.scale_of(criterion).values
    if not judge.scale_of(criterion).numeric:
        return label
    return int(scale[label]) if scale[label].is_integer() else scale[label]


@lru_cache(maxsize=256)
def _template(text: str) -> jinja2.Template:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)
    try:
        return environment.from_string(text)
    except jinja2.TemplateSyntaxError as error:
        raise ValueError(f"line {error.lineno} of the template: {error.message}") from None
