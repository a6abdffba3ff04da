"""docs/gate.md names everything there is, with the defaults there are, and its tests run."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import get_args

import evalsuite
from evalsuite import gates
from evalsuite.analysis.gate_config import DEFAULT_RULES, Allowed, GateFile, MetricRule
from evalsuite.reporting.compare_words import SLICE_COLUMNS, SYSTEM_COLUMNS
from evalsuite.reporting.gate_words import COLUMNS

DOCS = Path(__file__).resolve().parents[1] / "docs"
INSTALLED = any(point.name == "evalsuite" for point in entry_points(group="pytest11"))


def block(document: str, title: str) -> str:
    found = re.search(rf"^```\w+ title={re.escape(title)}\n(.*?)^```$", document, re.M | re.S)
    assert found is not None, title
    return found[1]


def test_every_key_and_mismatch_is_explained() -> None:
    text = (DOCS / "gate.md").read_text(encoding="utf-8")
    names = (*GateFile.model_fields, *MetricRule.model_fields, *get_args(Allowed), *DEFAULT_RULES)
    assert [name for name in names if f"`{name}`" not in text] == []
    assert [code for code in range(6) if f"\n| {code} | " not in text] == []


def test_the_defaults_are_those_of_the_code() -> None:
    text = (DOCS / "gate.md").read_text(encoding="utf-8")
    for metric, rule in DEFAULT_RULES.items():
        row = re.search(rf"^\| `{metric}` \|[^|]*\|([^|]*)\|([^|]*)\|", text, re.M)
        assert row is not None, metric
        shown = [float(re.findall(r"[\d.]+", cell)[0]) / 100 for cell in row.groups()]
        assert shown == [rule.margin, rule.min_effect]
    usual, shown_file = GateFile(), block(text, "gate.yaml")
    for key in ("alpha", "strict", "max_errors", "repeats", "screen"):
        assert f"\n{key}: {str(getattr(usual, key)).lower()}\n" in f"\n{shown_file}"


def test_every_column_of_a_comparison_is_explained() -> None:
    text = (DOCS / "compare.md").read_text(encoding="utf-8")
    plain = {"system", "slice", "n"}
    columns = {re.sub(r", points.*", "", name) for name in (*SYSTEM_COLUMNS, *SLICE_COLUMNS)}
    assert sorted(name for name in columns - plain if name not in text) == []
    assert {"before", "now", "change", "p", "verdict"} < set(COLUMNS)


def test_the_pytest_example_runs(tmp_path: Path) -> None:
    text = (DOCS / "gate.md").read_text(encoding="utf-8")
    for title in ("experiment.yaml", "test_reader.py"):
        (tmp_path / title).write_text(block(text, title), encoding="utf-8")
    run = evalsuite.run(tmp_path / "experiment.yaml", out=tmp_path / "main")
    gates.bless(run, tmp_path / "baseline.json")
    loaded = () if INSTALLED else ("-p", "evalsuite.pytest_plugin")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", *loaded],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout
