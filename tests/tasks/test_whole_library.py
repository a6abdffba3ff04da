"""One run over every task whose data is here: an answer is scored, or its failure has a name."""

from __future__ import annotations

from pathlib import Path

import pytest

import evalsuite
from evalsuite.catalog import load_task, task_files
from evalsuite.errors import UserError
from evalsuite.task import Task

CANNOT = {"context_too_long", "no_images", "no_tools"}
"""Why the smallest shipped model cannot be asked something."""


def runnable() -> list[Task]:
    """The tasks whose data, packages and tools this machine has."""
    found = []
    for file in task_files().values():
        try:
            task = load_task(file)
            if task.ready is not None:
                task.ready()
            next(iter(task.samples("test")))
        except UserError:
            continue
        found.append(task)
    return found


def test_every_task_runs_with_a_local_and_a_learnt_model(tmp_path: Path) -> None:
    tasks = {task.name: task for task in runnable()}
    families = {task.family for task in tasks.values()}
    if len(families) < 16:
        pytest.skip(f"data of only {len(families)} families is here; set EVALSUITE_DATA")
    content = {
        "name": "library",
        "tasks": sorted(tasks),
        "systems": {"nano": "embedded/nano", "auto": "classical/auto"},
        "limit": 1,
        "train_limit": 60,
        "baselines": False,
    }
    done = evalsuite.run(content, out=tmp_path / "run")
    answered = done.responses
    assert set(answered.task) == set(tasks)
    learnt = {name for name, task in tasks.items() if task.learnable is not None}
    assert set(answered[answered.system == "auto"].task) == learnt
    failed = answered[answered.status != "ok"]
    assert set(failed.error_kind) <= CANNOT and set(failed.system) <= {"nano"}
    decided = done.scores[done.scores.decides]
    assert len(decided) == len(answered)
    good = decided[decided.status != "system_error"]
    assert set(good.status) <= {"scored", "format_error"} and good.value.notna().all()
    unread = good[good.status == "format_error"]
    assert (unread.value == 0).all() and (unread.explanation.str.len() > 0).all()
    for ending in ("md", "html"):
        page = evalsuite.report(done, tmp_path / f"report.{ending}").read_text(encoding="utf-8")
        text = page.replace("\\", "")  # Markdown escapes underscores
        assert [name for name in tasks if name not in text] == []
