from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalsuite.catalog import find_task
from evalsuite.datasets import data_roots
from evalsuite.records import Answer, Sample
from evalsuite.scoring.sandbox import available_tier
from evalsuite.task import Graded, Task


@pytest.fixture(autouse=True)
def this_machines_tier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALSUITE_SANDBOX", available_tier())


@pytest.fixture
def load() -> Callable[[str], Task]:
    return lambda name: find_task(name, base=Path())


@pytest.fixture
def data() -> Callable[[str], Path]:
    """Path of a file of the real data, below the data root; skips where there is none."""

    def path(name: str) -> Path:
        for root in data_roots():
            if (root / "tasks" / name).exists():
                return root / "tasks" / name
        pytest.skip(f"no tasks/{name} in {', '.join(map(str, data_roots()))}; set EVALSUITE_DATA")

    return path


@pytest.fixture
def grade() -> Callable[[Task, Sample, str], Graded]:
    def graded(task: Task, sample: Sample, text: str) -> Graded:
        answer = Answer(text=text)
        scores = {score.name: score for score in task.score(sample, answer)}
        return Graded(sample=sample, answer=answer, scores=scores)

    return graded
