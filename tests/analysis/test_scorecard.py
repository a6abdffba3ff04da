from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from evalsuite.analysis.intervals import wilson
from evalsuite.analysis.scorecard import Scorecard
from evalsuite.analysis.summary import summarise
from evalsuite.reporting.scorecard import TITLES, scorecard_cells, telling
from evalsuite.store import Run
from tests.analysis.frames import Given, Hop, build_run, system, task

AGENT = system("agent", "hybrid", {"planner": "small"}, pattern="plan_act")


def with_scores(run: Run, named: dict[str, dict[str, float | None]]) -> Run:
    """``run`` with further scores: name -> sample -> value; None is a scorer's failure."""
    rows = []
    for name, values in named.items():
        for row in run.scores.to_dict("records"):
            if row["sample_id"] in values:
                value = values[row["sample_id"]]
                status = "scorer_error" if value is None else "scored"
                rows.append(
                    {**row, "name": name, "value": value, "status": status, "decides": False}
                )
    scores = pd.concat([run.scores, pd.DataFrame(rows)], ignore_index=True)
    return run.with_frames(scores=scores)


def card(run: Run, name: str = "small") -> Scorecard:
    return {item.system: item for item in summarise(run).scorecards}[name]


def test_every_figure_by_hand(tmp_path: Path) -> None:
    answers = [
        Given(sample=str(index), success=index < 6, seconds=index + 1.0, hops=[Hop(joules=2.0)])
        for index in range(9)
    ]
    answers.append(
        Given(sample="9", success=False, score_status="format_error", hops=[Hop(joules=2.0)])
    )
    answers.append(
        Given(
            sample="x", success=None, error_kind="timeout", hops=[Hop(joules=4.0, status="error")]
        )
    )
    run = build_run(tmp_path, [task()], [system("small")], answers)
    valid = {str(index): float(index < 8) for index in range(10)}
    bound: dict[str, float | None] = {str(index): float(index < 9) for index in range(9)}
    found = card(with_scores(run, {"schema_valid": valid, "executable": bound}))  # type: ignore[dict-item]
    assert (found.n_attempted, found.n_scored, found.n_failed) == (11, 10, 1)
    assert found.success is not None and found.success.value == pytest.approx(0.6)
    assert found.usd_per_success is not None
    assert found.usd_per_success.value == pytest.approx(0.011 / 6)
    assert found.schema_valid is not None and found.executable is not None
    assert (found.schema_valid.value, found.schema_valid.n) == (0.8, 10)
    assert (found.schema_valid.low, found.schema_valid.high) == wilson(8, 10)
    assert (found.executable.value, found.executable.n) == (1.0, 9)
    assert found.readable is not None and (found.readable.value, found.readable.n) == (0.9, 10)
    assert found.joules_per_request is not None
    assert found.joules_per_request.value == pytest.approx(24 / 11)
    assert found.tools_ran is None and found.escalation is None
    cells = dict(zip(TITLES, scorecard_cells(found), strict=True))
    assert cells["schema valid"].main == "80.0 %" and cells["schema valid"].small.endswith("n 10")
    assert cells["tool calls ran"].small == "made no call of a tool"
    assert cells["failed"].main == "1"
    shown, silent = telling([found])
    assert silent == ["tool calls ran (made no call of a tool)", "escalated (asks no other)"]
    assert len(shown) == len(TITLES) - 2


def test_tools_that_really_ran(tmp_path: Path) -> None:
    """Of 5 calls of tools one was refused by the tool and one broke."""
    tools = [
        Hop(role="tool", member="tool:find", text=text, status=status)
        for text, status in (
            ("12", "ok"),
            ("error: no such city", "ok"),
            ("", "error"),
            ("Oslo", "ok"),
            ("an error: said elsewhere", "ok"),
        )
    ]
    answers = [
        Given(sample="0", system="agent", hops=[Hop(role="planner"), *tools[:2]]),
        Given(sample="1", system="agent", hops=[Hop(role="planner", text="error: x"), *tools[2:]]),
    ]
    found = card(build_run(tmp_path, [task()], [system("small"), AGENT], answers), "agent")
    assert found.tools_ran is not None
    assert (found.tools_ran.value, found.tools_ran.n) == (0.6, 5)
    assert found.kind == "hybrid" and found.escalation is not None


def test_what_is_unknown_says_of_how_many(tmp_path: Path) -> None:
    answers = [
        Given(sample="0", hops=[Hop(joules=1.0)]),
        Given(sample="1", hops=[Hop(joules=None, usd=None)], seconds=None),
    ]
    found = card(build_run(tmp_path, [task()], [system("small")], answers))
    assert found.joules_per_request is None and found.n_energy_known == 1
    assert found.usd_per_success is None and found.n_unpriced == 1
    cells = dict(zip(TITLES, scorecard_cells(found), strict=True))
    assert cells["energy per request"].small == "known of 1 of 2"
    assert cells["cost per success"].small == "1 of 2 answers unpriced"
    none = card(build_run(tmp_path, [task()], [system("small")], [Given(success=False)]))
    assert dict(zip(TITLES, scorecard_cells(none), strict=True))["cost per success"].main == "∞"


def test_a_score_that_failed_is_in_no_share(tmp_path: Path) -> None:
    run = build_run(tmp_path, [task()], [system("small")], [Given(sample="0"), Given(sample="1")])
    found = card(with_scores(run, {"executable": {"0": 1.0, "1": None}}))
    assert found.executable is not None and found.executable.n == 1
