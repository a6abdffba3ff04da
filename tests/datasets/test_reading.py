"""Rows of files, good and bad; what is wrong is told with file and row."""

from __future__ import annotations

import copy
import gzip
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.datasets import BadData, read_rows
from evalsuite.errors import UserError
from evalsuite.records import fingerprint


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_csv(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", '\ufeffa,b\r\n1,"two\nlines"\r\n2,\r\n')
    assert list(read_rows(path)) == [{"a": "1", "b": "two\nlines"}, {"a": "2", "b": ""}]


def test_json(tmp_path: Path) -> None:
    assert list(read_rows(write(tmp_path / "x.json", '[{"a": 1}]'))) == [{"a": 1}]


def test_conll(tmp_path: Path) -> None:
    path = write(tmp_path / "x.conll", "\nA\tB-PER\nB\tO\n\t\n\nC\tx\tO\n")
    assert list(read_rows(path)) == [
        {"tokens": ["A", "B"], "tags": ["B-PER", "O"]},
        {"tokens": ["C"], "tags": ["O"]},
    ]


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1, None]}), tmp_path / "x.parquet")
    assert list(read_rows(tmp_path / "x.parquet")) == [{"a": 1}, {"a": None}]


def test_rows_are_streamed(tmp_path: Path) -> None:
    path = write(tmp_path / "x.jsonl", '{"a": 1}\n\nbroken\n')
    rows = read_rows(path)
    assert next(rows) == {"a": 1}
    with pytest.raises(ValueError, match=r"x\.jsonl:3"):
        next(rows)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.jsonl", b'{"a": 1}\n[1]\n', ":2: not an object"),
        ("x.jsonl", b'{"a": 1}\n\n{"a": }\n', ":3: not JSON: Expecting value at character 7"),
        ("x.jsonl", b"[" * 100_000, ":1: nested too deeply"),
        (
            "x.jsonl",
            '{"a": "Caf\xe9"}\n'.encode("latin-1"),
            ":1: not UTF-8 (byte 0xe9 at position 11",
        ),
        ("x.jsonl", '{"a": 1}\n'.encode("utf-16"), ": the file is in UTF-16; save it as UTF-8"),
        (
            "x.jsonl.gz",
            gzip.compress(b'{"a": 1}\n' * 500, mtime=0)[:-9],
            ": the packed file is damaged",
        ),
        ("x.json", b'{"a": 1}', ": not a list of objects"),
        ("x.json", b'[{"a": 1}, 2]', ": row 2: not an object"),
        ("x.json", b'[{"a": 1},\n{"a" 1}]', ":2: not JSON: Expecting ':' delimiter"),
        ("x.json", b"[" * 100_000, ": nested too deeply"),
        ("x.json", b'["\xff"]', ":1: not UTF-8"),
        ("x.csv", b"a,b\n1\n", ":2: another number of cells (1) than columns (2)"),
        ("x.csv", b'a,b\n"1\n",2\n1,2,3\n', ":4: another number of cells (3) than columns (2)"),
        ("x.csv", b"a,a\n1,2\n", ":1: two columns are called 'a'"),
        ("x.csv", b'a,b\n1,2\n"3,4\n', ":3: not CSV: unexpected end of data"),
        ("x.tsv", b"a\tb\n1\n", ":2: another number of cells (1) than columns (2)"),
        ("x.conll", b"A\tO\n\nB\n", ":3: a token without a tag: 'B'"),
        ("x.parquet", b"PAR1 nothing of the sort", ": row 1: cannot be read as Parquet"),
        ("x.txt", b"a", ": cannot read .txt"),
    ],
)
def test_broken_files_are_named_with_the_row(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadData) as raised:
        list(read_rows(path))
    assert str(raised.value).startswith(str(path))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert isinstance(raised.value, UserError) and isinstance(raised.value, ValueError)


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", ".json"])
def test_a_row_names_itself_where_a_column_is_missing(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    if ending == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"a": [1, 2]}), path)
    else:
        contents = {".csv": "a\n1\n2\n", ".jsonl": '{"a": 1}\n{"a": 2}\n'}
        path.write_text(contents.get(ending, '[{"a": 1}, {"a": 2}]'))
    where = {".csv": ":3", ".jsonl": ":2"}.get(ending, ": row 2")
    row = list(read_rows(path))[1]
    assert row.where == f"{path}{where}"
    assert row.get("b") is None and "b" not in row
    with pytest.raises(BadData) as raised:
        row["b"]
    assert str(raised.value) == f"{path}{where}: no column 'b'; it has a"
    assert fingerprint(row) == fingerprint(dict(row))


def test_tsv_takes_quotation_marks_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tsv", 'a\tb\n1\t"two\n')
    assert list(read_rows(path)) == [{"a": "1", "b": '"two'}]


def test_separator_columns_and_lines(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "1;2\n")
    assert list(read_rows(path, columns=("a", "b"), separator=";")) == [{"a": "1", "b": "2"}]
    assert list(read_rows(path, form="lines")) == [{"line": "1;2"}]


def test_returns_end_rows_of_csv_files_too(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", 'a,b\r1,"two\rlines"\r2,3\r')
    assert list(read_rows(path)) == [{"a": "1", "b": "two\rlines"}, {"a": "2", "b": "3"}]


def test_a_long_cell_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", f"a\n{'x' * 1_000_000}\n")
    assert [len(row["a"]) for row in read_rows(path)] == [1_000_000]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=8)


@given(st.lists(st.tuples(cells, cells), max_size=5))
def test_what_csv_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    import csv

    path = tmp_path_factory.mktemp("csv") / "x.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("a", "b"), *rows])
    assert [(row["a"], row["b"]) for row in read_rows(path)] == rows


PROGRAM = """
import resource, sys
from pathlib import Path
from evalsuite.datasets import BadData, read_rows
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    for row in read_rows(Path(sys.argv[1])):
        pass
except BadData as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("x.jsonl", b'{"a": "%s"}\n', ":2: a line of 105.0 MB; at most 33.6 MB are read"),
        ("x.csv", b'"%s"\n', ":2: a line of 105.0 MB; at most 33.6 MB are read"),
        ("x.jsonl.gz", b'{"a": "%s"}\n', ":2: a line of 105.0 MB; at most 33.6 MB are read"),
    ],
)
def test_a_line_of_100_megabytes_is_refused_in_bounded_memory(
    tmp_path: Path, name: str, line: bytes, message: str
) -> None:
    path = tmp_path / name
    content = b'{"a": 1}\n' + line % (b"x" * 105_000_000) + b'{"a": 2}\n'
    path.write_bytes(gzip.compress(content, 1, mtime=0) if name.endswith(".gz") else content)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True
    )
    said, grown_megabytes = done.stdout.splitlines()
    assert said == f"{path}{message}"
    assert float(grown_megabytes) < 100


def test_a_quotation_mark_that_is_never_closed_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b'a,b\n1,2\n3,"4\n' + (b"5," + b"6" * 1000 + b"\n") * 34_000)
    with pytest.raises(BadData) as raised:
        list(read_rows(path))
    message = f"{path}:3: a row of more than 33.6 MB; is a quotation mark missing?"
    assert str(raised.value) == message


def test_a_row_can_be_copied_and_sent_to_another_process(tmp_path: Path) -> None:
    (row,) = read_rows(write(tmp_path / "x.jsonl", '{"a": [1]}\n'))
    for other in (pickle.loads(pickle.dumps(row)), copy.deepcopy(row)):
        assert other == row == {"a": [1]}
        assert other.where == row.where
