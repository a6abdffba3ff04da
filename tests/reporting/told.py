"""Events as an engine tells them, and a screen that shows what a terminal would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from evalsuite.running.events import Event

START = 1_800_000_000.0
HOSTILE_NAME = "sys\x1b[2Jtem\u202e\x9b31m"


def told(kind: Any, after: float = 0.0, **about: Any) -> Event:
    """An Event ``after`` seconds."""
    return Event(kind=kind, at=START + after, **about)


def answers(n: int, *, every: float, begin: float = 0.0, **about: Any) -> Iterator[Event]:
    """``n`` answers, one ``every`` so many seconds."""
    given = {"task": "reasoning/gsm8k", "system": "small", "calls": 1, "billed_usd": 0.001}
    for index in range(n):
        yield told("answer", begin + (index + 1) * every, **{**given, **about})


def scores(n_right: int, n_wrong: int, n_unknown: int = 0, **about: Any) -> Iterator[Event]:
    given = {"task": "reasoning/gsm8k", "system": "small"}
    for success in [True] * n_right + [False] * n_wrong + [None] * n_unknown:
        yield told("scored", **{"after": 0.0, "success": success, **given, **about})


def resumed_run() -> list[Event]:
    """A run of 2 systems on a task of 400: small has 100 answers from before and is half done.

    In 20 seconds it gave 100 answers more, 5 a second; 3 were refused and 1 timed out. 150 of the
    196 answers that could be scored are right. It uses 31 of 64 slots.
    """
    busy = {"in_flight": 31, "limit": 64, "input_tokens": 600, "output_tokens": 80}
    events = [
        told("begin", n=800, billed_usd=0.25, input_tokens=1000),
        told("fit", task="reasoning/gsm8k", system="small"),
        told("pair", task="reasoning/gsm8k", system="small", n=400),
        *answers(100, every=0.0, reused=True, **busy),
        *answers(96, every=20 / 96, **busy),
        *answers(3, every=0.0, begin=20.0, error_kind="rate_limited", **busy),
        *answers(1, every=0.0, begin=20.0, error_kind="timeout", billed_usd=0.0, **busy),
        *scores(150, 46, 4, after=20.0),
    ]
    return events


def practising_run() -> list[Event]:
    """A finished system, and a hybrid that is prepared on it: 30 practice answers in 6 s."""
    pair = {"task": "reasoning/gsm8k", "system": "small"}
    return [
        told("begin", n=20),
        told("pair", n=10, **pair),
        *answers(10, every=1.0),
        *scores(8, 2, after=10.0),
        told("fit", 10.0, task="reasoning/gsm8k", system="cascade"),
        *answers(30, every=0.2, begin=10.0, phase="fit", in_flight=4, limit=16),
    ]


_CONTROL = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|\r|\n|[^\x1b\r\n]")


class Screen:
    """What a terminal of endless height shows after ``feed``: enough of it for rich's Live."""

    def __init__(self) -> None:
        self.lines: list[str] = [""]
        self.row = self.column = 0
        self.cursor_visible = True

    def feed(self, text: str) -> None:
        for match in _CONTROL.finditer(text):
            private, numbers, command = match.groups()
            if command:
                self._command(private, numbers, command)
            elif match[0] == "\r":
                self.column = 0
            elif match[0] == "\n":
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append("")
            else:
                line = self.lines[self.row].ljust(self.column)
                self.lines[self.row] = line[: self.column] + match[0] + line[self.column + 1 :]
                self.column += 1

    def _command(self, private: str, numbers: str, command: str) -> None:
        if private:
            if numbers == "25":
                self.cursor_visible = command == "h"
        elif command == "A":
            self.row = max(0, self.row - int(numbers or 1))
        elif command == "K":
            kept = "" if numbers == "2" else self.lines[self.row][: self.column]
            self.lines[self.row] = kept
        else:
            assert command == "m", f"the screen knows no {command}"

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines).rstrip("\n")
