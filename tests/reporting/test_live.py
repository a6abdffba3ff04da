"""The live display on a real pseudo-terminal, in a process of its own."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.reporting.told import Screen

ROOT = str(Path(__file__).resolve().parents[2])
COLUMNS, LINES = 100, 20
SCRIPT = """
import signal, sys, time
from evalsuite.reporting.progress import progress_display
from evalsuite.running.events import Event
sys.path.insert(0, sys.argv[2])
from tests.reporting.told import resumed_run

how = sys.argv[1]
with progress_display() as progress:
    progress.tell(Event(kind="note", at=0, text="it ignores \\x1b[31mlogprobs"))
    for event in resumed_run():
        progress.tell(event)
    print("a library prints")
    if how == "fails":
        raise SystemExit("evalsuite: it failed")
    while how == "waits":
        time.sleep(0.02)
print("THE SUMMARY")
"""


class Child:
    """``SCRIPT`` on a terminal of its own; what it writes is shown on ``screen``."""

    def __init__(self, how: str, **env: str) -> None:
        self._ours, theirs = os.openpty()
        size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        self._settings = termios.tcgetattr(theirs)
        self._theirs = theirs
        self.raw = ""
        self.screen = Screen()
        inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, how, ROOT],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=_take_terminal,
            env={**inherited, "TERM": "xterm-256color", **env},
        )

    def read_until(self, text: str) -> None:
        while text not in self.screen.text:
            assert self._read(), f"it ended without {text!r}:\n{self.screen.text}"

    def press(self, key: bytes) -> None:
        os.write(self._ours, key)

    def end(self) -> int:
        """Its exit status, once everything that it wrote is on the screen."""
        code = self.process.wait(60)
        while self._read(wait=False):
            pass
        assert termios.tcgetattr(self._theirs) == self._settings, "the terminal is as it was"
        os.close(self._ours)
        os.close(self._theirs)
        return code

    def _read(self, wait: bool = True) -> bool:
        if not select.select([self._ours], [], [], 60 if wait else 0)[0]:
            return False
        text = os.read(self._ours, 65536).decode()
        self.raw += text
        self.screen.feed(text)
        return True


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)


NOTES = [r"note: it ignores \x1b[31mlogprobs", "a library prints"]


def test_it_leaves_notes_and_nothing_else_above_the_summary() -> None:
    child = Child("finishes")
    assert child.end() == 0
    assert sorted(child.screen.text.splitlines()) == sorted([*NOTES, "THE SUMMARY"])
    assert child.screen.text.endswith("THE SUMMARY")
    assert "200/800 answers" in child.raw, "though it was shown"
    assert child.screen.cursor_visible


def test_a_failure_leaves_the_table_and_the_terminal_as_they_should_be() -> None:
    child = Child("fails")
    assert child.end() == 1
    lines = child.screen.text.splitlines()
    assert sorted(lines[:2]) == sorted(NOTES)
    assert lines[2].startswith("200/800 answers")
    assert lines[4].startswith("small · reasoning/gsm8k  200/400  ")
    assert [line for line in lines[5:] if line] == ["evalsuite: it failed"]
    assert child.screen.cursor_visible


def test_ctrl_c_gives_the_terminal_back() -> None:
    child = Child("waits")
    child.read_until("200/800 answers")
    assert child.screen.cursor_visible, "also while it works, so that a kill leaves it usable"
    child.press(b"\x03")
    assert child.end() == -signal.SIGINT
    assert child.screen.text.count("200/800 answers") == 1
    assert "KeyboardInterrupt" in child.screen.text
    assert child.screen.cursor_visible


def test_killed_at_work_it_leaves_a_cursor_on_a_line_of_its_own() -> None:
    child = Child("waits")
    child.read_until("200/800 answers")
    child.process.send_signal(signal.SIGKILL)
    assert child.end() == -signal.SIGKILL
    assert child.screen.cursor_visible
    assert child.screen.lines[child.screen.row] == "" and child.screen.column == 0


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TTY_COMPATIBLE": "0"}])
def test_a_terminal_that_cannot_move_its_cursor_gets_lines(env: dict[str, str]) -> None:
    child = Child("fails", **env)
    assert child.end() == 1
    assert "\x1b" not in child.raw
    assert "reasoning/gsm8k  small  200/400  50.0 %" in child.screen.text
