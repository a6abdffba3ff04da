from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from evalsuite.analysis.baseline import baseline_of
from evalsuite.analysis.gate import gate
from evalsuite.analysis.gate_config import load_gate_file
from evalsuite.analysis.gate_result import GateResult, Mismatch
from evalsuite.analysis.run_pairs import compare_runs
from evalsuite.reporting.compare_markdown import comparison_json, comparison_markdown
from evalsuite.reporting.compare_terminal import render_comparison
from evalsuite.reporting.gate_json import gate_json
from evalsuite.reporting.gate_markdown import MOST_CHARACTERS, gate_markdown
from evalsuite.reporting.gate_terminal import render_gate
from evalsuite.reporting.gate_words import headline
from evalsuite.reporting.junit import gate_junit
from tests.analysis.gated import run_of
from tests.reporting.conftest import HOSTILE

RIGHT = ["1"] * 30
LOST = ["0"] * 8 + ["1"] * 22


def judged(tmp_path: Path, now: dict[str, list[str]], **config: Any) -> GateResult:
    """The gate of systems that were right 30 times, and now are as ``now`` says."""
    then = run_of(tmp_path / "then", {name: {"t": RIGHT} for name in now})
    run = run_of(
        tmp_path / "now", {name: {"t": words} for name, words in now.items()}, texts={"0": HOSTILE}
    )
    return gate(run, baseline_of(then), load_gate_file(None, config), baseline_name="b.json")


def printed(result: GateResult, width: int = 140) -> str:
    file = io.StringIO()
    render_gate(result, Console(file=file, width=width, color_system=None))
    return file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 140])
def test_the_terminal_has_the_verdict_first_and_is_never_too_wide(
    tmp_path: Path, width: int
) -> None:
    text = printed(judged(tmp_path, {"small": LOST, "large": RIGHT}), width)
    lines = text.splitlines()
    assert lines[0].startswith("REGRESSED")
    assert max(map(len, lines)) <= width
    assert "small" in text and "large" in text
    assert "\x1b" not in text and "\u202e" not in text
    assert "\\x1b" in "".join(text.split())


def test_a_headline_has_bounds_n_and_p(tmp_path: Path) -> None:
    words = headline(judged(tmp_path, {"small": LOST}, metrics=["success"]))
    assert words.startswith("success of small in t: 100.0 % → 73.3 % (−26.7 points (−")
    assert words.endswith("30 samples, corrected p 0.004).")


def test_markdown_is_marked_escaped_and_short_enough(tmp_path: Path) -> None:
    text = gate_markdown(judged(tmp_path, {"small": LOST, "large": RIGHT}))
    assert text.startswith("<!-- evalsuite-gate: by-hand -->\n\n## Gate: regressed")
    assert harmless(text)
    assert "**−26.7 points" in text and "<details><summary>" in text
    assert text.count("<details>") == text.count("</details>")
    assert len(text) <= MOST_CHARACTERS + 100


def test_a_long_comment_is_cut_where_github_would_refuse_it(tmp_path: Path) -> None:
    result = GateResult(
        verdict="incompatible",
        run="r",
        baseline="b",
        config=load_gate_file(None),
        mismatches=tuple(Mismatch(kind="samples", text="x" * 500) for _ in range(300)),
    )
    text = gate_markdown(result)
    assert len(text) < 65_536 and text.endswith("the JSON report has everything.\n")


def test_json_has_everything(tmp_path: Path) -> None:
    result = judged(tmp_path, {"small": LOST}, metrics=["success"], critical={"t": ["t-0"]})
    told = json.loads(gate_json(result))
    assert (told["verdict"], told["exit_code"], told["n_flips"]) == ("regressed", 1, 8)
    [finding] = told["findings"]
    assert finding["test"]["p_value"] == 2**-8
    assert finding["test"]["loss"]["value"] == pytest.approx(8 / 30)
    assert told["criticals"][0]["verdict"] == "failed"
    assert told["config"]["alpha"] == 0.05


def harmless(markdown: str) -> bool:
    """Whether no tag of a model's stands there unescaped, nor a control character."""
    bare = markdown.replace("\\<", "")
    return not any(word in bare for word in ("<img", "</script", "<!--\\x", "\x1b", "\u202e"))


# -- JUnit ----------------------------------------------------------------------------------------


def suites(result: GateResult) -> ElementTree.Element:
    text = gate_junit(result)
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    root = ElementTree.fromstring(text)
    for suite in (root, *root.iter("testsuite")):
        cases = list(suite.iter("testcase"))
        assert int(suite.get("tests", "")) == len(cases)
        for attribute, tag in (("failures", "failure"), ("errors", "error")):
            assert int(suite.get(attribute, "")) == sum(
                case.find(tag) is not None for case in cases
            )
    return root


def case_of(root: ElementTree.Element, suite: str, name: str) -> ElementTree.Element:
    found = root.find(f"testsuite[@name='{suite}']/testcase[@name='{name}']")
    assert found is not None
    return found


def test_junit_tells_failures_from_what_is_undecided(tmp_path: Path) -> None:
    now = {"small": LOST, "large": ["0", *RIGHT[1:]], "same": RIGHT}
    root = suites(judged(tmp_path, now, metrics=["success"]))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "0")
    failure = case_of(root, "small in t", "success").find("failure")
    assert failure is not None and failure.get("type") == "regression"
    assert "100.0 % → 73.3 %" in (failure.get("message") or "")
    skipped = case_of(root, "large in t", "success").find("skipped")
    assert skipped is not None and "inconclusive" in (skipped.get("message") or "")
    assert case_of(root, "same in t", "success").find("system-out") is not None
    strict = suites(judged(tmp_path, now, metrics=["success"], strict=True))
    assert strict.get("failures") == "2"


def test_junit_has_failed_answers_and_mismatches_as_errors(tmp_path: Path) -> None:
    unreliable = suites(judged(tmp_path, {"small": ["x"] * 30}))
    assert (unreliable.get("failures"), unreliable.get("errors")) == ("0", "1")
    error = unreliable.find(".//error")
    assert error is not None and "30 of 30 answers failed (timeout 30)" in (error.text or "")
    then = baseline_of(run_of(tmp_path, {"small": {"t": RIGHT}}))
    other = suites(gate(run_of(tmp_path, {"small": {"t": RIGHT[1:]}}), then))
    assert (other.get("failures"), other.get("errors")) == ("0", "1")


def test_junit_has_critical_samples_as_cases(tmp_path: Path) -> None:
    config = {"metrics": ["success"], "critical": {"t": ["t-0", "t-29", "t-5"]}, "max_errors": 1}
    now = {"small": ["0", *RIGHT[1:5], "x", *RIGHT[6:]]}
    root = suites(judged(tmp_path, now, **config))
    assert case_of(root, "small in t", "critical t-0").find("failure") is not None
    assert case_of(root, "small in t", "critical t-5").find("error") is not None
    assert len(case_of(root, "small in t", "critical t-29")) == 0


def test_junit_survives_what_models_and_names_hold(tmp_path: Path) -> None:
    name = "small <&\"'\x1b\u202e"
    then = run_of(tmp_path / "a", {name: {"t": RIGHT}})
    now = run_of(tmp_path / "b", {name: {"t": LOST}}, texts={"0": HOSTILE})
    root = suites(gate(now, baseline_of(then)))
    assert [suite.get("name") for suite in root] == ["small <&\"'\\x1b\\u202e in t"]


# -- comparisons ----------------------------------------------------------------------------------


def test_a_comparison_on_all_surfaces(tmp_path: Path) -> None:
    a = run_of(tmp_path / "a", {"small": {"t": RIGHT}}, texts={"1": "calm\nand long"})
    b = run_of(tmp_path / "b", {"small": {"t": LOST}}, texts={"0": HOSTILE}, seed=5)
    compared = compare_runs(a, b)
    for width in (40, 80, 160):
        file = io.StringIO()
        render_comparison(compared, Console(file=file, width=width, color_system=None), flips=2)
        text = file.getvalue()
        assert max(map(len, text.splitlines())) <= width
        assert "\x1b" not in text and "\u202e" not in text
    assert "seed: 0 -> 5" in text and "8 lost, 0 gained" in text
    assert "distinguishable (−26.7 points" in text and "and long" in text
    assert text.count("asked question") == 2
    markdown = comparison_markdown(compared, flips=3)
    assert markdown.count("| A | B |") == 3 and harmless(markdown)
    told = json.loads(comparison_json(compared))
    assert len(told["systems"][0]["flips"]) == 8
    assert told["systems"][0]["cost"]["ratio"]["value"] == pytest.approx(30 / 22)
