"""The plugin, loaded by a pytest of its own that runs a file of small tests."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from xml.etree import ElementTree

import pytest

import evalsuite
from evalsuite import gates
from tests.noisy import write_experiment

INSTALLED = any(point.name == "evalsuite" for point in entry_points(group="pytest11"))
LOADED = () if INSTALLED else ("-p", "evalsuite.pytest_plugin")
TESTS = """
import pytest

judged = {"baseline": "baseline.json", "two_stages": False}


@pytest.mark.evalsuite("same.yaml", **judged)
def test_unchanged(evaluated):
    evaluated.no_regression("small")
    evaluated.no_regression(task="mine/sums")


@pytest.mark.evalsuite("worse.yaml", **judged)
def test_worse(evaluated):
    evaluated.no_regression()


@pytest.mark.evalsuite("worse.yaml")
def test_not_good_enough(evaluated):
    evaluated.succeeds("small", at_least=0.6)


@pytest.mark.evalsuite("same.yaml")
def test_good_enough(evaluated):
    evaluated.succeeds("small", at_least=0.5)
    assert len(evaluated.run.responses) == 60


@pytest.mark.evalsuite("same.yaml", strict=True, **judged)
def test_undecided_where_strict(evaluated):
    evaluated.no_regression("small")


@pytest.mark.evalsuite("same.yaml", strict=True)
def test_near_the_bar_where_strict(evaluated):
    evaluated.succeeds("small", at_least=evaluated.run.responses.success.mean())


@pytest.mark.evalsuite("broken.yaml", **judged)
def test_failed_answers(evaluated):
    evaluated.no_regression("small")


@pytest.mark.evalsuite("same.yaml", baseline="none.json")
def test_no_baseline(evaluated):
    evaluated.no_regression("small")


def test_no_marker(evaluated):
    pass


@pytest.mark.evalsuite("none.yaml")
def test_no_experiment(evaluated):
    pass


@pytest.mark.evalsuite("same.yaml", stric=True)
def test_misspelt(evaluated):
    pass


@pytest.mark.evalsuite("same.yaml")
def test_nothing_to_judge_by(evaluated):
    evaluated.no_regression()


@pytest.mark.evalsuite("same.yaml", **judged)
def test_nobody_of_that_name(evaluated):
    evaluated.no_regression("smal")


@pytest.mark.evalsuite("same.yaml")
def test_nobody_of_that_name_either(evaluated):
    evaluated.succeeds("smal", at_least=0.5)
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, tuple[str, str]], str]:
    """What became of each of TESTS, with its message, and all that pytest printed."""
    home = tmp_path_factory.mktemp("project")
    for file, fields in (
        ("same", {}),
        ("worse", {"penalty": 0.5}),
        ("broken", {"fail": ["q1", "q2", "q4"]}),
    ):
        write_experiment(home, {"small": fields}, file=f"{file}.yaml", name=file)
    run = evalsuite.run(home / "same.yaml", out=home / "good", repeats=5, seed=1)
    gates.bless(run, home / "baseline.json")
    (home / "test_small.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *LOADED, "--junitxml=junit.xml", "-p", "no:asyncio"],
        cwd=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (home / "junit.xml").exists(), done.stdout + done.stderr
    assert (home / "runs" / "same" / "manifest.json").exists()
    return _outcomes(home / "junit.xml"), done.stdout


def _outcomes(path: Path) -> dict[str, tuple[str, str]]:
    found = {}
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        bad = next((child for child in case if child.tag in ("failure", "error")), None)
        kind, text = ("passed", "") if bad is None else (bad.tag, f"{bad.get('message')}{bad.text}")
        found[case.attrib["name"].removeprefix("test_")] = (kind, text)
    return found


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("unchanged", "passed", ""),
        ("worse", "failure", "AssertionError: regressed: success of small in mine/sums: "),
        ("not_good_enough", "failure", "asked for at least 60.0 %"),
        ("good_enough", "passed", ""),
        ("undecided_where_strict", "failure", "AssertionError: undecided: success of small"),
        ("near_the_bar_where_strict", "failure", "AssertionError: undecided: small succeeds on"),
        ("failed_answers", "error", "3 of 60 answers failed (server_error 3), more than allowed"),
        ("no_baseline", "error", "none.json: no such file; `evalsuite bless RUN"),
        ("no_marker", "error", "mark it with @pytest.mark.evalsuite('experiment.yaml')"),
        ("no_experiment", "error", "none.yaml: no such file"),
        ("misspelt", "error", "unknown key 'stric'; did you mean 'strict'?"),
        ("nothing_to_judge_by", "failure", "no_regression needs a baseline"),
        ("nobody_of_that_name", "failure", "nothing of smal in any task is gated"),
        ("nobody_of_that_name_either", "failure", "smal has no scored answers in any task"),
    ],
)
def test_what_a_test_comes_to(
    ran: tuple[dict[str, tuple[str, str]], str], name: str, kind: str, message: str
) -> None:
    outcomes, _ = ran
    assert outcomes[name][0] == kind, outcomes[name][1]
    assert message in outcomes[name][1]


def test_what_is_undecided_warns(ran: tuple[dict[str, tuple[str, str]], str]) -> None:
    outcomes, printed = ran
    assert len(outcomes) == TESTS.count("def test_")
    assert "Undecided: undecided: success of small in mine/sums" in printed


def test_loading_it_loads_nothing_else() -> None:
    check = (
        "import sys, pytest; before = set(sys.modules); import evalsuite.pytest_plugin; "
        "print(sorted(name for name in set(sys.modules) - before if '.' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['evalsuite']"
