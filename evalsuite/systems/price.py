"""What a call costs: by the machine-hour, by the token, or unknown."""

from __future__ import annotations

import msgspec

from evalsuite.records import Completion

ASSUMED_USD_PER_MACHINE_HOUR = 0.08
TOKENS_PER_IMAGE = 4096  # what an image is taken for before it is known
ASSUMED_MACHINE = "assumed: small 2-core cloud machine"


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Prices of one model in US dollars; ``source`` says who stated them and when.

    A local model is priced by ``usd_per_machine_hour`` times its share of the machine's time; an
    endpoint by tokens. ``cached`` input tokens cost the input price unless their own is given.
    ``token_basis`` is what calls priced by the token say of it, where not just "tokens".
    Nothing set means unknown, which is not the same as free: a free model has prices of 0.
    """

    usd_per_machine_hour: float | None = None
    usd_per_million_input_tokens: float | None = None
    usd_per_million_cached_input_tokens: float | None = None
    usd_per_million_output_tokens: float | None = None
    watts: float | None = None
    source: str = ""
    token_basis: str = ""

    @property
    def by_token(self) -> bool:
        """Whether both prices that every call by the token needs are stated."""
        stated = (self.usd_per_million_input_tokens, self.usd_per_million_output_tokens)
        return None not in stated


def machine_price(
    usd_per_machine_hour: float | None, watts: float | None, *, assume: bool
) -> Price:
    """Price of a model that runs on this machine.

    ``assume`` allows the default rate, marked as assumed, where the user stated none: only for
    models so small that any machine runs them.
    """
    source = "" if usd_per_machine_hour is None else "stated in the experiment"
    if usd_per_machine_hour is None and assume:
        usd_per_machine_hour, source = ASSUMED_USD_PER_MACHINE_HOUR, ASSUMED_MACHINE
    return Price(usd_per_machine_hour=usd_per_machine_hour, watts=watts, source=source)


def usd_of(completion: Completion, price: Price) -> tuple[float | None, str | None]:
    """Dollars of one completion and their basis, or (None, None) where the price is unknown.

    Output tokens include reasoning tokens, and input tokens include cached ones, as
    OpenAI-compatible endpoints count them. A recorded completion costs what was recorded. After
    an attempt that may have been billed without an answer, nobody knows the cost of the call.
    """
    if completion.maybe_billed_attempts:
        return None, "unknown: an earlier attempt may have been billed"
    if completion.recorded:
        return completion.usd, None if completion.usd is None else "recorded"
    if price.usd_per_machine_hour is not None:
        if completion.machine_seconds is None:
            return None, None
        return completion.machine_seconds / 3600 * price.usd_per_machine_hour, "machine_hour"
    input_rate = price.usd_per_million_input_tokens
    output_rate = price.usd_per_million_output_tokens
    if input_rate is None or output_rate is None:
        return None, None
    if completion.input_tokens is None or completion.output_tokens is None:
        return None, None
    cached = completion.cached_input_tokens or 0
    cached_rate = price.usd_per_million_cached_input_tokens
    cached_rate = input_rate if cached_rate is None else cached_rate
    input_usd = (completion.input_tokens - cached) * input_rate + cached * cached_rate
    return (input_usd + completion.output_tokens * output_rate) / 1e6, price.token_basis or "tokens"


def joules_of(completion: Completion, price: Price) -> tuple[float | None, str | None]:
    """Estimated joules (stated watts x machine seconds), or (None, None) where not stated."""
    if price.watts is None or completion.machine_seconds is None:
        return None, None
    return completion.machine_seconds * price.watts, "estimated: stated watts x machine seconds"
