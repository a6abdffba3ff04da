"""Records of model calls: what a backend measured, with its price, or how it failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Call, Completion
from evalsuite.systems.base import Model
from evalsuite.systems.energy.estimates import NOT_COMPUTED, assumed_vcpus
from evalsuite.systems.energy.meter import Reading, energy_fields
from evalsuite.systems.price import Price, energy_of, usd_of


def failed_call(
    failure: CallFailed,
    about: dict[str, Any],
    seconds: float | None,
    redacted: Callable[[str], str],
    *,
    here: bool = False,
) -> Call:
    """A failed call costs nothing only where the backend knows that nothing was billed.

    A model that is ``here``, in this process, has then computed nothing; what an endpoint took to
    refuse is unknown.
    """
    nothing_done = here and failure.billed is False
    usd = 0.0 if failure.billed is False or failure.recorded else None
    return Call(
        **about,
        status="error",
        error_kind=failure.kind,
        error_message=redacted(str(failure)),
        usd=0.0 if failure.billed is False else None,
        usd_basis="not billed" if failure.billed is False else None,
        billed_usd=usd,
        joules=0.0 if nothing_done else None,
        idle_joules=0.0 if nothing_done else None,
        joules_basis=NOT_COMPUTED if nothing_done else None,
        seconds=None if failure.recorded else seconds,
        retries=failure.retries,
        backoff_seconds=failure.backoff_seconds,
        recorded=failure.recorded,
    )


def finished_call(
    completion: Completion, about: dict[str, Any], seconds: float | None, price: Price
) -> Call:
    """A call that was answered, with what it cost by the ``price`` of its model."""
    usd, usd_basis = usd_of(completion, price)
    energy = energy_of(completion, price)
    measured = msgspec.structs.asdict(completion)
    for name in ("usd", "maybe_billed_attempts", "joules", "idle_joules", "joules_basis"):
        del measured[name]
    return Call(
        **about,
        **measured,
        status="ok",
        usd=usd,
        usd_basis=usd_basis,
        billed_usd=0.0 if completion.recorded else usd,
        joules=energy.joules,
        idle_joules=energy.idle_joules,
        joules_basis=energy.basis,
        seconds=None if completion.recorded else seconds,
    )


def cached_call(completion: Completion, about: dict[str, Any], model: Model) -> Call:
    """What a cached answer is: it costs what it would cost afresh, is not billed, and took no time.

    Attempts that failed before it are of the call that was made, not of this one.
    """
    usd, usd_basis = usd_of(
        msgspec.structs.replace(completion, maybe_billed_attempts=0), model.price
    )
    energy = energy_of(completion, model.price)
    return Call(
        **about,
        answer=completion.answer,
        status="ok",
        usd=usd,
        usd_basis=usd_basis,
        billed_usd=0.0,
        joules=energy.joules,
        idle_joules=energy.idle_joules,
        joules_basis=energy.basis,
        input_tokens=completion.input_tokens,
        cached_input_tokens=completion.cached_input_tokens,
        output_tokens=completion.output_tokens,
        reasoning_tokens=completion.reasoning_tokens,
        tokens_counted_by=completion.tokens_counted_by,
        cached=True,
    )


def local_call(
    answer: Answer,
    about: dict[str, Any],
    queued: float,
    seconds: float,
    price: Price | None,
    reading: Reading | None,
) -> Call:
    """What a hybrid did here itself: a tool or a retrieval without a price, or work with one.

    ``reading`` is its energy, None where nothing counts it: then it is estimated.
    """
    completion = Completion(
        answer=answer,
        queue_seconds=queued,
        service_seconds=seconds,
        machine_seconds=seconds,
        batch_size=1,
        **energy_fields(reading),
    )
    if price is not None:
        return finished_call(completion, about, queued + seconds, price)
    energy = energy_of(completion, Price(power=assumed_vcpus(1)))
    return Call(
        **about,
        answer=answer,
        status="ok",
        usd=0.0,
        usd_basis="no model",
        billed_usd=0.0,
        joules=energy.joules,
        idle_joules=energy.idle_joules,
        joules_basis=energy.basis,
        seconds=queued + seconds,
        queue_seconds=queued,
        service_seconds=seconds,
    )
