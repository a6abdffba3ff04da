"""``evalsuite judge``, as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import evalsuite
from tests.judging_runs.conftest import scripted
from tests.judging_runs.scripted_judge import ASKED

Sums = Callable[..., dict[str, Any]]


@pytest.fixture
def done(sums: Sums, tmp_path: Path) -> str:
    content = sums([], j=scripted("A"), k=scripted("A", label="other"))
    evalsuite.run({**content, "report": ["right", "wrong"]}, out=tmp_path / "run")
    return str(tmp_path / "run")


def test_a_run_is_judged(done: str, evalsuite_says: Callable[..., tuple[int, str]]) -> None:
    code, said = evalsuite_says("judge", done, "--judge", "helpfulness/pair", "--by", "j", "-q")
    assert code == 0, said
    assert "Judge helpfulness-pair v1, by j" in said and "order flips 100.0 % (of 5)" in said
    assert len(evalsuite.load(done).verdicts) == 12


def test_options_are_keys_of_an_entry(
    done: str, tmp_path: Path, evalsuite_says: Callable[..., tuple[int, str]]
) -> None:
    more = tmp_path / "more.yaml"
    more.write_text(yaml.safe_dump({"systems": {"m": scripted("B")}}))
    words = ["--judge", "helpfulness/pair", "--by", "j,m", "--from", str(more), "--one-order", "-q"]
    words += ["--aggregate", "vote", "--name", "p", "--limit", "2", "--pairs", "against:wrong"]
    code, said = evalsuite_says("judge", done, *words)
    assert code == 0, said
    verdicts = evalsuite.load(done).verdicts
    assert len(verdicts) == 6 and set(verdicts.judge) == {"p"}
    assert set(verdicts[verdicts.role == "panel"].verdict) == {"tie"}
    assert set(verdicts.system_b) == {"wrong"} and set(verdicts.order) == {"ab"}


def test_a_dry_run_asks_nothing(done: str, evalsuite_says: Callable[..., tuple[int, str]]) -> None:
    ASKED.clear()
    words = ["judge", done, "--judge", "correctness/answer", "--by", "j", "--dry-run"]
    code, said = evalsuite_says(*words)
    assert code == 0 and "11" in said, said
    assert ASKED == [] and not (Path(done) / "judging").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--judge", "helpful/pair", "--by", "j"], "did you mean 'helpfulness/pair'?"),
        (["--judge", "helpfulness/pair", "--by", "jj"], "unknown system 'jj'"),
        (["--judge", "helpfulness/pair", "--by", "right"], "answers of its own model"),
        (["--judge", "helpfulness/pair", "--by", "j", "--aggregate", "vote"], "two systems"),
        (["--judge", "helpfulness/pair", "--by", "j", "--pairs", "some"], "pairs"),
        (["--judge", "helpfulness/pair", "--by", "j", "--from", "absent.yaml"], "no such file"),
        (["--judge", "helpfulness/pair", "--by", "j", "--define", "m"], "write NAME=MODEL"),
    ],
)
def test_a_mistake_is_one_line(
    done: str, words: list[str], message: str, evalsuite_says: Callable[..., tuple[int, str]]
) -> None:
    code, said = evalsuite_says("judge", done, *words, "-q")
    assert code == 2 and message in said
    assert said.startswith("evalsuite: ") and said.count("\n") == 1


def test_an_experiment_names_the_line_of_a_wrong_judge(
    sums: Sums, tmp_path: Path, evalsuite_says: Callable[..., tuple[int, str]]
) -> None:
    path = tmp_path / "e.yaml"
    content = sums([{"judge": "helpfulness/pear", "by": "j"}], j=scripted("A"))
    path.write_text(yaml.safe_dump(json.loads(json.dumps(content)), sort_keys=False))
    line = 1 + path.read_text().splitlines().index("- judge: helpfulness/pear")
    code, said = evalsuite_says("run", str(path))
    assert code == 2
    assert said.startswith(f"evalsuite: {path}:{line}: unknown judge 'helpfulness/pear'")
