from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import evalsuite
from evalsuite.records import Answer
from evalsuite.task import Split, Task


def test_jobs_are_seeded_and_of_one_split(load: Callable[[str], Task]) -> None:
    task = load("tabular/machine_energy")
    splits: tuple[Split, ...] = ("train", "validation", "test")
    samples = {split: list(task.samples(split)) for split in splits}
    assert [len(samples[split]) for split in splits] == [600, 100, 300]
    contents = [{str(sample.inputs) for sample in samples[split]} for split in splits]
    assert sum(map(len, contents)) == len(set.union(*contents)) == 1000
    assert list(task.samples("test")) == samples["test"]


def test_the_docstring_shows_the_first_sample(load: Callable[[str], Task]) -> None:
    task = load("tabular/machine_energy")
    first = next(iter(task.samples("test")))
    assert task.messages(first)[0].content.startswith(
        "The rated power in kW is 10.9. The running time in minutes is 117. "
    )
    assert first.target == 21.61
    scores = {s.name: s.value for s in task.score(first, Answer(text="About 23 kWh"))}
    assert scores["within_tolerance"] == 1 and scores["absolute_error"] == pytest.approx(1.39)
    assert task.score(first, Answer(text="24"))[0].value == 0


def test_classical_models_learn_the_number(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    content = {
        "name": "energy",
        "tasks": ["tabular/machine_energy"],
        "systems": {"boosted": "classical/auto", "nano": "embedded/nano"},
        "limit": 100,
    }
    done = evalsuite.run(content, out=tmp_path / "run")
    figures = done.corpus.set_index(["system", "metric"]).value
    r2 = {name: figures[(name, "r2")] for name in ("boosted", "logistic_regression", "majority")}
    assert r2["majority"] < 0.01 < 0.75 < r2["logistic_regression"] < 0.95 < r2["boosted"]
    assert figures[("boosted", "rmse")] < figures[("logistic_regression", "rmse")]
    assert figures[("boosted", "parse_failure_rate")] == 0
    assert figures[("boosted", "n_numbers")] == 100
    assert 0 <= figures[("nano", "parse_failure_rate")] <= 1
