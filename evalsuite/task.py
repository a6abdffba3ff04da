"""What a task is: samples, how to ask, how to score, and what counts as a success.

A task file is one short Python module with a ``TASK``; nothing is registered by importing it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from evalsuite.datasets import Dataset
from evalsuite.records import Answer, Message, Request, Sample, Score, Tool, ToolCall

Split = Literal["train", "validation", "test"]
Learnable = Literal["rows", "texts", "spans"]


@dataclass(frozen=True, kw_only=True)
class Graded:
    """A sample, what a system answered (None where the system failed) and the scores of that."""

    sample: Sample
    answer: Answer | None
    scores: Mapping[str, Score]


CorpusMetric = Callable[[Sequence[Graded]], float | None]
Prompt = Callable[[Sample], "str | Sequence[Message]"]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Another way to ask the same thing; what is None stays as the task has it.

    generated: no closed set of answers is given, so that a local model writes its answer where it
        would else be scored by log-likelihood.
    """

    prompt: Prompt
    shot: Callable[[Sample], str] | None = None
    choices: Callable[[Sample], Sequence[str]] | None = None
    score: Callable[[Sample, Answer], Sequence[Score]] | None = None
    max_output_tokens: int | None = None
    generated: bool = False


@dataclass(frozen=True, kw_only=True)
class Published:
    """A figure of the literature that this task's scoring can be held against.

    metric: name of a score or corpus metric of the task.
    value: as published, a share as 0 to 1.
    system: who reached it.
    source: where it stands: a paper with its table, a repository with its file.
    n: answers that it is over, where known.
    note: what differs from what is measured here, if anything does.
    """

    metric: str
    value: float
    system: str
    source: str
    n: int | None = None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One evaluation.

    samples: stream of a split; samples of different splits never overlap. A generator task may be
        endless, so readers take what they need.
    prompt: the user turn, or a whole chat, for a sample.
    score: named values of one answer. Pure; called with the raw answer. It never sees failures:
        those are recorded as ``system_error`` by the scoring pass.
    success: name of the score that decides success, which is ``value >= success_at``.
    choices: the closed set of answers, where there is one.
    tools: functions that may be called in the answer.
    output_schema: JSON schema that the answer's text must follow.
    corpus: figures that are not means over samples (micro-F1, AUC), from everything that was
        graded for one system; a metric returns None where it is not defined.
    learnable: how a classical model may learn this task from its train split: "rows"
        (``inputs["columns"]`` to a label), "texts" (``inputs["text"]`` to a label) or "spans"
        (``inputs["text"]`` to character spans); None where it cannot.
    runs_code: scoring runs what the system wrote, so a sandbox must be there before money is spent.
    endless: the stream of samples has no end, and comes in random order as it is.
    default_limit: samples used where the experiment names no limit; None means all of them.
    shot: the assistant's turn that answers a sample rightly, as few-shot examples show it; None
        where the task cannot be shown by example.
    variants: further ways to ask, by name; ``prompt`` is the one called "plain".
    data: the datasets that its samples come from.
    baselines: systems that its results are always shown beside.
    published: figures of the literature, which tests reproduce where answers were recorded.
    execute: runs a call to one of ``tools`` and returns what the tool says; ValueError, in words
        for the caller, where it cannot. It gets the sample without target and metadata.
    ready: raises a UserError, before anything is spent, where the machine lacks what scoring needs.
    """

    name: str
    family: str
    summary: str
    samples: Callable[[Split], Iterable[Sample]]
    prompt: Prompt
    score: Callable[[Sample, Answer], Sequence[Score]]
    success: str
    success_at: float = 1.0
    choices: Callable[[Sample], Sequence[str]] | None = None
    tools: Callable[[Sample], Sequence[Tool]] | None = None
    output_schema: dict[str, Any] | None = None
    corpus: Mapping[str, CorpusMetric] = field(default_factory=dict)
    learnable: Learnable | None = None
    max_output_tokens: int = 256
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    runs_code: bool = False
    endless: bool = False
    default_limit: int | None = None
    shot: Callable[[Sample], str] | None = None
    variants: Mapping[str, Variant] = field(default_factory=dict)
    data: tuple[Dataset, ...] = ()
    baselines: tuple[str, ...] = ()
    published: tuple[Published, ...] = ()
    execute: Callable[[Sample, ToolCall], str] | None = None
    ready: Callable[[], None] | None = None
    source: str = ""
    licence: str = ""
    reference: str = ""
    version: int = 1

    def messages(self, sample: Sample) -> tuple[Message, ...]:
        """The rendered chat for a sample."""
        prompt = self.prompt(sample)
        if isinstance(prompt, str):
            return (Message(role="user", content=prompt),)
        return tuple(prompt)

    def request(self, sample: Sample, *, split: Split, seed: int, repeat: int) -> Request:
        """What a system is asked about ``sample``: its inputs and prompt, never its target."""
        choices = tuple(self.choices(sample)) if self.choices else None
        return self.asking(
            sample, self.messages(sample), choices, split=split, seed=seed, repeat=repeat
        )

    def asking(
        self,
        sample: Sample,
        messages: tuple[Message, ...],
        choices: tuple[str, ...] | None,
        *,
        split: Split,
        seed: int,
        repeat: int,
    ) -> Request:
        """``request`` with the chat and the choices as they were rendered before."""
        return Request(
            task=self.name,
            sample_id=sample.id,
            inputs=sample.inputs,
            messages=messages,
            choices=choices,
            max_output_tokens=self.max_output_tokens,
            stop=self.stop,
            temperature=self.temperature,
            seed=seed,
            repeat=repeat,
            split=split,
            tools=tuple(self.tools(sample)) if self.tools else (),
            output_schema=self.output_schema,
        )

    def succeeded(self, scores: Mapping[str, Score]) -> bool | None:
        """Whether the deciding score says success; None where it has no value."""
        score = scores.get(self.success)
        if score is None or score.value is None:
            return None
        return score.value >= self.success_at
