from __future__ import annotations

import json
import re
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from evalsuite.cli.cache import cache_app, human_size
from evalsuite.errors import UserError
from evalsuite.records import Answer, Completion
from evalsuite.running.cache import Cache


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALSUITE_CACHE", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "responses.sqlite"
    with closing(Cache(path)) as cache:
        for index in range(3):
            model = "gpt\x1b[31m" if index == 2 else "llama"
            cache.put(str(index), model, Completion(answer=Answer(text="x" * 978)))
    return path


def call(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(cache_app, arguments, input=typed)


def error_of(*arguments: str) -> str:
    result = call(*arguments)
    assert isinstance(result.exception, UserError)
    return str(result.exception)


def test_info_is_aligned_and_human_or_exact(path: Path) -> None:
    result = call("info")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == f"cache    {path}"
    assert lines[1].startswith("answers  3 (3.0 kB; on disk ")
    assert lines[2].split("  ")[0] == "model"
    today = r"\d{4}-\d\d-\d\d"
    assert re.fullmatch(rf"llama +2 +2\.0 kB +{today} +{today} *", lines[3])
    assert re.fullmatch(rf"gpt\\x1b\[31m +1 +1\.0 kB +{today} +{today} *", lines[4])
    exact = json.loads(call("info", "--json").output)
    assert (exact["answers"], exact["size"]) == (3, 3000)
    assert [use["answers"] for use in exact["models"]] == [2, 1]
    assert exact["path"] == str(path)


def test_prune_says_what_went(path: Path) -> None:
    assert call("prune", "--older-than", "30d").output == "removed 0 answers (0 B)\n"
    assert call("prune", "--max-size", "2kB").output == "removed 1 answer (1.0 kB)\n"
    output = call("prune", "--model", "llama", "--max-size", "0", "--json").output
    assert set(json.loads(output)) == {"answers", "size"}
    assert call("prune", "--older-than", "0s").exit_code == 0
    assert json.loads(call("info", "--json").output)["answers"] == 0


def test_clear_asks_first(path: Path) -> None:
    refused = call("clear", typed="n\n")
    assert refused.exit_code == 1
    assert f"Remove 3 answers (3.0 kB) from {path}?" in refused.output
    assert json.loads(call("info", "--json").output)["answers"] == 3
    assert "removed 3 answers (3.0 kB)" in call("clear", typed="y\n").output
    assert call("clear", "--yes").output == "removed 0 answers (0 B)\n"


def test_export_and_import(path: Path) -> None:
    assert call("export", "all.jsonl.gz").output.startswith("exported 3 answers: all.jsonl.gz (")
    other = ("--file", "other.sqlite")
    assert call("import", "all.jsonl.gz", *other).output == (
        "imported 3 answers; 0 of 3 were there already\n"
    )
    assert (
        call("import", "all.jsonl.gz").output == "imported 0 answers; 3 of 3 were there already\n"
    )
    assert json.loads(call("info", "--json", *other).output)["answers"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["prune"], "what to remove?"),
        (["prune", "--older-than", "30"], "--older-than '30': write a time such as"),
        (["prune", "--older-than", "-3d"], "--older-than '-3d': write a time such as"),
        (["prune", "--max-size", "much"], "--max-size 'much': write a size such as"),
        (["info", "--file", "absent.sqlite"], "there is no response cache at absent.sqlite"),
        (["import", "absent.jsonl"], "cannot read absent.jsonl"),
    ],
)
def test_a_mistake_is_one_line(path: Path, arguments: list[str], message: str) -> None:
    error = error_of(*arguments)
    assert message in error
    assert "\n" not in error


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (812, "812 B"),
        (1000, "1.0 kB"),
        (4_249_999, "4.2 MB"),
        (99_400_000, "99.4 MB"),
        (123_456_789, "123 MB"),
        (999_600, "1.0 MB"),
        (2_000_000_000, "2.0 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_as_a_person_reads_them(size: int, text: str) -> None:
    assert human_size(size) == text
