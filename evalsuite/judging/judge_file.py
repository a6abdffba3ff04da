"""A judge: criteria with their scales, how they are asked about, and the form of the verdict.

A judge names no model. Which system applies it is said where it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from evalsuite.judging.scales import PAIR, Scale, scale_of
from evalsuite.records import fingerprint

Kind = Literal["pointwise", "pairwise", "listwise", "checklist", "correctness"]
Form = Literal["choices", "text", "json"]
POINTWISE = ("pointwise", "checklist", "correctness")
OVERALL = "overall"
CORRECT, INCORRECT = "correct", "incorrect"


class Criterion(BaseModel):
    """What is looked at.

    text: the criterion in words, as the judge reads it.
    scale: see ``evalsuite.judging.scales``; the judge's own where it is not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str = Field(min_length=1)
    scale: Any = None

    @field_validator("scale")
    @classmethod
    def _is_scale(cls, value: Any) -> Any:
        if value is not None:
            scale_of(value)
        return value


class Example(BaseModel):
    """A question that was judged, shown to the judge before its own.

    show: texts for the template's places: ``question``, ``answer``, ``answer_a``, ``reference``.
    verdict: the label that is right.
    reason: why, for the forms in which a judge gives reasons.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    show: dict[str, str] = Field(min_length=1)
    verdict: Any
    reason: str = ""

    @field_validator("verdict")
    @classmethod
    def _as_label(cls, value: Any) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return str(value)


class JudgeFile(BaseModel):
    """The keys of a judge file.

    kind: "pointwise" gives one answer a label of a scale; "checklist" answers yes or no to each of
        its criteria; "correctness" says correct or incorrect; "pairwise" says which of two answers
        is better; "listwise" ranks all answers to a sample.
    version: raised when a change makes verdicts incomparable with earlier ones.
    summary: one line.
    source: where the criteria come from.
    criteria: name -> its words, or ``text`` and a ``scale`` of its own.
    scale: of the criteria without their own; kinds other than pointwise have theirs.
    ties: whether two answers may be called equally good.
    ask: "each" asks one question a criterion; "together" one for all, in form "json".
    form: "choices" has the labels scored by log-likelihood where the system can, so that a small
        model judges without writing; "text" asks for reasons and a marked verdict; "json" for an
        object that follows a schema and bears the mark.
    system: the system turn.
    prompt: Jinja2 template of the question; each kind has one of its own.
    examples: judged questions shown before.
    reference: "target" shows the sample's right answer to the judge.
    overall: "mean" adds the mean over the criteria as a criterion of its own.
    max_output_tokens, temperature: of the judge's answer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    version: int = Field(1, ge=1)
    summary: str = Field(min_length=1)
    source: str = ""
    criteria: dict[str, Criterion] = Field(min_length=1)
    scale: Any = None
    ties: bool = True
    ask: Literal["each", "together"] = "each"
    form: Form = "text"
    system: str | None = None
    prompt: str | None = None
    examples: tuple[Example, ...] = ()
    reference: Literal["none", "target"] = "none"
    overall: Literal["mean"] | None = None
    max_output_tokens: int = Field(512, ge=1)
    temperature: float = Field(0.0, ge=0, allow_inf_nan=False)

    @field_validator("criteria", mode="before")
    @classmethod
    def _words_alone(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return {
            str(name): {"text": item} if isinstance(item, str) else item
            for name, item in value.items()
        }

    @field_validator("scale")
    @classmethod
    def _is_scale(cls, value: Any) -> Any:
        if value is not None:
            scale_of(value)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> JudgeFile:
        if OVERALL in self.criteria:
            raise ValueError(f"`{OVERALL}` is the name of the mean; call the criterion otherwise")
        own = [item.scale for item in self.criteria.values()]
        if self.kind == "pointwise":
            bare = [name for name, item in self.criteria.items() if item.scale is None]
            if self.scale is None and bare:
                raise ValueError(f"criterion {bare[0]!r} needs a `scale`, or the judge one for all")
        elif any(scale is not None for scale in [self.scale, *own]):
            raise ValueError(f"a {self.kind} judge has its own scale: leave `scale` out")
        if self.kind == "listwise" and self.form == "choices":
            raise ValueError("a ranking is no choice: a listwise judge has form text or json")
        if self.ask == "together" and self.form != "json":
            raise ValueError("criteria are asked together in form json only")
        if self.overall and self.kind not in POINTWISE:
            raise ValueError(f"`overall` is a mean of scores: a {self.kind} judge has none")
        for example in self.examples:
            if self.kind == "listwise" or self.ask == "together":
                raise ValueError("examples are shown where a question asks for one label")
            if all(self.scale_of(name).label_of(example.verdict) is None for name in self.criteria):
                raise ValueError(f"{example.verdict!r} is no label of this judge's scale")
        return self

    def scale_of(self, criterion: str) -> Scale:
        """The scale of ``criterion``."""
        if self.kind == "correctness":
            return Scale({CORRECT: 1.0, INCORRECT: 0.0})
        if self.kind == "checklist":
            return Scale({"yes": 1.0, "no": 0.0})
        if self.kind in ("pairwise", "listwise"):
            return Scale({k: v for k, v in PAIR.items() if self.ties or v != 0.5})
        own = self.criteria[criterion].scale
        return scale_of(self.scale if own is None else own)

    @property
    def questions(self) -> tuple[tuple[str, ...], ...]:
        """The criteria of each question about an answer (a pair, a list)."""
        names = tuple(self.criteria)
        return (names,) if self.ask == "together" else tuple((name,) for name in names)

    @cached_property
    def identity(self) -> str:
        """Content hash of the file."""
        return fingerprint(self.model_dump(mode="json"))
