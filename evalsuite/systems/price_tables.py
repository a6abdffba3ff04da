"""Prices from a dated table: the entry of exactly that model, or none and why.

The table is that of the ``genai-prices`` package, as installed: nothing is fetched, so the version
of the package dates the prices. Its own lookup also takes names that begin alike; here a name is
one that an entry lists, or one of those with a date behind it.
"""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import metadata
from typing import Any, Literal

import msgspec

from evalsuite.errors import ExtraMissing
from evalsuite.systems.price import Price, PriceTier

PriceTable = Literal["genai-prices"]

_DATED = re.compile(r"^(.+?)[-@](20\d{2}-?[01]\d-?[0-3]\d)$")
_RATES = {
    "usd_per_million_input_tokens": "input_mtok",
    "usd_per_million_output_tokens": "output_mtok",
    "usd_per_million_cached_input_tokens": "cache_read_mtok",
    "usd_per_million_reasoning_tokens": "output_reasoning_mtok",
}
_STANDARD_TIERS = ("auto", "default", "standard", "standard_only")
_QUARTER_HOURS = 96


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What the table says of a model.

    ``price`` is None where ``problem`` says why the cost is unknown. ``caveats`` are what the
    price leaves out. ``since`` is when the rates came into force, where the table says so.
    """

    price: Price | None
    problem: str = ""
    caveats: tuple[str, ...] = ()
    since: date | None = None


@dataclass(frozen=True, kw_only=True)
class TableDate:
    """Which table it is: the package's version, and the newest of its prices in force."""

    version: str
    newest: date | None

    def __str__(self) -> str:
        """In words."""
        newest = "" if self.newest is None else f", newest price in force of {self.newest}"
        return f"genai-prices {self.version}{newest}"


@lru_cache(maxsize=256)
def look_up(
    model: str,
    *,
    base_url: str | None = None,
    priced_as: str | None = None,
    batch: bool = False,
    service_tier: str | None = None,
    on: date | None = None,
) -> Looked:
    """The price of ``model`` at the provider behind ``base_url``, in dollars per million tokens.

    Args:
        model: what the endpoint calls it.
        base_url: the endpoint's address, by which its provider is known.
        priced_as: "PROVIDER/MODEL", an entry to take instead: a deployment has a name of its own.
        batch: the rates of the provider's batch API; ``Price.list_price`` has those of live calls.
        service_tier: the tier asked for ("flex", "priority"); those of no tier where it is None.
        on: the day whose rates are wanted, in UTC; today by default.

    Raises:
        ExtraMissing: genai-prices is not installed.
    """
    day = on or datetime.now(UTC).date()
    found = _entry(model, base_url, priced_as)
    if isinstance(found, str):
        return Looked(price=None, problem=found)
    provider, entry = found
    name = f"{provider.id}/{entry.id}"
    context = {"processing": "batch"} if batch else {}
    if service_tier is not None and service_tier not in _STANDARD_TIERS:
        context["service_tier"] = service_tier
    lacking = [value for key, value in context.items() if not _has_variant(entry, key, value, day)]
    if lacking:
        return Looked(price=None, problem=f"{name} has no {' or '.join(lacking)} rates there")
    price = _price(entry, day, context)
    if isinstance(price, str):
        return Looked(price=None, problem=f"{name} {price}")
    since = _since(entry, day, context)
    words = [f"genai-prices {_version()}: {name}", *context.values()]
    source = ", ".join([*words, *([f"since {since}"] if since else [])])
    listed = _price(entry, day, {}) if context else None
    if context and not isinstance(listed, Price):
        return Looked(price=None, problem=f"{name} has no list price there")
    return Looked(
        price=msgspec.structs.replace(
            price,
            source=source,
            token_basis=", ".join(["tokens", *context.values()]) if context else "",
            list_price=listed,
        ),
        caveats=tuple(_caveats(name, entry.get_prices(_noon(day), context))),
        since=since,
    )


def table_date(on: date | None = None) -> TableDate:
    """Which table ``look_up`` reads; ExtraMissing where genai-prices is not installed."""
    day = on or datetime.now(UTC).date()
    starts = [start for start in _all_starts() if start <= day]
    return TableDate(version=_version(), newest=max(starts, default=None))


def similar_entries(
    model: str, *, base_url: str | None = None, provider: str | None = None, most: int = 5
) -> tuple[str, ...]:
    """Entries with a name like ``model``, as "PROVIDER/MODEL": for a person to choose from.

    Those of the ``provider`` of that name, or of the one behind ``base_url``; else of all.
    """
    providers = [_provider_at(base_url)] if base_url else list(_providers())
    if provider is not None:
        providers = [one for one in providers if one is not None and one.id == provider]
    wanted = model.casefold()
    ranked = sorted(
        (-difflib.SequenceMatcher(None, wanted, entry.id.casefold()).ratio(), one.id, entry.id)
        for one in providers
        if one is not None
        for entry in one.models
    )
    return tuple(f"{owner}/{name}" for score, owner, name in ranked[:most] if score <= -0.6)


# -- finding the entry -----------------------------------------------------------------------------


def _entry(model: str, base_url: str | None, priced_as: str | None) -> tuple[Any, Any] | str:
    """The provider and the entry; or, in words, why there is none."""
    if priced_as is not None:
        name, _, model = priced_as.partition("/")
        provider = next((one for one in _providers() if one.id == name), None)
        if provider is None:
            return f"there is no provider {name!r} in genai-prices {_version()}"
    else:
        provider = _provider_at(base_url or "")
        if provider is None:
            return f"genai-prices {_version()} has no provider at {base_url}"
    entry = next((one for one in provider.models if _is_named(one, model)), None)
    if entry is None:
        return f"genai-prices {_version()} has no price of {model!r} at {provider.id}"
    return provider, entry


def _provider_at(base_url: str) -> Any | None:
    for provider in _providers():
        if re.match(provider.api_pattern, base_url):
            return provider
    return None


def _is_named(entry: Any, model: str) -> bool:
    """Whether ``entry`` lists ``model``, or what is left of it without the date at its end."""
    names, model = _names(entry), model.lower()
    if model in names:
        return True
    dated = _DATED.match(model)
    return dated is not None and dated[1] in names and bool(entry.is_match(model))


def _names(entry: Any) -> set[str]:
    """The names that an entry lists word for word; what only begins or contains is not one."""
    return {entry.id.lower(), *_equals(entry.match)}


def _equals(match: Any) -> Iterator[str]:
    exactly = getattr(match, "equals", None)
    if exactly is not None:
        yield exactly.lower()
    for part in getattr(match, "or_", None) or ():
        yield from _equals(part)


# -- from an entry to a price ----------------------------------------------------------------------


def _price(entry: Any, day: date, context: Mapping[str, str]) -> Price | str:
    """The rates of ``entry``; or, in words, why they are not enough to know a cost."""
    rates = entry.get_prices(_noon(day), context)
    if any(entry.get_prices(moment, context) != rates for moment in _moments(day)):
        return "has prices that change with the time of day"
    if rates.requests_kcount:
        return "is also charged by the request, which is not counted here"
    if rates.input_mtok is None or rates.output_mtok is None:
        return "has no price by the input and output token"
    stated = {field: getattr(rates, key) for field, key in _RATES.items()}

    def by_field(above: int | None) -> dict[str, Any]:
        return {field: _rate(rate, above) for field, rate in stated.items()}

    starts = sorted({tier.start for rate in stated.values() for tier in getattr(rate, "tiers", ())})
    tiers = tuple(PriceTier(above_input_tokens=start, **by_field(start)) for start in starts)
    return Price(**by_field(None), tiers=tiers or None)


def _rate(rate: Any, above: int | None) -> float | None:
    """A rate for prompts longer than ``above``, or for the shortest."""
    if rate is None:
        return None
    applying = getattr(rate, "base", rate)
    for tier in getattr(rate, "tiers", ()):
        if above is not None and above >= tier.start:
            applying = tier.price
    return float(applying)


def _caveats(name: str, rates: Any) -> Iterator[str]:
    """What a price leaves out because no endpoint of this kind counts it."""
    written, plain = _rate(rates.cache_write_mtok, None), _rate(rates.input_mtok, None)
    if written is not None and plain is not None and written > plain:
        yield (
            f"{name} charges ${written:g} instead of ${plain:g} for a million tokens that it "
            "writes to its cache; they are not counted apart, so a cost may be short of that"
        )


def _has_variant(entry: Any, key: str, value: str, day: date) -> bool:
    return any(
        variant.when.get(key) == value and _in_force(variant.constraint, day)
        for variant in entry.price_variants or ()
    )


def _since(entry: Any, day: date, context: Mapping[str, str]) -> date | None:
    """The newest start of what the rates of ``day`` are made of."""
    conditions = [] if hasattr(entry.prices, "calc_price") else list(entry.prices)
    variants = [
        variant
        for variant in entry.price_variants or ()
        if variant.when and all(context.get(key) == value for key, value in variant.when.items())
    ]
    return max(_starts([*conditions, *variants], day), default=None)


def _starts(parts: Iterable[Any], day: date | None = None) -> Iterator[date]:
    for part in parts:
        start: date | None = getattr(part.constraint, "start_date", None)
        if start is not None and (day is None or start <= day):
            yield start


def _in_force(constraint: Any, day: date) -> bool:
    return constraint is None or bool(constraint.active(_noon(day)))


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), tzinfo=UTC)


def _moments(day: date) -> Iterator[datetime]:
    midnight = datetime.combine(day, time(0), tzinfo=UTC)
    return (midnight + timedelta(minutes=15 * step) for step in range(_QUARTER_HOURS))


# -- the package -----------------------------------------------------------------------------------


def _providers() -> Iterable[Any]:
    try:
        snapshot = importlib.import_module("genai_prices.data_snapshot")
    except ImportError:
        raise ExtraMissing("genai-prices", "prices", "`prices: genai-prices`") from None
    found: Iterable[Any] = snapshot.get_snapshot().providers
    return found


@lru_cache(maxsize=1)
def _version() -> str:
    return metadata.version("genai-prices")


@lru_cache(maxsize=1)
def _all_starts() -> tuple[date, ...]:
    parts: list[Any] = []
    for provider in _providers():
        for entry in provider.models:
            if not hasattr(entry.prices, "calc_price"):
                parts += entry.prices
            parts += entry.price_variants or ()
    return tuple(_starts(parts))
