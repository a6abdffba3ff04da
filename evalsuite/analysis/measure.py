"""The figures of one group of responses: successes, spend, latency, tokens, energy, failures."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evalsuite.analysis.clusters import Codes, Floats, cluster_codes
from evalsuite.analysis.intervals import (
    Estimate,
    percentile,
    proportion,
    ratio_of_sums,
    stratified,
)
from evalsuite.prompting import base_name

if TYPE_CHECKING:
    import pandas as pd

_TASK_CODE, _CLUSTER_CODE = "base_task_code", "cluster_code"


@dataclass(frozen=True, kw_only=True)
class Latency:
    """End-to-end seconds as the caller felt them, of answers that were not recordings.

    Failed answers are out, and counted beside it. The queue/service split is the mean over the
    ``n_split`` calls whose backend measured both.
    """

    n: int
    p50: Estimate
    p95: Estimate
    n_split: int
    queue_seconds_per_call: float | None
    service_seconds_per_call: float | None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a group of responses of one system amounts to.

    n_attempted = n_scored + n_system_errors + n_scorer_errors. Rates are over ``n_scored``: a
    failure is unknown, not wrong. ``success_rate_at_worst`` counts every failure as wrong.
    ``success_rate`` weighs every answer alike (micro), ``macro_success_rate`` every task alike. A
    task that was asked in several ways is one task, and the answers to a sample are one cluster.
    Answers that could not be read but count as failed are in ``n_format_errors`` and scored.
    ``usd`` and ``joules`` are None where any call's is unknown; ``n_unpriced`` says how many
    answers that is. ``usd_per_success`` is all spend, failures included, over successes.
    ``billed_usd`` is what the run was charged: without what a cache or a recording answered.
    """

    n_attempted: int
    n_scored: int
    n_system_errors: int
    n_scorer_errors: int
    n_format_errors: int
    failures: dict[str, int]
    n_successes: int
    success_rate: Estimate | None
    macro_success_rate: Estimate | None
    success_rate_at_worst: float | None
    usd: float | None
    billed_usd: float | None
    n_unpriced: int
    usd_per_success: Estimate | None
    usd_per_thousand: Estimate | None
    latency: Latency | None
    input_tokens: float | None
    output_tokens: float | None
    joules: float | None
    joules_per_success: float | None
    n_calls: int
    n_failed_calls: int
    n_recorded_calls: int
    n_cached_calls: int
    n_retries: int


def measure(
    responses: pd.DataFrame, calls: pd.DataFrame, scores: pd.DataFrame, *, seed: int = 0
) -> Figures:
    """Figures of ``responses``, which are one system's, with their ``calls`` and ``scores``.

    Frames have the columns of ``evalsuite.store``; ``calls`` may hold other phases and ``scores``
    other names than the deciding one, which are left out.
    """
    success = numbers(responses, "success")
    usd = numbers(responses, "usd")
    scored = ~np.isnan(success)
    n_attempted, n_scored = len(responses), int(scored.sum())
    n_successes = int(success[scored].sum())
    system_errors = (responses["status"] == "system_error").to_numpy(dtype=bool)
    n_scorer_errors = int((~scored & ~system_errors).sum())
    joules = known_total(numbers(responses, "joules"))
    answering = calls[calls["phase"] == "answer"]
    deciding = scores[scores["decides"].astype(bool)]
    labels = cluster_labels(responses), base_tasks(responses)
    micro, macro = success_rates(responses)
    return Figures(
        n_attempted=n_attempted,
        n_scored=n_scored,
        n_system_errors=int(system_errors.sum()),
        n_scorer_errors=n_scorer_errors,
        n_format_errors=int((deciding["status"] == "format_error").sum()),
        failures=_failures(responses[system_errors], n_scorer_errors),
        n_successes=n_successes,
        success_rate=micro,
        macro_success_rate=macro,
        success_rate_at_worst=n_successes / n_attempted if n_attempted else None,
        usd=known_total(usd),
        billed_usd=known_total(numbers(responses, "billed_usd")),
        n_unpriced=int(np.isnan(usd).sum()),
        usd_per_success=_spend_per(usd, np.nan_to_num(success), *labels, seed=seed),
        usd_per_thousand=_spend_per(usd, np.full(len(usd), 1e-3), *labels, seed=seed),
        latency=latency(numbers(responses[~system_errors], "seconds"), answering),
        input_tokens=known_total(numbers(responses, "input_tokens")),
        output_tokens=known_total(numbers(responses, "output_tokens")),
        joules=joules,
        joules_per_success=_per_success(joules, n_successes),
        n_calls=len(answering),
        n_failed_calls=int((answering["status"] == "error").sum()),
        n_recorded_calls=int(answering["recorded"].astype(bool).sum()),
        n_cached_calls=int(answering["cached"].astype(bool).sum()),
        n_retries=int(np.nansum(numbers(answering, "retries"))),
    )


def success_rates(responses: pd.DataFrame) -> tuple[Estimate | None, Estimate | None]:
    """Micro and macro (over tasks) success rate of ``responses`` that were scored, or None.

    The prompts of one task are not tasks of their own.
    """
    success = numbers(responses, "success")
    scored = ~np.isnan(success)
    if not scored.any():
        return None, None
    tasks = base_tasks(responses)[scored]
    clusters = cluster_labels(responses)[scored]
    parts, sizes = [], []
    codes, n_tasks = cluster_codes(tasks)
    for task in range(n_tasks):
        inside = codes == task
        part = proportion(success[scored][inside], clusters[inside])
        if part is not None:
            parts.append(part)
            sizes.append(float(inside.sum()))
    return stratified(parts, sizes), stratified(parts, [1.0] * len(parts))


def latency(seconds: Floats, calls: pd.DataFrame) -> Latency | None:
    """Percentiles of the known ``seconds`` (n,) and the split of ``calls``; None if none known."""
    known = seconds[~np.isnan(seconds)]
    p50, p95 = percentile(known, 0.5), percentile(known, 0.95)
    if p50 is None or p95 is None:
        return None
    queue, service = numbers(calls, "queue_seconds"), numbers(calls, "service_seconds")
    split = ~np.isnan(queue) & ~np.isnan(service)
    return Latency(
        n=len(known),
        p50=p50,
        p95=p95,
        n_split=int(split.sum()),
        queue_seconds_per_call=float(queue[split].mean()) if split.any() else None,
        service_seconds_per_call=float(service[split].mean()) if split.any() else None,
    )


def numbers(frame: pd.DataFrame, column: str) -> Floats:
    """A column (n,) as floats, NaN where unknown; booleans become 0 and 1."""
    values = frame[column]
    if values.dtype.kind in "fiub":
        return values.to_numpy(dtype=np.float64)
    return np.asarray(values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))


def labelled(responses: pd.DataFrame) -> pd.DataFrame:
    """``responses`` with a column each for ``base_tasks`` and ``cluster_labels``.

    Worth it before many parts of them are measured: parts keep their labels.
    """
    tasks, clusters = base_tasks(responses), cluster_labels(responses)
    return responses.assign(**{_TASK_CODE: tasks, _CLUSTER_CODE: clusters})


def base_tasks(responses: pd.DataFrame) -> Codes:
    """The task of each response (n,), without the way it was asked: a number, in name order."""
    import pandas as pd

    if _TASK_CODE in responses:
        return responses[_TASK_CODE].to_numpy()
    codes, names = pd.factorize(responses["task"])
    bases = np.array([base_name(str(name)) for name in names], dtype=str)
    return np.unique(bases, return_inverse=True)[1][codes]


def cluster_labels(responses: pd.DataFrame) -> Codes:
    """Cluster of each response (n,), told apart by task: a number, in the order of their names.

    What was answered to one sample, asked in several ways, is one cluster.
    """
    import pandas as pd

    if _CLUSTER_CODE in responses:
        return responses[_CLUSTER_CODE].to_numpy()
    codes, names = pd.factorize(responses["cluster"], sort=True)
    return cluster_codes(base_tasks(responses) * max(1, len(names)) + codes)[0]


def known_total(values: Floats) -> float | None:
    """Sum of ``values``; None if any is unknown (NaN), because a partial sum is a wrong sum."""
    return None if np.isnan(values).any() else float(values.sum())


def text_or_none(value: Any) -> str | None:
    """A frame's cell as text; None for any of pandas' ways to say nothing."""
    return value if isinstance(value, str) else None


def counted(values: Iterable[Any]) -> dict[str, int]:
    """How often each value occurs, the most frequent first, ties by name; nulls are "unknown"."""
    import pandas as pd

    found = values if isinstance(values, pd.Series) else pd.Series(list(values), dtype=object)
    codes, names = pd.factorize(found, use_na_sentinel=False)
    tally: dict[str, int] = {}
    for name, n in zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True):
        word = text_or_none(name) or "unknown"
        tally[word] = tally.get(word, 0) + n
    return dict(sorted(tally.items(), key=lambda item: (-item[1], item[0])))


def groups(frame: pd.DataFrame, column: str) -> dict[Hashable, pd.DataFrame]:
    """The rows of ``frame`` for each value of ``column``."""
    return dict(iter(frame.groupby(column, sort=True)))


def _spend_per(
    usd: Floats, units: Floats, clusters: Codes, tasks: Codes, *, seed: int
) -> Estimate | None:
    """Total ``usd`` over total ``units``, resampled by cluster within tasks; None if unknown."""
    if np.isnan(usd).any():
        return None
    return ratio_of_sums(usd, units, clusters, strata=tasks, seed=seed)


def _per_success(amount: float | None, n_successes: int) -> float | None:
    if amount is None:
        return None
    return amount / n_successes if n_successes else math.inf


def _failures(failed: pd.DataFrame, n_scorer_errors: int) -> dict[str, int]:
    failures = counted(failed["error_kind"])
    if n_scorer_errors:
        failures["scorer_error"] = n_scorer_errors
    return failures
