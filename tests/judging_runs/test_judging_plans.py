"""What judges would ask, worked out before there is an answer, against what they then ask."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import evalsuite
from evalsuite.api import check, plan
from evalsuite.reporting.dry_run import dry_run_json, dry_run_page
from evalsuite.running.plan import PlannedCalls
from tests.judging_runs.conftest import N, scripted

Sums = Callable[..., dict[str, Any]]
JUDGES = [
    {"judge": "correctness/answer", "by": "j", "repeats": 2},
    {"judge": "helpfulness/pair", "by": "j"},
    {"judge": "creative/short_story", "by": "j", "systems": ["right"], "limit": 4},
]


def by_task(rows: tuple[PlannedCalls, ...]) -> dict[str, tuple[int, int | None]]:
    return {row.task: (row.calls_at_least, row.calls_at_most) for row in rows}


def test_every_question_is_counted_as_if_every_system_answered(sums: Sums) -> None:
    planned = plan(sums(JUDGES, j=scripted("A")))
    assert by_task(planned.judges) == {
        "correctness-answer:sums": (2 * 2 * N, 2 * 2 * N),  # systems x repeats
        "helpfulness-pair:sums": (2 * N, 2 * N),  # orders
        "creative-short_story:sums": (4 * 4, 4 * 4),  # criteria
    }
    assert not {row.system for row in planned.rows} & {"j"}, "who only judges answers nothing"


def test_what_is_asked_lies_within_the_plan(sums: Sums, tmp_path: Path) -> None:
    content = sums(JUDGES, j=scripted("A"))
    planned = {row.task: row for row in plan(content).judges}
    run = evalsuite.run(content, out=tmp_path / "run")
    for folder in (run.path / "judging").iterdir():
        judging = evalsuite.load(folder)
        for task, calls in judging.calls.groupby("task"):
            row = planned[str(task)]
            assert row.calls_at_most is not None and len(calls) <= row.calls_at_most
            assert row.input_tokens_at_most is not None
            # one answer of the second system failed, so nobody was asked about it
            assert row.calls_at_least - len(calls) in (0, 2)


def test_longer_answers_make_more_to_read(sums: Sums) -> None:
    (row,) = plan(sums(JUDGES[1:2], j=scripted("A"))).judges
    assert row.input_tokens_at_most is not None
    longest = 2 * check(sums([], j=scripted("A"))).tasks[0].task.max_output_tokens
    assert row.input_tokens_at_most - row.input_tokens_at_least >= 2 * N * longest


def test_pairs_that_are_chosen_while_judging_are_a_range(sums: Sums) -> None:
    (row,) = plan(sums([{**JUDGES[1], "pairs": "active"}], j=scripted("A"))).judges
    assert 0 < row.calls_at_least <= 2 * N == row.calls_at_most


@pytest.mark.parametrize("width", [50, 100])
def test_judges_stand_apart_on_the_page(sums: Sums, width: int) -> None:
    planned = plan(sums(JUDGES, j=scripted("A")))
    page = Console(width=width)
    with page.capture() as shown:
        page.print(dry_run_page(planned))
    words = shown.get()
    assert "12 answers by 2 systems" in words and "Then the judges: 52 calls" in words
    content = json.loads(dry_run_json(planned))
    assert len(content["judges"]) == 3 and len(content["rows"]) == 2
