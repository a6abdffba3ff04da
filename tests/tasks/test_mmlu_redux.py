from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

import evalsuite
from evalsuite.datasets import read_rows
from evalsuite.records import Sample
from evalsuite.task import Task
from tests.tasks.recorded import tally

Load = Callable[[str], Task]
Data = Callable[[str], Path]
FLAGS = "reasoning/recorded/mmlu_routellm_gpt4_mixtral/mmlu_flags.jsonl.gz"


@pytest.fixture
def tasks(load: Load, data: Data) -> tuple[Task, Task]:
    data("reasoning/mmlu_redux")
    return load("reasoning/mmlu_redux"), load("reasoning/mmlu_redux_all")


def test_flawed_questions_are_left_out_or_corrected(tasks: tuple[Task, Task]) -> None:
    checked, every = (list(task.samples("test")) for task in tasks)
    assert (len(checked), len(every)) == (5431, 5700)
    assert Counter(s.metadata["annotation"] for s in checked) == {
        "ok": 5330,
        "wrong_groundtruth": 101,
    }
    assert Counter(s.metadata["annotation"] for s in every) == {
        "ok": 5330,
        "bad_question_clarity": 132,
        "wrong_groundtruth": 107,
        "multiple_correct_answers": 39,
        "no_correct_answer": 35,
        "expert": 32,
        "bad_options_clarity": 25,
    }
    keys = {sample.id: sample.target for sample in every}
    changed = [s.metadata["annotation"] for s in checked if s.target != keys[s.id]]
    assert changed == ["wrong_groundtruth"] * 101
    assert keys["abstract_algebra-1"] == "D"
    assert {s.id: s.target for s in checked}["abstract_algebra-1"] == "C"


def test_a_limit_takes_from_every_subject_alike(tasks: tuple[Task, Task]) -> None:
    for task in tasks:
        subjects = Counter(s.metadata["subject"] for s in islice(task.samples("test"), 114))
        assert len(subjects) == 57 and set(subjects.values()) == {2}
        categories = {s.metadata["category"] for s in task.samples("test")}
        assert categories == {"stem", "humanities", "social sciences", "other"}


@pytest.mark.parametrize(
    ("model", "right", "right_where_ok"),
    # RouteLLM: .7959 and .6887 of these 5670 questions, by MMLU's own keys
    [("gpt4", 4513, 4338), ("mixtral", 3905, 3748)],
)
def test_recorded_flags_as_published(
    tasks: tuple[Task, Task], data: Data, model: str, right: int, right_where_ok: int
) -> None:
    """The recording says right or wrong and not which letter, so a wrong one is made up."""
    checked, every = tasks
    flags = {f"{row['subject']}-{row['idx']}": row[model] for row in read_rows(data(FLAGS))}
    assert len(flags) == 5670

    def said(sample: Sample) -> str:
        return sample.target if flags[sample.id] else "BCDA"["ABCD".index(sample.target)]

    known = [sample for sample in every.samples("test") if sample.id in flags]
    done = tally(every, ((sample, said(sample)) for sample in known))
    assert (done.right, done.statuses["scored"]) == (right, 5670)
    ok = [s for s in checked.samples("test") if s.id in flags and s.metadata["annotation"] == "ok"]
    assert len(ok) == 5301
    assert tally(checked, ((sample, said(sample)) for sample in ok)).right == right_where_ok


def test_the_mean_over_subjects(tasks: tuple[Task, Task]) -> None:
    task = tasks[0]
    samples = list(islice(task.samples("test"), 114))
    first = samples[0].metadata["subject"]
    done = tally(
        task, ((s, s.target if s.metadata["subject"] != first else "none") for s in samples)
    )
    assert task.corpus["macro_mean"](done.graded) == pytest.approx(56 / 57)


def test_letters_and_texts_are_calibrated_by_a_local_model(tmp_path: Path, data: Data) -> None:
    data("reasoning/mmlu_redux")
    content = {
        "name": "options",
        "tasks": ["reasoning/mmlu_redux", "reasoning/mmlu_redux@text"],
        "systems": {"nano": "embedded/nano"},
        "limit": 6,
    }
    done = evalsuite.run(content, out=tmp_path)
    found = done.corpus.pivot(index="task", columns="metric", values="value")
    assert found.loc[:, ["brier", "ece", "ece_adaptive", "log_loss"]].notna().all(axis=None)
    choices = done.responses.groupby("task").choice.agg(set)
    assert choices["reasoning/mmlu_redux"] <= set("ABCD")
    assert not choices["reasoning/mmlu_redux@text"] & set("ABCD")
