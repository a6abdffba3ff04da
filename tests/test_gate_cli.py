"""Every exit code of ``evalsuite gate``, reached by the command, and what it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import evalsuite
from evalsuite import gates
from evalsuite.cli import main
from tests.noisy import write_experiment

COLUMNS = "130"
UNCHANGED: dict[str, Any] = {"small": {}}
WORSE: dict[str, Any] = {"small": {"penalty": 0.4}}


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


Inside = Callable[..., Done]


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inside:
    """The command in this process, where imports are warm."""

    def run(*arguments: str | Path, cwd: Path, **env: str) -> Done:
        monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        for name, value in {"COLUMNS": COLUMNS, **env}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["evalsuite", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        code = left.value.code
        return Done(code if isinstance(code, int) else int(code is not None), said.out, said.err)

    return run


def command(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    without = {name: value for name, value in os.environ.items() if name != "GITHUB_STEP_SUMMARY"}
    return subprocess.run(
        [sys.executable, "-m", "evalsuite", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**without, "COLUMNS": COLUMNS},
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A blessed run of 5 answers a sample, and later ones to judge by it."""
    home = tmp_path_factory.mktemp("home")
    experiment = write_experiment(home, UNCHANGED)
    evalsuite.run(experiment, out=home / "good", repeats=5)
    evalsuite.run(experiment, out=home / "same", seed=7)
    worse = write_experiment(home, WORSE, file="worse.yaml")
    evalsuite.run(worse, out=home / "worse", seed=7)
    broken = write_experiment(home, {"small": {"fail": ["q1", "q2", "q3"]}}, file="broken.yaml")
    evalsuite.run(broken, out=home / "broken")
    asked = write_experiment(home, UNCHANGED, file="asked.yaml", prompt="Add {{ a }} and {{ b }}.")
    evalsuite.run(asked, out=home / "asked")
    gates.bless(home / "good", home / "baseline.json")
    return home


def test_bless_writes_a_baseline_once(home: Path, tmp_path: Path, inside: Inside) -> None:
    file = tmp_path / "b.json"
    first = command("bless", home / "good", "--baseline", file, cwd=home)
    assert first.returncode == 0, first.stderr
    assert f"baseline: {file} (new, 60 samples)" in first.stdout
    again = inside("bless", home / "good", "-b", file, cwd=home)
    assert again.returncode == 0 and "as it was" in again.stdout
    other = inside("bless", home / "worse", "-b", file, cwd=home)
    assert other.returncode == 2
    assert "holds another baseline; --replace would change: small: fingerprint" in other.stderr
    replaced = inside("bless", home / "worse", "-b", file, "--replace", cwd=home)
    assert replaced.returncode == 0 and "(replaced, 60 samples)" in replaced.stdout
    assert "samples came out otherwise" in replaced.stdout
    failed = inside("bless", home / "broken", "-b", tmp_path / "x.json", cwd=home)
    assert failed.returncode == 2
    assert "3 of 60 answers of small in mine/sums failed; at most 2% may" in failed.stderr
    assert not (tmp_path / "x.json").exists()
    forced = inside("bless", home / "broken", "-b", tmp_path / "x.json", "--allow-errors", cwd=home)
    assert forced.returncode == 0


def test_exit_0_where_nothing_is_worse(home: Path, inside: Inside) -> None:
    done = command("gate", "good", cwd=home)
    assert done.returncode == 0, done.stderr
    assert "PASSED  noisy against baseline.json" in done.stdout
    undecided = inside("gate", "same", cwd=home)
    assert undecided.returncode == 0
    assert "INCONCLUSIVE" in undecided.stdout and "samples like these" in undecided.stdout


def test_exit_1_where_something_is(home: Path, inside: Inside) -> None:
    done = command("gate", "worse", cwd=home)
    assert done.returncode == 1, done.stderr
    assert "REGRESSED" in done.stdout and "success of small in mine/sums" in done.stdout
    assert "penalty 0.0 -> 0.4" in done.stdout or "penalty None -> 0.4" in done.stdout
    assert "Samples that came out otherwise" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gate", "nowhere"], "no run here"),
        (["gate", "same", "--metric", "sucess"], "unknown metric 'sucess'; did you mean 'success'"),
        (["gate", "same", "--critical", "q1"], "write TASK=SAMPLE"),
        (["gate", "same", "--critical", "mine/sums=q99"], "has no sample 'q99'; did you mean 'q9'"),
        (["gate", "same", "--max-errors", "few"], "write a number of answers, or a share"),
        (["gate", "same", "-c", "bad.yaml"], "bad.yaml:2: unknown key 'margn'; did you mean"),
        (["gate", "same", "-c", "none.yaml"], "none.yaml: no such file"),
        (
            ["gate", "worse", "-e", "experiment.yaml"],
            "to ask small again, the experiment has to be that of",
        ),
        (["bless", "nowhere"], "no run here"),
    ],
)
def test_exit_2_for_a_users_mistake_in_one_line(
    home: Path, inside: Inside, arguments: list[str], message: str
) -> None:
    (home / "bad.yaml").write_text("metrics:\n  success: {margn: 0.1}\n")
    done = inside(*arguments, cwd=home)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr and done.stderr.strip().count("\n") == 0
    assert "Traceback" not in done.stderr


def test_exit_3_where_too_many_answers_failed(home: Path, inside: Inside) -> None:
    done = command("gate", "broken", "--junit", "out/3.xml", cwd=home)
    assert done.returncode == 3, done.stderr
    assert "3 of 60 answers failed (server_error 3), more than allowed" in done.stdout
    suites = ElementTree.parse(home / "out" / "3.xml").getroot()
    assert (suites.get("errors"), suites.get("failures")) == ("1", "0")
    assert inside("gate", "broken", "--max-errors", "5%", cwd=home).returncode == 0


def test_exit_4_where_strict_and_undecided(home: Path, inside: Inside) -> None:
    done = command("gate", "same", "--strict", "--junit", "out/4.xml", cwd=home)
    assert done.returncode == 4, done.stderr
    assert "samples like these would show an unchanged system" in done.stdout
    assert ElementTree.parse(home / "out" / "4.xml").getroot().get("failures") != "0"


def test_exit_5_without_a_baseline_of_the_same_tasks(home: Path, inside: Inside) -> None:
    none = command("gate", "same", "-b", "none.json", cwd=home)
    assert none.returncode == 5
    assert "none.json: no such file; `evalsuite bless RUN" in none.stdout.replace("\n", " ")
    asked = inside("gate", "asked", "--junit", "out/5.xml", cwd=home)
    assert asked.returncode == 5
    assert "60 of 60 samples (q0, q1, q2 and 57 more) are asked with another prompt" in asked.stdout
    case = ElementTree.parse(home / "out" / "5.xml").getroot().find(".//error")
    assert case is not None and "another prompt" in (case.text or "")
    assert inside("gate", "asked", "--allow", "prompt", cwd=home).returncode == 0


def test_what_it_writes(home: Path, inside: Inside) -> None:
    summary = home / "summary.md"
    summary.write_text("before\n")
    done = inside(
        *("gate", "worse", "--junit", "o/j.xml", "--markdown", "o/c.md", "--json", "o/g.json"),
        cwd=home,
        GITHUB_STEP_SUMMARY=str(summary),
    )
    assert done.returncode == 1
    comment = (home / "o" / "c.md").read_text()
    assert comment.startswith("<!-- evalsuite-gate: noisy -->\n")
    assert summary.read_text() == f"before\n{comment}"
    told = json.loads((home / "o" / "g.json").read_text())
    assert (told["verdict"], told["exit_code"]) == ("regressed", 1)
    [finding] = [item for item in told["findings"] if item["metric"] == "success"]
    assert finding["verdict"] == "regressed" and finding["test"]["loss"]["value"] > 0.1
    assert told["n_flips"] >= len(told["flips"]) > 0
    suites = ElementTree.parse(home / "o" / "j.xml").getroot()
    assert (suites.get("failures"), suites.get("errors")) == ("2", "0")  # success and cost


def test_two_stages_ask_only_for_what_is_missing(home: Path, inside: Inside) -> None:
    run = evalsuite.load(home / "worse")
    gates.bless(home / "good", home / "two.json", overwrite=True)
    done = inside("gate", "worse", "-e", "worse.yaml", "-b", "two.json", "--quiet", cwd=home)
    assert done.returncode == 1, done.stderr
    assert "1 pair asked again" in done.stdout
    again = evalsuite.load(home / "worse" / "asked-again-1")
    assert again.manifest.repeats == 5 and len(again.responses) == 300
    first = again.responses[again.responses.repeat == 0].set_index("sample_id")
    kept = run.responses.set_index("sample_id")
    # the answers the run had are not asked again: they keep the moment they were given
    assert (first.started_at == kept.started_at.reindex(first.index)).all()
    assert len(evalsuite.load(home / "worse").responses) == 60


def test_compare_says_what_differs_and_shows_both_answers(home: Path, inside: Inside) -> None:
    done = inside(
        *("compare", "good", "worse", "--flips", "1", "--markdown", "o/d.md", "--json", "o/d.json"),
        cwd=home,
    )
    assert done.returncode == 0, done.stderr
    assert "A good → B worse" in done.stdout
    assert "repeats: 5 -> 1" in done.stdout and "distinguishable" in done.stdout
    assert "shown from" in done.stdout
    told = json.loads((home / "o" / "d.json").read_text())
    [pair] = told["systems"]
    assert pair["success"]["difference"]["value"] < -0.1 and pair["n_lost"] > pair["n_gained"]
    flip = pair["flips"][0]
    assert flip["answer_before"] != flip["answer_now"]
    assert flip["target"] == flip["answer_before"]
    assert "| A | B |" in (home / "o" / "d.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "good"], "against itself: name two systems with --systems"),
        (["compare", "good", "same", "-s", "smal", "small"], "did you mean 'small'"),
        (["compare", "good", "nowhere"], "no run here"),
    ],
)
def test_nothing_to_compare(home: Path, inside: Inside, arguments: list[str], message: str) -> None:
    done = inside(*arguments, cwd=home)
    assert done.returncode == 2 and message in done.stderr, done.stderr
    assert done.stderr.strip().count("\n") == 0
