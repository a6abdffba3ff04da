"""``evalsuite report`` and ``evalsuite.report`` over one run and over several."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import evalsuite
from evalsuite.cli import main

EXPERIMENT = {"tasks": ["tabular/rows"], "limit": 8}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two real runs of the same task by different systems."""
    folder = tmp_path_factory.mktemp("runs")
    for name, model in (
        ("first", "classical/majority"),
        ("second", "classical/logistic_regression"),
    ):
        content = {**EXPERIMENT, "name": name, "systems": {name: model}}
        evalsuite.run(content, out=folder / name)
    return folder


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def report(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """Runs ``evalsuite report`` in ``folder``, in this process, where imports are warm."""
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["evalsuite", "report", *arguments])
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        return Done(code, *capsys.readouterr())

    return run


Report = Callable[..., Done]


def test_a_run_is_reported_in_its_folder_unless_said_otherwise(
    report: Report, folder: Path
) -> None:
    done = report("first")
    assert (done.returncode, done.stdout) == (0, "report: first/report.html\n"), done.stderr
    assert (folder / "first/report.html").stat().st_size > 10_000


def test_several_runs_are_one_report_in_every_format_that_is_wanted(
    report: Report, folder: Path
) -> None:
    wanted = ["out/all.csv", "out/all.json", "out/all.svg", "out/all.html"]
    done = report("first", "second", *[x for name in wanted for x in ("-o", name)])
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"report: {name}" for name in wanted]
    figures = pd.read_csv(folder / "out/all.csv")
    rates = figures[(figures.scope == "systems") & (figures.figure == "success_rate")]
    assert set(rates.system) == {"first", "second"} and set(rates.n) == {8}
    compared = figures[(figures.scope == "comparisons") & (figures.figure == "n_pairs")]
    assert compared.value.tolist() == [8]  # the same samples, so they are pairs
    page = (folder / "out/all.html").read_text(encoding="utf-8")
    assert "first" in page and "second" in page


def test_several_runs_need_a_name_for_their_report(report: Report, folder: Path) -> None:
    done = report("first", "second")
    assert done.returncode == 2
    assert "say where it goes with --out FILE.html" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_title_stands_in_place_of_the_name(report: Report, folder: Path) -> None:
    done = report("first", "-o", "t.json", "--title", "Which one?")
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "t.json").read_text())["manifest"]["name"] == "Which one?"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["first", "-o", "a.csv", "-o", "b.doc"], "b.doc: a report ends in .html, .md, .csv"),
        (["first", "-o", "x.svg", "--figure", "planet"], "did you mean 'plane'?"),
        (["nowhere", "-o", "x.csv"], "no run here"),
    ],
)
def test_a_mistake_is_one_line(
    report: Report, folder: Path, arguments: list[str], message: str
) -> None:
    done = report(*arguments)
    assert done.returncode == 2
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (folder / "a.csv").exists()


def test_from_python(folder: Path, tmp_path: Path) -> None:
    loaded = evalsuite.load(folder / "first")
    path = evalsuite.report(loaded, tmp_path / "new" / "one.csv")
    assert path == tmp_path / "new" / "one.csv" and path.exists()
    both = evalsuite.report([loaded, folder / "second"], tmp_path / "both.csv")
    assert len(pd.read_csv(both)) > len(pd.read_csv(path))


def test_a_page_holds_as_many_samples_as_are_wanted(report: Report, folder: Path) -> None:
    assert report("first", "-o", "few.html", "--samples", "3").returncode == 0
    assert "3 of 8 samples" in (folder / "few.html").read_text(encoding="utf-8")
