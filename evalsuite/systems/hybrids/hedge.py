"""Hedge: where the first call has not answered after a while, a second one is made; the first wins.

Dean and Barroso, 2013, "The tail at scale", Communications of the ACM 56(2): the second request is
sent after the 95th percentile of latency, which cuts the tail for about 5 % more calls.

The reason of a hop: "first", "first not done after 1.2 s" or "first failed (timeout)".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

import numpy as np
from pydantic import Field

from evalsuite.errors import CallFailed, ConfigError
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec, Practice
from evalsuite.systems.hybrids.left_behind import leave_behind
from evalsuite.task import Split

_FEWEST = 20


class HedgeSpec(HybridSpec):
    """Two calls for one answer, the second only where the first is slow.

    member: the system that is asked first.
    second: the system of the second call; by default the same one.
    after_seconds: how long the first call may take; by default the ``quantile`` of its latency on
        the validation split, at least 20 answers.

    The slower call goes on and is paid for, because an endpoint charges for it. The latency is
    that of the faster one. The answer is the first to come, so it may differ from run to run.
    """

    hybrid: Literal["hedge"] = "hedge"
    member: str
    second: str | None = None
    after_seconds: float | None = Field(None, gt=0)
    quantile: float = Field(0.95, gt=0, lt=1)

    def roles(self) -> Mapping[str, str]:
        """The roles "first" and "second"."""
        return {"first": self.member, "second": self.second or self.member}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The answer that comes first; where one call fails, that of the other."""
        after = self._after(fitted)
        first = asyncio.create_task(ask("first", request, reason="first"))
        await asyncio.wait({first}, timeout=after)
        if first.done() and first.exception() is None:
            return first.result()
        reason = f"first not done after {after:.3g} s"
        if first.done():
            error = first.exception()
            if not isinstance(error, CallFailed):
                return first.result()
            reason = f"first failed ({error.kind})"
        second = asyncio.create_task(ask("second", request, reason=reason))
        waiting = {first, second}
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for hop in done:
                if hop.exception() is None:
                    for other in waiting:
                        leave_behind(other)
                    return hop.result()
        return first.result()

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """The first always, the second at most once."""
        return {"first": (1, 1), "second": (0, 1)}

    def practises(self) -> Mapping[str, Split]:
        """The member, where its latency is to be learnt."""
        return {} if self.after_seconds is not None else {"first": "validation"}

    async def fit(self, practice: Practice) -> Fitted | None:
        """Learn how long the first call takes on the validation split."""
        if self.after_seconds is not None:
            return None
        outcomes = await practice.outcomes("first", "validation")
        seconds = [o.seconds for o in outcomes if o.seconds is not None]
        if len(seconds) < _FEWEST:
            raise ConfigError(
                f"{practice.task.name}: {len(seconds)} timed validation answers are too few to "
                f"learn a hedge's waiting time from ({_FEWEST} are needed): write `after_seconds:`"
            )
        after = float(np.quantile(seconds, self.quantile, method="higher"))
        return Fitted(
            state=after,
            identity=f"{after:.6g}",
            split="validation",
            n_samples=len(seconds),
            note=f"second call after {after:.3g} s, the {self.quantile:.0%} quantile of "
            f"{len(seconds)} validation answers",
        )

    def _after(self, fitted: Fitted | None) -> float:
        if self.after_seconds is not None:
            return self.after_seconds
        if fitted is None:
            raise ConfigError("a hedge without `after_seconds` must be fitted before it answers")
        after: float = fitted.state
        return after
