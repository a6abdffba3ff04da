"""A measurement for people: a table with bounds, what it is over, and what it cannot say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from evalsuite.analysis.intervals import fewest_for_percentile
from evalsuite.analysis.latency import (
    QUANTILES,
    Distribution,
    ServiceLevel,
    distributions,
    goodput,
    minimum_queries,
)
from evalsuite.analysis.numbers import duration, interval, money, percent, rate_bounds
from evalsuite.latency_bench.bench import verdict
from evalsuite.latency_bench.records import Measurement, RateFound
from evalsuite.records import total
from evalsuite.reporting.short import kinds, rate

NAMES = {
    "end_to_end": "end to end",
    "ttft": "first token",
    "tpot": "per token",
    "queue": "waiting",
    "service": "service",
}


@dataclass(frozen=True, kw_only=True)
class TimeRow:
    """One time of a measurement, with each percentile and its interval in words."""

    name: str
    n: int
    percentiles: tuple[tuple[str, str], ...]


def measurement_page(measured: Measurement) -> RenderableType:
    """The whole of it: what was done, the table of times, and a line for each caveat."""
    head = Text(f"{measured.system}, {measured.task}: {load_words(measured)}", style="bold")
    return Group(head, _table(measured), *map(Text, lines(measured)), Text(""))


def rate_page(found: RateFound, system: str) -> RenderableType:
    """What a search showed, with a line for each rate that was tried."""
    tried = [f"  {per_second:.4g}/s  {outcome}" for per_second, outcome in found.trials]
    written = [*tried, rate_words(found), ""]
    return Group(Text(f"{system}: rates tried", style="bold"), *map(Text, written))


def rate_words(found: RateFound) -> str:
    """What a search for the highest rate came to."""
    if found.highest_held is None:
        return "no rate that was tried was shown to hold the limits"
    held = f"highest rate shown to hold the limits: {found.highest_held:.4g}/s"
    if found.lowest_not_held is None:
        return held
    return f"{held}; lowest above it that was not: {found.lowest_not_held:.4g}/s"


def load_words(measured: Measurement) -> str:
    """The load of a measurement."""
    options = measured.options
    how = {
        "single-stream": "single stream, one query after the other",
        "server": f"server, Poisson arrivals at {options.rate or 0:g}/s, seed {options.seed}",
        "offline": "offline, all at once",
    }[options.scenario]
    return f"{how}; {len(measured.queries)} queries after {options.warmup} to warm up"


def time_rows(measured: Measurement) -> list[TimeRow]:
    """The times that are known of every answer, with their ``QUANTILES``."""
    return [
        TimeRow(
            name=NAMES[name],
            n=each.n,
            percentiles=tuple(
                (duration(each.quantiles[q].value), interval(each.quantiles[q], duration))
                for q in QUANTILES
            ),
        )
        for name, each in _known(measured).items()
    ]


def _table(measured: Measurement) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("time")
    table.add_column("n", justify="right")
    for q in QUANTILES:
        table.add_column(f"p{100 * q:g}", justify="right")
    for row in time_rows(measured):
        table.add_row(row.name, str(row.n), *[value for value, _ in row.percentiles])
        bounds = [Text(f"[{words}]") for _, words in row.percentiles]
        table.add_row("", "", *bounds, style="dim")
    return table


def _known(measured: Measurement) -> dict[str, Distribution]:
    """The times that are known of every answer: those of some would be of the easy ones."""
    found = distributions(measured.timings())
    return {name: each for name, each in found.items() if each.n_unknown == 0}


def lines(measured: Measurement) -> Iterator[str]:
    """What the table is over, and what it cannot say."""
    found = _known(measured)
    options, n = measured.options, len(measured.queries)
    yield f"latency runs from when a query was due; {_in_flight_words(measured)}"
    yield from _failures(measured, found.get("end_to_end"))
    yield from _too_small(n - len(measured.timings().answered.nonzero()[0]), n)
    if measured.stopped:
        yield f"cut short: {measured.stopped}; {n} of {options.queries} queries"
    if measured.n_samples < n + options.warmup:
        yield (
            f"{measured.n_samples} different samples for {n} queries: prompts came again, and a "
            "cache may have known them"
        )
    yield f"throughput {rate(n / measured.seconds)} queries/s{_tokens(measured)}"
    if "ttft" not in found:
        yield "no time to first token: answers are not streamed, or are of several calls"
    if measured.most_late_seconds > 0.01:
        yield (
            f"sent up to {duration(measured.most_late_seconds)} late by this machine; that is in "
            "the latency"
        )
    if options.limits.limited:
        yield from _goodput(measured, options.limits)
    usd = total(query.usd for query in measured.queries)
    yield f"cost {money(usd)}, without warming up and preparing"


def _in_flight_words(measured: Measurement) -> str:
    most = f"at most {measured.most_in_flight} in flight"
    limit = measured.in_flight_limit
    return f"{most}, local" if limit is None else f"{most}, {limit} allowed at the endpoint"


def _failures(measured: Measurement, found: Distribution | None) -> Iterator[str]:
    errors = measured.errors
    n = len(measured.queries)
    if not errors:
        yield f"failed: none of {n}"
        return
    worst = "" if found is None else "; failed ones as never answered: " + _at_worst(found)
    yield f"failed: {sum(errors.values())} of {n} ({kinds(errors)}), in no percentile{worst}"


def _at_worst(found: Distribution) -> str:
    return ", ".join(
        f"p{100 * q:g} {'never' if math.isinf(worst) else duration(worst)}"
        for q, worst in found.at_worst.items()
    )


def _too_small(n_failed: int, n: int) -> Iterator[str]:
    """Which percentiles this n cannot bound, and what LoadGen would ask for."""
    answered = n - n_failed
    unbounded = [
        f"p{100 * q:g} (needs {needed})"
        for q in QUANTILES
        if answered < (needed := fewest_for_percentile(q, confidence=0.975))
    ]
    if unbounded:
        yield f"n too small for an upper bound (95 %, two-sided): {', '.join(unbounded)}"
    if answered < minimum_queries(0.99):
        enough = [f"p{100 * q:g}" for q in QUANTILES if answered >= minimum_queries(q)]
        yield (
            f"LoadGen's minimum of queries is met for {', '.join(enough) or 'no percentile'}: "
            f"{minimum_queries(0.9)} for p90, {minimum_queries(0.99)} for p99"
        )


def _tokens(measured: Measurement) -> str:
    tokens = total(query.output_tokens for query in measured.queries if query.error_kind is None)
    return "" if tokens is None else f", {rate(tokens / measured.seconds)} output tokens/s"


def _goodput(measured: Measurement, limits: ServiceLevel) -> Iterator[str]:
    found = goodput(measured.timings(), limits, measured.seconds)
    words = ", ".join(
        f"{name} {duration(limit)}"
        for name, limit in (
            ("first token", limits.ttft_seconds),
            ("per token", limits.tpot_seconds),
            ("end to end", limits.end_to_end_seconds),
        )
        if limit is not None
    )
    if found.per_second is None or found.share is None:
        yield f"goodput ({words}) unknown: of {found.n_unknown} queries a time is not known"
        return
    yield (
        f"goodput ({words}) {rate(found.per_second)} queries/s: {found.n_met} of {found.n} met "
        f"every limit, {percent(found.share.value)} [{rate_bounds(found.share)}]"
    )
    yield f"that {percent(measured.options.attainment)} of all do: {verdict(measured)}"
