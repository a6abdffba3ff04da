"""What a run would ask and what that could cost, worked out before anything is sent.

Prompts are rendered for real; what is not known is given as a range. A prompt has between a fifth
and a third of its bytes as tokens; an answer has at least one token and at most
``max_output_tokens``. How often a hybrid asks its members is the hybrid's own word
(``HybridSpec.hops``).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from evalsuite.errors import UserError
from evalsuite.experiment import Experiment, PlannedTask
from evalsuite.records import Phase, total
from evalsuite.running.budget import input_tokens_at_most
from evalsuite.systems.base import HybridSpec, ModelSpec
from evalsuite.systems.price import Price
from evalsuite.task import Split, Task

BYTES_PER_TOKEN = (3, 5)


@dataclass(frozen=True, kw_only=True)
class PlannedCalls:
    """The calls of one model under one role of one system on one task.

    ``samples`` counts answers (repeats included). Calls and tokens are sums over them; None is
    unknown: no price, or a hybrid that does not say how often it asks.
    """

    task: str
    system: str
    role: str
    model: str
    phase: Phase
    samples: int
    calls_at_least: int
    calls_at_most: int | None
    input_tokens_at_least: int
    input_tokens_at_most: int | None
    output_tokens_at_most: int | None
    usd_at_least: float | None
    usd_at_most: float | None
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a run from scratch would ask; an earlier session may have done part of it.

    ``unready`` says of each task that could not be scored on this machine what is missing.
    ``judges`` are the calls of those who judge the answers; no figure of ``rows`` has them in it.
    """

    rows: tuple[PlannedCalls, ...]
    assumed: str
    unready: tuple[str, ...] = ()
    judges: tuple[PlannedCalls, ...] = ()

    @property
    def usd_at_least(self) -> float | None:
        """Dollars of all rows; None where any is unknown."""
        return total(row.usd_at_least for row in self.rows)

    @property
    def usd_at_most(self) -> float | None:
        """Dollars of all rows; None where any is unknown."""
        return total(row.usd_at_most for row in self.rows)


@dataclass(frozen=True, kw_only=True)
class _Prompts:
    """Sizes of the prompts of some samples: how many, their bytes, and their longest answers."""

    n: int
    prompt_bytes: int
    output_tokens: int


@dataclass(frozen=True, kw_only=True)
class _Hop:
    """A leaf below a system: its path of roles and how often one answer asks it."""

    role: str
    name: str
    at_least: int
    at_most: int | None


def plan(experiment: Experiment) -> Plan:
    """Work out the calls of ``experiment``; reads its data, asks and opens nothing."""
    rows: list[PlannedCalls] = []
    settings = experiment.settings
    for planned in experiment.tasks:
        asked = _prompts(planned, settings.split, planned.limit, settings.repeats)
        practised: set[tuple[str, Split]] = set()
        for name in experiment.reported:
            if not experiment.asks(name, planned.task):
                continue
            for hop in _hops(name, experiment.systems):
                rows.append(_row(experiment, planned.task, name, hop, asked, "answer"))
            for member, split, own in _practice(name, experiment.systems):
                if own is None and (member, split) in practised:
                    continue  # what two hybrids practise on is asked once
                practised.add((member, split))
                limit = settings.train_limit if split == "train" else settings.practice
                limit = limit if own is None else min(limit, own)
                size = _prompts(planned, split, limit, 1)
                for hop in _hops(member, experiment.systems):
                    rows.append(_row(experiment, planned.task, member, hop, size, "fit"))
    low, high = BYTES_PER_TOKEN
    return Plan(
        rows=tuple(rows),
        assumed=f"a token has {low} to {high} bytes, an answer 1 token to its max_output_tokens; "
        "nothing is retried, and nothing is there from an earlier session or a cache",
        unready=tuple(_unready(planned.task for planned in experiment.tasks)),
    )


def _unready(tasks: Iterable[Task]) -> Iterable[str]:
    for task in tasks:
        try:
            if task.ready is not None:
                task.ready()
        except UserError as error:
            yield f"{task.name}: {error}"


def _prompts(planned: PlannedTask, split: Split, limit: int | None, repeats: int) -> _Prompts:
    sizes = [
        (input_tokens_at_most(request), request.max_output_tokens)
        for sample in itertools.islice(planned.task.samples(split), limit)
        for request in [planned.task.request(sample, split=split, seed=0, repeat=0)]
    ]
    return _Prompts(
        n=len(sizes) * repeats,
        prompt_bytes=sum(size for size, _ in sizes) * repeats,
        output_tokens=sum(longest for _, longest in sizes) * repeats,
    )


def _hops(name: str, systems: Mapping[str, ModelSpec | HybridSpec]) -> list[_Hop]:
    """The leaves below ``name`` with the product of what the hybrids above them say."""
    spec = systems[name]
    if not isinstance(spec, HybridSpec):
        return [_Hop(role="", name=name, at_least=1, at_most=1)]
    found = []
    bounds = spec.hops()
    for role, member in spec.roles().items():
        least, most = bounds.get(role, (0, None))
        for below in _hops(member, systems):
            found.append(
                replace(
                    below,
                    role=f"{role}/{below.role}" if below.role else role,
                    at_least=least * below.at_least,
                    at_most=None if most is None or below.at_most is None else most * below.at_most,
                )
            )
    return found


def _practice(
    name: str, systems: Mapping[str, ModelSpec | HybridSpec]
) -> Iterable[tuple[str, Split, int | None]]:
    """(member, split, samples at most) that the hybrids at and below ``name`` practise on."""
    spec = systems[name]
    if not isinstance(spec, HybridSpec):
        return
    for role, split in spec.practises().items():
        yield spec.roles()[role], split, spec.practice_limits().get(role)
    for member in spec.roles().values():
        yield from _practice(member, systems)


def _row(
    experiment: Experiment, task: Task, system: str, hop: _Hop, size: _Prompts, phase: Phase
) -> PlannedCalls:
    spec = experiment.systems[hop.name]
    assert isinstance(spec, ModelSpec)
    price = spec.stated_price()
    low, high = BYTES_PER_TOKEN
    most = hop.at_most
    input_least = hop.at_least * size.prompt_bytes // high
    input_most = None if most is None else most * -(-size.prompt_bytes // low)
    output_most = None if most is None else most * size.output_tokens
    return PlannedCalls(
        task=task.name,
        system=system,
        role=hop.role,
        model=str(getattr(spec, "model", hop.name)),
        phase=phase,
        samples=size.n,
        calls_at_least=hop.at_least * size.n,
        calls_at_most=None if most is None else most * size.n,
        input_tokens_at_least=input_least,
        input_tokens_at_most=input_most,
        output_tokens_at_most=output_most,
        usd_at_least=_usd(price, input_least, hop.at_least * size.n),
        usd_at_most=_usd(price, input_most, output_most),
        note=_note(price, most),
    )


def _usd(price: Price | None, input_tokens: int | None, output_tokens: int | None) -> float | None:
    if price is None or input_tokens is None or output_tokens is None:
        return None
    input_rate = price.usd_per_million_input_tokens
    output_rate = price.usd_per_million_output_tokens
    if input_rate is None or output_rate is None:
        return None
    return (input_tokens * input_rate + output_tokens * output_rate) / 1e6


def _note(price: Price | None, calls_at_most: int | None) -> str:
    if calls_at_most is None:
        return "the hybrid does not say how often it asks"
    if price is None:
        return "priced by machine time, which is not known beforehand"
    if not price.by_token:
        return "no prices stated: usd_per_million_input_tokens, usd_per_million_output_tokens"
    return ""
