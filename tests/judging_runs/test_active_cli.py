"""``evalsuite judge --pairs active`` and ``rate-battles --next``, as a person uses them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
import yaml

import evalsuite
from evalsuite.judging.settling import read_settlings
from tests.judging_runs.ladder import PAIR, TITLE, climbed, noted, noting

Says = Callable[..., tuple[int, str]]


@pytest.fixture
def says(evalsuite_says: Says) -> Says:
    """Runs a command; its exit code and all that it wrote, on one line."""

    def say(*arguments: str) -> tuple[int, str]:
        code, said = evalsuite_says(*arguments)
        return code, " ".join(said.split())

    return say


def test_active_pairs_from_the_command_line(says: Says, tmp_path: Path) -> None:
    run, notes = climbed(tmp_path, {"a": 30, "b": 20, "c": 10}, 40), tmp_path / "notes"
    more = tmp_path / "more.yaml"
    more.write_text(yaml.safe_dump({"systems": {"j": noting(notes)}}))
    words = ["judge", str(run.path), "-j", PAIR, "-b", "j", "--from", str(more)]
    words += ["--pairs", "active", "--settle", "top:2", "--alpha", "0.1", "--most", "100"]
    code, said = says(*words, "--dry-run")
    assert code == 0 and "18–240 calls" in said and noted(notes) == []
    code, said = says(*words, "-q")
    assert code == 0, said
    n = len(noted(notes))
    assert f"asked {n} of 240 questions" in said and "top 2 settled: a, b (" in said
    assert "wrong with a chance of 10.0 % at most" in said
    found = read_settlings(run.path)[TITLE]
    assert (found.settle, found.alpha, found.questions) == ("top 2", 0.1, n)
    code, said = says("show", str(run.path))
    assert code == 0 and f"asked {n} of 240 questions" in said


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--settle", "best"], "--settle is for active pairs: write --pairs active"),
        (["--pairs", "all", "--margin", "0.1"], "--margin is for active pairs"),
        (["--pairs", "active", "--settle", "top:0"], "write all, best or top:N"),
        (["--pairs", "active", "--margin", "0.7"], "margin"),
    ],
)
def test_a_mistake_is_one_line(says: Says, tmp_path: Path, words: list[str], message: str) -> None:
    run = climbed(tmp_path, {"a": 30, "b": 20}, 4)
    code, said = says("judge", str(run.path), "-j", PAIR, "-b", "a", *words, "-q")
    assert code == 2 and message in said and said.startswith("evalsuite: ")
    assert evalsuite.load(run.path).verdicts.empty


@pytest.fixture
def battles(tmp_path: Path) -> Path:
    """x beats y and z always; y and z are even; topic t has x and y alone."""
    rows = [
        (a, b, 1.0 if a == "x" else float(place % 2), f"{a}{b}{place}", "t" if b == "y" else "u")
        for a, b in combinations("xyz", 2)
        for place in range(12)
    ]
    path = tmp_path / "battles.csv"
    columns = ["a", "b", "outcome", "cluster", "topic"]
    pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
    return path


def test_battles_on_file_say_what_to_judge_next(says: Says, battles: Path) -> None:
    code, said = says("rate-battles", str(battles), "--next", "3")
    assert code == 0, said
    assert "order not settled: x > " in said and "judge next clusters score so far" in said
    assert "y and z" in said or "z and y" in said
    code, said = says("rate-battles", str(battles), "--settle", "best", "--next", "3")
    assert code == 0 and "best settled: x > " in said and "judge next" not in said
    assert "open" not in said


def test_categories_stand_by_themselves(says: Says, battles: Path) -> None:
    code, said = says("rate-battles", str(battles), "--by", "topic", "--settle", "all")
    assert code == 0 and "t: order settled: x > y" in said and "u: order not settled" in said
    code, said = says("rate-battles", str(battles), "--settle", "worst")
    assert code == 2 and "write all, best or top:N" in said
