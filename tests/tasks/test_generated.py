from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice

import pytest

from evalsuite.embedded.items import items
from evalsuite.records import Answer, Sample
from evalsuite.task import Graded, Task

FAMILIES = {
    "reasoning/arithmetic": "reasoning",
    "code/python_functions": "code",
    "ner/entities": "ner",
    "tabular/rows": "tabular",
    "writing/tiny_stories": "writing",
}
every_task = pytest.mark.parametrize("name", FAMILIES)
Load = Callable[[str], Task]
Grade = Callable[[Task, Sample, str], Graded]


def some(task: Task, split: str = "test", n: int = 25) -> list[Sample]:
    return list(islice(task.samples(split), n))


@every_task
def test_reference_answers_succeed_and_others_do_not(load: Load, grade: Grade, name: str) -> None:
    task = load(name)
    answers = [item.answer for item in islice(items(FAMILIES[name], "test"), 25)]
    samples = some(task)
    for sample, answer in zip(samples, answers, strict=True):
        right = grade(task, sample, answer)
        assert task.succeeded(right.scores) is True, right
    for text in ("", "I do not know."):
        assert task.succeeded(grade(task, samples[0], text).scores) is False


@every_task
def test_the_prompt_is_what_the_embedded_models_learnt(load: Load, name: str) -> None:
    task = load(name)
    for sample, item in zip(some(task), islice(items(FAMILIES[name], "test"), 25), strict=True):
        (message,) = task.messages(sample)
        assert (message.role, message.content) == ("user", item.prompt)
        assert sample.cluster == item.template
        assert sample.metadata["level"] == item.level


@every_task
def test_splits_share_no_prompt_and_no_cluster_of_the_test_split(load: Load, name: str) -> None:
    task = load(name)
    by_split = {split: some(task, split, 200) for split in ("train", "validation", "test")}
    for other in ("train", "validation"):
        assert not {s.cluster for s in by_split[other]} & {s.cluster for s in by_split["test"]}
        assert not {s.id for s in by_split[other]} & {s.id for s in by_split["test"]}
    assert some(task) == some(task)


@every_task
def test_requests_hold_no_target(load: Load, name: str) -> None:
    task = load(name)
    for sample in some(task):
        request = task.request(sample, split="test", seed=0, repeat=0)
        assert sample.id == request.sample_id
        told = json.dumps(request.inputs)
        assert "expected" not in told and "target" not in told and "level" not in told


def test_rows_have_choices_and_columns(load: Load) -> None:
    task = load("tabular/rows")
    for sample in some(task):
        request = task.request(sample, split="test", seed=0, repeat=0)
        assert request.choices is not None and sample.target in request.choices
        assert sample.inputs["columns"]["table"] == sample.metadata["table"]


def test_corpus_metrics_of_perfect_answers(load: Load, grade: Grade) -> None:
    for name in ("ner/entities", "tabular/rows"):
        task = load(name)
        answers = [item.answer for item in islice(items(FAMILIES[name], "test"), 25)]
        rows = [grade(task, s, a) for s, a in zip(some(task), answers, strict=True)]
        figures = {key: metric(rows) for key, metric in task.corpus.items()}
        known = {key: value for key, value in figures.items() if value is not None}
        assert known and set(known.values()) == {1.0}
        assert set(figures) - set(known) <= {"log_loss", "brier"}


def test_classical_span_answers_are_scored_by_their_data(load: Load) -> None:
    task = load("ner/entities")
    sample = some(task, n=1)[0]
    scores = {s.name: s for s in task.score(sample, Answer(text="none", data=sample.target))}
    assert task.succeeded(scores) is True
