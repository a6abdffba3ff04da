"""Runs on disk: tables are read when they are touched, and only the columns that are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import evalsuite
from evalsuite.analysis.success import success_of
from evalsuite.errors import UserError
from evalsuite.pooling import pool
from evalsuite.store import COLUMNS, Run, load_run, write_manifest
from evalsuite.tables import TABLES, TableWriter, schema_of
from tests.analysis.frames import Given, Hop, build_run, system, task


def written(folder: Path, answers: list[Given] | None = None) -> Path:
    """A run of two systems on disk, through the tables' own writer."""
    answers = answers or [
        Given(sample=str(n), system=name, success=n < 6, hops=(Hop(member=name),))
        for name in ("small", "large")
        for n in range(8)
    ]
    made = build_run(folder, [task(n=8)], [system("small"), system("large")], answers)
    folder.mkdir(exist_ok=True)
    write_manifest(folder, made.manifest)
    for name, columns in TABLES.items():
        frame = made.read(name, list(columns)).astype(object)
        with TableWriter(folder, name) as writer:
            for row in frame.where(frame.notna(), None).itertuples(index=False):
                writer.add(tuple(row))
    return folder


def held(run: Run) -> set[str]:
    return set(vars(run)) & set(COLUMNS)


def test_loading_reads_no_table(tmp_path: Path) -> None:
    run = load_run(written(tmp_path / "run"))
    assert held(run) == set()
    assert len(run.responses) == 16
    assert held(run) == {"responses"}
    assert run.responses is run.responses


def test_what_is_not_touched_need_not_be_there(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    run = load_run(folder)
    for name in TABLES:
        if name != "responses":
            (folder / f"{name}.parquet").unlink()
    found = success_of(run, "small")
    assert found is not None and found.value == 0.75
    with pytest.raises(UserError, match=r"calls\.parquet: this table of the run is missing"):
        _ = run.calls


def test_reading_some_columns_keeps_nothing_and_agrees_with_the_whole(tmp_path: Path) -> None:
    run = load_run(written(tmp_path / "run"))
    some = run.read("calls", ["usd", "system"])
    assert list(some.columns) == ["usd", "system"] and held(run) == set()
    pd.testing.assert_frame_equal(some, run.calls[["usd", "system"]])
    pd.testing.assert_frame_equal(run.read("calls", ["usd", "system"]), some)


def test_words_compare_group_and_sort_as_text(tmp_path: Path) -> None:
    responses = load_run(written(tmp_path / "run")).responses
    assert (responses["system"] == "small").sum() == 8
    assert responses["system"].isin(["large"]).sum() == 8
    assert list(responses.groupby("system").groups) == ["large", "small"]
    assert str(responses["system"].dtype) == "str"


@pytest.mark.parametrize("table", sorted(TABLES))
def test_every_table_has_its_columns(tmp_path: Path, table: str) -> None:
    run = load_run(written(tmp_path / "run"))
    assert list(getattr(run, table).columns) == list(COLUMNS[table]) == schema_of(table).names


def test_a_table_that_is_missing_is_said_at_once(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    (folder / "scores.parquet").unlink()
    with pytest.raises(UserError, match=r"scores\.parquet: this table of the run is missing"):
        load_run(folder)


def test_a_file_that_is_no_table(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    (folder / "scores.parquet").write_text("not Parquet")
    run = load_run(folder)
    with pytest.raises(UserError, match=r"scores\.parquet: cannot be read as a table") as told:
        _ = run.scores
    assert "\n" not in str(told.value)


def test_a_column_that_no_table_has(tmp_path: Path) -> None:
    run = load_run(written(tmp_path / "run"))
    with pytest.raises(KeyError, match="calls has no column nonsense"):
        run.read("calls", ["usd", "nonsense"])
    with pytest.raises(KeyError):
        run.read("nonsense", ["usd"])


def test_other_frames_in_place_of_a_table(tmp_path: Path) -> None:
    run = load_run(written(tmp_path / "run"))
    changed = run.with_frames(responses=run.responses.assign(success=False))
    found = success_of(changed, "small")
    assert found is not None and found.value == 0.0
    kept = success_of(run, "small")
    assert kept is not None and kept.value == 0.75


def test_nobody_judged(tmp_path: Path) -> None:
    run = load_run(written(tmp_path / "run"))
    assert run.verdicts.empty and list(run.verdicts.columns) == list(COLUMNS["verdicts"])
    assert list(run.read("verdicts", ["judge", "value"]).columns) == ["judge", "value"]


def test_verdicts_on_answers_that_are_gone_are_left_out(tmp_path: Path) -> None:
    folder = written(tmp_path / "run")
    keys = load_run(folder).responses["key"].tolist()
    row: dict[str, Any] = dict.fromkeys(COLUMNS["verdicts"])
    with TableWriter(folder, "verdicts") as writer:
        for key in (keys[0], "of an earlier session"):
            writer.add(tuple({**row, "judge": "j", "response_key": key}.values()))
    run = load_run(folder)
    assert run.read("verdicts", ["judge"])["judge"].tolist() == ["j"]
    assert run.verdicts["response_key"].tolist() == [keys[0]]


def test_a_summary_reads_no_text_of_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = load_run(written(tmp_path / "run"))
    asked: dict[str, set[str]] = {name: set() for name in COLUMNS}
    read = Run.read

    def watched(self: Run, table: str, columns: Any) -> pd.DataFrame:
        asked[table] |= set(columns)
        return read(self, table, columns)

    monkeypatch.setattr(Run, "read", watched)
    evalsuite.summarise(run)
    assert asked["responses"] & {"text", "reasoning", "data", "probabilities"} == set()
    assert asked["calls"] & {"answer"} == set()
    assert asked["practice"] == set()


def test_pooled_runs_are_read_as_lazily(tmp_path: Path) -> None:
    names = ("one", "two")
    runs = [load_run(written(tmp_path / name)) for name in names]
    pooled = pool(runs)
    for name in names:
        (tmp_path / name / "calls.parquet").unlink()
    assert [held(run) for run in (*runs, pooled)] == [set(), set(), set()]
    found = success_of(pooled, "small (one)")
    assert found is not None and found.value == 0.75
    assert held(pooled) == {"responses"}
