from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from evalsuite.errors import CallTransient, ConfigError
from evalsuite.records import Answer, Message, Request, Sample
from evalsuite.systems.base import Outcome
from evalsuite.systems.hybrids.hedge import HedgeSpec

REQUEST = Request(task="t", sample_id="1", inputs={}, messages=(Message(role="user", content="q"),))


def failure(kind: str) -> CallTransient:
    return CallTransient(kind, kind=kind)


class Slow:
    """Members that take a while, then answer with their role or fail."""

    def __init__(self, seconds: Mapping[str, float], failing: tuple[str, ...] = ()) -> None:
        self.seconds = seconds
        self.failing = failing
        self.hops: list[tuple[str, str]] = []

    async def __call__(self, role: str, request: Request, *, reason: str) -> Answer:
        self.hops.append((role, reason))
        await asyncio.sleep(self.seconds[role])
        if role in self.failing:
            raise failure(role)
        return Answer(text=role)


@pytest.mark.parametrize(
    ("seconds", "failing", "answer", "second"),
    [
        ({"first": 0.0}, (), "first", None),
        ({"first": 0.3, "second": 0.0}, (), "second", "first not done after 0.05 s"),
        ({"first": 0.1, "second": 0.3}, (), "first", "first not done after 0.05 s"),
        ({"first": 0.0, "second": 0.0}, ("first",), "second", "first failed (first)"),
        ({"first": 0.1, "second": 0.0}, ("second",), "first", "first not done after 0.05 s"),
        ({"first": 0.1, "second": 0.2}, ("first",), "second", "first not done after 0.05 s"),
    ],
)
async def test_the_first_answer_wins(
    seconds: Any, failing: Any, answer: str, second: str | None
) -> None:
    ask = Slow(seconds, failing)
    hedge = HedgeSpec(member="m", after_seconds=0.05)
    said = await hedge.respond(REQUEST, ask, None)  # type: ignore[arg-type]
    assert said.text == answer
    assert ask.hops[1:] == ([] if second is None else [("second", second)])


async def test_where_both_fail_the_first_failure_is_the_hybrids() -> None:
    ask = Slow({"first": 0.01, "second": 0.0}, ("first", "second"))
    with pytest.raises(CallTransient, match="first"):
        await HedgeSpec(member="m", after_seconds=0.001).respond(REQUEST, ask, None)  # type: ignore[arg-type]


class Timed:
    """Practice in which the i-th answer took i hundredths of a second."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.task = type("T", (), {"name": "t"})

    async def outcomes(self, role: str, split: str) -> list[Outcome]:
        sample = Sample(id="1", inputs={})
        seconds = [None, *(i / 100 for i in range(1, self.n + 1))]
        return [
            Outcome(sample=sample, request=REQUEST, answer=None, success=None, usd=None, seconds=s)
            for s in seconds
        ]


async def test_the_waiting_time_is_a_quantile_of_the_practice_latencies() -> None:
    spec = HedgeSpec(member="m")
    fitted = await spec.fit(Timed(100))  # type: ignore[arg-type]
    assert fitted is not None
    # sorted[ceil(0.95 * 99)] = the 96th of 100, 0.96 s
    assert fitted.state == pytest.approx(0.96)
    assert fitted.n_samples == 100 and "95% quantile of 100" in fitted.note
    with pytest.raises(ConfigError, match="write `after_seconds:`"):
        await spec.fit(Timed(19))  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="must be fitted"):
        await spec.respond(REQUEST, Slow({"first": 0}), None)  # type: ignore[arg-type]
