"""What the Events of a run add up to: counts, sums and rates for whoever watches it.

Pure bookkeeping over ``Event.at``: no clock is read here, so a recorded sequence of events always
adds up to the same figures. Not thread-safe: one thread takes note, and reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from evalsuite.reporting.recent import Recent
from evalsuite.running.events import Event


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a run may be billed and may use over all its sessions; ``seconds`` are of a session.

    None is no limit.
    """

    usd: float | None = None
    tokens: int | None = None
    seconds: float | None = None


@dataclass(slots=True)
class Amount:
    """A sum that says how many of its parts are unknown."""

    known: float = 0.0
    n_unknown: int = 0

    def add(self, value: float | None) -> None:
        """Add one part; None is unknown."""
        if value is None:
            self.n_unknown += 1
        else:
            self.known += value

    @property
    def total(self) -> float | None:
        """The sum; None where any part is unknown."""
        return None if self.n_unknown else self.known


@dataclass(slots=True)
class Practice:
    """Answers that a system gave while it was prepared; ``reused`` ones were there before.

    ``seconds`` is how long that took, None while it goes on.
    """

    answered: int = 0
    reused: int = 0
    usd: Amount = field(default_factory=Amount)
    errors: dict[str, int] = field(default_factory=dict)
    seconds: float | None = None


@dataclass(slots=True)
class PairTally:
    """What one system has done on one task so far. ``n`` is 0 until the pair begins.

    ``answered`` counts all answers that are there: ``reused`` ones are from an earlier session,
    ``failed`` ones have an error. ``scored`` have a known success, ``unscorable`` went through the
    scorers without one. ``usd`` and tokens are of all answers, ``cached_calls`` and ``retries`` of
    this session's; ``practice`` is apart.
    """

    task: str
    system: str
    n: int = 0
    answered: int = 0
    reused: int = 0
    failed: int = 0
    scored: int = 0
    right: int = 0
    unscorable: int = 0
    scoring: int = 0
    in_flight: int = 0
    limit: int = 0
    cached_calls: int = 0
    retries: int = 0
    began_at: float | None = None
    fresh_since: float | None = None
    answered_at: float | None = None
    ended_at: float | None = None
    usd: Amount = field(default_factory=Amount)
    input_tokens: Amount = field(default_factory=Amount)
    output_tokens: Amount = field(default_factory=Amount)
    errors: dict[str, int] = field(default_factory=dict)
    practice: Practice = field(default_factory=Practice)
    recent: Recent = field(default_factory=Recent)

    @property
    def fresh(self) -> int:
        """Answers given in this session."""
        return self.answered - self.reused

    @property
    def graded(self) -> int:
        """Answers that went through the scorers, whatever came of it."""
        return self.scored + self.unscorable

    @property
    def problems(self) -> dict[str, int]:
        """Failures by kind, of practice while that goes on; answers without a score included."""
        if self.preparing:
            return self.practice.errors
        unscored = self.unscorable - self.failed
        return {**self.errors, "unscored": unscored} if unscored > 0 else self.errors

    @property
    def ended(self) -> bool:
        """Whether every answer is there and has been scored."""
        return self.ended_at is not None

    @property
    def preparing(self) -> bool:
        """Whether the system is being prepared: its answers for the record are yet to come."""
        return self.n == 0

    def seconds(self, now: float) -> float:
        """From its beginning to its end, or to ``now``."""
        if self.began_at is None:
            return 0.0
        return max(0.0, (now if self.ended_at is None else self.ended_at) - self.began_at)

    def per_second(self, now: float) -> float | None:
        """Fresh answers a second: lately, or from the first to the last once all are there."""
        if not self.n or self.answered < self.n:
            return self.recent.per_second(now)
        if not self.fresh or self.fresh_since is None or self.answered_at is None:
            return None
        seconds = self.answered_at - self.fresh_since
        return self.fresh / seconds if seconds > 0 else None

    def seconds_left(self, now: float) -> float | None:
        """How long the missing answers take at the recent rate; None where there is none."""
        left = self.n - self.answered
        if left <= 0:
            return 0.0 if self.n else None
        rate = self.recent.per_second(now)
        return left / rate if rate else None


class Tally:
    """Adds up the Events of a run.

    A command that runs the same experiment several times, on more samples each time, is a run of
    several rounds: each begins its pairs anew, and finds the answers of the last one there.
    """

    def __init__(self, began_at: float, limits: Limits | None = None) -> None:
        """``began_at`` is when the command began, on the clock of ``Event.at``.

        ``usd`` and ``tokens`` are what was taken of ``limits``: by earlier sessions, as far as
        the first "begin" says it, and by all answers since, practice included.
        """
        self.began_at = began_at
        self.limits = limits or Limits()
        self.n: int | None = None
        self.round = 0
        self.stopping = False
        self.usd = Amount()
        self.tokens = Amount()
        self._pairs: dict[tuple[str, str], PairTally] = {}
        self._preparing: dict[str, PairTally] = {}
        self._said: set[str] = set()
        self._messages: list[Event] = []

    @property
    def pairs(self) -> Iterable[PairTally]:
        """(task, system) pairs in the order in which they were begun."""
        return self._pairs.values()

    @property
    def answered(self) -> int:
        """Answers that are there, of all pairs."""
        return sum(pair.answered for pair in self.pairs)

    @property
    def reused(self) -> int:
        """Answers from earlier sessions, of all pairs."""
        return sum(pair.reused for pair in self.pairs)

    @property
    def all_scored(self) -> bool:
        """Whether everything that the run wants has been answered and scored."""
        return self.n is not None and sum(pair.n for pair in self.pairs if pair.ended) >= self.n

    def add_all(self, events: Iterable[Event]) -> None:
        """Take note of ``events``, in the order in which they were told."""
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        """Take note of ``event``."""
        kind = event.kind
        if kind == "answer":
            self._answer(event)
        elif kind == "scored":
            self._scored(event)
        elif kind == "pair":
            pair = self._pair(event)
            if pair.began_at is not None:
                pair.practice.seconds = max(0.0, event.at - pair.began_at)
            pair.n, pair.began_at, pair.fresh_since = event.n, event.at, event.at
            pair.recent = Recent()
            pair.recent.start(event.at)
            self._preparing.pop(event.task, None)
        elif kind == "fit":
            pair = self._preparing[event.task] = self._pair(event)
            pair.began_at = event.at
            pair.recent.start(event.at)
        elif kind == "scoring":
            self._pair(event).scoring = event.n
        elif kind == "begin":
            self._begin(event)
        else:
            self._message(event)

    def take_messages(self) -> list[Event]:
        """Notes and stopping messages since the last time; a note that was said is not repeated."""
        taken, self._messages = self._messages, []
        return taken

    def seconds_left(self, now: float) -> float | None:
        """How long the rest of the run takes; None where nothing is known to tell it from.

        The pair at work goes on at its recent rate. Of pairs to come nothing is known but how
        many answers they are; they are taken to go as fast as all answers of this session did, and
        so is a pair that has only just begun.
        """
        if self.n is None:
            return None
        seconds, fresh, spent = 0.0, 0, 0.0
        left = self.n - self.answered
        if left <= 0:
            return 0.0
        for pair in self.pairs:
            fresh += pair.fresh
            if pair.fresh and pair.fresh_since is not None:
                spent += (now if pair.ended_at is None else pair.ended_at) - pair.fresh_since
            if pair.n > pair.answered:
                rest = pair.seconds_left(now)
                if rest is not None:
                    seconds += rest
                    left -= pair.n - pair.answered
        if left <= 0:
            return seconds
        return seconds + left * spent / fresh if fresh and spent > 0 else None

    # -- one kind of event each -----------------------------------------------------------------

    def _begin(self, event: Event) -> None:
        self.n = event.n
        self.round += 1
        if self.round == 1:  # what a later round finds was added up when it was spent
            self.usd.add(event.billed_usd)
            self.tokens.add(_sum(event.input_tokens, event.output_tokens))
        self._pairs.clear()
        self._preparing.clear()

    def _pair(self, event: Event) -> PairTally:
        key = (event.task, event.system)
        pair = self._pairs.get(key)
        if pair is None:
            pair = self._pairs[key] = PairTally(event.task, event.system)
        return pair

    def _answer(self, event: Event) -> None:
        if event.phase == "fit":
            self._practice(event)
            return
        pair = self._pair(event)
        pair.answered += 1
        pair.answered_at = event.at
        pair.in_flight, pair.limit = event.in_flight, event.limit
        pair.usd.add(event.billed_usd)
        pair.input_tokens.add(event.input_tokens)
        pair.output_tokens.add(event.output_tokens)
        if event.reused:
            pair.reused += 1
            if pair.answered == pair.reused:
                pair.fresh_since = event.at
                pair.recent.start(event.at)
        else:
            pair.recent.count(event.at)
            pair.retries += event.retries
            pair.cached_calls += event.cached_calls
            self._spend(event)
        if event.error_kind is not None:
            pair.failed += 1
            pair.errors[event.error_kind] = pair.errors.get(event.error_kind, 0) + 1
        self._maybe_ended(pair, event.at)

    def _practice(self, event: Event) -> None:
        # A hybrid practises on its members, and it is the hybrid that is being prepared.
        pair = self._preparing.get(event.task) or self._pair(event)
        pair.in_flight, pair.limit = event.in_flight, event.limit
        practice = pair.practice
        practice.answered += 1
        practice.usd.add(event.billed_usd)
        if event.reused:
            practice.reused += 1
        else:
            pair.recent.count(event.at)
            self._spend(event)
        if event.error_kind is not None:
            practice.errors[event.error_kind] = practice.errors.get(event.error_kind, 0) + 1

    def _spend(self, event: Event) -> None:
        self.usd.add(event.billed_usd)
        if event.cached_calls < event.calls or not event.calls:
            self.tokens.add(_sum(event.input_tokens, event.output_tokens))

    def _scored(self, event: Event) -> None:
        pair = self._pair(event)
        if event.success is None:
            pair.unscorable += 1
        else:
            pair.scored += 1
            pair.right += event.success
        self._maybe_ended(pair, event.at)

    def _maybe_ended(self, pair: PairTally, at: float) -> None:
        if pair.n and pair.answered >= pair.n and pair.graded >= pair.n:
            pair.ended_at = at

    def _message(self, event: Event) -> None:
        if event.kind == "stopping":
            self.stopping = True
        elif event.text in self._said:
            return
        self._said.add(event.text)
        self._messages.append(event)


def _sum(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else a + b
