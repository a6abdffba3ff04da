"""A bad row of a file that is streamed: one line with file and row, and nothing paid is lost."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from evalsuite import cli
from evalsuite.api import recorded_experiment

Break = Callable[[list[str]], None]
OWN_TASK = """
from pathlib import Path

from evalsuite.library.simple import simple_task

HERE = Path(__file__).parent
TASK = simple_task(
    "mine/sums",
    test=HERE / "rows.jsonl",
    prompt=lambda row: row["q"],
    target="a",
    scorer="number",
    id="n",
    max_output_tokens=1,
)
"""


@dataclass(frozen=True)
class Done:
    """How ``evalsuite`` ended, and what it said of an error."""

    code: int
    stderr: str


@pytest.fixture
def evalsuite(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., Done]:
    """The real command, in this process, where imports are warm."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["evalsuite", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as left:
            code = int(left.code or 0)
        return Done(code, capsys.readouterr().err)

    return run


def rows(n: int) -> list[str]:
    return [json.dumps({"n": k, "q": f"What is {k} plus 1?", "a": k + 1}) for k in range(1, n + 1)]


def write(folder: Path, lines: list[str]) -> None:
    (folder / "rows.jsonl").write_bytes(
        "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
    )


def calls(folder: Path) -> int:
    with sqlite3.connect(folder / "run" / "journal.sqlite") as journal:
        (n,) = journal.execute("SELECT count(*) FROM calls").fetchone()
    return int(n)


@pytest.fixture(params=["inline", "own file"])
def experiment(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    task: object = {
        "name": "mine/sums",
        "data": "rows.jsonl",
        "prompt": "{{ q }}",
        "target": "a",
        "scorer": "number",
        "id": "n",
        "max_output_tokens": 1,
    }
    if request.param == "own file":
        (tmp_path / "sums.py").write_text(OWN_TASK)
        task = "sums.py"
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(f'{{"n": "{k}", "said": "{k + 1}"}}\n' for k in range(1, 1001)))
    content = recorded_experiment(
        answers, tasks=["x"], by={"sample_id": "n"}, answers={"said": "said"}
    )
    path = tmp_path / "experiment.yaml"
    path.write_text(yaml.safe_dump({**content, "tasks": [task]}))
    return path


def put(line: str) -> Break:
    def broken(lines: list[str]) -> None:
        lines[899] = line

    return broken


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (put('{"n": 900, "q": "?"}'), "rows.jsonl:900: no column 'a'; it has n, q"),
        (put('{"n": 900, "q": "?", "a": "many"}'), "a is 'many', which holds no number"),
        (put('{"n": 7, "q": "?", "a": 1}'), "rows.jsonl:900: n '7' occurs twice"),
        (put('{"n": 900, "q": "Caf\udce9", "a": 1}'), "rows.jsonl:900: not UTF-8 (byte 0xe9"),
        (put('{"n": 900, "q": '), "rows.jsonl:900: not JSON"),
    ],
    ids=["column", "type", "id", "encoding", "json"],
)
def test_row_900_is_named_and_what_was_paid_is_kept(
    experiment: Path, evalsuite: Callable[..., Done], broken: Break, message: str
) -> None:
    folder = experiment.parent
    write(folder, rows(899))
    arguments = ("run", experiment.name, "--out", "run")
    first = evalsuite(*arguments, "--limit", "3")
    assert first.code == 0, first.stderr
    assert calls(folder) == 3
    wrong = rows(900)
    broken(wrong)
    write(folder, wrong)
    stopped = evalsuite(*arguments, "--limit", "1000", "--quiet")
    assert stopped.code == 2, stopped.stderr
    assert stopped.stderr.count("\n") == 1 and message in stopped.stderr
    assert stopped.stderr.startswith("evalsuite: task mine/sums: ")
    assert calls(folder) == 3, "nothing was asked before all rows were read"
    write(folder, rows(900))
    mended = evalsuite(*arguments, "--limit", "5")
    assert mended.code == 0, mended.stderr
    assert calls(folder) == 5, "what was paid for is not paid for again"


def test_a_bad_training_row_costs_no_answer(tmp_path: Path, evalsuite: Callable[..., Done]) -> None:
    """The rows to learn from are read when a model learns, after others have answered."""
    lines = [json.dumps({"text": f"line {k}", "kind": "ab"[k % 2]}) for k in range(40)]
    (tmp_path / "test.jsonl").write_text("\n".join(lines[:6]))
    (tmp_path / "train.jsonl").write_text("\n".join([*lines[6:], '{"text": "x", "kind": "c"}']))
    task = {
        "name": "mine/kinds",
        "data": "test.jsonl",
        "train": "train.jsonl",
        "prompt": "{{ text }}: a or b?",
        "target": "kind",
        "scorer": "choice",
        "choices": ["a", "b"],
    }
    recorded = recorded_experiment(
        tmp_path / "test.jsonl", tasks=["x"], by={"inputs.text": "text"}, answers={"said": "kind"}
    )
    systems = {**recorded["systems"], "learnt": "classical/auto"}
    content = {"name": "kinds", "tasks": [task], "systems": systems}
    (tmp_path / "experiment.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    arguments = ("run", "experiment.yaml", "--out", "run", "--quiet")
    stopped = evalsuite(*arguments)
    assert stopped.code == 2, stopped.stderr
    assert stopped.stderr == (
        "evalsuite: task mine/kinds: train.jsonl:35: kind is 'c', which is none of the choices "
        "a, b\n"
    )
    assert calls(tmp_path) == 6
    (tmp_path / "train.jsonl").write_text("\n".join(lines[6:]))
    mended = evalsuite(*arguments)
    assert mended.code == 0, mended.stderr
    assert calls(tmp_path) == 12
