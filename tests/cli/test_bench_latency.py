from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from evalsuite.cli import main

ROWS = ["--task", "tabular/rows", "--system", "classical/majority", "--limit", "20"]


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["evalsuite", "bench-latency", *arguments])
    try:
        main()
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 1
    return 0


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "140")


def test_the_page_says_what_it_is_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="needs the extra `figures`")
    load = ["--scenario", "server", "--rate", "500", "--queries", "30", "--warmup", "3"]
    files = ["--json", "found.json", "--png", "found.png", "--html", "found.html"]
    assert run(monkeypatch, *ROWS, *load, "--e2e-ms", "60000", *files) == 0
    page = capsys.readouterr().out
    for words in (
        "server, Poisson arrivals at 500/s, seed 0; 30 queries after 3 to warm up",
        "latency runs from when a query was due",
        "failed: none of 30",
        "p90 (needs 36), p95 (needs 72), p99 (needs 368)",
        "LoadGen's minimum of queries is met for p50: 64 for p90, 662 for p99",
        "20 different samples for 30 queries: prompts came again",
        "no time to first token",
        "30 of 30 met every limit",
        "that 90.0 % of all do: not shown",
    ):
        assert words in page
    (measured,) = json.loads(Path("found.json").read_text())["measurements"]
    assert len(measured["queries"]) == 30
    assert Path("found.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in Path("found.html").read_text(encoding="utf-8")


def test_a_search_shows_its_trials(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    load = ["--scenario", "server", "--rate", "50", "--queries", "16", "--attain", "0.5"]
    search = ["--find-rate", "--max-rate", "100", "--e2e-ms", "60000", "--json", "found.json"]
    assert run(monkeypatch, *ROWS, *load, *search) == 0
    page = capsys.readouterr().out
    assert "50/s  held" in page and "highest rate shown to hold the limits: 100/s" in page
    found = json.loads(Path("found.json").read_text())
    assert found["rates"]["classical/majority"]["highest_held"] == 100
    assert len(found["measurements"]) == 2


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "what to measure?"),
        ([*ROWS, "--scenario", "burst"], "write single-stream, server, offline"),
        ([*ROWS, "--scenario", "server"], "needs a rate"),
        ([*ROWS, "--find-rate"], "the search needs the server scenario"),
        (
            ["--task", "tabular/rows", "--task", "reasoning/arithmetic", *ROWS[2:]],
            "give --task once",
        ),
        (
            ["e.yaml", "-t", "tabular/rows", "-s", "nobody"],
            "no system 'nobody' in the experiment: m",
        ),
        (["e.yaml"], "which task? Give --task: tabular/rows, reasoning/arithmetic"),
        (["e.yaml", "-t", "ner/wnut17"], "no task 'ner/wnut17' in the experiment"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str],
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("e.yaml").write_text(
        "name: e\ntasks: [tabular/rows, reasoning/arithmetic]\nsystems: {m: classical/majority}\n"
    )
    assert run(monkeypatch, *arguments) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert len([line for line in told if line.startswith("evalsuite: ")]) == 1
    assert problem in told[-1]
