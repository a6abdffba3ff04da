"""Progress where there is no terminal: a line now and then, made for logs."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from evalsuite.analysis.intervals import wilson
from evalsuite.analysis.numbers import UNKNOWN, money, percent
from evalsuite.reporting.live import message
from evalsuite.reporting.live_table import elapsed_of, spent, tokens_used
from evalsuite.reporting.plain import one_line
from evalsuite.reporting.short import kinds, rate, span
from evalsuite.reporting.tally import Amount, Limits, PairTally, Practice, Tally
from evalsuite.running.events import Event


class PlainView:
    """A line for each pair at work every ``every_seconds``, and one when it has ended."""

    def __init__(self, console: Console, limits: Limits | None, every_seconds: float) -> None:
        """``console`` need not be a terminal."""
        self._console = console
        self._every = every_seconds
        self._tally = Tally(time.time(), limits)
        self._said_at = time.monotonic()
        self._said: set[tuple[int, str, str, str]] = set()

    def begin(self) -> None:
        """Nothing to take."""

    def show(self, events: Sequence[Event]) -> None:
        """Print what there is to say."""
        self._tally.add_all(events)
        now = time.time()
        for event in self._tally.take_messages():
            self._print(f"{clock(now)}  {message(event).plain}")
        due = time.monotonic() - self._said_at >= self._every
        if due:
            self._said_at = time.monotonic()
        for pair in self._tally.pairs:
            if pair.practice.answered and not pair.preparing and self._first("prepared", pair):
                self._print(prepared_line(pair, now))
            if (pair.ended and self._first("ended", pair)) or (due and not pair.ended):
                self._print(pair_line(pair, now, stopping=self._tally.stopping))
        if due:
            self._print(run_line(self._tally, now))

    def end(self, *, failed: bool) -> None:
        """Where no summary follows, say how far the pairs at work had come."""
        for pair in self._tally.pairs:
            if failed and not pair.ended and (pair.answered or pair.practice.answered):
                self._print(pair_line(pair, time.time(), stopping=True))

    def done(self, path: Path, stopped: str | None) -> None:
        """The summary that follows says it."""

    def _first(self, what: str, pair: PairTally) -> bool:
        """Whether it is the first time in this round that ``what`` is said of ``pair``."""
        n_said = len(self._said)
        self._said.add((self._tally.round, what, pair.task, pair.system))
        return len(self._said) > n_said

    def _print(self, line: str) -> None:
        self._console.print(Text(line), soft_wrap=True)


class QuietView:
    """Says only that the run is stopping, because whoever pressed Ctrl-C waits for a word."""

    def __init__(self, console: Console) -> None:
        """``console`` need not be a terminal."""
        self._console = console

    def begin(self) -> None:
        """Nothing to take."""

    def show(self, events: Sequence[Event]) -> None:
        """Print stopping messages."""
        for event in events:
            if event.kind == "stopping":
                self._console.print(message(event), soft_wrap=True)

    def end(self, *, failed: bool) -> None:
        """Nothing to give back."""

    def done(self, path: Path, stopped: str | None) -> None:
        """The summary that follows says it."""


def clock(at: float) -> str:
    """The time of day here, ``12:03:20``."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def pair_line(pair: PairTally, now: float, *, stopping: bool = False) -> str:
    """How far one system is on one task; ``stopping`` says that it will not be finished."""
    parts = [clock(now), one_line(pair.task), one_line(pair.system)]
    parts += _preparing(pair, now) if pair.preparing else _answering(pair, now)
    parts.append(_state(pair, now, stopping))
    return "  ".join(part for part in parts if part)


def prepared_line(pair: PairTally, now: float) -> str:
    """What it took to prepare one system for one task."""
    practice = pair.practice
    parts = [clock(now), one_line(pair.task), one_line(pair.system), "prepared"]
    seconds = "" if practice.seconds is None else f" in {span(practice.seconds)}"
    parts += [f"{practice.answered} practice answers{seconds}", *_practised(practice)]
    return "  ".join(parts)


def run_line(tally: Tally, now: float) -> str:
    """How far the whole run is."""
    elapsed = elapsed_of(tally, now)
    if not tally.n:
        return f"{clock(now)}  opening systems and reading tasks  {elapsed}"
    answered = tally.answered
    name = f"round {tally.round}" if tally.round > 1 else "whole run"
    parts = [clock(now), name, f"{answered}/{tally.n}", percent(answered / tally.n)]
    if tally.reused:
        parts.append(f"{tally.reused} from before")
    parts += [elapsed, spent(tally), *filter(None, [tokens_used(tally)])]
    seconds = tally.seconds_left(now)
    if tally.all_scored:
        parts.append("writing tables")
    elif tally.stopping:
        parts.append("stopping")
    elif seconds:
        parts.append(f"ETA {span(seconds)}")
    return "  ".join(parts)


def _preparing(pair: PairTally, now: float) -> list[str]:
    practice = pair.practice
    done = f"{practice.answered} practice answers in {span(pair.seconds(now))}"
    return ["preparing", done, *_practised(practice)]


def _practised(practice: Practice) -> list[str]:
    parts = [f"{practice.reused} from before"] if practice.reused else []
    if practice.answered:
        parts.append(_spend(practice.usd))
    return [*parts, *_errors(practice.errors)]


def _answering(pair: PairTally, now: float) -> list[str]:
    parts = [f"{pair.answered}/{pair.n}", percent(pair.answered / pair.n)]
    if pair.reused:
        parts.append(f"{pair.reused} from before")
    per_second = pair.per_second(now)
    if per_second is not None:
        parts.append(f"{rate(per_second)}/s")
    parts.append(_success(pair))
    if pair.answered:
        parts.append(_spend(pair.usd))
    if pair.cached_calls:
        parts.append(f"{pair.cached_calls} calls from the cache")
    if pair.retries:
        parts.append(f"retries {pair.retries}")
    return [*parts, *_errors(pair.problems)]


def _state(pair: PairTally, now: float, stopping: bool) -> str:
    if pair.ended:
        return f"done in {span(pair.seconds(now))}"
    if stopping:
        return "stopping"
    if pair.preparing:
        return ""
    if pair.answered >= pair.n:
        return f"scored {pair.graded}/{pair.n}"
    seconds = pair.seconds_left(now)
    return "" if seconds is None else f"ETA {span(seconds)}"


def _success(pair: PairTally) -> str:
    if not pair.scored:
        return f"success {UNKNOWN}"
    low, high = wilson(pair.right, pair.scored)
    share = percent(pair.right / pair.scored)
    of = "" if pair.scored == pair.answered else f" of {pair.scored}"
    return f"success {share}{of} ({100 * low:.1f}-{100 * high:.1f})"


def _spend(usd: Amount) -> str:
    if not usd.n_unknown:
        return money(usd.known)
    return f"at least {money(usd.known)}" if usd.known else f"spend {UNKNOWN}"


def _errors(errors: Mapping[str, int]) -> list[str]:
    return [f"errors: {kinds(errors)}"] if errors else []
