from __future__ import annotations

import unicodedata
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from evalsuite.reporting.live_table import LiveTable, live_lines
from evalsuite.reporting.tally import Limits, Tally
from evalsuite.running.events import Event
from tests.reporting.test_tally import events
from tests.reporting.told import (
    HOSTILE_NAME,
    START,
    answers,
    practising_run,
    resumed_run,
    scores,
    told,
)


def drawn(
    told_events: list[Event],
    *,
    width: int,
    height: int = 24,
    after: float = 20.0,
    limits: Limits | None = None,
    began_before: float = 0.0,
) -> list[str]:
    tally = Tally(START - began_before, limits)
    tally.add_all(told_events)
    lines = live_lines(tally, START + after, width, height)
    return ["".join(text for text, _ in line) for line in lines]


def test_a_wide_terminal_shows_everything() -> None:
    lines = drawn(resumed_run(), width=160, limits=Limits(usd=5.0), began_before=3)
    assert lines == [
        "200/800 answers  ━━━━━━──────────────────  25.0 %  23 s  ETA 118 s  "
        "spent $0.349 of $5.00  100 from before",
        "system · task            answers              before   right       95 %    /s   ETA   "
        "spend  in flight  tokens in / out  errors                   ",
        "small · reasoning/gsm8k  200/400  ━━━━━─────     100  76.5 %  70.1–81.9  5.30  38 s  "
        "$0.199      31/64       120k / 16k  rate_limited 3, timeout 1",
    ]


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (40, "small · gsm8k      200/400  76.5 %  38 s"),
        (60, "small · reasoning/gsm8k  200/400  76.5 %       4  5.30  38 s"),
        (
            80,
            "small · reasoning/gsm8k  200/400  76.5 %  70.1–81.9       4  5.30  38 s  $0.199",
        ),
        (
            120,
            "small · reasoning/gsm8k  200/400  ━━━━━─────     100  76.5 %  70.1–81.9  5.30  38 s"
            "  $0.199  rate_limited 3, timeout 1",
        ),
    ],
)
def test_a_narrow_terminal_loses_the_least_important_columns(width: int, row: str) -> None:
    lines = drawn(resumed_run(), width=width)
    assert row in [line.rstrip() for line in lines]
    assert len(lines) == 3


def test_a_hybrid_that_practises_has_its_practice_shown() -> None:
    lines = drawn(practising_run(), width=120, after=16.0)
    assert "10/20 answers" in lines[0]
    small, cascade = lines[2:]
    assert small.startswith("small · reasoning/gsm8k             10  ")
    assert " 80.0 %  49.0–94.3  1.00       done  $0.0100" in small
    assert cascade.startswith("cascade · reasoning/gsm8k  practice 30  ")
    assert "preparing  $0.0300       4/16" in cascade
    assert "unknown" not in cascade, "its success is not yet a question"


def test_what_is_unknown_is_said_to_be() -> None:
    pair = {"task": "reasoning/gsm8k", "system": "small"}
    unpriced = {"billed_usd": None, "input_tokens": None, "output_tokens": None}
    begun = [told("begin", n=40), told("pair", n=40, **pair)]
    lines = drawn([*begun, *answers(20, every=1.0, **unpriced)], width=160)
    assert "spent unknown" in lines[0]
    titles = "system · task answers right /s ETA spend tokens in / out"
    assert lines[1].split() == titles.split()
    row = "small · reasoning/gsm8k 20/40 ━━━━━───── unknown 1.00 20 s unknown unknown"
    assert lines[2].split() == row.split()
    priced = answers(1, every=1.0, input_tokens=50)
    header, _, row = drawn([*begun, *priced, *answers(1, every=1.0, **unpriced)], width=160)
    assert "spent at least $0.00100" in header
    assert "≥ $0.00100" in row and "≥ 50 / unknown" in row


def test_retries_and_cached_calls_are_shown_where_there_are_any() -> None:
    pair = {"task": "reasoning/gsm8k", "system": "small"}
    begun = [told("begin", n=4), told("pair", n=4, **pair)]
    several = answers(2, every=1.0, retries=3, cached_calls=1, input_tokens=10, output_tokens=2)
    lines = drawn([*begun, *several], width=160, limits=Limits(tokens=100))
    assert "retries  cached  tokens in / out" in lines[1]
    assert lines[2].endswith("      6       2           20 / 4")
    assert "0 of 100 tokens" in lines[0], "a cached call uses none"


def test_states_are_told_in_words() -> None:
    assert drawn([], width=80, after=3) == ["opening systems and reading tasks  3 s"]
    pair = {"task": "reasoning/gsm8k", "system": "small"}
    asked = [told("begin", n=10), told("pair", n=10, **pair), *answers(10, every=1.0)]
    scoring = [*asked, told("scoring", n=10, **pair), *scores(2, 2, after=11.0)]
    header, _, row = drawn(scoring, width=100)
    assert "scoring" in header and "scoring 40 %" in row
    header, _, row = drawn([*scoring, *scores(6, 0, after=12.0)], width=100)
    assert "writing tables" in header and "done" in row
    stopping = [*resumed_run(), told("stopping", text="")]
    header, _, row = drawn(stopping, width=100)
    assert header.startswith("stopping  200/800 answers") and "ETA" not in header
    assert "stopping" in row


def test_limits_and_rounds_stand_in_the_header() -> None:
    limits = Limits(tokens=200_000, seconds=60.0)
    header = drawn(
        [told("begin", n=1, input_tokens=1000), *resumed_run()], width=120, limits=limits
    )[0]
    assert "round 2  200/800 answers" in header
    assert "  20 s of 60 s  " in header and "  69k of 200k tokens" in header
    unknown = answers(1, every=1.0, input_tokens=None)
    header = drawn([*resumed_run(), *unknown], width=120, limits=limits)[0]
    assert "at least 69k of 200k tokens" in header


def many_pairs(n_ended: int) -> list[Event]:
    told_events = [told("begin", n=2 * n_ended + 4)]
    for index in range(n_ended):
        pair = {"task": f"task{index}", "system": "small"}
        told_events += [told("pair", n=2, **pair), *answers(2, every=1.0, **pair)]
        told_events += scores(1, 1, **pair)
    return [*told_events, told("pair", n=4, task="last", system="small")]


def test_finished_pairs_are_told_in_one_line_where_there_are_too_many() -> None:
    lines = drawn(many_pairs(30), width=80, height=10)
    assert len(lines) == 9
    assert lines[-1] == "25 more done: 50 answers, 0 failed, $0.0500"
    assert [line.split()[2] for line in lines[2:-1]] == [
        *(f"task{index}" for index in range(25, 30)),
        "last",
    ]
    assert drawn(many_pairs(30), width=80, height=4) == [lines[0]], "a header at least"


def test_names_that_do_not_fit_keep_both_halves() -> None:
    pair = {"task": "family/a_rather_long_task", "system": "a_rather_long_system"}
    row = drawn([told("begin", n=4), told("pair", n=4, **pair)], width=40)[2]
    assert row.startswith("a_rat… · a_rathe…  ")


def test_names_cannot_drive_the_terminal() -> None:
    pair = {"task": HOSTILE_NAME, "system": HOSTILE_NAME}
    failed = answers(1, every=1.0, error_kind=HOSTILE_NAME, **pair)
    lines = drawn([told("begin", n=4), told("pair", n=4, **pair), *failed], width=200)
    text = "\n".join(lines)
    assert not {"\x1b", "\u202e", "\x9b"} & set(text)
    assert r"sys\x1b[2Jtem\u202e\x9b31m" in text


def test_wide_characters_take_two_cells() -> None:
    for name, task in (("模型", "任务"), ("模型" * 20, "任务" * 20)):
        pair = {"task": task, "system": name}
        lines = drawn([told("begin", n=4), told("pair", n=4, **pair)], width=40)
        assert cell_len(lines[1]) == cell_len(lines[2]) <= 40
        assert "模型" in lines[2] and "任务" in lines[2]


def test_colour_means_nothing_that_words_do_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    tally = Tally(START)
    tally.add_all(resumed_run())
    table = LiveTable(tally, START + 20)

    def printed() -> str:
        file = StringIO()
        Console(file=file, width=120, force_terminal=True, color_system="standard").print(table)
        return file.getvalue()

    assert "\x1b[32m" in printed() and "\x1b[31m" in printed()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in printed() and "\x1b[31m" not in printed()
    plain = StringIO()
    Console(file=plain, width=120, color_system=None).print(table)
    assert plain.getvalue().splitlines()[2].startswith("small · reasoning/gsm8k  200/400 ")


def test_a_terminal_of_ascii_gets_ascii() -> None:
    tally = Tally(START)
    tally.add_all(resumed_run())
    file = TextIOWrapper(written := BytesIO(), encoding="ascii")
    Console(file=file, width=160, color_system=None).print(LiveTable(tally, START + 20))
    file.flush()
    text = written.getvalue().decode("ascii")
    assert "#####-----" in text and "70.1-81.9" in text


@given(
    st.lists(events, max_size=25), st.integers(20, 200), st.integers(2, 30), st.text(max_size=30)
)
def test_whatever_is_told_it_fits_the_terminal(
    told_events: list[Event], width: int, height: int, name: str
) -> None:
    extra = [told("begin", n=9), told("pair", n=9, task=name, system=name)]
    lines = drawn([*told_events, *extra], width=width, height=height)
    assert 1 <= len(lines) < height
    for line in lines:
        assert cell_len(line) <= width
        assert not {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
