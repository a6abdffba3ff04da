from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalsuite.analysis.summary import summarise
from evalsuite.reporting.explorer import PILOT, explore
from evalsuite.reporting.explorer_index import FIRST_LABEL, layout
from evalsuite.reporting.explorer_pack import LONGEST_TEXT, Part, column
from evalsuite.reporting.explorer_places import in_turns
from evalsuite.store import COLUMNS
from tests.analysis.frames import Given, Hop, build_run, system, task
from tests.reporting.conftest import HOSTILE, Reported
from tests.reporting.explored import Page, opened, rows_of


def test_a_sample_carries_answers_scores_and_calls(reported: Reported) -> None:
    found = explore(reported.run, reported.summary)
    page = Page(found)
    (asked,) = page.rows("asked", "sums", "sums-0")
    assert json.loads(asked["messages"])[0]["content"] == f"What is 7 + 5? {HOSTILE}"
    assert asked["target"] == '"yes"' and asked["inputs"] is None
    said = {row["system"]: row for row in page.rows("said", "sums", "sums-0")}
    assert said["small"]["text"] == HOSTILE
    calls = page.rows("calls", "sums", "sums-0")
    hops = [row for row in calls if row["system"] == "cascade"]
    assert [(row["role"], row["member"]) for row in hops] == [
        ("small", "small"),
        ("large", "large"),
    ]
    assert hops[1]["reason"] == "confidence 0.31 below 0.7"
    assert hops[0]["text"] == HOSTILE and hops[1]["usd"] == 0.02
    own = next(row for row in calls if row["system"] == "small")
    assert (own["role"], own["text"], own["input_tokens"], own["seconds"]) == ("", None, 10, 0.1)
    scores = [row for row in page.rows("scores", "sums", "sums-0") if row["system"] == "cascade"]
    assert [(row["name"], row["value"], row["status"], row["explanation"]) for row in scores] == [
        ("exact", 1.0, "scored", "compared exactly")
    ]
    assert found.note == ""


def test_a_failure_and_an_unknown_cost_are_neither_wrong_nor_nothing(reported: Reported) -> None:
    page = Page(explore(reported.run, reported.summary))
    failed = page.slot("names", "names-0", "vendor")
    assert page.array("outcomes")[failed] == 3  # not 2, which is wrong
    assert page.header["kinds"][page.array("errors")[failed] - 1] == "rate_limited"
    assert math.isnan(page.array("usd")[failed])
    (row,) = [row for row in page.rows("said", "names", "names-0") if row["system"] == "vendor"]
    assert row["text"] is None and row["error_message"].startswith("429 </script>")
    never_asked = page.slot("sums", "sums-3", "forest")
    assert page.array("outcomes")[never_asked] == 0
    cheap = page.slot("names", "names-3", "forest")
    assert page.array("usd")[cheap] == pytest.approx(1e-8, rel=1e-6)
    assert page.array("calls")[page.slot("sums", "sums-0", "cascade")] == 2


def test_outcomes_are_those_of_every_repeat(tmp_path: Path) -> None:
    answers = [
        Given(sample="a", repeat=0, success=True),
        Given(sample="a", repeat=1, success=False, score_status="format_error"),
        Given(sample="b", repeat=1, success=None, score_status="scorer_error"),
    ]
    run = build_run(tmp_path, [task(n=2)], [system("small")], answers)
    page = Page(explore(run, summarise(run)))
    assert page.header["repeats"] == 2
    unreadable_and_wrong, not_asked, not_scored = 2 | 8, 0, 4
    assert page.array("outcomes") == [1, unreadable_and_wrong, not_asked, not_scored]


def test_verdicts_carry_the_judges_words_and_are_found_by_system(reported: Reported) -> None:
    given = {"task": "sums", "sample_id": "sums-1", "by": "large", "role": "judge"}
    given |= {"criterion": "correct", "answer_repeat": 0, "repeat": 0}
    rows = [
        {**given, "judge": "exam", "system": "small", "status": "judged", "verdict": "correct"}
        | {"agrees": False, "self_judged": False, "said": f"It is right. {HOSTILE}", "value": 1.0},
        {**given, "judge": "exam", "system": "large", "status": "judge_error", "agrees": None}
        | {"self_judged": True, "error_kind": "unreadable"},
        {**given, "judge": "pairs", "system_a": "small", "system_b": "large", "status": "judged"}
        | {"verdict": "tie", "value": 0.5, "agrees": True, "self_judged": False, "order": "ba"},
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS["verdicts"]))
    run = reported.run.with_frames(verdicts=frame)
    page = Page(explore(run, reported.summary))
    assert [judge["name"] for judge in page.header["judges"]] == ["exam", "pairs"]
    assert page.header["judges"][0]["labels"] == ["correct"]
    exam, pairs = page.array("judge0"), page.array("judge1")
    small, large = (page.slot("sums", "sums-1", name) for name in ("small", "large"))
    judged, agrees, differs, failed, itself, label = 1, 2, 4, 8, 16, 1 << FIRST_LABEL
    assert exam[small] == judged | differs | label
    assert exam[large] == judged | failed | itself
    assert pairs[small] == pairs[large] == judged | agrees | label
    assert sum(value > 0 for value in exam) == 2
    found = page.rows("verdicts", "sums", "sums-1")
    assert [row["said"] for row in found] == [f"It is right. {HOSTILE}", None, None]
    assert found[2]["order"] == "ba" and found[2]["system"] is None


def test_tasks_take_turns_and_what_is_noteworthy_comes_first(reported: Reported) -> None:
    found = explore(reported.run, reported.summary, most_samples=5)
    page = Page(found)
    # in "sums" systems disagree from sums-6 on (small is right 6 times), in "names" from names-5
    # on, and names-0 failed; of "sums", which is first in the manifest, one more is held
    assert page.names == [
        *(("sums", f"sums-{i}") for i in (6, 7, 8)),
        *(("names", f"names-{i}") for i in (0, 5)),
    ]
    assert found.note.startswith("Lists 5 of 24 samples, so counts here are not those of the run.")


def test_turns_go_on_with_the_tasks_that_have_samples_left() -> None:
    tasks = np.array([0, 0, 0, 0, 1, 2, 2])
    first = np.array([False, False, True, False, False, False, True])
    assert in_turns(tasks, first, 4).tolist() == [0, 2, 4, 6]
    assert in_turns(tasks, first, 7).tolist() == list(range(7))
    assert in_turns(tasks, first, 0).tolist() == []


def test_texts_that_would_make_the_file_too_large_stay_in_the_run(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    answers = [
        Given(sample=f"{i:04}", success=i % 2 == 0, text=rng.bytes(300).hex())
        for i in range(2 * PILOT)
    ]
    run = build_run(tmp_path, [task(n=2 * PILOT)], [system("small")], answers)
    found = explore(run, summarise(run), most_bytes=200_000)
    assert found.n_shown == found.n_total == 2 * PILOT
    assert 0 < found.n_whole < found.n_shown
    assert sum(len(block) for part in found.blocks.values() for block in part) < 220_000
    assert f"The texts of {found.n_whole:,} of them are in this file." in found.note
    page = Page(found)
    assert sum(place > 0 for place in page.array("texts")) == found.n_whole
    assert page.array("outcomes") == [1, 2] * PILOT
    by_sample = {answer.sample: answer.text for answer in answers}
    held = [id for (_, id), place in zip(page.names, page.array("texts"), strict=True) if place]
    assert [row["text"] for id in held[::50] for row in page.rows("said", "t", id)] == [
        by_sample[id] for id in held[::50]
    ]


def test_long_texts_are_cut_and_what_was_left_out_is_counted(tmp_path: Path) -> None:
    answers = [
        Given(sample="0", text="x" * 1_000_000),
        Given(sample="1", text="é" * LONGEST_TEXT),
        Given(sample="2", text=None, error_kind="refused", success=None),
    ]
    run = build_run(tmp_path, [task(n=3)], [system("small")], answers)
    found = explore(run, summarise(run))
    page = Page(found)
    rows = [page.rows("said", "t", str(i))[0] for i in range(3)]
    assert [row["text"] for row in rows] == ["x" * LONGEST_TEXT, "é" * LONGEST_TEXT, None]
    assert [row["text_cut"] for row in rows] == [1_000_000 - LONGEST_TEXT, None, None]
    assert found.note == "Texts cut at 4,000 characters: 1."


def test_calls_are_in_order_and_know_when_they_began(reported: Reported) -> None:
    calls = reported.run.calls.copy()
    calls["started_at"] = calls["started_at"] + calls["ordinal"] * 0.25
    run = reported.run.with_frames(calls=calls.iloc[::-1].reset_index(drop=True))
    rows = Page(explore(run, reported.summary)).rows("calls", "sums", "sums-2")
    hops = [row for row in rows if row["system"] == "cascade"]
    assert [(row["role"], row["after_seconds"]) for row in hops] == [
        ("small", 0.0),
        ("large", 0.25),
    ]


def test_practice_is_no_answer(reported: Reported) -> None:
    calls = reported.run.calls.copy()
    calls["phase"] = "fit"
    run = reported.run.with_frames(calls=calls)
    assert Page(explore(run, reported.summary)).rows("calls", "sums", "sums-0") == []


def test_what_a_call_answered_beside_words_is_kept(tmp_path: Path) -> None:
    hops = [Hop(role="a", text="words"), Hop(role="b", text="words")]
    run = build_run(tmp_path, [task()], [system("small")], [Given(hops=hops)])
    calls = run.calls.copy()
    tools = '{"text":"words","tool_calls":[{"name":"look","arguments":"{}"}]}'
    calls["answer"] = ['{"text":"words"}', tools]
    found = Page(explore(run.with_frames(calls=calls), summarise(run))).rows("calls", "t", "0")
    assert [row["answer"] for row in found] == [None, tools]


def test_fields_of_metadata_with_few_values_are_slices(tmp_path: Path) -> None:
    run = build_run(
        tmp_path, [task(n=60)], [system("small")], [Given(sample=str(i)) for i in range(60)]
    )
    samples = run.samples.copy()
    samples["metadata"] = [
        json.dumps({"level": i % 11, "id": i, "same": "x", "list": [1], "odd": f"{i % 2 == 1}"})
        for i in range(60)
    ]
    page = Page(explore(run.with_frames(samples=samples), summarise(run)))
    names = [field["name"] for field in page.header["slices"]]
    assert names == ["level", "odd"]  # one value says nothing; 60 are no slices
    assert page.header["slices"][0]["values"] == [str(i) for i in range(11)]
    assert page.array("slice0")[:13] == [*range(1, 12), 1, 2]


def test_inputs_stand_in_where_there_is_no_prompt(tmp_path: Path) -> None:
    run = build_run(tmp_path, [task()], [system("small")], [Given()])
    samples = run.samples.assign(messages=None)
    (asked,) = Page(explore(run.with_frames(samples=samples), summarise(run))).rows(
        "asked", "t", "0"
    )
    assert json.loads(asked["inputs"]) == {"question": "question 0?"}
    assert asked["messages"] is None


def test_a_lone_surrogate_is_spelled_out() -> None:
    values = pd.Series(["a\ud800b\x00", None], dtype=object)
    assert column(values, "text", np.arange(2)).to_pylist() == ["a\\ud800b\x00", None]


def test_figures_keep_five_digits() -> None:
    values = pd.Series([0.123456789, 1234567.89, 1e-9 / 3, 0.0, None, -2.5])
    packed = Part({"x": column(values, "float", np.arange(6))}, np.arange(6))
    (block,), _ = packed.blocks(np.arange(6), 6)
    assert json.loads(opened(block))["x"] == [0.12346, 1234568.0, 3.3333e-10, 0.0, None, -2.5]


def test_arrays_begin_where_their_type_may_begin() -> None:
    arrays = {"a": np.zeros(3, np.uint8), "b": np.ones(2, "<f4"), "c": np.ones(1, "<u2")}
    described, content = layout(arrays)
    assert described == [("b", "f4", 2), ("c", "u2", 1), ("a", "u1", 3)]
    assert len(content) == 13


texts = st.one_of(st.none(), st.text(max_size=30), st.sampled_from(["same", "", "\x1b[31m\u202e"]))


@given(st.lists(texts, max_size=40), st.integers(1, 7), st.data())
def test_what_is_packed_is_what_is_opened(
    values: list[str | None], size: int, data: st.DataObject
) -> None:
    n = len(values)
    samples = np.sort(np.array(data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)), int))
    held = np.flatnonzero(data.draw(st.lists(st.booleans(), min_size=10, max_size=10)))
    packed = column(pd.Series(values, dtype=object), "text", np.arange(n))
    blocks, n_cut = Part({"text": packed}, samples.astype(np.int64)).blocks(held, size)
    found = [
        (held[number * size + row["sample"]], row["text"])
        for number, block in enumerate(blocks)
        for row in rows_of(json.loads(opened(block)))
    ]
    wanted = [(at, text) for at, text in zip(samples, values, strict=True) if at in held]
    assert found == wanted and n_cut == 0
    assert not set("<>&'\"") & set("".join(blocks))
