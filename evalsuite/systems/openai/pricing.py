"""What an endpoint's tokens cost: as stated, as a dated table has it, or unknown and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Protocol

import msgspec

from evalsuite.systems.energy.estimates import stated_tokens
from evalsuite.systems.price import Price, PriceTier
from evalsuite.systems.price_tables import Looked, PriceTable, look_up, table_date

_STATED = (
    "usd_per_million_input_tokens",
    "usd_per_million_cached_input_tokens",
    "usd_per_million_output_tokens",
    "usd_per_million_reasoning_tokens",
)


class Priced(Protocol):
    """What a price follows from: ``OpenAIOptions``, which also has the fields of ``_STATED``."""

    @property
    def model(self) -> str:
        """What the endpoint calls it."""
        ...

    @property
    def base_url(self) -> str:
        """The address."""
        ...

    @property
    def extra(self) -> Mapping[str, Any]:
        """Further fields of a request."""
        ...

    @property
    def joules_per_thousand_output_tokens(self) -> float | None:
        """An estimate of the energy of its tokens."""
        ...

    @property
    def prices(self) -> PriceTable | None:
        """The table that is asked."""
        ...

    @property
    def priced_as(self) -> str | None:
        """The entry of it, where not the model's own name."""
        ...


def price_of(spec: Priced, say: Callable[[str], None] = lambda text: None) -> Price:
    """The price of a live call: stated prices first, the table's for the rest.

    ``say`` is told which table it was, and why a cost is unknown or short. Raises ExtraMissing
    where a table is asked for that is not installed.
    """
    stated = _stated(spec)
    if spec.prices is None or _complete(stated):
        return _as_stated(stated)
    looked = _looked(spec, batch=False)
    _tell(spec, looked, stated, say)
    return _merged(looked.price, stated)


def batch_price_of(
    spec: Priced, factor: float, *, factor_stated: bool, say: Callable[[str], None]
) -> Price:
    """The price of a call in a batch: the table's batch rates, or ``factor`` x what a live one is.

    The table's hold where neither a price nor the factor is stated. Where it has none, the cost
    is unknown: half the price is a custom, not a price.
    """
    if spec.prices is None or factor_stated or _stated(spec):
        return batch_price(price_of(spec, say), factor)
    looked = _looked(spec, batch=True)
    _tell(spec, looked, {}, say, batch=True)
    return looked.price or Price()


def with_energy(price: Price, spec: Priced) -> Price:
    """``price`` with the energy that ``spec`` states for the endpoint's tokens, if any."""
    joules = spec.joules_per_thousand_output_tokens
    return price if joules is None else msgspec.structs.replace(price, power=stated_tokens(joules))


def batch_price(price: Price, factor: float) -> Price:
    """``price`` with every token at ``factor`` of what is stated."""
    tiers = [
        msgspec.structs.replace(tier, **_times(tier, factor, _STATED)) for tier in price.tiers or ()
    ]
    return msgspec.structs.replace(
        price,
        **_times(price, factor, _STATED),
        source=f"{price.source}, x {factor:g} in a batch" if price.source else "",
        token_basis="tokens, batch",
        tiers=tuple(tiers) or None,
        list_price=price.list_price or (price if price.by_token else None),
    )


def _times(rates: Price | PriceTier, factor: float, names: Collection[str]) -> dict[str, Any]:
    found = {name: getattr(rates, name) for name in names}
    return {name: None if rate is None else rate * factor for name, rate in found.items()}


def _stated(spec: Priced) -> dict[str, float]:
    found = {name: getattr(spec, name) for name in _STATED}
    return {name: rate for name, rate in found.items() if rate is not None}


def _complete(stated: Mapping[str, float]) -> bool:
    return all(name in stated for name in _STATED[:3])


def _as_stated(stated: Mapping[str, Any]) -> Price:
    known = "usd_per_million_input_tokens" in stated
    return Price(**stated, source="stated in the experiment" if known else "")


def _looked(spec: Priced, *, batch: bool) -> Looked:
    tier = spec.extra.get("service_tier")
    return look_up(
        spec.model,
        base_url=spec.base_url,
        priced_as=spec.priced_as,
        batch=batch,
        service_tier=tier if isinstance(tier, str) else None,
    )


def _merged(table: Price | None, stated: Mapping[str, Any]) -> Price:
    """``table`` with what is ``stated`` in its place, in every tier."""
    if table is None:
        return _as_stated(stated)
    if not stated:
        return table
    tiers = [msgspec.structs.replace(tier, **stated) for tier in table.tiers or ()]
    names = ", ".join(name.removeprefix("usd_per_million_") for name in stated)
    return msgspec.structs.replace(
        table,
        **stated,
        tiers=tuple(tiers) or None,
        source=f"{table.source}; stated in the experiment: {names}",
        list_price=None if table.list_price is None else _merged(table.list_price, stated),
    )


def _tell(
    spec: Priced,
    looked: Looked,
    stated: Mapping[str, Any],
    say: Callable[[str], None],
    *,
    batch: bool = False,
) -> None:
    if looked.price is not None:
        say(f"prices are those of {table_date()}")
        for caveat in looked.caveats:
            say(caveat)
        return
    instead = "`price_factor` of `batch`, or " if batch else ""
    unknown = (
        "stated prices hold"
        if {"usd_per_million_input_tokens", "usd_per_million_output_tokens"} <= set(stated)
        else f"the cost of {spec.model!r} is unknown: state {instead}"
        "`usd_per_million_input_tokens` and `usd_per_million_output_tokens`, or name an entry "
        "with `priced_as: PROVIDER/MODEL`"
    )
    say(f"{looked.problem}; {unknown}")
