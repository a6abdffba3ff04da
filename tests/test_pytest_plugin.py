"""The plugin, loaded by a pytest of its own that runs small test files."""

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

pytest_plugins = ["pytester"]

INSTALLED = any(point.name == "evalsuite" for point in entry_points(group="pytest11"))
LOADED = () if INSTALLED else ("-p", "evalsuite.pytest_plugin")
TESTS = """
import pytest

@pytest.mark.evalsuite("experiment.yaml", baseline="baseline.json", max_errors="2%", two_stages=False)
def test_no_worse(evaluated):
    evaluated.no_regression("small")
    evaluated.no_regression(task="mine/sums")

@pytest.mark.evalsuite("experiment.yaml")
def test_good_enough(evaluated):
    evaluated.succeeds("small", at_least=0.5)
    assert len(evaluated.run.responses) == 60
"""


@pytest.fixture
def home(pytester: pytest.Pytester) -> Path:
    """A project with a blessed run, as a test file of it would stand there."""
    experiment = write_experiment(pytester.path, {"small": {}})
    run = evalsuite.run(experiment, out=pytester.path / "good", repeats=5, seed=3)
    gates.bless(run, pytester.path / "baseline.json")
    pytester.makepyfile(test_small=TESTS)
    return pytester.path


def outcome(pytester: pytest.Pytester, *arguments: str) -> tuple[pytest.RunResult, dict[str, int]]:
    done = pytester.runpytest_inprocess(
        *LOADED, "-p", "no:cacheprovider", "--junitxml=junit.xml", *arguments
    )
    [suite] = ElementTree.parse(pytester.path / "junit.xml").getroot().iter("testsuite")
    return done, {name: int(suite.get(name, "")) for name in ("tests", "failures", "errors")}


def test_an_unchanged_system_passes_and_what_is_undecided_warns(
    home: Path, pytester: pytest.Pytester
) -> None:
    done, counts = outcome(pytester)
    assert counts == {"tests": 2, "failures": 0, "errors": 0}
    done.stdout.fnmatch_lines(["*Undecided: undecided: success of small in mine/sums*"])
    assert (home / "runs" / "noisy" / "manifest.json").exists()


def test_a_worse_system_fails_with_the_figures(home: Path, pytester: pytest.Pytester) -> None:
    write_experiment(home, {"small": {"penalty": 0.5}})
    done, counts = outcome(pytester)
    assert counts == {"tests": 2, "failures": 2, "errors": 0}
    done.stdout.fnmatch_lines(
        [
            "*AssertionError: regressed: success of small in mine/sums: * points*",
            "*AssertionError: small succeeds on *; asked for at least 50.0 %*",
        ]
    )


def test_failed_answers_are_errors_and_no_failures(home: Path, pytester: pytest.Pytester) -> None:
    write_experiment(home, {"small": {"fail": ["q1", "q2", "q4"]}})
    done, counts = outcome(pytester, "-k", "no_worse")
    assert counts == {"tests": 1, "failures": 0, "errors": 1}
    done.stdout.fnmatch_lines(["*3 of 60 answers failed (server_error 3), more than allowed*"])


def test_no_baseline_is_an_error(home: Path, pytester: pytest.Pytester) -> None:
    (home / "baseline.json").unlink()
    done, counts = outcome(pytester, "-k", "no_worse")
    assert counts == {"tests": 1, "failures": 0, "errors": 1}
    done.stdout.fnmatch_lines(["*baseline.json: no such file; `evalsuite bless RUN*"])


def test_strict_fails_what_is_undecided(home: Path, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_small=TESTS.replace('max_errors="2%"', "strict=True"))
    done, counts = outcome(pytester, "-k", "no_worse")
    assert counts["failures"] == 1
    done.stdout.fnmatch_lines(["*AssertionError: undecided: success of small*"])


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            "def test_it(evaluated): pass",
            "*test_it: mark it with @pytest.mark.evalsuite('experiment.yaml')*",
        ),
        (
            "@pytest.mark.evalsuite('none.yaml')\ndef test_it(evaluated): pass",
            "*none.yaml: no such file*",
        ),
        (
            "@pytest.mark.evalsuite('experiment.yaml', stric=True)\ndef test_it(evaluated): pass",
            "*unknown key 'stric'; did you mean 'strict'?*",
        ),
        (
            "@pytest.mark.evalsuite('experiment.yaml')\n"
            "def test_it(evaluated): evaluated.no_regression()",
            "*no_regression needs a baseline*",
        ),
        (
            "@pytest.mark.evalsuite('experiment.yaml')\n"
            "def test_it(evaluated): evaluated.succeeds('smal', at_least=0.5)",
            "*smal has no scored answers in any task*",
        ),
    ],
)
def test_a_mistake_is_told(pytester: pytest.Pytester, body: str, message: str) -> None:
    write_experiment(pytester.path, {"small": {}}, n=6)
    pytester.makepyfile(test_it=f"import pytest\n{body}\n")
    done, counts = outcome(pytester)
    assert counts["failures"] + counts["errors"] == 1
    done.stdout.fnmatch_lines([message])


def test_loading_it_loads_nothing_else() -> None:
    check = (
        "import sys, pytest; before = set(sys.modules); import evalsuite.pytest_plugin; "
        "print(sorted(name for name in set(sys.modules) - before if '.' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['evalsuite']"
