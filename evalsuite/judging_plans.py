"""What the judges of an experiment would ask, before there is any answer to be judged.

The questions are made for real, about answers that are not there yet: once about answers of no
length and once about the longest that each task allows. What lies between is the plan.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from evalsuite.experiment import Experiment, PlannedTask
from evalsuite.judging_rounds import plan_of_rounds
from evalsuite.judging_setup import asked_by, asked_in_words, in_words
from evalsuite.library.bound_judges import BoundJudge
from evalsuite.records import Request
from evalsuite.running.judge_questions import GivenAnswer, JudgedSample
from evalsuite.running.judge_task import judge_task
from evalsuite.running.plan import BYTES_PER_TOKEN, Plan, PlannedCalls, plan


def plan_judges(experiment: Experiment) -> tuple[PlannedCalls, ...]:
    """The calls of all judges of ``experiment``, every system answering every sample.

    A row's ``task`` is the judge with the task whose answers it judges. Reads data, asks nothing.

    Raises:
        ConfigError: a judge's question cannot be made.
    """
    return tuple(row for bound in experiment.judges for row in _calls(experiment, bound))


def _calls(experiment: Experiment, bound: BoundJudge) -> Iterator[PlannedCalls]:
    shortest = _plan(experiment, bound, longest=False).rows
    longest = _plan(experiment, bound, longest=True).rows
    for least, most in zip(shortest, longest, strict=True):
        yield replace(
            most,
            calls_at_least=least.calls_at_least,
            input_tokens_at_least=least.input_tokens_at_least,
            usd_at_least=least.usd_at_least,
        )


def _plan(experiment: Experiment, bound: BoundJudge, *, longest: bool) -> Plan:
    binding, settings = bound.binding, experiment.settings
    chosen = [
        planned
        for planned in experiment.tasks
        if binding.tasks is None or planned.task.name in binding.tasks
    ]
    tasks = [
        judge_task(
            bound,
            f"{binding.judge_name}:{planned.task.name}",
            list(_items(experiment, bound, planned, longest=longest)),
            seed=settings.seed,
        )
        for planned in chosen
    ]
    asking = asked_by(bound, tasks, settings.name, specs=experiment.systems, settings=settings)
    if binding.active is None:
        return plan(asking)
    return plan_of_rounds(asking, tasks, _judged(experiment, bound), binding)


def _judged(experiment: Experiment, bound: BoundJudge) -> tuple[str, ...]:
    wanted = bound.binding.systems
    return tuple(name for name in experiment.reported if wanted is None or name in wanted)


def _items(
    experiment: Experiment, bound: BoundJudge, planned: PlannedTask, *, longest: bool
) -> Iterator[JudgedSample]:
    task, settings = planned.task, experiment.settings
    systems = [name for name in _judged(experiment, bound) if experiment.asks(name, task)]
    limits = [limit for limit in (planned.limit, bound.binding.limit) if limit is not None]
    samples = itertools.islice(task.samples(settings.split), min(limits, default=None))
    for sample in samples if systems else ():
        request = task.request(sample, split=settings.split, seed=0, repeat=0)
        text = _longest_answer(request) if longest else ""
        yield JudgedSample(
            task=task.name,
            sample_id=sample.id,
            cluster=sample.cluster or sample.id,
            question=asked_in_words(request.messages),
            reference=in_words(sample.target),
            answers=tuple(
                GivenAnswer(
                    key=f"{name}/{sample.id}/{repeat}",
                    system=name,
                    repeat=repeat,
                    text=text,
                    # as if every second system were right, so that pairs have a right verdict
                    success=place % 2 == 0,
                )
                for repeat in range(settings.repeats)
                for place, name in enumerate(systems)
            ),
        )


def _longest_answer(request: Request) -> str:
    if request.choices:
        return max(request.choices, key=len)
    return "x" * (BYTES_PER_TOKEN[0] * request.max_output_tokens)
