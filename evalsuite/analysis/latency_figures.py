"""What the answers of each system took: percentiles with bounds, failures beside them, goodput.

The load of a run is as many answers in flight as the engine kept going (``concurrency`` of the
manifest), one (task, system) pair at a time: the times are those of this load and of no other.
``evalsuite bench-latency`` measures others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from evalsuite.analysis.answer_calls import AnswerCalls
from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.latency import (
    Distribution,
    Goodput,
    ServiceLevel,
    Timings,
    distributions,
    goodput,
    time_per_output_token,
)
from evalsuite.analysis.measure import numbers

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("end_to_end", "ttft", "tpot", "queue", "service")
"""The kinds of time, in the order in which they are shown."""


@dataclass(frozen=True, kw_only=True)
class SystemLatency:
    """The times of one system's answers, in seconds, over all tasks.

    Of ``n_attempted`` answers, ``n_timed`` were given and felt live, ``n_failed`` were never given
    (no latency, in no percentile) and ``n_untimed`` were given but not felt in one piece: recorded,
    cached, or resumed.

    ``times`` are distributions by kind, those of ``KINDS`` that are known of any answer:

    - ``end_to_end``: what the caller felt.
    - ``ttft``: to the first token, waiting included; answers of one streamed call.
    - ``tpot``: time per output token after the first; as ttft.
    - ``queue``: waiting inside backends, summed over the calls of an answer.
    - ``service``: from start of work to the last token; answers of one call.

    Each has its own ``n``, ``n_unknown``, ``mean``, ``sd``, ``quantiles`` (0.5, 0.9, 0.95, 0.99)
    with order-statistic bounds, None where n is too small for one, and ``at_worst``.

    ``concurrency`` is the manifest's: None where the engine found out what endpoints take.
    ``goodput`` is None where no service level was stated. ``busy_seconds`` is the time in which at
    least one timed answer was under way, over which goodput is taken.
    """

    system: str
    n_attempted: int
    n_timed: int
    n_failed: int
    n_untimed: int
    times: Mapping[str, Distribution]
    concurrency: int | None
    limits: ServiceLevel | None
    goodput: Goodput | None
    busy_seconds: float


def system_latencies(
    responses: pd.DataFrame,
    calls: AnswerCalls,
    systems: Sequence[str],
    *,
    concurrency: int | None,
    limits: ServiceLevel | None = None,
) -> tuple[SystemLatency, ...]:
    """The times of ``systems``, in that order; of each that was asked anything.

    Args:
        responses: rows of the table of that name.
        calls: those of ``responses``.
        systems: names.
        concurrency: of the run's manifest.
        limits: the service level that goodput is counted by; None for no goodput.
    """
    columns = _columns(responses, calls)
    found = []
    for system in systems:
        mine = calls.responses_of.get(system)
        if mine is not None:
            of_system = {name: values[mine] for name, values in columns.items()}
            found.append(_system(system, of_system, concurrency, limits))
    return tuple(found)


def _columns(responses: pd.DataFrame, calls: AnswerCalls) -> dict[str, Floats]:
    """What timings are made of, a column (n,) each over ``responses``; NaN where unknown."""
    n_calls = np.bincount(calls.rows, minlength=len(responses))
    single = n_calls[calls.rows] == 1
    of_call = {}
    for name in ("first_token_seconds", "service_seconds"):
        of_call[name] = np.full(len(responses), np.nan)
        of_call[name][calls.rows[single]] = numbers(calls.frame, name)[single]
    return {
        **of_call,
        **{
            name: numbers(responses, name)
            for name in ("seconds", "queue_seconds", "output_tokens", "started_at")
        },
        "ok": (responses["status"] == "ok").to_numpy(dtype=float),
    }


def _system(
    system: str,
    columns: Mapping[str, Floats],
    concurrency: int | None,
    limits: ServiceLevel | None,
) -> SystemLatency:
    answered, timed = columns["ok"] == 1, ~np.isnan(columns["seconds"])
    kept = timed | ~answered
    timings = _timings({name: values[kept] for name, values in columns.items()})
    live = answered & timed
    busy = busy_seconds(columns["started_at"][live], columns["seconds"][live])
    return SystemLatency(
        system=system,
        n_attempted=answered.size,
        n_timed=int(live.sum()),
        n_failed=timings.n_failed,
        n_untimed=int((answered & ~timed).sum()),
        times=distributions(timings),
        concurrency=concurrency,
        limits=limits,
        goodput=goodput(timings, limits, busy) if limits is not None and busy > 0 else None,
        busy_seconds=busy,
    )


def _timings(columns: Mapping[str, Floats]) -> Timings:
    answered = columns["ok"] == 1

    def of_answered(values: Floats) -> Floats:
        return np.where(answered, values, np.nan)

    seconds, service = of_answered(columns["seconds"]), of_answered(columns["service_seconds"])
    first = seconds - service + columns["first_token_seconds"]
    tokens = of_answered(columns["output_tokens"])
    return Timings(
        end_to_end_seconds=seconds,
        ttft_seconds=first,
        tpot_seconds=time_per_output_token(seconds, first, tokens),
        queue_seconds=of_answered(columns["queue_seconds"]),
        service_seconds=service,
        output_tokens=tokens,
        answered=answered,
    )


def busy_seconds(started_at: Floats, seconds: Floats) -> float:
    """Length of the union of the spans from ``started_at`` (n,) that last ``seconds`` (n,).

    The breaks between sessions of a run are in none of them, and answers side by side count once.
    """
    known = ~np.isnan(started_at) & ~np.isnan(seconds)
    order = np.argsort(started_at[known], kind="stable")
    starts = started_at[known][order]
    ends = np.maximum.accumulate(starts + seconds[known][order])
    if not starts.size:
        return 0.0
    begins = np.maximum(starts, np.concatenate([starts[:1], ends[:-1]]))
    return float(np.maximum(0.0, ends - begins).sum())
