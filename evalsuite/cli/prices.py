"""``evalsuite prices``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalsuite.systems.price import Price, PriceTier

Model = Annotated[str, typer.Argument(help="A model, or an entry of the table: PROVIDER/MODEL.")]
BaseUrl = Annotated[str | None, typer.Option(help="The endpoint, by which its provider is known.")]
Batch = Annotated[bool, typer.Option("--batch", help="The rates of the batch API.")]
Tier = Annotated[str | None, typer.Option("--tier", help="A service tier: flex, priority.")]


def prices(model: Model, base_url: BaseUrl = None, batch: Batch = False, tier: Tier = None) -> None:
    """Show what `prices: genai-prices` makes of a model."""
    from evalsuite.errors import UserError
    from evalsuite.systems.price_tables import look_up, similar_entries, table_date

    if base_url is None and "/" not in model:
        close = ", ".join(similar_entries(model))
        hint = f"such as {close}" if close else "such as openai/gpt-5-mini"
        raise UserError(f"{model!r}: at which provider? Write PROVIDER/MODEL, {hint}")
    entry = None if base_url is not None else model
    looked = look_up(model, base_url=base_url, priced_as=entry, batch=batch, service_tier=tier)
    if looked.price is None:
        provider, _, name = ("", "", model) if base_url is not None else model.partition("/")
        close = ", ".join(similar_entries(name, base_url=base_url, provider=provider or None))
        raise UserError(looked.problem + (f"; there are {close}" if close else ""))
    typer.echo(f"{table_date()}")
    typer.echo(looked.price.source)
    _print_rates("", looked.price)
    for each in looked.price.tiers or ():
        _print_rates(f"prompts above {each.above_input_tokens:,} tokens: ", each)
    if looked.price.list_price is not None:
        _print_rates("list: ", looked.price.list_price)
    for caveat in looked.caveats:
        typer.echo(caveat)


def _print_rates(about: str, rates: Price | PriceTier) -> None:
    stated = {
        "input": rates.usd_per_million_input_tokens,
        "cached input": rates.usd_per_million_cached_input_tokens,
        "output": rates.usd_per_million_output_tokens,
        "reasoning": rates.usd_per_million_reasoning_tokens,
    }
    words = ", ".join(f"{name} ${rate:g}" for name, rate in stated.items() if rate is not None)
    typer.echo(f"{about}{words} per million tokens")
