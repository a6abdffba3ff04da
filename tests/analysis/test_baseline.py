from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from evalsuite.analysis.answers import SampleAnswers, answers_of, sample_pins
from evalsuite.analysis.baseline import (
    UnreadableBaseline,
    baseline_of,
    changes,
    encoded,
    read_baseline,
    write_baseline,
)
from tests.analysis.gated import changed_samples, run_of


def test_what_became_of_every_sample(tmp_path: Path) -> None:
    words = ["111", "10f", "x1s", "xxx"]
    run = run_of(tmp_path, {"small": {"t": words}}, usd=0.25, seconds=2.0)
    found = answers_of(run)["t", "small"]
    assert [found[f"t-{i}"].outcomes for i in range(4)] == words
    assert [item.n_scored for item in found.values()] == [3, 3, 1, 0]
    assert [item.success_rate for item in found.values()] == [1.0, 1 / 3, 1.0, None]
    assert [item.valid_rate for item in found.values()] == [1.0, 2 / 3, 1.0, None]
    assert [item.usd for item in found.values()] == [0.25, 0.25, 0.25, None]
    assert [item.seconds for item in found.values()] == [2.0, 2.0, 2.0, None]
    # known where every repeat was scored
    assert [item.answer is not None for item in found.values()] == [True, True, False, False]


def test_answers_are_the_same_where_every_repeat_is(tmp_path: Path) -> None:
    def hashes(*words: str) -> list[str | None]:
        run = run_of(tmp_path, {"small": {"t": words}})
        return [item.answer for item in answers_of(run)["t", "small"].values()]

    one, five, mixed, turned = hashes("1", "11111", "10", "01")
    assert one == five  # the same answer, however often it was given
    assert len({one, mixed, turned}) == 3
    assert hashes("10") == [mixed]


def test_unknown_dollars_and_seconds_stay_unknown(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"small": {"t": ["11"]}}, usd=None, seconds=None)
    found = answers_of(run)["t", "small"]["t-0"]
    assert found.usd is None and found.seconds is None


def test_answers_come_in_the_order_of_the_task(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"small": {"t": ["1"] * 12}})
    assert list(answers_of(run)["t", "small"]) == [f"t-{i}" for i in range(12)]
    assert list(sample_pins(run)["t"]) == [f"t-{i}" for i in range(12)]


def test_pins_tell_content_from_prompt(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"small": {"t": ["1", "1"]}})
    pins = sample_pins(run)["t"]
    target = sample_pins(changed_samples(run, "target", {"t-1": '"no"'}))["t"]
    prompt = sample_pins(changed_samples(run, "messages", {"t-1": "[]"}))["t"]
    content, asked = pins["t-1"].split()
    assert target["t-0"] == prompt["t-0"] == pins["t-0"]
    assert target["t-1"].split()[0] != content and target["t-1"].split()[1] == asked
    assert prompt["t-1"].split()[0] == content and prompt["t-1"].split()[1] != asked


def test_a_baseline_is_read_as_it_was_written_one_line_a_sample(tmp_path: Path) -> None:
    answers = {"small": {"t": ["11", "01"], "u": ["1x"]}, "large": {"t": ["11", "11"]}}
    made = baseline_of(run_of(tmp_path, answers))
    path = tmp_path / "deep" / "baseline.json"
    write_baseline(path, made)
    assert read_baseline(path) == made
    text = path.read_text()
    assert json.loads(text)["systems"]["small"]["answers"]["t"]["t-1"][0] == "01"
    lines = [line.strip() for line in text.splitlines()]
    assert sum(line.startswith('"t-1": ["') for line in lines) == 2  # of two systems
    assert list(json.loads(text)["systems"]) == ["large", "small"]
    assert not list(path.parent.glob("*.part"))


def test_what_depends_on_the_machine_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    run = run_of(tmp_path, {"small": {"t": ["1"]}}, usd=0.5, seconds=3.0, basis="machine_hour")
    kept = baseline_of(run, timings=True).systems["small"].answers["t"]["t-0"]
    assert (kept.usd, kept.seconds) == (0.5, 3.0)
    left = baseline_of(run).systems["small"].answers["t"]["t-0"]
    assert (left.usd, left.seconds) == (None, None)
    priced = run_of(tmp_path, {"small": {"t": ["1"]}}, usd=0.5, basis="tokens")
    assert baseline_of(priced).systems["small"].answers["t"]["t-0"].usd == 0.5


def test_blessing_an_unchanged_system_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    answers = {"small": {"t": ["1", "0"]}}
    slow = run_of(tmp_path, answers, usd=0.7, seconds=9.0, basis="machine_hour")
    fast = run_of(tmp_path, answers, usd=0.1, seconds=1.0, basis="machine_hour")
    assert encoded(baseline_of(slow)) == encoded(baseline_of(fast))


def test_changes_are_told_in_words(tmp_path: Path) -> None:
    old = baseline_of(run_of(tmp_path, {"small": {"t": ["1", "1"], "u": ["1"]}}))
    new = baseline_of(
        run_of(
            tmp_path,
            {"small": {"t": ["10", "11"]}, "large": {"t": ["11", "11"]}},
            prints={"small": "a" * 16},
            evalsuite_version="9",
        )
    )
    told = changes(old, new)
    assert "task u is gone" in told and "system large is new" in told
    assert f"small: fingerprint {'f' * 16} -> {'a' * 16}" in told
    assert "small on t: 1 samples came out otherwise, 100.0 % -> 75.0 %" in told
    assert any("2 of 9" in line for line in told)
    assert changes(old, old) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file; `evalsuite bless RUN --baseline"),
        ("{", "not a baseline"),
        ("[]", "not a baseline of evalsuite"),
        ('{"a": 1}', "not a baseline of evalsuite"),
        ('{"evalsuite_baseline": 7}', "format 7; this evalsuite reads format 1"),
        ('{"evalsuite_baseline": 1}', "not a baseline: Object missing required field"),
    ],
)
def test_what_is_no_baseline_is_said_in_one_line(
    tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UnreadableBaseline) as raised:
        read_baseline(path)
    assert message in str(raised.value) and "\n" not in str(raised.value)


def test_a_row_is_a_short_array() -> None:
    row = SampleAnswers(outcomes="1x", usd=0.5, seconds=None, answer=None)
    assert msgspec.json.encode(row) == b'["1x",0.5,null,null]'
