"""What is measured, as it is written to disk: every query, and figures that follow from them."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np

from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.latency import ServiceLevel, Shown, Timings, time_per_output_token

Scenario = Literal["single-stream", "server", "offline"]


class BenchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a load is made.

    ``rate`` is queries a second, for the server scenario alone. ``queries`` are measured after
    ``warmup`` others that are not. ``in_flight`` is the most that are at an endpoint at a time; a
    ``max_concurrency`` of the experiment is kept where it is lower. After ``max_seconds`` nothing
    more is sent. ``limits`` make a query good; ``attainment`` is the share that has to be.
    """

    scenario: Scenario = "single-stream"
    rate: float | None = None
    queries: int = 64
    warmup: int = 8
    seed: int = 0
    in_flight: int = 1024
    max_seconds: float | None = None
    limits: ServiceLevel = ServiceLevel()
    attainment: float = 0.9


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One measured query. Times are in seconds from the start; unknown is None.

    ``due_seconds`` is when it should have been sent and latency begins. ``queue_seconds``,
    ``service_seconds`` and ``first_token_seconds`` (of the attempt that was answered) are of an
    answer of one call. ``error_kind`` says how it failed.
    """

    index: int
    sample_id: str
    due_seconds: float
    sent_seconds: float
    ended_seconds: float
    error_kind: str | None = None
    queue_seconds: float | None = None
    service_seconds: float | None = None
    first_token_seconds: float | None = None
    input_tokens: int | None = None
    cached_input_tokens: int | None = None
    output_tokens: int | None = None
    retries: int = 0
    n_calls: int = 0
    usd: float | None = None


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """One system under one load.

    ``n_samples`` different samples were asked; where that is fewer than the queries, prompts came
    again and a cache may have known them. ``most_in_flight`` is what there was of
    ``in_flight_limit`` (None: a local model, which takes what comes). ``stopped`` says why fewer
    queries were sent than planned.
    """

    system: str
    task: str
    options: BenchOptions
    evalsuite_version: str
    hardware: dict[str, object]
    started_at: float
    preparation_seconds: float
    n_samples: int
    in_flight_limit: int | None
    most_in_flight: int
    seconds: float
    queries: tuple[Query, ...]
    stopped: str | None = None

    @property
    def errors(self) -> dict[str, int]:
        """Failed queries by kind, the most frequent first."""
        tally: dict[str, int] = {}
        for query in self.queries:
            if query.error_kind is not None:
                tally[query.error_kind] = tally.get(query.error_kind, 0) + 1
        return dict(sorted(tally.items(), key=lambda item: (-item[1], item[0])))

    @property
    def most_late_seconds(self) -> float:
        """The longest that a query was sent after it was due, which is in its latency."""
        return max((query.sent_seconds - query.due_seconds for query in self.queries), default=0.0)

    def timings(self) -> Timings:
        """What the queries took, from the moment when each was due."""
        answered = np.array([query.error_kind is None for query in self.queries], dtype=bool)
        ended = self._column("ended_seconds")
        seconds = np.where(answered, ended - self._column("due_seconds"), np.nan)
        service = self._column("service_seconds")
        first = seconds - service + self._column("first_token_seconds")
        tokens = self._column("output_tokens")
        return Timings(
            end_to_end_seconds=seconds,
            ttft_seconds=first,
            tpot_seconds=time_per_output_token(seconds, first, tokens),
            queue_seconds=np.where(np.isnan(service), np.nan, seconds - service),
            service_seconds=np.where(answered, service, np.nan),
            output_tokens=np.where(answered, tokens, np.nan),
            answered=answered,
        )

    def _column(self, name: str) -> Floats:
        return np.array([getattr(query, name) for query in self.queries], dtype=float)


class RateFound(msgspec.Struct, frozen=True, kw_only=True):
    """What a search for the highest rate found: None where no rate held, or all did.

    ``trials`` are the rates tried, in order, with what each showed.
    """

    highest_held: float | None
    lowest_not_held: float | None
    trials: tuple[tuple[float, Shown], ...]
    measurements: tuple[Measurement, ...] = ()
