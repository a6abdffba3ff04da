from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from evalsuite.records import Answer
from evalsuite.task import Task
from tests.tasks.recorded import tally

Load = Callable[[str], Task]
Data = Callable[[str], Path]


def test_targets_are_right_by_both_rules_and_rounded_ones_by_one(load: Load, data: Data) -> None:
    data("reasoning/gsm_hard")
    task = load("reasoning/gsm_hard")
    samples = list(task.samples("test"))
    exact = tally(task, ((sample, sample.target) for sample in samples))
    assert (len(samples), exact.right) == (1319, 1319)
    assert sum(float(sample.target) < 0 for sample in samples) == 146
    cents = tally(task, ((sample, f"It is ${float(sample.target):,.2f}.") for sample in samples))
    small = [s for s in samples if 0 < abs(float(s.target)) < 0.0995]
    assert (cents.right, len(small)) == (1319 - 37, 37), "two decimals say too little of these"
    pal = [one.scores["pal_match"].value == 1 for one in cents.graded]
    assert sum(pal) == 1234


def test_pals_rule_takes_zero_for_small_targets(load: Load, data: Data) -> None:
    data("reasoning/gsm_hard")
    task = load("reasoning/gsm_hard")
    nothing = [s for s in task.samples("test") if 0 < abs(float(s.target)) < 0.001]
    done = tally(task, ((sample, "0") for sample in nothing))
    assert (len(nothing), done.right) == (31, 0)
    assert all(one.scores["pal_match"].value == 1 for one in done.graded)


def test_neighbours_are_wrong(load: Load, data: Data) -> None:
    data("reasoning/gsm_hard")
    task = load("reasoning/gsm_hard")
    off = tally(task, ((s, repr(float(s.target) + 0.01)) for s in task.samples("test")))
    assert off.right == 0


def test_practice_is_gsm8ks(load: Load, data: Data) -> None:
    data("reasoning/gsm_hard")
    task, gsm8k = load("reasoning/gsm_hard"), load("reasoning/gsm8k")
    assert list(task.samples("train")) == list(gsm8k.samples("train"))
    tests = {sample.inputs["question"] for sample in task.samples("test")}
    assert not tests & {sample.inputs["question"] for sample in task.samples("train")}
    first = next(iter(task.samples("train")))
    assert task.shot is not None
    assert task.score(first, Answer(text=task.shot(first)))[0].value == 1.0
