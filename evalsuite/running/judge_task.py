"""A judge's questions as a task that any system answers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from evalsuite.errors import ConfigError
from evalsuite.judging.asking import Question, choices_of, messages_of, schema_of
from evalsuite.judging.judge_file import JudgeFile
from evalsuite.library.bound_judges import BoundJudge
from evalsuite.records import Answer, Message, Sample, Score, ScoreStatus, fingerprint
from evalsuite.running.judge_marks import marks_of
from evalsuite.running.judge_questions import JudgedSample, Put, questions
from evalsuite.task import Split, Task

READ, RIGHT = "read", "right"
QuestionId = tuple[str, str]
"""The task that asks, and the id of the question's sample in it."""


@dataclass(frozen=True, kw_only=True)
class JudgeTask:
    """The questions of one judge about one task of a run, and the task that asks them.

    ``puts`` are by the id of the question's sample; ``unasked`` could not be put, because a system
    failed.
    """

    bound: BoundJudge
    task: Task
    puts: Mapping[str, Put]
    unasked: tuple[Put, ...]


def judge_task(
    bound: BoundJudge, name: str, items: Sequence[JudgedSample], *, seed: int
) -> JudgeTask:
    """The task ``name`` that asks ``bound`` about ``items``.

    Its success is that the verdict is right, where labels or the run's own scores say what is of
    every question; else that a verdict could be read.

    Raises:
        ConfigError: samples are to be kept for practice, and nothing says what is right.
    """
    judge, share = bound.judge, bound.binding.validation_share
    every = list(questions(bound, items, seed=seed))
    puts = {put.sample.id: put for put in every if put.sample is not None}
    known = bool(puts) and all(len(put.rights) == len(put.criteria) for put in puts.values())
    if share is not None and not known:
        raise ConfigError(
            f"judge {bound.binding.title!r}: `validation_share` needs answers whose scores say "
            "which verdict is right, for every question"
        )

    def samples(split: Split) -> Iterable[Sample]:
        for put in puts.values():
            held = share is not None and _held_out(put.item.sample_id, share)
            if put.sample is not None and split == ("validation" if held else "test"):
                yield put.sample

    def chat(sample: Sample) -> tuple[Message, ...]:
        return messages_of(judge, _question(puts[sample.id]))

    def choices(sample: Sample) -> tuple[str, ...]:
        return choices_of(judge, _question(puts[sample.id])) or ()

    task = Task(
        name=name,
        family="judging",
        summary=judge.summary,
        samples=samples,
        prompt=chat,
        score=lambda sample, answer: _scores(judge, puts[sample.id], answer),
        success=RIGHT if known else READ,
        choices=choices if judge.form == "choices" else None,
        output_schema=schema_of(judge),
        max_output_tokens=judge.max_output_tokens,
        temperature=judge.temperature,
        source=judge.source,
        version=judge.version,
    )
    unasked = tuple(put for put in every if put.sample is None)
    return JudgeTask(bound=bound, task=task, puts=puts, unasked=unasked)


def narrowed(judging: JudgeTask, ids: Collection[str]) -> JudgeTask:
    """``judging`` with only the questions ``ids`` asked for the record; practice stays whole."""
    whole = judging.task.samples

    def samples(split: Split) -> Iterable[Sample]:
        return (sample for sample in whole(split) if split != "test" or sample.id in ids)

    return replace(judging, task=replace(judging.task, samples=samples))


def _question(put: Put) -> Question:
    assert put.question is not None
    return put.question


def _held_out(sample_id: str, share: float) -> bool:
    return int(fingerprint(["judged in practice", sample_id]), 16) / 16**16 < share


def _scores(judge: JudgeFile, put: Put, answer: Answer) -> list[Score]:
    """Whether a verdict could be read, whether it is right, and the values."""
    marks = marks_of(judge, put, answer)
    failed = [mark for mark in marks if mark.label is None]
    status: ScoreStatus = "format_error" if failed else "scored"
    said = "; ".join(f"{mark.criterion}: {mark.error_kind}" for mark in failed)
    scores = [Score(name=READ, value=float(not failed), status=status, explanation=said)]
    if len(put.rights) == len(put.criteria):
        right = float(all(mark.label == put.rights[mark.criterion] for mark in marks))
        scores.append(Score(name=RIGHT, value=right, status=status, explanation=said))
    scores.extend(
        Score(name=mark.criterion, value=mark.value) for mark in marks if mark.value is not None
    )
    return scores
