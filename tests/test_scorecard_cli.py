from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import evalsuite
from evalsuite.cli import main

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "rows"
    experiment = {
        "name": "rows",
        "tasks": ["tabular/rows"],
        "systems": {"majority": "classical/majority"},
        "limit": 12,
    }
    evalsuite.run(experiment, out=out)
    return out


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["evalsuite", *arguments])
        monkeypatch.setenv("COLUMNS", "100")
        code = 0
        try:
            main()
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_table_markdown_and_json(folder: Path, call: Call) -> None:
    code, out, _ = call("scorecard", str(folder))
    assert code == 0 and "cost per success" in out and "majority" in out
    assert "schema valid (no task with a schema)" in " ".join(out.split())
    code, out, _ = call("scorecard", str(folder), "--md")
    assert code == 0 and out.startswith("| system | success |")
    code, out, _ = call("scorecard", str(folder), "--json")
    (card,) = json.loads(out)
    assert code == 0 and (card["system"], card["n_attempted"]) == ("majority", 12)
    assert card["schema_valid"] is None and card["p50_seconds"]["n"] == 12


def test_one_form_at_a_time(folder: Path, call: Call) -> None:
    code, _, err = call("scorecard", str(folder), "--md", "--json")
    assert code == 2 and "choose one" in err


def test_no_run_is_one_line(tmp_path: Path, call: Call) -> None:
    code, _, err = call("scorecard", str(tmp_path))
    assert code == 2 and "no run here" in err and err.count("\n") == 1
