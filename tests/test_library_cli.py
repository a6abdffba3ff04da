"""``evalsuite list`` and ``show``, through the real command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalsuite.catalog import task_files
from evalsuite.datasets import data_roots
from tests.test_cli import evalsuite


def test_the_library_is_listed_by_family(tmp_path: Path) -> None:
    done = evalsuite("list", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines() if "/" in line.split(" ")[0]]
    assert names == sorted(task_files(), key=lambda name: (name.partition("/")[0], name))
    assert f"code ({sum(name.startswith('code/') for name in names)})" in done.stdout


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_columns_are_aligned_and_nothing_is_wider_than_the_terminal(
    tmp_path: Path, columns: str
) -> None:
    done = evalsuite("list", "-f", "reasoning", "-f", "ner", cwd=tmp_path, COLUMNS=columns)
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= int(columns)
    column = lines[0].index("what it asks")
    rows = [line for line in lines if line.startswith(("reasoning/", "ner/"))]
    assert rows and all(line[column - 1] == " " != line[column] for line in rows)
    assert ("success" in lines[0]) == (columns != "60")


def test_tasks_are_found_by_family_and_word(tmp_path: Path) -> None:
    by_word = evalsuite("list", "TASKS".lower(), "arithmetic", cwd=tmp_path).stdout
    assert "reasoning/arithmetic" in by_word and "code/" not in by_word
    assert evalsuite("list", "arithmetic", cwd=tmp_path).stdout == by_word
    nothing = evalsuite("list", "no-such-word", cwd=tmp_path)
    assert nothing.returncode == 0 and "no task matches" in nothing.stdout
    wrong = evalsuite("list", "--family", "reasonning", cwd=tmp_path)
    assert wrong.returncode == 2
    assert wrong.stderr == (
        "evalsuite: no family of tasks 'reasonning': did you mean 'reasoning'?\n"
    )


def test_ones_own_folder_is_listed_with_the_library(tmp_path: Path) -> None:
    (tmp_path / "own" / "mine").mkdir(parents=True)
    (tmp_path / "own" / "mine" / "fixed.py").write_text(FIXED)
    listed = evalsuite("list", "--folder", "own", "looks", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert "mine/fixed  looks and calls" in listed.stdout and "tabular" not in listed.stdout


def test_programs_get_everything(tmp_path: Path) -> None:
    done = evalsuite("list", "--json", "--sizes", "-f", "reasoning", "arithmetic", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert found["broken"] == {}
    (task,) = found["tasks"]
    assert task["name"] == "reasoning/arithmetic" and task["endless"] is True
    assert task["samples"] == {"train": None, "validation": None, "test": None}
    assert task["success"] == "number_match" and task["variants"][0] == "plain"


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("families", "reasoning  "),
        ("scorers", "choice_match: names the right choice and no other"),
        ("systems", "hybrid: cascade"),
        ("datasets", "licence"),
    ],
)
def test_other_things_are_listed_too(tmp_path: Path, kind: str, shown: str) -> None:
    done = evalsuite("list", kind, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout
    assert json.loads(evalsuite("list", kind, "--json", cwd=tmp_path).stdout)


def test_every_named_scorer_says_what_it_wants(tmp_path: Path) -> None:
    scorers = json.loads(evalsuite("list", "scorers", "--json", cwd=tmp_path).stdout)
    assert all(said.partition(": ")[2] for said in scorers.values()), scorers
    wrong = evalsuite("list", "scorers", "--sizes", cwd=tmp_path)
    assert wrong.returncode == 2 and "are of tasks, not of scorers" in wrong.stderr


def test_a_task_is_shown_as_it_is_sent_and_scored(tmp_path: Path) -> None:
    shown = evalsuite("show", "task", "reasoning/arithmetic", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    for part in ("Sent (sample ", "user ─", "at most ", "expected ─", "an empty answer", "success"):
        assert part in shown.stdout
    assert evalsuite("show", "reasoning/arithmetic", cwd=tmp_path).stdout == shown.stdout


def test_other_ways_to_ask_are_shown(tmp_path: Path) -> None:
    plain = json.loads(evalsuite("show", "tabular/rows", "--json", cwd=tmp_path).stdout)
    shots = json.loads(
        evalsuite("show", "tabular/rows", "--json", "--shots", "2", cwd=tmp_path).stdout
    )
    said = [turn["role"] for turn in shots["request"]["messages"]]
    assert said == ["user", "assistant"] * 2 + ["user"]
    assert shots["request"]["messages"][-1] == plain["request"]["messages"][-1]
    named = evalsuite("show", "tabular/rows@2-shot", "--json", cwd=tmp_path)
    assert json.loads(named.stdout) == shots
    one_text = evalsuite(
        "show", "tabular/rows", "--json", "--shots", "1", "--form", "completion", cwd=tmp_path
    )
    assert len(json.loads(one_text.stdout)["request"]["messages"]) == 1


def test_another_sample_is_shown_and_graded(tmp_path: Path) -> None:
    first = json.loads(evalsuite("show", "tabular/rows", "--json", cwd=tmp_path).stdout)
    right, empty = first["answers"]
    assert right["what"] == "a right answer" and right["success"] is True
    assert empty["success"] is False and empty["scores"][0]["status"] == "format_error"
    train = evalsuite("show", "tabular/rows", "--json", "--split", "train", cwd=tmp_path)
    other = json.loads(train.stdout)["sample"]["id"]
    again = evalsuite(
        "show", "tabular/rows", "--json", "--split", "train", "--sample", other, cwd=tmp_path
    )
    assert again.stdout == train.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "a", "b"], "show one thing"),
        (["show", "tabular/rows", "--variant", "shouting"], "shouting"),
        (["show", "tabular/rows", "--split", "dev"], "write test, validation or train"),
        (["show", "tabular/rows", "--form", "poem"], "write chat or completion"),
        (["show", "fixed.py", "--sample", "nine"], "the test split has no sample nine"),
    ],
)
def test_mistakes_are_one_line(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "fixed.py").write_text(FIXED)
    done = evalsuite(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert message in done.stderr and done.stderr.count("\n") == 1


FIXED = """
from evalsuite.records import Message, Sample, Score, Tool
from evalsuite.task import Task

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwACh"
    "wGA60e6kgAAAABJRU5ErkJggg=="
)
TASK = Task(
    name="mine/fixed", family="mine", summary="looks and calls",
    samples=lambda split: [Sample(id="one", inputs={}, target={"call": "look"})],
    prompt=lambda sample: [
        Message(role="system", content="Be\\x1b[31m brief."),
        Message(role="user", content="What is this?", images=(PIXEL,)),
    ],
    tools=lambda sample: [Tool(name="look", description="Looks.", parameters={"type": "object"})],
    output_schema={"type": "object"}, stop=("END",),
    score=lambda sample, answer: [Score(name="seen", value=None, status="scorer_error")],
    success="seen",
)
"""


def test_images_tools_and_schemas_are_described(tmp_path: Path) -> None:
    (tmp_path / "fixed.py").write_text(FIXED)
    shown = evalsuite("show", "fixed.py", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    for part in (
        "[image 1: image/png, 1 x 1, 70 bytes]",
        "Be\\x1b[31m brief.",
        "tool offered ─",
        "look: Looks.",
        "output schema ─",
        "stops at 'END'",
        "the target, as text",
        "unknown  scorer_error  neither",
    ):
        assert part in shown.stdout, part


def test_absent_data_is_said_and_the_rest_is_shown(tmp_path: Path) -> None:
    nowhere = {"EVALSUITE_DATA": str(tmp_path / "no"), "EVALSUITE_CACHE": str(tmp_path / "cache")}
    shown = evalsuite("show", "ner/wnut17", cwd=tmp_path, EVALSUITE_OFFLINE="1", **nowhere)
    assert shown.returncode == 0, shown.stderr
    assert "EVALSUITE_OFFLINE forbids fetching" in " ".join(shown.stdout.split())
    assert "CC-BY-4.0" in shown.stdout
    as_json = evalsuite(
        "show", "ner/wnut17", "--json", cwd=tmp_path, EVALSUITE_OFFLINE="1", **nowhere
    )
    assert as_json.returncode == 2 and as_json.stderr.startswith("evalsuite: wnut17: no ")


def test_humaneval_x_is_shown_without_its_toolchain(tmp_path: Path) -> None:
    roots = [root for root in data_roots() if (root / "tasks/code/humaneval_x").is_dir()]
    if not roots:
        pytest.skip("no tasks/code/humaneval_x here; set EVALSUITE_DATA")
    env = {"PATH": str(tmp_path), "EVALSUITE_DATA": str(roots[0].resolve())}
    shown = evalsuite("show", "code/humaneval_x_rust", cwd=tmp_path, **env)
    assert shown.returncode == 0, shown.stderr
    assert "Complete this Rust function." in shown.stdout
    assert "not scored here: Rust programs cannot be graded here" in shown.stdout
    planned = evalsuite(
        "run", "--task", "code/humaneval_x_rust", "--system", "embedded/nano", "--dry-run",
        cwd=tmp_path, **env,
    )  # fmt: skip
    assert planned.returncode == 0, planned.stderr
    assert "Would stop: code/humaneval_x_rust: Rust programs cannot be graded" in planned.stdout
