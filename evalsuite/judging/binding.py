"""Which system applies which judge to which answers: an entry of ``judges:`` in an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from evalsuite.hints import did_you_mean
from evalsuite.judging.judge_file import Form

Aggregate = Literal["vote", "mean", "weighted"]
NAME = r"^[A-Za-z0-9][A-Za-z0-9._+-]*$"


class Against(BaseModel):
    """Pairs of every system with one: ``{against: NAME}``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    against: str


class Top(BaseModel):
    """Who are the best so many, without an order among them: ``{top: 3}``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    top: int = Field(ge=1)


class Active(BaseModel):
    """Pairs that are chosen while judging, and no more than it takes to settle an order.

    settle: what is to be settled: "all" (the whole order), "best" or ``{top: N}``.
    alpha: the chance that any order is ever settled wrongly.
    margin: two systems are tied where the mean score of one against the other is surely within
        this of one half (0.1: from 0.4 to 0.6). Without it only a difference can be settled.
    first: samples on which each pair of the first round is judged.
    batch: questions of a round at most; unless given, half of what the open pairs still take.
    most: questions at most, over all rounds and sessions.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, stated: Any) -> Any:
        for key in stated if isinstance(stated, Mapping) else ():
            if key not in cls.model_fields:
                every = f"known are {', '.join(cls.model_fields)}"
                hint = did_you_mean(str(key), cls.model_fields, otherwise=every)
                raise ValueError(f"unknown key {key!r} of `active`; {hint}")
        return stated

    settle: Literal["all", "best"] | Top = "all"
    alpha: float = Field(0.05, gt=0, lt=1)
    margin: float | None = Field(None, gt=0, lt=0.5)
    first: int = Field(3, ge=1)
    batch: int | None = Field(None, ge=1)
    most: int | None = Field(None, ge=1)

    @property
    def top(self) -> int | None:
        """How many places at the top are to be settled; None for the whole order."""
        if isinstance(self.settle, Top):
            return self.settle.top
        return 1 if self.settle == "best" else None


class Chosen(BaseModel):
    """Pairs that are chosen while judging: ``{active: {...}}``, or ``active`` in short."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    active: Active


def _kind_of_pairs(stated: Any) -> str:
    """Which form of ``pairs`` is meant, so that a mistake is told in the words of that form."""
    if isinstance(stated, Against) or (isinstance(stated, Mapping) and "against" in stated):
        return "against"
    if isinstance(stated, Chosen) or (isinstance(stated, Mapping) and "active" in stated):
        return "active"
    return "word"


Pairs = Annotated[
    Annotated[Literal["all", "adjacent"], Tag("word")]
    | Annotated[Against, Tag("against")]
    | Annotated[Chosen, Tag("active")],
    Discriminator(_kind_of_pairs),
]


class JudgeBinding(BaseModel):
    """The keys of an entry of ``judges:``.

    judge: a shipped judge by name, or a ``.yaml`` file relative to the experiment.
    by: the system that applies it, or several; any model or hybrid of the experiment. Systems
        that only judge do not answer unless ``report`` lists them.
    name: what tables call the judge; its own name, with - for /, unless given.
    form: of the verdict, instead of the judge's own: "choices" lets a small local model judge
        without writing.
    tasks, systems: whose answers are judged; all unless given.
    aggregate: makes one verdict of those of several systems: "vote" (most; a tie is a tie of two
        answers, or no verdict), "mean" of the values, or "weighted" by ``weights``.
    weights: system -> weight; without them, the log-odds of how often each was right about the
        other samples, where ``labels`` or the tasks' own scores say what is right.
    labels: a file of verdicts that are right, as people gave them; see
        ``evalsuite.library.judge_labels``. Without it, what the tasks' own scores imply is right.
    repeats: how often each question is asked.
    pairs: of a pairwise judge: "all", "adjacent" (neighbours in the order of the experiment),
        ``{against: SYSTEM}``, or "active" or ``{active: {...}}`` (``Active``): only what it takes.
    both_orders: ask about each pair (list) twice, the other way round the second time.
    limit: samples per task whose answers are judged.
    validation_share: keeps this share of the samples from being judged for the record, so that a
        hybrid that judges can pick its threshold on them; needs tasks whose scores say what is
        right.
    allow_self: let a model judge its own answers; every such verdict is marked.
    max_usd, max_tokens: what this judging may be billed, and may use, over all its sessions. What
        the experiment allows and has not been spent is a limit too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    judge: str = Field(min_length=1)
    by: tuple[str, ...] = Field(min_length=1)
    name: str | None = Field(None, pattern=NAME)
    form: Form | None = None
    tasks: tuple[str, ...] | None = Field(None, min_length=1)
    systems: tuple[str, ...] | None = Field(None, min_length=1)
    aggregate: Aggregate | None = None
    weights: dict[str, float] | None = None
    labels: str | None = None
    repeats: int = Field(1, ge=1)
    pairs: Pairs = "all"
    both_orders: bool = True
    limit: int | None = Field(None, ge=1)
    validation_share: float | None = Field(None, gt=0, lt=1)
    allow_self: bool = False
    max_usd: float | None = Field(None, gt=0)
    max_tokens: int | None = Field(None, gt=0)

    @field_validator("by", "tasks", "systems", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("pairs", mode="before")
    @classmethod
    def _in_short(cls, value: Any) -> Any:
        return {"active": {}} if value == "active" else value

    @field_validator("weights")
    @classmethod
    def _positive(cls, value: Mapping[str, float] | None) -> Mapping[str, float] | None:
        if value is not None and not all(0 < weight < float("inf") for weight in value.values()):
            raise ValueError("weights must be above 0")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> JudgeBinding:
        if len(set(self.by)) != len(self.by):
            raise ValueError("`by` names a system twice; write `repeats` to ask it more often")
        if self.aggregate and len(self.by) < 2:
            raise ValueError("`aggregate` needs two systems in `by`, or more")
        if self.weights is not None:
            if self.aggregate != "weighted":
                raise ValueError('`weights` are for `aggregate: "weighted"`')
            if set(self.weights) != set(self.by):
                raise ValueError("`weights` needs one value for each system in `by`")
        if self.active is not None and not self.both_orders:
            raise ValueError(
                "`pairs: active` needs both orders: in one, a liking for the first answer would "
                "be taken for a better system"
            )
        if self.active is not None and self.aggregate == "weighted" and not self.weights:
            raise ValueError(
                "`pairs: active` with `aggregate: weighted` needs `weights`: measured ones would "
                "change what was judged with every round"
            )
        if self.active is not None and len(self.by) > 1 and not self.aggregate:
            raise ValueError(
                "`pairs: active` settles one order: name one system in `by`, or `aggregate` them"
            )
        return self

    @property
    def active(self) -> Active | None:
        """How pairs are chosen while judging; None where they are fixed beforehand."""
        return self.pairs.active if isinstance(self.pairs, Chosen) else None

    @property
    def title(self) -> str:
        """What tables and folders call this judge."""
        return self.name or self.judge_name

    @property
    def judge_name(self) -> str:
        """What the judge is called by itself: what is asked in its name can be replayed by it."""
        if self.judge.endswith((".yaml", ".yml")):
            return PurePath(self.judge).stem
        return self.judge.replace("/", "-")
