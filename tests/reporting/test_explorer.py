from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.summary import summarise
from evalsuite.reporting.explorer import LONGEST_TEXT, embedded, explore
from tests.analysis.frames import Given, build_run, system, task
from tests.reporting.conftest import HOSTILE, Reported


def test_a_sample_carries_answers_scores_and_hops(reported: Reported) -> None:
    found = explore(reported.run, reported.summary)
    sample = next(item for item in found.data["samples"] if item["id"] == "sums-0")
    cascade = next(item for item in sample["answers"] if item["system"] == "cascade")
    assert sample["asked"] == f"What is 7 + 5? {HOSTILE}"
    assert sample["target"] == "yes"
    assert [hop["role"] for hop in cascade["hops"]] == ["small", "large"]
    assert cascade["hops"][1]["reason"] == "confidence 0.31 below 0.7"
    assert cascade["scores"] == [["exact", 1.0, "scored", "compared exactly"]]
    small = next(item for item in sample["answers"] if item["system"] == "small")
    assert small["text"] == HOSTILE and small["hops"] == []
    assert found.note == ""


def test_a_failure_is_null_and_an_unknown_cost_is_null(reported: Reported) -> None:
    found = explore(reported.run, reported.summary)
    sample = next(item for item in found.data["samples"] if item["id"] == "names-0")
    vendor = next(item for item in sample["answers"] if item["system"] == "vendor")
    assert (vendor["right"], vendor["usd"], vendor["text"]) == (None, None, None)
    assert vendor["error"].startswith("rate_limited: 429")


def test_limits_are_kept_fair_and_said(reported: Reported) -> None:
    found = explore(reported.run, reported.summary, most_samples=5)
    assert [item["task"] for item in found.data["samples"]] == [
        "names",
        "sums",
        "names",
        "sums",
        "names",
    ]
    assert found.note.startswith("Holds 5 of 24 samples")
    assert explore(reported.run, reported.summary, most_characters=1).n_shown == 1


def test_long_texts_are_cut_and_counted(tmp_path: Path) -> None:
    answers = [Given(text="x" * (LONGEST_TEXT + 1)), Given(sample="1", text="x" * LONGEST_TEXT)]
    run = build_run(tmp_path, [task()], [system("small")], answers)
    found = explore(run, summarise(run))
    texts = [sample["answers"][0]["text"] for sample in found.data["samples"]]
    assert texts == ["x" * LONGEST_TEXT + " […]", "x" * LONGEST_TEXT]
    assert found.note == "Texts cut at 4,000 characters: 1."


@given(st.dictionaries(st.text(), st.text()))
def test_embedded_json_is_inert_and_complete(data: dict[str, str]) -> None:
    text = embedded(data)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == data
