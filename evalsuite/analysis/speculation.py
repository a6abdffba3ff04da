"""What drafting came to: how many drafts stood, tokens a step, and speed beside the target alone.

Read from what the draft's calls of a token-level hybrid keep in their answer's ``data``. Tokens
are those that the models really wrote, never a text tokenised again, and the speed-up has the time
of the whole job in it, so that many accepted drafts that are slower all the same look slower.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from evalsuite.analysis.bootstrap import bca
from evalsuite.analysis.clusters import Floats
from evalsuite.analysis.intervals import Estimate, ratio_of_sums
from evalsuite.analysis.measure import base_tasks, cluster_labels, known_total, numbers
from evalsuite.analysis.numbers import count, interval, percent, rate_bounds, times

if TYPE_CHECKING:
    import pandas as pd

KEY = "speculation"
_SAMPLE = ["task", "sample_id", "repeat"]


@dataclass(frozen=True, kw_only=True)
class Alone:
    """The same answers by the verifying model alone, computed live in the same run.

    ``speedup`` is tokens a second of the hybrid over those of the model alone, on the ``n`` samples
    that both answered; ``batch_size`` is how many answers the model alone computed together on
    average, which makes each cheaper. Of the ``n_greedy`` ones that must be the same, because
    drafting was exact and the temperature 0, ``n_same_text`` have the same text.
    """

    system: str
    n: int
    speedup: Estimate | None
    batch_size: float
    n_greedy: int
    n_same_text: int


@dataclass(frozen=True, kw_only=True)
class Speculation:
    """Drafting in one role of a hybrid, over ``n`` answers.

    ``acceptance`` is accepted / drafted tokens. ``acceptance_when_judged`` leaves out drafts behind
    a rejected one, which nobody judged: it is what the formulas of Leviathan et al. (2023),
    arXiv:2211.17192, mean by alpha. ``tokens_per_step`` are tokens of the answers over steps of the
    verifier, 1.0 without drafts; Spec-Bench calls it mean accepted tokens. ``expected_per_step`` is
    (1 - alpha^(k + 1)) / (1 - alpha) averaged over the k drafts of the steps, without the + 1 where
    no token of the verifier's follows. ``expected_speedup`` divides it by k c + 1, with c the
    seconds of a drafted token over those of a step; None where they are unknown.
    """

    draft_role: str
    draft: str
    verifier: str
    gamma: int
    n: int
    n_steps: int
    n_drafted: int
    n_accepted: int
    acceptance: Estimate | None
    acceptance_when_judged: float | None
    tokens_per_step: Estimate | None
    expected_per_step: float | None
    draft_seconds: float | None
    verifier_seconds: float | None
    tokens_per_second: Estimate | None
    expected_speedup: float | None
    alone: Alone | None


def speculation(
    responses: pd.DataFrame, calls: pd.DataFrame, run_calls: pd.DataFrame, *, seed: int = 0
) -> tuple[Speculation, ...]:
    """Figures of each role that drafted in one hybrid's ``responses`` and ``calls``.

    ``run_calls`` are the calls of the whole run: the target may be a system of its own there.
    Empty where nothing was drafted. Answers that failed have no figures and are left out.
    """
    import pandas as pd

    done = calls[(calls["phase"] == "answer") & (calls["status"] == "ok")]
    told = done[done["answer"].str.contains(f'"{KEY}"', regex=False, na=False)]
    rows = [row for row in told.to_dict("records") if _figures(row) is not None]
    labels = pd.DataFrame(
        {"cluster": cluster_labels(responses), "base_task": base_tasks(responses)},
        index=responses["key"],
    )
    found = []
    for role in sorted({str(row["role"]) for row in rows}):
        mine = [row for row in rows if row["role"] == role]
        table = pd.DataFrame([_row(row) for row in mine])
        table = table.join(labels, on="response_key")
        found.append(_speculation(role, table, done, run_calls, seed))
    return tuple(found)


def speculation_sentence(item: Speculation) -> str:
    """``item`` in words, every figure with its interval and n."""
    parts = [f"{item.draft} drafts up to {item.gamma} tokens a step for {item.verifier}"]
    if item.acceptance is not None:
        parts.append(
            f"{percent(item.acceptance.value)} of {count(item.n_drafted)} drafts accepted "
            f"({rate_bounds(item.acceptance)}), {percent(item.acceptance_when_judged)} of those "
            f"judged"
        )
    if item.tokens_per_step is not None and item.expected_per_step is not None:
        parts.append(
            f"{item.tokens_per_step.value:.2f} tokens a step "
            f"({interval(item.tokens_per_step, '{:.2f}'.format)}; {item.expected_per_step:.2f} "
            f"expected of independent drafts)"
        )
    parts.append(_speed_words(item))
    return f"{'; '.join(parts)} (n {count(item.n)})."


def _speed_words(item: Speculation) -> str:
    if item.tokens_per_second is None:
        return "speed unknown"
    speed = f"{count(item.tokens_per_second.value)} tokens a second"
    alone = item.alone
    if alone is None or alone.speedup is None:
        return f"{speed}; {item.verifier} alone was not timed on the same samples"
    words = (
        f"{speed}, {times(alone.speedup.value)} times {alone.system} alone "
        f"({interval(alone.speedup, times)}, n {count(alone.n)}, {alone.system} in batches of "
        f"{alone.batch_size:.1f})"
    )
    if item.expected_speedup is not None:
        words += f", {times(item.expected_speedup)} expected if steps cost the same"
    if alone.n_greedy:
        words += f"; same greedy text in {count(alone.n_same_text)} of {count(alone.n_greedy)}"
    return words


def _figures(row: dict[Any, Any]) -> dict[str, Any] | None:
    data = json.loads(row["answer"]).get("data")
    found: dict[str, Any] | None = data.get(KEY) if isinstance(data, dict) else None
    return found


def _row(row: dict[Any, Any]) -> dict[str, Any]:
    """One answer: its counts, and its steps."""
    told = _figures(row)
    assert told is not None
    rounds = told["rounds"]
    return {
        **{name: row[name] for name in ("response_key", *_SAMPLE, "role", "member")},
        "gamma": told["gamma"],
        "bonus": told["bonus"],
        "greedy": told["exact"] and told["temperature"] == 0,
        "tokens": told["tokens"],
        "seconds": told["seconds"],
        "rounds": rounds,
        "steps": len(rounds),
        "drafted": sum(drafted for drafted, _ in rounds),
        "accepted": sum(accepted for _, accepted in rounds),
        "judged": sum(min(drafted, accepted + 1) for drafted, accepted in rounds),
        "draft_seconds": row["machine_seconds"],
    }


def _speculation(
    role: str, table: pd.DataFrame, done: pd.DataFrame, run_calls: pd.DataFrame, seed: int
) -> Speculation:
    # The verifier is the call of the same joint work that follows the draft's.
    verifying = done[done["response_key"].isin(table["response_key"]) & (done["role"] != role)]
    verifying = verifying[verifying["role"].map(_parent) == _parent(role)]
    drafted, accepted, judged, steps = (
        int(table[name].sum()) for name in ("drafted", "accepted", "judged", "steps")
    )
    alpha = accepted / judged if judged else None
    draft_seconds = known_total(numbers(table, "draft_seconds"))
    verifier_seconds = known_total(numbers(verifying, "machine_seconds"))
    expected = _expected(table, alpha, steps)
    verifier = ", ".join(sorted(set(verifying["member"].astype(str))))
    return Speculation(
        draft_role=role,
        draft=", ".join(sorted(set(table["member"].astype(str)))),
        verifier=verifier,
        gamma=int(table["gamma"].max()),
        n=len(table),
        n_steps=steps,
        n_drafted=drafted,
        n_accepted=accepted,
        acceptance=_ratio(table, "accepted", "drafted", seed),
        acceptance_when_judged=alpha,
        tokens_per_step=_ratio(table, "tokens", "steps", seed),
        expected_per_step=expected,
        draft_seconds=draft_seconds,
        verifier_seconds=verifier_seconds,
        tokens_per_second=_ratio(table, "tokens", "seconds", seed),
        expected_speedup=_expected_speedup(expected, drafted, draft_seconds, verifier_seconds),
        alone=_alone(table, verifying, run_calls, verifier, seed) if "/" not in role else None,
    )


def _parent(role: str) -> str:
    return role.rpartition("/")[0]


def _ratio(table: pd.DataFrame, top: str, bottom: str, seed: int) -> Estimate | None:
    if not table[bottom].sum():
        return None
    return ratio_of_sums(
        table[top].to_numpy(dtype=float),
        table[bottom].to_numpy(dtype=float),
        table["cluster"].to_numpy(dtype=str),
        strata=table["base_task"].to_numpy(dtype=str),
        seed=seed,
    )


def _expected(table: pd.DataFrame, alpha: float | None, steps: int) -> float | None:
    """Tokens a step if each judged draft stood with probability ``alpha``, whatever came before."""
    if alpha is None or not steps:
        return None
    total = 0.0
    for bonus, rounds in zip(table["bonus"], table["rounds"], strict=True):
        for drafted, _ in rounds:
            places = max(1, drafted + bonus)
            total += places if alpha == 1 else (1 - alpha**places) / (1 - alpha)
    return total / steps


def _expected_speedup(
    expected: float | None,
    drafted: int,
    draft_seconds: float | None,
    verifier_seconds: float | None,
) -> float | None:
    if expected is None or not drafted or not draft_seconds or not verifier_seconds:
        return None
    # Per step: k drafts of c steps each are the draft's seconds over the verifier's.
    return expected / (draft_seconds / verifier_seconds + 1)


def _alone(
    table: pd.DataFrame,
    verifying: pd.DataFrame,
    run_calls: pd.DataFrame,
    verifier: str,
    seed: int,
) -> Alone | None:
    """The verifier's own answers to the same samples; None where it was not a system, or timed."""
    own = run_calls[
        (run_calls["system"] == verifier)
        & (run_calls["role"] == "")
        & (run_calls["phase"] == "answer")
        & (run_calls["status"] == "ok")
        & ~run_calls["recorded"].astype(bool)
        & ~run_calls["cached"].astype(bool)
        & run_calls["machine_seconds"].notna()
        & (run_calls["output_tokens"] > 0)
    ]
    columns = [*_SAMPLE, "text", "output_tokens", "machine_seconds", "batch_size"]
    both = table.merge(own[columns], on=_SAMPLE).merge(
        verifying[["response_key", "text"]], on="response_key", suffixes=("_alone", "")
    )
    if both.empty:
        return None
    greedy = both[both["greedy"].astype(bool)]
    return Alone(
        system=verifier,
        n=len(both),
        speedup=bca(
            both[["tokens", "seconds", "output_tokens", "machine_seconds"]].to_numpy(dtype=float),
            _speedup,
            both["cluster"].to_numpy(dtype=str),
            strata=both["base_task"].to_numpy(dtype=str),
            seed=seed,
        ),
        batch_size=float(numbers(both, "batch_size").mean()),
        n_greedy=len(greedy),
        n_same_text=int((greedy["text"] == greedy["text_alone"]).sum()),
    )


def _speedup(totals: Floats) -> Floats:
    """Tokens a second over tokens a second, of sums (..., S, 4) over strata."""
    whole = totals.sum(axis=-2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((whole[..., 0] / whole[..., 1]) / (whole[..., 2] / whole[..., 3]))
