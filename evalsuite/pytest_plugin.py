"""pytest: run an experiment before a test, and assert on its systems with the gate's statistics.

    @pytest.mark.evalsuite("experiment.yaml", baseline="baseline.json")
    def test_small_is_no_worse(evaluated):
        evaluated.no_regression("small")
        evaluated.succeeds("small", at_least=0.6)

Paths are relative to the test file. The experiment runs in the test's set-up, so that what says
nothing about a system (no baseline, too many failed answers) is an *error* in pytest's report and
not a failure. An assertion that this many samples cannot decide warns, or fails where ``strict``.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from evalsuite.analysis.gate_result import GateResult
    from evalsuite.store import Run

MARKER = (
    "evalsuite(experiment, baseline=None, config=None, out=None, two_stages=True, **gate_keys): "
    "run the experiment in set-up, and judge it by the baseline; for the fixture `evaluated`"
)
_SETTINGS = ("baseline", "config", "out", "two_stages")


class Undecided(UserWarning):
    """An assertion that so few samples cannot decide either way."""


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """A run, and what the gate made of it (None without a baseline)."""

    run: Run
    gate: GateResult | None
    strict: bool
    alpha: float

    def no_regression(self, system: str | None = None, *, task: str | None = None) -> None:
        """Assert that nothing of ``system`` in ``task`` (None: any) has regressed.

        Raises:
            AssertionError: something has, or is undecided and the gate is strict.
            ValueError: there is no baseline, or nothing of that name was gated.
        """
        from evalsuite.reporting.gate_words import critical_sentence, finding_sentence

        if self.gate is None:
            raise ValueError("no_regression needs a baseline: name it in the marker")
        findings = [
            item
            for item in self.gate.findings
            if system in (None, item.system) and task in (None, item.task)
        ]
        if not findings:
            raise ValueError(
                f"nothing of {system or 'any system'} in {task or 'any task'} is gated"
            )
        criticals = [
            item
            for item in self.gate.criticals
            if system in (None, item.system) and task in (None, item.task)
        ]
        worse = [finding_sentence(item) for item in findings if item.verdict == "regressed"]
        worse += [critical_sentence(item) for item in criticals if item.verdict == "failed"]
        if worse:
            raise AssertionError("regressed: " + " ".join(worse))
        unsure = [finding_sentence(item) for item in findings if item.verdict == "inconclusive"]
        unsure += [critical_sentence(item) for item in criticals if item.verdict == "unknown"]
        if unsure:
            self._undecided(" ".join(unsure))

    def succeeds(self, system: str, *, at_least: float, task: str | None = None) -> None:
        """Assert that ``system`` succeeds on a share ``at_least`` of the samples like these.

        Fails where the share is shown to be lower: its one-sided bound of level 1 - alpha is. With
        several tasks, every task weighs the same. Each such assertion has a risk of its own.

        Raises:
            AssertionError: it is shown to be lower, or undecided and the gate is strict.
            ValueError: ``system`` has no scored answers there.
        """
        from evalsuite.analysis.numbers import interval, percent
        from evalsuite.analysis.success import success_of

        rate = success_of(self.run, system, task=task, alpha=self.alpha)
        if rate is None:
            raise ValueError(f"{system} has no scored answers in {task or 'any task'}")
        told = (
            f"{system} succeeds on {percent(rate.value)} ({100 * rate.level:g} % CI "
            f"{interval(rate, percent)}, n {rate.n}); asked for at least {percent(at_least)}"
        )
        if rate.high is not None and rate.high < at_least:
            raise AssertionError(told)
        if rate.low is None or rate.low < at_least:
            self._undecided(told)

    def _undecided(self, text: str) -> None:
        if self.strict:
            raise AssertionError(f"undecided: {text}")
        warnings.warn(f"undecided: {text}", Undecided, stacklevel=3)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


_KNOWN = pytest.StashKey[dict[str, Evaluated]]()


@pytest.fixture
def evaluated(request: pytest.FixtureRequest) -> Evaluated:
    """The run that the test's ``evalsuite`` marker asks for; run once a session."""
    marker = request.node.get_closest_marker("evalsuite")
    if marker is None or len(marker.args) != 1:
        raise pytest.UsageError(
            f"{request.node.nodeid}: mark it with @pytest.mark.evalsuite('experiment.yaml')"
        )
    known = request.config.stash.setdefault(_KNOWN, {})
    base = request.path.parent
    key = f"{base}\n{marker.args[0]}\n{sorted(marker.kwargs.items(), key=repr)!r}"
    if key not in known:
        known[key] = _evaluated(
            base / marker.args[0], marker.kwargs, base, request.config.rootpath / "runs"
        )
    return known[key]


def _evaluated(experiment: Path, settings: Mapping[str, Any], base: Path, runs: Path) -> Evaluated:
    from evalsuite import api, gates
    from evalsuite.errors import StoppedEarly, UserError
    from evalsuite.experiment import load_experiment

    given = {name: settings.get(name) for name in _SETTINGS}
    keys = {name: value for name, value in settings.items() if name not in _SETTINGS}
    config = None if given["config"] is None else base / given["config"]
    try:
        checked = gates.load_gate_file(config, keys)
        out = (
            base / given["out"]
            if given["out"]
            else runs / load_experiment(experiment).settings.name
        )
        run = api.run(experiment, out=out)
        gate = None
        if given["baseline"] is not None:
            again = experiment if given["two_stages"] in (None, True) else None
            gate = gates.gate(run, base / given["baseline"], checked, experiment=again)
    except (UserError, StoppedEarly) as error:
        pytest.fail(str(error), pytrace=False)
    if gate is not None and gate.verdict in ("unreliable", "incompatible"):
        from evalsuite.reporting.gate_words import headline

        pytest.fail(headline(gate), pytrace=False)
    return Evaluated(run=run, gate=gate, strict=checked.strict, alpha=checked.alpha)
