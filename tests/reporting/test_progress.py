from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from evalsuite.errors import UserError
from evalsuite.reporting import plain_progress, progress
from evalsuite.reporting.event_lines import EventLines, event_line
from evalsuite.reporting.plain_progress import pair_line
from evalsuite.reporting.progress import Mode, ProgressDisplay, display
from evalsuite.reporting.tally import Limits, Tally
from evalsuite.running.events import Event
from tests.reporting.told import (
    HOSTILE_NAME,
    START,
    answers,
    practising_run,
    resumed_run,
    scores,
    told,
)

HOSTILE_CHARACTERS = {"\x1b", "\x9b", "\x07", "\x7f", "\u202e"}


class Heard:
    """A view that keeps what it is shown."""

    def __init__(self, error: Exception | None = None) -> None:
        self.events: list[Event] = []
        self.batches: list[int] = []
        self.ended: list[bool] = []
        self.path: tuple[Path, str | None] | None = None
        self.error = error

    def begin(self) -> None:
        self.ended.clear()

    def show(self, events: Sequence[Event]) -> None:
        self.events += events
        self.batches.append(len(events))
        if self.error is not None:
            raise self.error

    def end(self, *, failed: bool) -> None:
        self.ended.append(failed)

    def done(self, path: Path, stopped: str | None) -> None:
        assert self.ended, "the terminal is given back first"
        self.path = (path, stopped)


def shown(
    mode: Mode, events: Sequence[Event], *, error: Exception | None = None, every: float = 1e9
) -> str:
    file = StringIO()
    console = Console(file=file, width=80, force_terminal=mode == "live", color_system=None)
    try:
        with display(console, mode, every_seconds=every, limits=Limits(usd=5.0)) as shown_in:
            for event in events:
                shown_in.tell(event)
            if error is not None:
                raise error
    except RuntimeError as raised:
        assert raised is error
    return file.getvalue()


# -- the queue --------------------------------------------------------------------------------


def test_what_several_threads_tell_arrives_whole_and_in_their_order() -> None:
    view = Heard()
    with ProgressDisplay(view) as shown_in:

        def tell(thread: int) -> None:
            for index in range(2000):
                shown_in.tell(told("answer", task=str(thread), n=index))

        threads = [threading.Thread(target=tell, args=(index,)) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for thread_index in range(4):
        own = [event.n for event in view.events if event.task == str(thread_index)]
        assert own == list(range(2000))
    assert view.ended == [False] and view.path is None


def test_a_slow_reader_is_waited_for_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_MOST_WAITING", 10)
    monkeypatch.setattr(progress, "_TICK_SECONDS", 0.01)
    view = Heard()
    with ProgressDisplay(view) as shown_in:
        for index in range(300):
            shown_in.tell(told("answer", n=index))
    assert [event.n for event in view.events] == list(range(300))
    assert max(view.batches) <= 11


def test_a_display_that_breaks_does_not_break_the_run() -> None:
    view = Heard(error=ZeroDivisionError("a bug of the display"))
    told_after = []
    with pytest.raises(ZeroDivisionError), ProgressDisplay(view) as shown_in:
        shown_in.tell(told("note", text="x"))
        told_after.append("the run went on")
    assert told_after and view.ended == [False]
    with pytest.raises(UserError, match="of the run"), ProgressDisplay(view):
        raise UserError("of the run")
    assert view.ended == [True]


def test_a_terminal_that_goes_away_is_no_error() -> None:
    view = Heard(error=OSError(5, "Input/output error"))
    with ProgressDisplay(view) as shown_in:
        shown_in.tell(told("note", text="x"))
        shown_in.done(Path("runs/x"))
    assert view.path == (Path("runs/x"), None)


# -- plain lines ------------------------------------------------------------------------------


def line_of(events: Sequence[Event], after: float, system: str = "small") -> str:
    tally = Tally(START)
    tally.add_all(events)
    (pair,) = [pair for pair in tally.pairs if pair.system == system]
    line = pair_line(pair, START + after)
    assert re.match(r"\d\d:\d\d:\d\d  ", line)
    return line[10:]


def test_a_line_says_how_far_a_pair_is() -> None:
    assert line_of(resumed_run(), 20) == (
        "reasoning/gsm8k  small  200/400  50.0 %  100 from before  5.30/s  "
        "success 76.5 % of 196 (70.1-81.9)  $0.199  errors: rate_limited 3, timeout 1  ETA 38 s"
    )


def test_a_line_tells_practice_scoring_and_the_end() -> None:
    assert line_of(practising_run(), 16, "cascade") == (
        "reasoning/gsm8k  cascade  preparing  30 practice answers in 6 s  $0.0300"
    )
    assert line_of(practising_run(), 16) == (
        "reasoning/gsm8k  small  10/10  100.0 %  1.00/s  success 80.0 % (49.0-94.3)  $0.0100  "
        "done in 10 s"
    )
    begun = [told("pair", n=4, task="reasoning/gsm8k", system="small")]
    more = answers(1, every=1.0, billed_usd=None)
    (_, *rest) = line_of([*begun, *answers(1, every=1.0), *more], 2).split("  ")
    assert rest == [
        "small",
        "2/4",
        "50.0 %",
        "1.00/s",
        "success unknown",
        "at least $0.00100",
        "ETA 2 s",
    ]
    again = line_of([*begun, *answers(2, every=1.0, retries=3, cached_calls=1)], 2)
    assert "  $0.00200  2 calls from the cache  retries 6  ETA 2 s" in again
    scoring = [*begun, *answers(4, every=1.0, billed_usd=None), *scores(0, 0, 1)]
    assert line_of(scoring, 4) == (
        "reasoning/gsm8k  small  4/4  100.0 %  1.00/s  success unknown  spend unknown  "
        "errors: unscored 1  scored 1/4"
    )


def test_without_a_terminal_a_pair_has_a_line_at_its_end_and_notes_one_each() -> None:
    noted = [told("note", text="it ignores logprobs")] * 2
    text = shown("plain", [*noted, *practising_run()])
    assert [line[10:].split("  ")[:3] for line in text.splitlines()] == [
        ["note: it ignores logprobs"],
        ["reasoning/gsm8k", "small", "10/10"],
    ]
    begun = told("pair", 16.0, n=10, task="reasoning/gsm8k", system="cascade")
    text = shown("plain", [*practising_run(), begun])
    assert text.splitlines()[-1][10:] == (
        "reasoning/gsm8k  cascade  prepared  30 practice answers in 6 s  $0.0300"
    )


def test_now_and_then_what_is_at_work_and_the_whole_run_have_a_line() -> None:
    lines = [line[10:] for line in shown("plain", resumed_run(), every=0.0).splitlines()]
    assert lines[0].startswith("reasoning/gsm8k  small  200/400  50.0 %  100 from before")
    assert lines[1].startswith("whole run  200/800  25.0 %  100 from before")
    assert "spent $0.349 of $5.00" in lines[1]
    stopping = shown("plain", [*resumed_run(), told("stopping", text="soon")], every=0.0)
    says, pair, whole = stopping.splitlines()
    assert says.endswith("  stopping: soon")
    assert pair.endswith("timeout 1  stopping") and whole.endswith("  stopping")
    assert shown("plain", [], every=0.0).splitlines()[0][10:].startswith("opening systems")


def test_a_run_that_fails_leaves_a_line_of_what_was_at_work() -> None:
    text = shown("plain", resumed_run(), error=RuntimeError("stopped"))
    assert "reasoning/gsm8k  small  200/400" in text
    assert shown("plain", resumed_run()) == "", "a summary follows"


def test_quiet_says_only_that_it_stops() -> None:
    text = shown("quiet", [*resumed_run(), told("note", text="n"), told("stopping", text="soon")])
    assert text == "stopping: soon\n"


@pytest.mark.parametrize("mode", ["plain", "quiet", "live"])
def test_nothing_that_is_told_reaches_the_terminal_raw(mode: Mode) -> None:
    pair = {"task": HOSTILE_NAME, "system": HOSTILE_NAME}
    failed = answers(2, every=1.0, error_kind=HOSTILE_NAME, **pair)
    hostile = [told("begin", n=2), told("pair", n=2, **pair), *failed, *scores(0, 0, 2, **pair)]
    says = [told(kind, text="\x1b]0;owned\x07 \x9b2J \u202e") for kind in ("note", "stopping")]
    text = shown(mode, [*hostile, *says], every=0.0)
    if mode == "live":  # what is left is the display's own
        text = re.sub(r"\x1b\[(\?25[hl]|[0-9]*[AKm])", "", text)
    assert r"stopping: \x1b]0;owned\x07 \x9b2J \u202e" in text
    assert not HOSTILE_CHARACTERS & set(text)


# -- for machines -----------------------------------------------------------------------------


def test_every_event_is_a_json_object_on_a_line() -> None:
    file = StringIO()
    events = [*resumed_run(), told("note", text="a\nb \u202e\x9b\x7f"), told("begin", n=1)]
    with ProgressDisplay(EventLines(file)) as shown_in:
        for event in events:
            shown_in.tell(event)
        shown_in.done(Path("runs/x"), "max_usd 5")
    *lines, last = file.getvalue().splitlines()
    assert [msgspec.json.decode(line, type=Event) for line in lines] == events
    assert file.getvalue().isascii() and not HOSTILE_CHARACTERS & set(file.getvalue())
    about = json.loads(last)
    assert abs(about.pop("at") - time.time()) < 3600
    assert about == {"kind": "done", "path": "runs/x", "stopped": "max_usd 5"}


def test_what_is_usual_is_left_out_of_the_json_and_unknown_is_null() -> None:
    assert json.loads(event_line(told("answer", task="t", system="s", billed_usd=None))) == {
        "kind": "answer",
        "at": START,
        "task": "t",
        "system": "s",
        "billed_usd": None,
    }


# -- in processes of their own ----------------------------------------------------------------

SCRIPT = """
import sys
from pathlib import Path
from evalsuite.errors import UserError
from evalsuite.reporting.progress import progress_display
sys.path.insert(0, sys.argv[2])
from tests.reporting.told import resumed_run

try:
    with progress_display(as_json=sys.argv[1] == "json") as progress:
        for event in resumed_run() * 50:
            progress.tell(event)
        progress.done(Path("runs/x"))
except UserError as error:
    print("evalsuite:", error, file=sys.stderr)
    sys.exit(2)
print("THE SUMMARY")
"""
COMMAND = [sys.executable, "-c", SCRIPT]
ROOT = str(Path(__file__).resolve().parents[2])


def test_json_is_all_that_is_on_stdout() -> None:
    done = subprocess.run([*COMMAND, "json", ROOT], capture_output=True, text=True, check=True)
    *lines, end, after = done.stdout.splitlines()
    assert len(lines) == 50 * len(resumed_run()) and done.stderr == ""
    assert {json.loads(line)["kind"] for line in lines} == {
        "begin",
        "fit",
        "pair",
        "answer",
        "scored",
    }
    assert json.loads(end)["path"] == "runs/x" and after == "THE SUMMARY"


def test_a_reader_that_goes_away_is_one_line_at_the_end() -> None:
    child = subprocess.Popen(
        [*COMMAND, "json", ROOT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None and child.stderr is not None
    child.stdout.close()
    errors = child.stderr.read()
    child.stderr.close()
    assert child.wait() == 2
    assert errors == (
        "evalsuite: the events could not be written (Broken pipe); the run itself is saved\n"
    )


def test_a_log_is_plain_even_where_colour_is_forced() -> None:
    done = subprocess.run(
        [*COMMAND, "people", ROOT],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "FORCE_COLOR": "1"},
    )
    assert done.stdout == "THE SUMMARY\n"
    assert "\x1b[?25" not in done.stderr and "\x1b[2K" not in done.stderr


def test_a_log_that_goes_away_leaves_the_summary_alone() -> None:
    script = SCRIPT.replace("progress_display(", "progress_display(every_seconds=0.0, ")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-c", script, "people", ROOT], stdout=subprocess.PIPE, stderr=write
    )
    os.close(write)
    assert done.returncode == 0 and done.stdout == b"THE SUMMARY\n"


def test_the_time_of_day_is_that_of_this_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-2")
    time.tzset()
    try:
        assert plain_progress.clock(1_800_000_000) == "10:00:00"
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()
