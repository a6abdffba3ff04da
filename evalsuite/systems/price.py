"""What a call costs: by the machine-hour, the kilowatt-hour, the token, or unknown."""

from __future__ import annotations

import msgspec

from evalsuite.records import Completion
from evalsuite.systems.energy.counters import HOST
from evalsuite.systems.energy.estimates import UNKNOWN_ENERGY, Energy, Power, power_of

ASSUMED_USD_PER_MACHINE_HOUR = 0.08
TOKENS_PER_IMAGE = 4096  # what an image is taken for before it is known
ASSUMED_MACHINE = "assumed: small 2-core cloud machine"
JOULES_PER_KWH = 3.6e6
_MACHINE_BASES = {
    (False, True): "machine_hour",
    (True, False): "kwh",
    (False, False): "machine_hour + kwh",
}


class PriceTier(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all tokens of a call cost whose prompt has more than ``above_input_tokens``."""

    above_input_tokens: int
    usd_per_million_input_tokens: float
    usd_per_million_output_tokens: float
    usd_per_million_cached_input_tokens: float | None = None
    usd_per_million_reasoning_tokens: float | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Prices of one model in US dollars; ``source`` says who stated them and when.

    A local model is priced by ``usd_per_machine_hour`` times its share of the machine's time, by
    ``usd_per_kwh`` times its energy, or both; an endpoint by tokens. ``power`` says what energy is
    taken where nothing counts it, and ``grams_co2e_per_kwh`` is of the electricity. ``cached``
    input tokens cost the input price and ``reasoning`` tokens the output price unless their own is
    given. ``tiers`` are further prices for long prompts, the shortest first. ``list_price`` is what
    the same tokens cost at once and undiscounted, where this price is another (a batch, a service
    tier). ``token_basis`` is what calls priced by the token say of it, where not just "tokens".
    Nothing set means unknown, which is not the same as free: a free model has prices of 0.
    """

    usd_per_machine_hour: float | None = None
    usd_per_kwh: float | None = None
    usd_per_million_input_tokens: float | None = None
    usd_per_million_cached_input_tokens: float | None = None
    usd_per_million_output_tokens: float | None = None
    usd_per_million_reasoning_tokens: float | None = None
    power: Power | None = None
    grams_co2e_per_kwh: float | None = None
    source: str = ""
    token_basis: str = ""
    tiers: tuple[PriceTier, ...] | None = None
    list_price: Price | None = None

    @property
    def by_machine(self) -> bool:
        """Whether calls are paid by the time or the energy of a machine."""
        return (self.usd_per_machine_hour, self.usd_per_kwh) != (None, None)

    @property
    def by_token(self) -> bool:
        """Whether both prices that every call by the token needs are stated."""
        stated = (self.usd_per_million_input_tokens, self.usd_per_million_output_tokens)
        return None not in stated

    def at(self, input_tokens: int) -> Price:
        """The price of a call whose prompt has ``input_tokens``, cached ones included."""
        for tier in reversed(self.tiers or ()):
            if input_tokens > tier.above_input_tokens:
                return self._of(tier)
        return self

    def most_usd(self, input_tokens: int, output_tokens: int) -> float | None:
        """The most that up to so many tokens can cost by the token; None where unknown."""
        reached = [
            self._of(tier) for tier in self.tiers or () if input_tokens > tier.above_input_tokens
        ]
        costs = [
            _most(price, input_tokens, output_tokens)
            for price in (self, *reached)
            if price.by_token
        ]
        return max(costs, default=None)

    def _of(self, tier: PriceTier) -> Price:
        rates = msgspec.structs.asdict(tier)
        del rates["above_input_tokens"]
        return msgspec.structs.replace(self, tiers=None, **rates)


def machine_price(
    usd_per_machine_hour: float | None,
    watts: float | None,
    *,
    assume: bool,
    device: str = HOST,
    threads: int = 1,
    usd_per_kwh: float | None = None,
    grams_co2e_per_kwh: float | None = None,
) -> Price:
    """Price of a model that computes on ``device`` of this machine with so many ``threads``.

    ``assume`` allows the default rate, marked as assumed, where the user stated none: only for
    models so small that any machine runs them. The power of a processor is assumed of any model,
    for where nothing counts its energy and no ``watts`` are stated; that of a GPU of none.
    """
    stated = (usd_per_machine_hour, usd_per_kwh) != (None, None)
    source = "stated in the experiment" if stated else ""
    if not stated and assume:
        usd_per_machine_hour, source = ASSUMED_USD_PER_MACHINE_HOUR, ASSUMED_MACHINE
    return Price(
        usd_per_machine_hour=usd_per_machine_hour,
        usd_per_kwh=usd_per_kwh,
        power=power_of(watts, device, threads),
        grams_co2e_per_kwh=grams_co2e_per_kwh,
        source=source,
    )


def usd_of(completion: Completion, price: Price) -> tuple[float | None, str | None]:
    """Dollars of one completion and their basis, or (None, None) where the price is unknown.

    Output tokens include reasoning tokens, and input tokens include cached ones, as
    OpenAI-compatible endpoints count them. A recorded completion costs what was recorded. After
    an attempt that may have been billed without an answer, nobody knows the cost of the call; nor
    where reasoning has a price of its own and the endpoint does not count it.
    """
    if completion.maybe_billed_attempts:
        return None, "unknown: an earlier attempt may have been billed"
    if completion.recorded:
        return completion.usd, None if completion.usd is None else "recorded"
    if price.by_machine:
        energy = energy_of(completion, price)
        usd = machine_usd(price, completion.machine_seconds, energy.joules)
        return (
            (None, None)
            if usd is None
            else (
                usd,
                _MACHINE_BASES[price.usd_per_machine_hour is None, price.usd_per_kwh is None],
            )
        )
    usd = token_usd(
        price,
        completion.input_tokens,
        completion.output_tokens,
        cached_input_tokens=completion.cached_input_tokens,
        reasoning_tokens=completion.reasoning_tokens,
    )
    return (None, None) if usd is None else (usd, price.token_basis or "tokens")


def token_usd(
    price: Price,
    input_tokens: int | None,
    output_tokens: int | None,
    *,
    cached_input_tokens: int | None = None,
    reasoning_tokens: int | None = None,
) -> float | None:
    """Dollars of the tokens of one call by ``price``; None where price or counts are unknown.

    Cached tokens are part of the input and reasoning tokens of the output. Cached tokens that
    nobody counted are taken for none, which costs at least as much.
    """
    if input_tokens is None or output_tokens is None:
        return None
    price = price.at(input_tokens)
    input_rate = price.usd_per_million_input_tokens
    output_rate = price.usd_per_million_output_tokens
    if input_rate is None or output_rate is None:
        return None
    cached = cached_input_tokens or 0
    cached_rate = price.usd_per_million_cached_input_tokens
    cached_rate = input_rate if cached_rate is None else cached_rate
    input_usd = (input_tokens - cached) * input_rate + cached * cached_rate
    reasoning_rate = price.usd_per_million_reasoning_tokens
    if reasoning_rate is None or reasoning_rate == output_rate:
        return (input_usd + output_tokens * output_rate) / 1e6
    if reasoning_tokens is None:
        return None
    output_usd = (output_tokens - reasoning_tokens) * output_rate
    return (input_usd + output_usd + reasoning_tokens * reasoning_rate) / 1e6


def _most(price: Price, input_tokens: int, output_tokens: int) -> float:
    """The dearest way to be charged for so many tokens by the flat rates of ``price``."""
    input_rate = max(
        price.usd_per_million_input_tokens or 0.0, price.usd_per_million_cached_input_tokens or 0.0
    )
    output_rate = max(
        price.usd_per_million_output_tokens or 0.0, price.usd_per_million_reasoning_tokens or 0.0
    )
    return (input_tokens * input_rate + output_tokens * output_rate) / 1e6


def machine_usd(price: Price, machine_seconds: float | None, joules: float | None) -> float | None:
    """Dollars of so much time and energy of a machine; None where a part of it is unknown.

    The energy is all that was counted, idling included, as a meter bills it.
    """
    usd: float | None = None
    if price.usd_per_machine_hour is not None:
        if machine_seconds is None:
            return None
        usd = machine_seconds / 3600 * price.usd_per_machine_hour
    if price.usd_per_kwh is not None:
        if joules is None:
            return None
        usd = (usd or 0.0) + joules / JOULES_PER_KWH * price.usd_per_kwh
    return usd


def energy_of(completion: Completion, price: Price) -> Energy:
    """Joules of one completion: as counted, else estimated by the ``power`` of its price.

    Unknown of a recording, whose energy nobody recorded.
    """
    if completion.joules is not None:
        return Energy(completion.joules, completion.idle_joules, completion.joules_basis)
    if price.power is None or completion.recorded:
        return UNKNOWN_ENERGY
    return price.power.of(completion.machine_seconds, completion.output_tokens)
