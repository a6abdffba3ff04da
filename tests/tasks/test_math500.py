from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from evalsuite.records import Answer
from evalsuite.scoring import symbolic
from evalsuite.task import Task
from tests.tasks.recorded import tally

Load = Callable[[str], Task]
Data = Callable[[str], Path]


def test_every_solution_and_every_answer_is_right(load: Load, data: Data) -> None:
    data("reasoning/math500")
    task = load("reasoning/math500")
    samples = list(task.samples("test"))
    assert len(samples) == 500 and task.shot is not None
    assert tally(task, ((sample, task.shot(sample)) for sample in samples)).right == 500
    told = tally(task, ((s, f"The final answer is ${s.target}$.") for s in samples))
    assert told.right == 500
    symbolic.close_workers()


def test_every_answer_can_be_parsed_and_no_other_is_right(load: Load, data: Data) -> None:
    """Each answer against that of the next problem, and every sixth against itself, parsed."""
    data("reasoning/math500")
    task = load("reasoning/math500")
    samples = [s for s in task.samples("test") if not s.target.lstrip("-").isdigit()][:60]
    for sample, other in pairwise(samples):
        score = task.score(sample, Answer(text=rf"\boxed{{{other.target}}}"))[0]
        assert (score.value, score.status) == (0.0, "scored"), (sample.target, other.target)
    for sample in samples[::6]:
        asked = symbolic._ask(symbolic._tidy(sample.target), symbolic._tidy(sample.target))
        assert asked == "equal", sample.target
    symbolic.close_workers()


def test_the_extra_is_asked_for_before_anything_is_spent(load: Load, data: Data) -> None:
    data("reasoning/math500")
    task = load("reasoning/math500")
    assert task.ready is symbolic.ready
    task.ready()
