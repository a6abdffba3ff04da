from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import evalsuite
from evalsuite.errors import UserError
from evalsuite.reporting.formats import FORMATS, ReportOptions, write_reports
from evalsuite.reporting.tidy import COLUMNS, tidy_frame
from tests.reporting.conftest import Reported, report_of_four


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    return report_of_four(tmp_path_factory.mktemp("reported") / "run")


def test_every_format_is_written_from_one_analysis(reported: Reported, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="a PNG needs matplotlib")
    paths = [tmp_path / "deep" / f"report{suffix}" for suffix in FORMATS]
    write_reports(reported.run, paths, ReportOptions(title="My <title> & more"))
    assert all(path.stat().st_size > 1000 for path in paths)
    page, markdown = (paths[at].read_text(encoding="utf-8") for at in (0, 1))
    assert "<title>My &lt;title&gt; &amp; more" in page and "My" in markdown.splitlines()[0]
    written = json.loads((tmp_path / "deep" / "report.json").read_text(encoding="utf-8"))
    assert written["manifest"]["name"] == "My <title> & more"


def test_the_parquet_table_is_typed(reported: Reported, tmp_path: Path) -> None:
    path = evalsuite.report(reported.run, tmp_path / "figures.parquet")
    found = pd.read_parquet(path)
    assert tuple(found.columns) == COLUMNS
    pd.testing.assert_frame_equal(found, tidy_frame(reported.summary), check_dtype=False)
    assert found["n"].dtype == "Int64" and found["value"].dtype == "float64"
    assert found["value"].isna().any()


@pytest.mark.parametrize("name", ["report.doc", "report", "report.html.gz"])
def test_another_suffix_is_said_before_anything_is_done(tmp_path: Path, name: str) -> None:
    wanted = r"ends in \.html, \.md, \.csv, \.json, \.parquet, \.svg or \.png"
    with pytest.raises(UserError, match=wanted):
        evalsuite.report(tmp_path / "no run here", tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_suffix_in_capitals_is_the_same(reported: Reported, tmp_path: Path) -> None:
    path = evalsuite.report(reported.run, tmp_path / "FIGURES.CSV")
    assert path.read_text(encoding="utf-8").startswith("scope,task,system,")


def test_the_documentation_names_every_format_column_and_figure() -> None:
    import re

    from evalsuite.reporting.figures import FIGURES

    page = Path(__file__).resolve().parents[2] / "docs" / "exports.md"
    named = set(re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")))
    assert {*FORMATS, *COLUMNS, *FIGURES} <= named
