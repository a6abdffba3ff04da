from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from evalsuite.errors import ConfigError, DataMissing
from evalsuite.judges import audit, of_run, read_verdicts

GOOD: dict[str, list[Any]] = {
    "judge": ["j", "j"],
    "item": ["q1", "q2"],
    "verdict": ["a", "b"],
    "human": ["a", "a"],
}


def table(**columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame(GOOD).assign(**columns)
    return frame.drop(columns=[name for name, value in columns.items() if value is ...])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"verdict": ...}, "exactly one of the columns verdict, score, label; found none"),
        ({"score": 1}, "found verdict, score"),
        ({"judge": ...}, "no column judge"),
        ({"item": ["q1", None]}, "column item is empty in 1 rows"),
        ({"verdict": ["a", "A"]}, "verdict is a, b, tie or empty, not 'A'"),
        ({"human": ["a", "first"]}, "human is a, b, tie or empty, not 'first'"),
        ({"shown_first": ["a", "left"]}, "shown_first is a or b, not 'left'"),
        ({"system_a": "x"}, "both columns system_a and system_b"),
        ({"system_a": "x", "system_b": "x"}, "x is compared with itself in 2 rows"),
        ({"item": "q", "human": ["a", "b"]}, "item q has 2 different labels"),
        ({"status": ["timeout", ""]}, "1 rows have a verdict and the status timeout"),
        ({"item": "q", "human": "a", "repeat": 0}, "two verdicts on item q of repeat 0"),
        ({"usd": ["0.1", "cheap"]}, "column usd holds 'cheap', which is no number"),
        ({"seconds": [1, -1]}, "column seconds holds -1; it is not negative"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        audit(table(**columns))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match="score holds 'high'; a judge that failed has none"):
        audit(pd.DataFrame({"judge": "j", "item": ["q"], "score": ["high"]}))
    with pytest.raises(ConfigError, match="no rows"):
        audit(pd.DataFrame({"judge": [], "item": [], "score": []}))


def test_labels_are_joined_by_key_in_any_order() -> None:
    frame = pd.DataFrame(
        {
            "judge": "j",
            "item": ["q1", "q2", "q3"],
            "system_a": "x",
            "system_b": "y",
            "verdict": ["a", "b", "a"],
        }
    )
    labels = pd.DataFrame(
        {
            "item": ["q9", "q2", "q1"],
            "system_a": ["y", "y", "x"],  # q2 is written the other way round
            "system_b": ["x", "x", "y"],
            "human": ["a", "a", "a"],
        }
    )
    found = audit(frame, labels)
    accuracy = found.judge("j").figure("accuracy").estimate
    assert accuracy is not None and (accuracy.value, accuracy.n) == (1.0, 2)
    assert found.n_unused_labels == 1


def test_labels_that_cannot_be_joined_are_refused() -> None:
    labels = pd.DataFrame({"item": ["q1"], "system_a": "x", "system_b": "y", "human": "a"})
    with pytest.raises(ConfigError, match="only one has system_a"):
        audit(table(human=...), labels)
    with pytest.raises(ConfigError, match="labels are given twice"):
        audit(table(), labels)
    with pytest.raises(ConfigError, match="no column human"):
        audit(table(human=...), pd.DataFrame({"item": ["q1"]}))


def test_a_label_written_once_counts_for_every_judge() -> None:
    frame = pd.DataFrame({"judge": ["j", "k"], "item": "q", "verdict": "a", "human": ["a", None]})
    found = audit(frame)
    accuracy = found.judge("k").figure("accuracy").estimate
    assert accuracy is not None and accuracy.value == 1.0


def test_repeats_are_numbered_where_they_are_not() -> None:
    frame = pd.DataFrame({"judge": "j", "item": ["q", "q", "r"], "score": [1, 3, 2]})
    changes = audit(frame).judge("j").figure("retest_changes")
    assert changes.estimate is not None and (changes.estimate.value, changes.n_without) == (1.0, 1)


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".jsonl", ".parquet"])
def test_files_of_all_kinds_say_the_same(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"verdicts{suffix}"
    frame = table(verdict=["a", None])
    if suffix.startswith(".csv"):
        frame.to_csv(path, index=False)
    elif suffix == ".jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    item = audit(read_verdicts(path)).judge("j")
    assert (item.n_verdicts, item.n_failed) == (2, 1)


def test_a_judge_may_be_called_null(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_text("judge,item,verdict\nnull,q1,a\nNone,q1,b\n")
    assert [item.judge for item in audit(read_verdicts(path)).judges] == ["None", "null"]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataMissing, match="no such file of verdicts"):
        read_verdicts(tmp_path / "absent.csv")
    text = tmp_path / "verdicts.txt"
    text.write_text("x")
    with pytest.raises(ConfigError, match=r"read from \.csv, \.jsonl or \.parquet"):
        read_verdicts(text)
    broken = tmp_path / "verdicts.jsonl"
    broken.write_text("{")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_verdicts(broken)


def recorded(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "judge": "helpful",
            "by": "large",
            "role": "judge",
            "criterion": "overall",
            "task": "t",
            "sample_id": ["1", "1", "2", "2"],
            "cluster": ["1", "1", "2", "2"],
            "system": None,
            "system_a": "x",
            "system_b": "y",
            "order": ["ab", "ba", "ab", "ba"],
            "answer_repeat": 0,
            "repeat": 0,
            "value": [1.0, 0.0, 1.0, None],
            "verdict": ["a", "b", "a", None],
            "right": ["a", "a", None, None],
            "status": ["judged", "judged", "judged", "judge_error"],
            "error_kind": [None, None, None, "no_verdict"],
            "usd": 0.01,
            "seconds": 1.0,
        }
    ).assign(**columns)


def test_the_verdicts_of_a_run_are_understood(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.parquet"
    recorded().to_parquet(path)
    item = audit(read_verdicts(path)).judge("helpful by large", "overall")
    assert (item.kind, item.n_verdicts, item.n_failed) == ("pairwise", 4, 1)
    flips = item.figure("flips")
    assert flips.estimate is not None and (flips.estimate.value, flips.n_without) == (1.0, 1)
    assert item.figure("failed").note == "no_verdict 1"
    single = item.figure("verdict_accuracy").estimate  # in the order ba it said b
    assert single is not None and (single.value, single.n) == (0.5, 2)


SINGLE: dict[str, Any] = {
    "system_a": None,
    "system_b": None,
    "order": None,
    "system": ["x", "y", "x", "y"],
}


def test_scores_of_a_run_are_understood() -> None:
    frame = recorded(**SINGLE, verdict=["4", "2", "5", None], right=["4", "3", None, "2"])
    frame["value"] = [4.2, 2.4, 4.9, None]
    tidy = of_run(frame)
    assert list(tidy["score"][:3]) == [4.2, 2.4, 4.9] and tidy["score"].isna()[3]
    assert list(tidy["human"][:2]) == [4.0, 3.0]
    item = audit(tidy).judges[0]
    assert item.kind == "score" and item.n_failed == 1
    with pytest.raises(ConfigError, match=r"pairs \(2\), scores \(2\): name the run's folder"):
        of_run(recorded(system_a=["x", "x", None, None], verdict=["a", "b", "4", None]))


def test_words_of_a_run_are_labels_and_what_is_right_is_known() -> None:
    words = ["correct", "incorrect", "correct", None]
    right = ["correct", "correct", "incorrect", "correct"]
    frame = recorded(**SINGLE, verdict=words, right=right, criterion="correct")
    mean = recorded(**SINGLE, verdict=["1", "0", "1", None], right=None)  # over its criteria
    item = audit(of_run(pd.concat([frame, mean]))).judge("helpful by large", "correct")
    accuracy = item.figure("accuracy").estimate
    assert item.kind == "label" and accuracy is not None
    assert (accuracy.value, accuracy.n) == (pytest.approx(1 / 3), 3)
    assert item.figure("accuracy").n_without == 1


def test_a_panel_of_a_run_is_a_judge_of_its_own() -> None:
    frame = recorded(role=["member", "member", "panel", "panel"], order=["ab", "ba", None, None])
    names = {item.judge for item in audit(of_run(frame.iloc[:3])).judges}
    assert names == {"helpful by large", "helpful by large (panel)"}


def test_a_gap_in_a_column_changes_no_label_and_no_item() -> None:
    """Pandas makes 1.0 of 1 in a column that has a gap."""
    frame = pd.DataFrame({"judge": "j", "item": [1, 2, 3], "label": [1, 0, None]})
    labels = pd.DataFrame({"item": [1.0, 2.0, 3.0], "human": [1, 0, 1]})
    accuracy = audit(frame, labels).judge("j").figure("accuracy")
    assert accuracy.estimate is not None
    assert (accuracy.estimate.value, accuracy.estimate.n, accuracy.n_without) == (1.0, 2, 1)


def test_empty_text_is_no_verdict() -> None:
    item = audit(pd.DataFrame({"judge": "j", "item": ["q", "r"], "verdict": ["", "a"]})).judges[0]
    assert (item.n_verdicts, item.n_failed) == (2, 1)
