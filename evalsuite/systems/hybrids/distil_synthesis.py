"""New training texts that a model writes for each label, and the filters that they pass.

Synthesis by prompting with a few labelled texts and a label; curation by two filters, each counted:
the perplexity of a text by a local model (fluent texts stay), and the yes or no of another model to
whether it deserves its label.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator

from evalsuite.errors import CallFailed, ConfigError
from evalsuite.records import Answer, Request, Sample
from evalsuite.systems.base import Practice
from evalsuite.systems.hybrids.practising import ask_all, failures_in
from evalsuite.systems.hybrids.wording import asked, filled, places, text_of
from evalsuite.systems.hybrids.yes_or_no import NO, YES, read_verdict
from evalsuite.systems.students import Example

_WRITE = (
    "Texts with the label {label}:\n\n{examples}\n\n"
    "Write one more text with the label {label}, unlike these. Write the text and nothing else."
)
_BEFORE = "Write a text with the label {label}."
_QUALITY = "Text:\n{example}\n\nIs {label} the right label of this text? Answer yes or no."


class Perplexity(BaseModel):
    """Keeps the texts that a local model finds likely.

    member: a local model (``backend: transformers``). A text's perplexity is exp(- mean natural
        log-probability of its tokens), read as the answer to ``prompt``.
    keep: the share of the texts that stays, those of least perplexity.
    prompt: template with the place {label}.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    member: str
    keep: float = Field(0.8, gt=0, le=1, allow_inf_nan=False)
    prompt: str = _BEFORE

    _prompt_places = field_validator("prompt")(places("label"))


class Quality(BaseModel):
    """Keeps the texts that a model says deserve their label.

    member: the system that says yes or no.
    threshold: least P(yes); yes in words counts as 1, no as 0. A text of which the member says
        neither, or on which it fails, does not stay.
    prompt: template with the places {example} and {label}.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    member: str
    threshold: float = Field(0.5, ge=0, le=1, allow_inf_nan=False)
    prompt: str = _QUALITY

    _prompt_places = field_validator("prompt")(places("example", "label"))


class Synthesis(BaseModel):
    """New texts for a student to learn from.

    generator: the system that writes them.
    per_label: texts to be written for each label that the teacher gave.
    shots: texts of the label that it is shown, drawn anew for each.
    temperature, max_tokens: of what it writes.
    prompt: template with the places {label} and {examples}.
    perplexity, quality: filters, in this order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    generator: str
    per_label: int = Field(10, ge=1)
    shots: int = Field(3, ge=1)
    temperature: float = Field(1.0, ge=0, allow_inf_nan=False)
    max_tokens: int = Field(128, ge=1)
    prompt: str = _WRITE
    perplexity: Perplexity | None = None
    quality: Quality | None = None

    _prompt_places = field_validator("prompt")(places("label", "examples"))

    def roles(self) -> Mapping[str, str]:
        """The roles "generator" and, where there are these filters, "perplexity", "quality"."""
        found = {"generator": self.generator}
        if self.perplexity is not None:
            found["perplexity"] = self.perplexity.member
        if self.quality is not None:
            found["quality"] = self.quality.member
        return found


@dataclass(kw_only=True)
class Made:
    """The texts that passed, as examples, and how many were lost where."""

    examples: list[Example] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)

    def note(self) -> str:
        """How it went, in words: "20 texts made: 1 failed (timeout 1), ...; 12 kept"."""
        return f"{', '.join(self.counts)}; {len(self.examples)} kept"


@dataclass(frozen=True)
class _Text:
    label: str
    text: str
    after: Request  # the question about the first of the texts that its writer was shown


async def synthesise(practice: Practice, wanted: Synthesis, examples: Sequence[Example]) -> Made:
    """New examples after the teacher's ``examples``. ConfigError where the task is not of texts."""
    if practice.task.learnable != "texts":
        raise ConfigError(
            f"`synthesise` writes texts, and {practice.task.name} is not learnt from texts"
        )
    made = Made()
    texts = await _written(practice, wanted, examples, made)
    if wanted.perplexity is not None:
        texts = await _likely(practice, wanted.perplexity, texts, made)
    if wanted.quality is not None:
        texts = await _deserving(practice, wanted.quality, texts, made)
    made.examples.extend(_example(practice, item, n) for n, item in enumerate(texts))
    return made


async def _written(
    practice: Practice, wanted: Synthesis, examples: Sequence[Example], made: Made
) -> list[_Text]:
    of_label: dict[str, list[Example]] = {}
    for example in examples:
        of_label.setdefault(example.answer, []).append(example)
    draw = random.Random(practice.seed)
    orders: list[tuple[str, Request]] = []
    requests = []
    for label in sorted(of_label):
        for number in range(wanted.per_label):
            known = of_label[label]
            shown = draw.sample(known, min(wanted.shots, len(known)))
            texts = "\n\n".join(str(example.request.inputs["text"]) for example in shown)
            text = filled(wanted.prompt, label=label, examples=texts)
            after = shown[0].request
            question = asked(after, text, max_output_tokens=wanted.max_tokens)
            orders.append((label, after))
            requests.append(
                msgspec.structs.replace(question, temperature=wanted.temperature, repeat=number)
            )
    said = await ask_all(practice, "generator", requests)
    seen = {str(example.request.inputs["text"]).strip() for example in examples}
    texts_made, n_empty, n_repeated = [], 0, 0
    for (label, after), answer in zip(orders, said, strict=True):
        if isinstance(answer, CallFailed):
            continue
        text = text_of(answer).strip()
        n_empty += not text
        n_repeated += text in seen and bool(text)
        if text and text not in seen:
            seen.add(text)
            texts_made.append(_Text(label, text, after))
    failed = failures_in(said)
    made.counts.append(f"{len(said)} texts asked for")
    made.counts.append(f"failed on {failed}" if failed else "none failed")
    made.counts.append(f"{n_empty} empty, {n_repeated} repeated")
    return texts_made


async def _likely(
    practice: Practice, wanted: Perplexity, texts: Sequence[_Text], made: Made
) -> list[_Text]:
    requests = [
        asked(item.after, filled(wanted.prompt, label=item.label), choices=(item.text,))
        for item in texts
    ]
    said = await ask_all(practice, "perplexity", requests)
    found = [_perplexity(answer) for answer in said]
    if texts and all(value is None for value in found):
        why = failures_in(said) or "it does not score a text that it is given"
        raise ConfigError(f"`perplexity` needs a local model: no figure for any text ({why})")
    ranked = sorted((value, index) for index, value in enumerate(found) if value is not None)
    kept = sorted(index for _, index in ranked[: math.ceil(wanted.keep * len(ranked))])
    unknown = len(found) - len(ranked)
    bound = f" (at most {ranked[len(kept) - 1][0]:.3g})" if kept else ""
    made.counts.append(
        f"{len(kept)} of {len(texts)} by perplexity{bound}"
        + (f" with {unknown} unknown" if unknown else "")
    )
    return [texts[index] for index in kept]


def _perplexity(answer: Answer | CallFailed) -> float | None:
    """None where the text was not scored: an endpoint writes an answer of its own."""
    if isinstance(answer, CallFailed) or not answer.probabilities or not answer.token_logprobs:
        return None
    return math.exp(-sum(answer.token_logprobs) / len(answer.token_logprobs))


async def _deserving(
    practice: Practice, wanted: Quality, texts: Sequence[_Text], made: Made
) -> list[_Text]:
    requests = [
        asked(
            item.after,
            filled(wanted.prompt, example=item.text, label=item.label),
            choices=(YES, NO),
            max_output_tokens=64,
        )
        for item in texts
    ]
    said = await ask_all(practice, "quality", requests)
    verdicts = [None if isinstance(a, CallFailed) else read_verdict(a).p_yes for a in said]
    kept = [
        item
        for item, p_yes in zip(texts, verdicts, strict=True)
        if p_yes is not None and p_yes >= wanted.threshold
    ]
    unknown = sum(p_yes is None for p_yes in verdicts)
    made.counts.append(
        f"{len(kept)} of {len(texts)} by quality"
        + (f" with {unknown} without a verdict" if unknown else "")
    )
    return kept


def _example(practice: Practice, item: _Text, number: int) -> Example:
    """The text as the task would ask it. ConfigError where its prompt needs more than a text."""
    task = practice.task
    inputs: dict[str, Any] = {"text": item.text}
    if "columns" in item.after.inputs:
        inputs = {**inputs, "columns": {"text": item.text}}
    sample = Sample(id=f"made-{number}", inputs=inputs)
    try:
        messages = task.messages(sample)
    except Exception as error:  # whatever a task's own code raises for a sample it does not expect
        raise ConfigError(
            f"`synthesise`: {task.name} asks more of a sample than its text "
            f"({type(error).__name__}: {error})"
        ) from None
    request = msgspec.structs.replace(
        item.after,
        sample_id=sample.id,
        inputs=inputs,
        messages=messages,
    )
    return Example(request=request, answer=item.label)
