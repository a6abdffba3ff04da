from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from evalsuite.catalog import (
    datasets_of,
    find_task,
    load_task,
    load_tasks,
    matching,
    split_sizes,
    task_files,
)
from evalsuite.datasets import BadData, DataFile, Dataset
from evalsuite.errors import ConfigError, DataMissing
from evalsuite.records import Sample
from evalsuite.task import Task

TASK_FILE = """
from evalsuite.records import Sample, Score
from evalsuite.task import Task

TASK = Task(
    name="mine/echo",
    family="custom",
    summary="says it back",
    samples=lambda split: [Sample(id="1", inputs={"text": "hi"}, target="hi")],
    prompt=lambda sample: sample.inputs["text"],
    score=lambda sample, answer: [Score(name="same", value=float(answer.text == sample.target))],
    success="same",
)
"""


def test_every_shipped_task_loads_and_describes_itself() -> None:
    files = task_files()
    families = {name.partition("/")[0] for name in files}
    assert {"reasoning", "code", "ner", "tabular", "writing"} <= families
    for name, path in files.items():
        task = load_task(path)
        assert task.name == name and task.family == name.partition("/")[0]
        assert task.summary and task.source and task.licence


def test_the_index_of_the_library_names_every_family() -> None:
    index = Path(__file__).resolve().parents[1] / "docs" / "library" / "README.md"
    named = set(re.findall(r"^\| `(\w+)` \|", index.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {name.partition("/")[0] for name in task_files()}


def test_shipped_tasks_have_disjoint_splits_where_their_data_is_here() -> None:
    for path in task_files().values():
        task = load_task(path)
        try:
            ids = {
                split: {s.id for _, s in zip(range(300), task.samples(split), strict=False)}
                for split in ("train", "validation", "test")
            }
        except DataMissing:
            continue
        assert ids["test"], task.name
        assert not ids["train"] & ids["test"] and not ids["validation"] & ids["test"], task.name
        assert not ids["train"] & ids["validation"], task.name


def test_a_users_task_is_found_by_file_or_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "echo.py").write_text(TASK_FILE)
    assert find_task("mine/echo.py", base=tmp_path).name == "mine/echo"
    assert find_task("mine/echo", base=tmp_path, folders=[tmp_path]).summary == "says it back"


def test_two_tasks_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "reasoning").mkdir()
    (tmp_path / "reasoning" / "arithmetic.py").write_text(TASK_FILE)
    with pytest.raises(ConfigError, match="'reasoning/arithmetic' exists twice"):
        find_task("reasoning/arithmetic", base=tmp_path, folders=[tmp_path])


def test_a_file_without_a_task_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("x = 1\n")
    with pytest.raises(ConfigError, match=r"empty\.py: a task file ends in"):
        find_task("empty.py", base=tmp_path)
    with pytest.raises(ConfigError, match="no such task file"):
        find_task("nowhere.py", base=tmp_path)


def test_an_error_inside_a_task_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\n\nx / 0\n")
    with pytest.raises(ConfigError) as raised:
        find_task("broken.py", base=tmp_path)
    assert str(raised.value) == (f"{tmp_path / 'broken.py'}:3: ZeroDivisionError: division by zero")
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    (tmp_path / "syntax.py").write_text("x = 1\ny = (\n")
    with pytest.raises(ConfigError, match=r"syntax\.py:2: SyntaxError: '\(' was never closed"):
        find_task("syntax.py", base=tmp_path)
    (tmp_path / "helper_of_a_task.py").write_text("import json\n\njson.loads('{')\n")
    (tmp_path / "further.py").write_text(
        f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\nimport helper_of_a_task\n"
    )
    with pytest.raises(ConfigError, match=r"further\.py:3: JSONDecodeError: .*decoder\.py:\d+\)$"):
        find_task("further.py", base=tmp_path)
    sys.path.remove(str(tmp_path))


ROWS_FILE = """
from pathlib import Path

from evalsuite.datasets import read_rows
from evalsuite.records import Sample, Score
from evalsuite.task import Task


def samples(split):
    for row in read_rows(Path(__file__).with_name("rows.csv")) if split == "test" else ():
        yield Sample(id=row["id"], inputs={"n": number(row["n"])}, target=len(row))


def number(cell):
    return int(cell)


TASK = Task(
    name="mine/rows", family="mine", summary="rows", samples=samples, success="same",
    prompt=lambda sample: str(sample.inputs["n"]),
    score=lambda sample, answer: [Score(name="same", value=float(answer.text == sample.target))],
)
"""


def test_an_error_over_a_row_names_the_row(tmp_path: Path) -> None:
    (tmp_path / "rows.py").write_text(ROWS_FILE)
    (tmp_path / "rows.csv").write_text("id,n\na,1\nb,two\n")
    found = find_task("rows.py", base=tmp_path).samples("test")
    assert next(iter(found)).inputs == {"n": 1}
    with pytest.raises(BadData) as raised:
        list(found)
    assert str(raised.value) == (
        f"{tmp_path / 'rows.csv'}:3: ValueError: invalid literal for int() with base 10: 'two' "
        "(in rows.py:15)"
    )
    (tmp_path / "rows.csv").write_text("id,m\na,1\n")
    with pytest.raises(BadData, match=r"rows\.csv:2: no column 'n'; it has id, m$"):
        list(find_task("rows.py", base=tmp_path).samples("test"))


def test_an_error_without_a_row_is_a_bug_and_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "bug.py"
    path.write_text(TASK_FILE.replace('[Sample(id="1"', "[Sample(id=str(1 / 0)"))
    with pytest.raises(ZeroDivisionError):
        list(find_task("bug.py", base=tmp_path).samples("test"))


def test_one_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text(TASK_FILE)
    (tmp_path / "broken.py").write_text("raise RuntimeError('oh')\n")
    loaded = load_tasks({path.stem: path for path in tmp_path.glob("*.py")})
    assert list(loaded.tasks) == ["echo"]
    assert str(loaded.broken["broken"]).endswith("broken.py:1: RuntimeError: oh")


def toy(name: str, *, family: str = "a", summary: str = "", data: tuple[Dataset, ...] = ()) -> Task:
    return Task(
        name=name,
        family=family,
        summary=summary,
        samples=lambda split: [Sample(id=f"{split}-{n}", inputs={}) for n in range(len(split))],
        prompt=lambda sample: "",
        score=lambda sample, answer: [],
        success="same",
        data=data,
    )


def words(name: str, **files: str) -> Dataset:
    made = {key: DataFile(path=path, sha256="0" * 64) for key, path in files.items()}
    return Dataset(name=name, licence="MIT", source="here", files=made)


def test_tasks_match_by_family_and_by_every_word() -> None:
    tasks = [
        toy("a/one", summary="Grade-school sums", data=(words("gsm", test="x"),)),
        toy("a/two", summary="Other sums"),
        toy("b/three", family="b", summary="Sums again"),
    ]
    assert [task.name for task in matching(tasks, families=["a"])] == ["a/one", "a/two"]
    assert [task.name for task in matching(tasks, words=["SUMS", "gsm"])] == ["a/one"]
    assert matching(tasks, families=["b"], words=["other"]) == []


def test_files_of_one_dataset_are_put_together_and_may_not_differ() -> None:
    first, second = words("w", test="a"), words("w", test="a", train="b")
    found = datasets_of([toy("a/one", data=(first,)), toy("a/two", data=(second,))])
    assert set(found["w"].files) == {"test", "train"}
    with pytest.raises(
        ConfigError, match=r"a/two: another task has a dataset 'w' with another file"
    ):
        datasets_of([toy("a/one", data=(first,)), toy("a/two", data=(words("w", test="c"),))])


def test_sizes_are_counted() -> None:
    assert split_sizes(toy("a/one")) == {"train": 5, "validation": 10, "test": 4}
    assert set(split_sizes(replace(toy("a/one"), endless=True)).values()) == {None}
