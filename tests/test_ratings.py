"""The public face of ratings: what it exports, and the command."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

from evalsuite import ratings
from evalsuite.cli import main

BATTLES = """a,b,outcome,cluster,topic,longer
x,y,1,p1,code,0.5
x,y,0,p2,code,-1
y,z,1,p3,code,1
y,z,0,p4,code,0.2
z,x,0,p5,code,-0.3
z,x,1,p6,prose,0.1
x,y,0.5,p7,prose,0.3
y,z,1,p8,prose,-0.5
z,y,1,p9,prose,1
x,z,0,p10,prose,-0.2
"""


def command(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["evalsuite", "rate-battles", *arguments])
    monkeypatch.setenv("COLUMNS", "120")
    with pytest.raises(SystemExit) as left:
        main()
    return int(left.value.code or 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "battles.csv"
    path.write_text(BATTLES)
    return path


def test_everything_named_is_there() -> None:
    for name in ratings.__all__:
        assert getattr(ratings, name).__doc__ or name == "Ties"


def test_the_command_prints_and_writes_the_ratings(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = file.with_name("ratings.csv")
    options = ["--ties", "davidson", "--covariate", "longer", "--anchor", "x=1200"]
    assert command([str(file), *options, "--out", str(out)], monkeypatch) == 0
    printed = capsys.readouterr().out
    assert "1,200" in printed and "95% interval" in printed
    assert "longer" in printed and "log_nu" in printed
    assert "10 battles, 10 clusters; ties: davidson; sandwich errors" in printed
    expected = ratings.rate(
        ratings.read_battles(file),
        ties="davidson",
        covariates=["longer"],
        scale=ratings.Scale(anchors={"x": 1200.0}),
    )
    written = pd.read_csv(out).drop(columns="category")
    pd.testing.assert_frame_equal(written, expected.table)


def test_the_command_rates_categories_with_a_bootstrap(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command([str(file), "--by", "topic", "--bootstrap", "100"], monkeypatch) == 0
    printed = capsys.readouterr().out
    assert "code" in printed and "prose" in printed
    assert "100 bootstrap draws, seed 0" in printed


def test_the_command_shows_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "parts.csv"
    path.write_text("a,b,outcome\nx,y,1\nx,y,0\nu,v,1\nu,v,0\n")
    assert command([str(path)], monkeypatch) == 0
    printed = capsys.readouterr().out
    assert "part" in printed and "never met" in printed


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--anchor", "x"], "write MODEL=RATING"),
        (["--anchor", "x=high"], "write a number"),
        (["--ties", "thirds"], "ties 'thirds'"),
        (["--out", "ratings.xls"], "ratings are written as .csv"),
        (["--bootstrap", "5"], "5 draws"),
    ],
)
def test_a_mistake_is_one_line(
    options: list[str],
    says: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command([str(file), *options], monkeypatch) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
