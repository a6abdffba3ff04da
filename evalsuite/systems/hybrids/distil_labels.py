"""What a student learns from: a teacher's answers to training samples, all or chosen in rounds.

The choice follows LLKD, "Learning with Less: Knowledge Distillation from Large Language Models via
Unlabeled Data", 2024: samples of which the teacher is sure and the student is not. LLKD has all of
them labelled and picks for each step of training; here picking comes before paying:

1. The training samples are shuffled (by the seed). The ``labels`` to be paid for are spread evenly
   over the rounds; the first rounds take what is left over.
2. In the first round the first samples of the shuffle go to the teacher. In each further round
   these are the samples of which the student, as learnt so far, is least sure: 1 - its confidence
   (the probability of its likeliest choice, or the geometric mean of its tokens' probabilities).
3. Of each round's readable answers, the share ``keep`` with the highest teacher's confidence x
   student's uncertainty is learnt from (in the first round the uncertainty is 1 for all). Where the
   teacher gives no confidence for one of them, uncertainty alone decides.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from evalsuite.errors import CallFailed, ConfigError
from evalsuite.records import Answer, Request, Sample, fingerprint
from evalsuite.systems.base import Practice
from evalsuite.systems.hybrids.practising import ask_all, failures_in
from evalsuite.systems.students import Example, Learn, Student, label_of, sure_of, trust


@dataclass(kw_only=True)
class Labelled:
    """The examples kept, of how many that the teacher was asked for, and what became of the rest.

    ``seconds`` is the student's machine time for choosing; ``samples`` belong to ``examples``.
    """

    examples: list[Example] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    n_asked: int = 0
    n_unreadable: int = 0
    n_left_out: int = 0
    failed: list[Answer | CallFailed] = field(default_factory=list)
    seconds: float = 0.0
    without_confidence: bool = False

    def note(self) -> str:
        """How labelling went, in words."""
        parts = [f"{len(self.examples)} of {self.n_asked} answers of the teacher"]
        if self.failed:
            parts.append(f"it failed on {len(self.failed)} ({failures_in(self.failed)})")
        if self.n_unreadable:
            parts.append(f"{self.n_unreadable} could not be read")
        if self.n_left_out:
            by = "uncertainty alone" if self.without_confidence else "confidence x uncertainty"
            parts.append(f"{self.n_left_out} left out by {by}")
        return "; ".join(parts)


async def labelled(
    practice: Practice, *, labels: int | None, rounds: int, keep: float, soft: bool, learn: Learn
) -> Labelled:
    """The teacher's labels for the training split; see this module for how they are chosen.

    ConfigError where there are no training samples, or no label for any of them.
    """
    samples = list(practice.samples("train"))
    if not samples:
        raise ConfigError(f"{practice.task.name} has no training samples for a teacher to label")
    found = Labelled()
    if labels is None:
        outcomes = await practice.outcomes("teacher", "train")
        said: list[Answer | CallFailed] = [
            outcome.answer or CallFailed("no answer", kind="no_answer") for outcome in outcomes
        ]
        asked = [(outcome.sample, outcome.request) for outcome in outcomes]
        _take(found, asked, said, [1.0] * len(asked), keep, soft)
    else:
        await _in_rounds(practice, found, samples[:], labels, rounds, keep, soft, learn)
    if not found.examples:
        raise ConfigError(
            f"the teacher labelled none of the {found.n_asked} training samples of "
            f"{practice.task.name} that it was asked ({_why_none(found)})"
        )
    return found


async def _in_rounds(
    practice: Practice,
    found: Labelled,
    pool: list[Sample],
    labels: int,
    rounds: int,
    keep: float,
    soft: bool,
    learn: Learn,
) -> None:
    task, seed = practice.task, practice.seed
    pool.sort(key=lambda sample: fingerprint([seed, sample.id]))
    left = [(sample, task.request(sample, split="train", seed=seed, repeat=0)) for sample in pool]
    for size in _sizes(min(labels, len(left)), rounds):
        unsure = [1.0] * len(left)
        if found.examples:
            began = time.perf_counter()
            unsure = await asyncio.to_thread(_unsure, learn, found.examples, left)
            found.seconds += time.perf_counter() - began
        ranked = sorted(range(len(left)), key=lambda index: (-unsure[index], index))
        chosen = ranked[:size]
        said = await ask_all(practice, "teacher", [left[index][1] for index in chosen])
        asked = [left[index] for index in chosen]
        _take(found, asked, said, [unsure[index] for index in chosen], keep, soft)
        taken = set(chosen)
        left = [item for index, item in enumerate(left) if index not in taken]


def _sizes(labels: int, rounds: int) -> list[int]:
    """``labels`` spread evenly over the rounds, none of which is empty."""
    each, more = divmod(labels, rounds)
    return [size for size in (each + (index < more) for index in range(rounds)) if size]


def _unsure(
    learn: Learn, examples: Sequence[Example], left: Sequence[tuple[Sample, Request]]
) -> list[float]:
    student: Student = learn(examples)
    return [1 - sure_of(said) for said in student.say([request for _, request in left])]


def _take(
    found: Labelled,
    asked: Sequence[tuple[Sample, Request]],
    said: Sequence[Answer | CallFailed],
    unsure: Sequence[float],
    keep: float,
    soft: bool,
) -> None:
    """Add the answers worth learning from to ``found``, and count the others."""
    found.n_asked += len(asked)
    readable: list[tuple[Sample, Example, float | None, float]] = []
    for (sample, request), answer, uncertainty in zip(asked, said, unsure, strict=True):
        if isinstance(answer, CallFailed):
            found.failed.append(answer)
            continue
        label = label_of(answer, request)
        if label is None:
            found.n_unreadable += 1
            continue
        shares = answer.probabilities if soft else None
        example = Example(request=request, answer=label, shares=shares)
        readable.append((sample, example, trust(answer), uncertainty))
    n_kept = math.ceil(keep * len(readable))
    known = all(confidence is not None for _, _, confidence, _ in readable)
    found.without_confidence |= not known
    worth = [
        uncertainty * (confidence if known and confidence is not None else 1.0)
        for _, _, confidence, uncertainty in readable
    ]
    best = sorted(range(len(readable)), key=lambda index: (-worth[index], index))[:n_kept]
    for index in sorted(best):
        found.samples.append(readable[index][0])
        found.examples.append(readable[index][1])
    found.n_left_out += len(readable) - n_kept


def _why_none(found: Labelled) -> str:
    if found.failed:
        return failures_in(found.failed)
    return f"{found.n_unreadable} answers could not be read"
