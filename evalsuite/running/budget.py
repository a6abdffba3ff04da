"""What a run may spend: checked before every call, so that it is kept and not merely noticed.

Before a call is made, the most that it can cost is set aside; when it is done, what it did cost
takes that place. A call is made only if everything spent and set aside stays within the budget, so
the budget is not passed as long as the stated prices and ``max_output_tokens`` hold. Where an
attempt may have been billed without an answer, the amount set aside counts as spent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec

from evalsuite.errors import StoppedEarly
from evalsuite.records import Completion, Request
from evalsuite.systems.price import TOKENS_PER_IMAGE, Price

# A tokenizer makes at least one byte of a token; a chat template adds a few tokens a turn.
_TEMPLATE_TOKENS_PER_TURN = 16


@dataclass(frozen=True, kw_only=True)
class Amount:
    """Dollars and tokens."""

    usd: float = 0.0
    tokens: int = 0


class Budget:
    """The budgets of one run, over all its sessions; seconds are of this session.

    None is no limit. All of it happens in the event loop's thread.
    """

    def __init__(
        self,
        *,
        usd: float | None = None,
        tokens: int | None = None,
        seconds: float | None = None,
        spent: tuple[float, int] = (0.0, 0),
    ) -> None:
        """``spent`` is what earlier sessions took: dollars and tokens."""
        self._usd_limit = usd
        self._token_limit = tokens
        self._seconds_limit = seconds
        self._began = time.monotonic()
        self._usd, self._tokens = spent
        self._unsure = False
        self._set_aside = Amount()
        self._in_flight = 0
        self._given_back = asyncio.Event()

    @property
    def limited(self) -> bool:
        """Whether there is any limit to keep."""
        return (self._usd_limit, self._token_limit, self._seconds_limit) != (None, None, None)

    async def set_aside(self, most: Amount) -> Amount:
        """Wait until a call that takes at ``most`` this fits, and keep it free.

        Raises StoppedEarly where it does not fit although nothing is in flight any more, or where
        time is up.
        """
        while True:
            self._refuse_when_time_is_up()
            problem = self._problem(most)
            if problem is None:
                self._in_flight += 1
                self._set_aside = _sum(self._set_aside, most)
                return most
            if self._in_flight == 0:
                raise StoppedEarly(problem)
            self._given_back.clear()
            await self._given_back.wait()

    def settle(
        self,
        most: Amount | None,
        worst: Callable[[], Amount],
        usd: float | None,
        completion: Completion | None,
    ) -> Amount:
        """Put what a call took in the place of what was set aside for it, and return that.

        ``most`` is what ``set_aside`` returned, None where it was not asked. ``usd`` is what was
        billed, None where nobody knows; ``completion`` is None where the call failed. An unknown
        amount is taken at its ``worst``, for each attempt that may have been billed.
        """
        taken = _taken(worst, usd, completion)
        if most is not None:
            self._in_flight -= 1
            self._set_aside = Amount(
                usd=self._set_aside.usd - most.usd, tokens=self._set_aside.tokens - most.tokens
            )
        self._usd += taken.usd
        self._tokens += taken.tokens
        self._unsure = self._unsure or usd is None
        self._given_back.set()
        return taken

    def _problem(self, most: Amount) -> str | None:
        spent = "are spent"
        if self._unsure:
            spent = "may be spent (where nobody knows, the most is counted)"
        usd = self._usd + self._set_aside.usd + most.usd
        if self._usd_limit is not None and usd > self._usd_limit * (1 + 1e-9):
            return (
                f"${self._usd:.6g} of max_usd {self._usd_limit:g} {spent}, and the next call may "
                f"cost ${most.usd:.2g}"
            )
        tokens = self._tokens + self._set_aside.tokens + most.tokens
        if self._token_limit is not None and tokens > self._token_limit:
            return (
                f"{self._tokens} of max_tokens {self._token_limit} {spent}, and the next call may "
                f"take {most.tokens}"
            )
        return None

    def _refuse_when_time_is_up(self) -> None:
        if self._seconds_limit is None:
            return
        if time.monotonic() - self._began >= self._seconds_limit:
            raise StoppedEarly(f"max_seconds {self._seconds_limit:g} are over")


def worst_case(request: Request, price: Price, n_requests: int = 1) -> Amount:
    """The most that one attempt at ``request``, sent ``n_requests`` times, can take at ``price``.

    Its prompt has at most as many tokens as bytes. Machine time is not known beforehand and not
    set aside; an image counts as 4096 tokens.
    """
    prompt = n_requests * input_tokens_at_most(request)
    output = n_requests * request.max_output_tokens
    return Amount(usd=price.most_usd(prompt, output) or 0.0, tokens=prompt + output)


def input_tokens_at_most(request: Request) -> int:
    """Bytes of the prompt, its tools and schema, and what a chat template may add."""
    prompt = 0
    for turn in request.messages:
        prompt += len(turn.content.encode()) + _TEMPLATE_TOKENS_PER_TURN
        prompt += len(turn.images) * TOKENS_PER_IMAGE
        if turn.tool_calls:
            prompt += len(msgspec.json.encode(turn.tool_calls))
    if request.tools:
        prompt += len(msgspec.json.encode(request.tools))
    if request.output_schema:
        prompt += len(msgspec.json.encode(request.output_schema))
    return prompt


def _taken(worst: Callable[[], Amount], usd: float | None, completion: Completion | None) -> Amount:
    if completion is None:
        return _NOTHING if usd == 0.0 else worst()
    tokens = _tokens(completion)
    if usd is not None and tokens is not None and not completion.maybe_billed_attempts:
        return Amount(usd=usd, tokens=tokens)
    most, attempts = worst(), 1 + completion.maybe_billed_attempts
    return Amount(
        usd=most.usd * attempts if usd is None else usd,
        tokens=most.tokens * attempts if tokens is None or attempts > 1 else tokens,
    )


_NOTHING = Amount()


def _sum(a: Amount, b: Amount) -> Amount:
    return replace(a, usd=a.usd + b.usd, tokens=a.tokens + b.tokens)


def _tokens(completion: Completion | None) -> int | None:
    """Tokens of an answer, None where unknown."""
    if completion is None or completion.input_tokens is None or completion.output_tokens is None:
        return None
    return completion.input_tokens + completion.output_tokens
