"""What a judge is asked about the answers of a run: one question an answer, a pair or a list.

A question is a sample of a task of its own, so everything that answers tasks can judge. It names no
system: neither its text nor its id says whose answer is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from evalsuite.errors import ConfigError
from evalsuite.judging.asking import LETTERS, Question, question_about
from evalsuite.judging.binding import Chosen
from evalsuite.judging.judge_file import CORRECT, INCORRECT, POINTWISE, JudgeFile
from evalsuite.judging.scales import A, B
from evalsuite.library.bound_judges import BoundJudge
from evalsuite.records import Sample, fingerprint

AB, BA = "ab", "ba"


@dataclass(frozen=True, kw_only=True)
class GivenAnswer:
    """An answer of the run. ``text`` is None where the system failed, for ``error_kind``.

    ``success`` is what the task's own score says of it, None where that is unknown.
    """

    key: str
    system: str
    repeat: int
    text: str | None
    success: bool | None = None
    error_kind: str | None = None


@dataclass(frozen=True, kw_only=True)
class JudgedSample:
    """A sample of the run: what was asked, what is right (in words), and all answers to it."""

    task: str
    sample_id: str
    cluster: str
    question: str
    reference: str | None
    answers: tuple[GivenAnswer, ...]


@dataclass(frozen=True, kw_only=True)
class Put:
    """A question to a judge, and what only the side that reads the verdict knows of it.

    ``shown`` are the answers in the order in which they are shown; of a pair, ``order`` says
    whether that is the order of the experiment. ``sample`` is None where a system failed, so that
    nothing can be asked. ``rights`` has the label that is known to be right by a criterion.
    """

    item: JudgedSample
    shown: tuple[GivenAnswer, ...]
    order: str | None
    criteria: tuple[str, ...]
    question: Question | None
    sample: Sample | None
    rights: Mapping[str, str] = field(default_factory=dict)

    @property
    def forward(self) -> tuple[GivenAnswer, ...]:
        """The answers in the order of the experiment."""
        return self.shown[::-1] if self.order == BA else self.shown


def questions(bound: BoundJudge, items: Iterable[JudgedSample], *, seed: int) -> Iterator[Put]:
    """Every question of a judge about ``items``, in their order.

    Raises:
        ConfigError: the judge is to be shown what is right, and the sample does not say; or there
            are more answers than it can rank.
    """
    judge = bound.judge
    for item in items:
        if judge.reference == "target" and item.reference is None:
            raise ConfigError(
                f"judge {bound.binding.title!r} is shown the right answer, and sample "
                f"{item.sample_id!r} of {item.task} has none; choose its `tasks`"
            )
        for shown, order in _shown(bound, item):
            for criteria in judge.questions:
                yield _put(bound, item, shown, order, criteria, seed)


def _shown(
    bound: BoundJudge, item: JudgedSample
) -> Iterator[tuple[tuple[GivenAnswer, ...], str | None]]:
    judge, binding = bound.judge, bound.binding
    if judge.kind in POINTWISE:
        for answer in item.answers:
            yield (answer,), None
        return
    for repeat in sorted({answer.repeat for answer in item.answers}):
        given = [answer for answer in item.answers if answer.repeat == repeat]
        if judge.kind == "listwise":
            readable = tuple(answer for answer in given if answer.text is not None)
            if len(readable) > len(LETTERS):
                raise ConfigError(
                    f"judge {binding.title!r} ranks {len(LETTERS)} answers at most, not "
                    f"{len(readable)}; name the `systems`"
                )
            groups: list[tuple[GivenAnswer, ...]] = [readable] if len(readable) > 1 else []
        else:
            groups = _pairs(bound, given)
        for group in groups:
            yield group, AB
            if binding.both_orders:
                yield group[::-1], BA


def _pairs(bound: BoundJudge, given: Sequence[GivenAnswer]) -> list[tuple[GivenAnswer, ...]]:
    pairs = bound.binding.pairs
    if pairs == "all" or isinstance(pairs, Chosen):
        return list(combinations(given, 2))
    if pairs == "adjacent":
        return list(pairwise(given))
    fixed = [answer for answer in given if answer.system == pairs.against]
    return [(answer, other) for other in fixed for answer in given if answer is not other]


def _put(
    bound: BoundJudge,
    item: JudgedSample,
    shown: tuple[GivenAnswer, ...],
    order: str | None,
    criteria: tuple[str, ...],
    seed: int,
) -> Put:
    judge = bound.judge
    texts = [answer.text for answer in shown if answer.text is not None]
    if len(texts) < len(shown):
        return Put(
            item=item, shown=shown, order=order, criteria=criteria, question=None, sample=None
        )
    question = question_about(
        judge,
        criteria,
        question=item.question,
        answers=texts,
        reference=item.reference if judge.reference == "target" else None,
        seed=seed,
    )
    rights = {name: _right(bound, item, shown, name) for name in criteria}
    known = {name: label for name, label in rights.items() if label is not None}
    about = [[answer.system, answer.repeat] for answer in shown]
    sample = Sample(
        id=f"{item.sample_id}#{fingerprint([about, criteria])[:12]}",
        inputs={"question": item.question, "answers": texts, "criteria": list(criteria)},
        target=known or None,
        metadata={"judge": judge.identity},  # judged anew where values change and words do not
        cluster=item.cluster,
    )
    return Put(
        item=item,
        shown=shown,
        order=order,
        criteria=criteria,
        question=question,
        sample=sample,
        rights=known,
    )


def _right(
    bound: BoundJudge, item: JudgedSample, shown: Sequence[GivenAnswer], criterion: str
) -> str | None:
    """The label that is right, as people gave it or as scores imply; of a pair, a place."""
    labels = bound.labels
    if labels is None:
        return _implied(bound.judge, shown)
    systems = tuple(answer.system for answer in shown)
    label = labels.of(item.task, item.sample_id, criterion, systems)
    return {"a": A, "b": B}.get(label or "", label) if len(shown) == 2 else label


def _implied(judge: JudgeFile, shown: Sequence[GivenAnswer]) -> str | None:
    """The verdict that the task's own scores imply; None where they imply none."""
    successes = [answer.success for answer in shown]
    if None in successes:
        return None
    if judge.kind == "correctness":
        return CORRECT if successes[0] else INCORRECT
    if judge.kind == "pairwise" and successes[0] != successes[1]:
        return A if successes[0] else B
    return None
