"""The README shows what came out: its table and its figures are those of the reference run."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import yaml

import evalsuite
from evalsuite.analysis.summary import Summary
from evalsuite.inline import InlineTask
from evalsuite.systems.build import parse_system

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def reference() -> Summary:
    return evalsuite.summarise(evalsuite.load(ROOT / "results" / "quickstart"))


def test_the_table_is_that_of_the_report() -> None:
    found = importlib.util.spec_from_file_location("refresh", ROOT / "docs" / "refresh_readme.py")
    assert found is not None and found.loader is not None
    refresh = importlib.util.module_from_spec(found)
    found.loader.exec_module(refresh)
    report = (ROOT / "reports" / "quickstart" / "report.md").read_text(encoding="utf-8")
    assert refresh.refreshed(README, report) == README


def test_the_report_is_that_of_the_reference_run(tmp_path: Path) -> None:
    done = evalsuite.load(ROOT / "results" / "quickstart")
    written = evalsuite.report(done, tmp_path / "report.md").read_text(encoding="utf-8")
    assert written == (ROOT / "reports" / "quickstart" / "report.md").read_text(encoding="utf-8")


def test_what_the_readme_says_it_teaches_is_in_the_reference_run() -> None:
    """Success differences in points and cost ratios against the large model, as printed."""
    summary = reference()
    for system in ("classical_first", "small_first", "committee"):
        comparison = summary.comparison(system, "large")
        assert comparison is not None and comparison.success is not None
        assert comparison.usd_ratio is not None
        points = f"{abs(100 * comparison.success.difference.value):.1f} points"
        ratio = f"{comparison.usd_ratio.value:.2f}"
        assert points in README and ratio in README, (system, points, ratio)
    mix = summary.cheapest_right
    assert mix is not None and mix.shown, "a hybrid is the cheapest per right answer"
    assert f"`{mix.hybrid}`" in README and f"{mix.ratio.value:.2f}" in README
    large = summary.system("large").figures.macro_success_rate
    assert large is not None and f"{100 * large.value:.1f} %" in README


def test_the_experiment_of_the_readme_is_valid() -> None:
    block = re.search(r"```yaml\n# experiment.yaml\n(.*?)```", README, re.DOTALL)
    assert block is not None

    content = yaml.safe_load(block[1])
    for name, config in content["systems"].items():
        assert parse_system(name, config)
    inline = next(task for task in content["tasks"] if isinstance(task, dict))
    assert InlineTask.model_validate(inline).scorer == "choice"
