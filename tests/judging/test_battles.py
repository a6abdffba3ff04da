from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalsuite.errors import ConfigError, DataMissing, UserError
from evalsuite.ratings import check_battles, rate, read_battles

GOOD = {"a": ["x", "y", "z"], "b": ["y", "z", "x"], "outcome": [1, 0.5, 0]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"outcome": [1, 2, 0]}, "battle 1: outcome 2"),
        ({"outcome": ["x", "y", "z"]}, "column outcome"),
        ({"outcome": [None, None, None]}, "no battle with an outcome"),
        ({"b": ["x", "z", "x"]}, "battle 0: x fights itself"),
        ({"a": ["x", None, "z"]}, "battle 1: a names no model"),
        ({"weight": [1.0, 1.0, 0.0]}, "battle 2: weight 0"),
        ({"weight": [1.0, np.nan, 1.0]}, "battle 1: weight is not a finite number"),
        ({"cluster": ["p", None, "q"]}, "battle 1: cluster is missing"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_row(change: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        rate(pd.DataFrame({**GOOD, **change}))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_columns_are_named() -> None:
    with pytest.raises(ConfigError, match="no column outcome, length"):
        check_battles(pd.DataFrame({"a": ["x"], "b": ["y"]}), ["length"])


def test_every_battle_is_turned_the_same_way() -> None:
    frame = pd.DataFrame({"a": ["y", "x"], "b": ["x", "y"], "outcome": [1, 0], "long": [3.0, -3.0]})
    found = check_battles(frame, ["long"])
    assert found.models == ("x", "y")
    assert found.result.tolist() == [2, 2]
    assert found.covariates.tolist() == [[-3.0], [-3.0]]


def test_rows_without_an_outcome_are_left_out_and_counted() -> None:
    frame = pd.DataFrame({**GOOD, "outcome": [1, None, 0]})
    rated = rate(frame)
    assert rated.n_battles == 2
    assert "Rows left out for want of an outcome: 1." in rated.notes


def test_categorical_and_integer_names_are_names() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [2, 3, 1], "outcome": [1, 1, 1]})
    assert check_battles(frame).models == ("1", "2", "3")
    categories = pd.DataFrame(GOOD).astype({"a": "category", "b": "category"})
    pd.testing.assert_frame_equal(rate(categories).table, rate(pd.DataFrame(GOOD)).table)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "parquet"])
def test_every_kind_of_file_reads_the_same(kind: str, tmp_path: Path) -> None:
    frame, path = pd.DataFrame(GOOD), tmp_path / f"battles.{kind}"
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_csv(path, index=False)
    pd.testing.assert_frame_equal(rate(read_battles(path)).table, rate(frame).table)


def test_arena_files_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "arena.csv"
    path.write_text(
        "model_a,model_b,winner,prompt\n"
        "x,y,model_a,p\ny,x,tie (bothbad),p\nx,y,model_b,q\nx,y,tie,q\nx,y,,q\n"
    )
    frame = read_battles(path)
    assert frame["outcome"].tolist()[:4] == [1.0, 0.5, 0.0, 0.5]
    assert frame["cluster"].tolist() == ["p", "p", "q", "q", "q"]
    assert rate(frame).n_battles == 4
    path.write_text("model_a,model_b,winner\nx,y,me\n")
    with pytest.raises(ConfigError, match="winner 'me'"):
        read_battles(path)


def test_unreadable_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(DataMissing):
        read_battles(tmp_path / "none.csv")
    for name, content in (("b.txt", "a"), ("b.jsonl", "{"), ("b.parquet", "a"), ("b.csv", "")):
        (tmp_path / name).write_text(content)
        with pytest.raises(UserError, match=r"b\."):
            read_battles(tmp_path / name)
