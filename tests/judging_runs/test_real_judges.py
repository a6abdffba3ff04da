"""Real judges: the embedded models judge each other's sums and stories, alone and together.

They were never trained to judge, so little is expected of what they say: only that every way to
judge works from end to end, and that the report says how weak they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import evalsuite
from evalsuite.api import Run
from evalsuite.embedded import names
from evalsuite.reporting.judges import judge_notes

pytest.importorskip("torch")
if not {"pico", "nano", "micro"} <= set(names()):
    pytest.skip("no embedded models here", allow_module_level=True)

PRINCIPLES = ["Only the result counts.", "Length is no merit."]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Sums and stories by the two smaller models, judged by the larger one in every way."""
    small = {"tasks": "reasoning/arithmetic"}
    maj = {
        "hybrid": "deliberate",
        "profiles": [
            {"name": "strict", "system": "micro", "says": "You are strict."},
            {"name": "kind", "system": "micro", "says": "You are kind."},
            {"name": "exact", "system": "micro", "says": "You work it out."},
        ],
    }
    content: dict[str, Any] = {
        "name": "judged",
        "tasks": ["reasoning/arithmetic", "writing/tiny_stories"],
        "systems": {
            "pico": "embedded/pico",
            "nano": "embedded/nano",
            "micro": "embedded/micro",
            "maj": maj,
            "careful": {"hybrid": "reflect", "answerer": "micro", "principles": PRINCIPLES},
        },
        "report": ["pico", "nano"],
        "limit": 3,
        "judges": [
            {**small, "judge": "correctness/answer", "by": "micro"},
            {**small, "judge": "correctness/pair", "by": "micro"},
            {
                **small,
                "judge": "correctness/answer",
                "name": "panel",
                "by": ["micro", "maj", "careful"],
                "aggregate": "vote",
            },
            {"judge": "creative/tiny_stories", "by": "micro", "tasks": "writing/tiny_stories"},
        ],
    }
    return evalsuite.run(content, out=tmp_path_factory.mktemp("real") / "run")


def test_every_way_to_judge_gives_verdicts(run: Run) -> None:
    assert set(run.verdicts.judge) == {
        "correctness-answer",
        "correctness-pair",
        "panel",
        "creative-tiny_stories",
    }
    judged = run.verdicts[run.verdicts.status == "judged"]
    assert set(judged.judge) == set(run.verdicts.judge)
    scored = judged[judged.judge == "creative-tiny_stories"]
    assert set(scored.basis) == {"expected"} and scored.value.between(1, 10).all()
    assert len(judged[judged.role == "panel"]) == 6


def test_every_question_is_priced_and_timed(run: Run) -> None:
    asked = run.verdicts[run.verdicts.question_key.notna()].drop_duplicates("question_key")
    assert (asked.usd > 0).all() and (asked.seconds > 0).all() and (asked.input_tokens > 0).all()
    for name in set(run.verdicts.judge):
        calls = evalsuite.load(run.path / "judging" / name).calls
        assert set(calls.member) == {"micro"}


def test_deliberation_and_reflection_are_on_record(run: Run) -> None:
    calls = evalsuite.load(run.path / "judging" / "panel").calls
    said = calls[calls.system == "maj"]
    assert {"strict", "kind", "exact"} == set(said.role)
    assert said.reason.str.startswith("round 1 as").any()
    checked = calls[calls.system == "careful"]
    assert {"draft", "principle 1", "principle 2"} <= set(checked.reason)


def test_weak_agreement_is_called_weak(run: Run) -> None:
    """Six answers cannot show that a judge is better than one that always says the same."""
    for item in evalsuite.summarise(run).judges:
        if item.agreement is not None:
            assert any("is weak" in note for note in judge_notes(item)), item.judge


def test_the_report_has_the_judges(run: Run, tmp_path: Path) -> None:
    markdown = evalsuite.report(run, tmp_path / "r.md").read_text()
    page = evalsuite.report(run, tmp_path / "r.html").read_text()
    for text in (markdown, page):
        assert "Judges" in text and "vote of micro, maj, careful" in text
        assert "What judging cost is in no figure of the systems" in text


def test_recorded_judges_make_a_cascade(run: Run, tmp_path: Path) -> None:
    """Verdicts of the run are replayed as tiers: the unsure ones go to the second judge, free."""
    source = str(run.path / "judging" / "panel")
    tiers = {
        "first": {"backend": "replay", "run": source, "system": "micro"},
        "second": {"backend": "replay", "run": source, "system": "maj"},
        "tiers": {"hybrid": "cascade", "tiers": ["first", "second"], "threshold": 0.9},
    }
    done = evalsuite.judge(
        run,
        judge="correctness/answer",
        by="tiers",
        name="recorded",
        tasks="reasoning/arithmetic",
        further=tiers,
    )
    verdicts = done.verdicts[done.verdicts.judge == "recorded"]
    assert len(verdicts) == 6 and set(verdicts.status) == {"judged"}
    calls = evalsuite.load(done.path / "judging" / "recorded").calls
    assert calls.recorded.all() and calls.seconds.isna().all()
    asked_again = calls[calls.role == "tier_2"]
    first = calls[calls.role == "tier_1"]
    assert len(first) == 6 and asked_again.reason.str.contains("< 0.9").all()
