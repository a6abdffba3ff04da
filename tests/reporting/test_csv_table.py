from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.reporting.csv_table import csv_of, guarded, to_csv, unguarded
from evalsuite.reporting.tidy import COLUMNS, FigureRow, tidy, tidy_frame
from tests.reporting.conftest import Reported, report_of_four


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    return report_of_four(tmp_path_factory.mktemp("reported") / "run")


texts = st.none() | st.text(min_size=1)
numbers = st.none() | st.floats(allow_nan=False)
figure_rows = st.builds(
    FigureRow,
    scope=st.text(min_size=1),
    task=texts,
    system=texts,
    other=texts,
    part=texts,
    figure=st.text(min_size=1),
    unit=texts,
    value=numbers,
    low=numbers,
    high=numbers,
    n=st.none() | st.integers(0, 10**12),
    level=numbers,
    method=texts,
)


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@given(st.lists(figure_rows, max_size=5))
def test_what_is_written_can_be_read_back(rows: list[FigureRow]) -> None:
    found = read(csv_of(rows))
    assert len(found) == len(rows)
    for cells, row in zip(found, rows, strict=True):
        for name in COLUMNS:
            value = getattr(row, name)
            if value is None:
                assert cells[name] == ""
            elif isinstance(value, str):
                assert unguarded(cells[name]) == value
            else:
                assert float(cells[name]) == value


@given(st.text())
def test_no_text_is_a_formula(text: str) -> None:
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert unguarded(guarded(text)) == text


@pytest.mark.parametrize("text", ["=cmd|'/c calc'!A0", "+1", "-1+2", "@SUM(A1)", "\t=1", "'tis"])
def test_what_a_spreadsheet_might_run_is_quoted(text: str) -> None:
    assert guarded(text) == "'" + text


def test_ordinary_names_stay_as_they_are() -> None:
    assert guarded("org/model-7b (v1)") == "org/model-7b (v1)"


def test_pandas_reads_the_same_figures(reported: Reported) -> None:
    frame = pd.read_csv(io.StringIO(to_csv(reported.summary), newline=""))
    expected = tidy_frame(reported.summary)
    assert list(frame.columns) == list(COLUMNS) and len(frame) == len(expected)
    for name in ("value", "low", "high"):
        pd.testing.assert_series_equal(frame[name], expected[name])
    assert frame["value"].isna().any() and (frame["value"] == 0).any()


def test_a_negative_figure_stays_a_number(reported: Reported) -> None:
    negative = [row for row in tidy(reported.summary) if row.value is not None and row.value < 0]
    assert negative
    cells = read(csv_of(negative))
    assert [float(row["value"]) for row in cells] == [row.value for row in negative]
