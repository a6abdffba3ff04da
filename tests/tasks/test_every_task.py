"""Every task of the library renders, in every wording, and grades a right answer as right."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from evalsuite.catalog import load_task, task_files
from evalsuite.contamination import check_task
from evalsuite.errors import DataMissing, ExtraMissing
from evalsuite.prompting import Prompting, prompted, variants_of
from evalsuite.reporting.task_page import shown_sample, task_page
from evalsuite.task import Task

NAMES = sorted(task_files())


@pytest.fixture(params=NAMES)
def task(request: pytest.FixtureRequest) -> Iterator[Task]:
    try:
        yield load_task(task_files()[request.param])
    except (DataMissing, ExtraMissing) as absent:
        pytest.skip(str(absent))


def skipped_where_data_is_absent(task: Task) -> None:
    for dataset in task.data:
        for key, file in dataset.files.items():
            if dataset.copy(key) is None:
                pytest.skip(f"no {file.path} on this machine; set EVALSUITE_DATA")


def test_a_sample_is_shown_as_sent_and_as_scored(task: Task) -> None:
    skipped_where_data_is_absent(task)
    shown = shown_sample(task)
    assert any(turn.content.strip() or turn.images for turn in shown.request.messages)
    right, empty = shown.graded
    if task.shot is not None and not right.why:
        assert right.success is True, [(score.name, score.explanation) for score in right.scores]
    if not empty.why:
        assert task.success in {score.name for score in empty.scores}
    printed = io.StringIO()
    Console(file=printed, width=80).print(task_page(task))
    lines = printed.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("task ") and task.name in line for line in lines)
    for part in ("Sent (sample ", "Scored", "expected"):
        assert any(part in line for line in lines), part


def test_every_wording_and_few_shot_form_is_rendered(task: Task) -> None:
    skipped_where_data_is_absent(task)
    sample = next(iter(task.samples("test")))
    for variant in variants_of(task):
        asked = prompted(task, Prompting(variant=variant))
        assert asked.request(sample, split="test", seed=0, repeat=0).messages, variant
    pool = next(iter(task.samples("train")), None) or next(iter(task.samples("validation")), None)
    if task.shot is None or pool is None:
        return
    asked = prompted(task, Prompting(shots=1))
    turns = asked.request(sample, split="test", seed=0, repeat=0).messages
    assert "assistant" in {turn.role for turn in turns}


def test_samples_are_what_a_task_needs(task: Task) -> None:
    """The first samples of each split; `evalsuite data check` reads them all."""
    skipped_where_data_is_absent(task)
    assert check_task(task, limit=150).problems == ()


def test_a_task_says_what_a_list_shows(task: Task) -> None:
    assert task.summary and not task.summary.endswith("."), "a few words, no sentence"
    assert len(task.summary) <= 80 and "\n" not in task.summary
    for published in task.published:
        assert published.source, published
    for dataset in task.data:
        assert dataset.licence and dataset.source, dataset.name
