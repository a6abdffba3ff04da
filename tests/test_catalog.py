from __future__ import annotations

from pathlib import Path

import pytest

from evalsuite.catalog import find_task, load_task, task_files
from evalsuite.errors import ConfigError, DataMissing

TASK_FILE = """
from evalsuite.records import Sample, Score
from evalsuite.task import Task

TASK = Task(
    name="mine/echo",
    family="custom",
    summary="says it back",
    samples=lambda split: [Sample(id="1", inputs={"text": "hi"}, target="hi")],
    prompt=lambda sample: sample.inputs["text"],
    score=lambda sample, answer: [Score(name="same", value=float(answer.text == sample.target))],
    success="same",
)
"""


def test_every_shipped_task_loads_and_describes_itself() -> None:
    files = task_files()
    families = {name.partition("/")[0] for name in files}
    assert {"reasoning", "code", "ner", "tabular", "writing"} <= families
    for name, path in files.items():
        task = load_task(path)
        assert task.name == name and task.family == name.partition("/")[0]
        assert task.summary and task.source and task.licence


def test_shipped_tasks_have_disjoint_splits_where_their_data_is_here() -> None:
    for path in task_files().values():
        task = load_task(path)
        try:
            ids = {
                split: {s.id for _, s in zip(range(300), task.samples(split), strict=False)}
                for split in ("train", "validation", "test")
            }
        except DataMissing:
            continue
        assert ids["test"], task.name
        assert not ids["train"] & ids["test"] and not ids["validation"] & ids["test"], task.name
        assert not ids["train"] & ids["validation"], task.name


def test_a_users_task_is_found_by_file_or_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "echo.py").write_text(TASK_FILE)
    assert find_task("mine/echo.py", base=tmp_path).name == "mine/echo"
    assert find_task("mine/echo", base=tmp_path, folders=[tmp_path]).summary == "says it back"


def test_two_tasks_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "reasoning").mkdir()
    (tmp_path / "reasoning" / "arithmetic.py").write_text(TASK_FILE)
    with pytest.raises(ConfigError, match="'reasoning/arithmetic' exists twice"):
        find_task("reasoning/arithmetic", base=tmp_path, folders=[tmp_path])


def test_a_file_without_a_task_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("x = 1\n")
    with pytest.raises(ConfigError, match=r"empty\.py: a task file ends in"):
        find_task("empty.py", base=tmp_path)
    with pytest.raises(ConfigError, match="no such task file"):
        find_task("nowhere.py", base=tmp_path)


def test_an_error_inside_a_task_file_keeps_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        find_task("broken.py", base=tmp_path)
