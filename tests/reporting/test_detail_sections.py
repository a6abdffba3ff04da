"""The sections of ties, spend, failures, slices, scorecards and repeats on the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from evalsuite.analysis.summary import Summary, summarise
from evalsuite.reporting.columns import systems_columns
from evalsuite.reporting.failures import judge_errors
from evalsuite.reporting.html import to_html
from evalsuite.reporting.json_report import json_value
from evalsuite.reporting.scorecard import to_markdown
from evalsuite.reporting.tie_groups import tie_sentences
from evalsuite.store import Run
from tests.analysis.frames import Given, Hop, build_run, system, task

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"
SMALL, LARGE = system("small"), system("large")
CASCADE = system("cascade", "hybrid", {"first": "small", "then": "large"})


def a_run(tmp_path: Path) -> Run:
    """80 samples of two levels, twice each; a failure, an escalation and a repaired call."""
    answers = []
    for index in range(80):
        level = "easy" if index % 2 else HOSTILE
        for repeat in range(2):
            for name, right, hops in (
                ("large", index % 10 > 0, [Hop(member="large", usd=0.01)]),
                ("small", index % 2 == 1, [Hop(usd=0.0005, retries=int(index == 4))]),
                ("cascade", index % 10 > 1, [Hop(role="first"), Hop(role="then", usd=0.01)]),
            ):
                answers.append(
                    Given(
                        sample=f"{index:02}",
                        repeat=repeat,
                        system=name,
                        success=right,
                        hops=hops,
                        metadata={"level": level},
                    )
                )
    answers.append(
        Given(
            sample="lost",
            system="large",
            success=None,
            error_kind="timeout",
            error_message=HOSTILE,
            hops=[Hop(member="large", status="error", usd=0.0)],
        )
    )
    return build_run(tmp_path, [task()], [SMALL, LARGE, CASCADE], answers)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return a_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def summary(run: Run) -> Summary:
    return summarise(run)


@pytest.fixture(scope="module")
def page(run: Run, summary: Summary) -> str:
    return to_html(run, summary)


def section(page: str, name: str) -> str:
    found = re.search(rf'<section id="{name}">.*?</section>', page, re.DOTALL)
    assert found is not None, f"no section {name}"
    return found[0]


def test_every_section_is_there_and_says_its_figures(page: str) -> None:
    spend = section(page, "spend")
    assert "earlier hops" in spend and "<td" in spend and 'class="bar stack"' in spend
    assert "90.9 %" in section(page, "spend")  # 1.6 of 1.76 dollars of the cascade's second tier
    failures = section(page, "failures")
    assert "timeout" in failures and "2 then answered" in failures
    assert "success" in section(page, "scorecard")
    assert "pass@2" in section(page, "repeats")
    slices = section(page, "slices")
    assert "easy" in slices and "worse here" in slices
    systems = section(page, "systems")
    assert "rank 1" in systems and "tied" in systems


def test_what_came_from_models_and_files_stays_text(page: str) -> None:
    for name in ("failures", "slices"):
        text = section(page, name)
        assert "alert(1)" in text and "<script" not in text
        assert "\x1b" not in text and "\u202e" not in text


def test_the_navigation_leads_to_them(page: str) -> None:
    for name in ("scorecard", "slices", "repeats", "spend", "failures"):
        assert f'href="#{name}"' in page


def test_nothing_to_show_is_left_out(tmp_path: Path) -> None:
    answers = [Given(sample=str(index), system="small") for index in range(3)]
    run = build_run(tmp_path, [task()], [SMALL], answers)
    page = to_html(run, summarise(run))
    assert 'id="slices"' not in page and 'id="repeats"' not in page
    assert "Every answer arrived and was scored" in section(page, "failures")


def test_the_export_has_every_figure(summary: Summary) -> None:
    data = json.loads(json.dumps(json_value(summary), allow_nan=False))
    assert {"ties", "spend", "latencies", "failures", "slices", "scorecards", "repeated"} <= set(
        data
    )
    assert data["spend"][0]["costs"]["usd"] is not None
    assert data["latencies"][0]["times"]["end_to_end"]["quantiles"]["0.95"]["n"] == 160
    assert data["systems"][0]["tie"]["letters"]


def test_ties_in_words(summary: Summary) -> None:
    column = next(item for item in systems_columns() if item.title == "tied")
    cells = {item.entry.name: column.cell(item) for item in summary.systems}
    assert summary.ties is not None
    for item in summary.ties.systems:
        assert cells[item.system].main == item.letters
    assert tie_sentences(summary.ties)[-1].startswith("Corrected (Holm) for 3 pairs")
    assert tie_sentences(None) == []


def test_a_scorecard_in_markdown_is_escaped(summary: Summary) -> None:
    text = to_markdown(summary.scorecards)
    header, rule, *rows = text.splitlines()
    assert header.startswith("| system | success | cost per success |")
    assert rule.count("---") == header.count("|") - 1
    assert len([row for row in rows if row.startswith("| ")]) == 3


def test_judges_without_errors_say_nothing() -> None:
    assert judge_errors(()) == []
