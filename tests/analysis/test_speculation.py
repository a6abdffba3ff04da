"""Figures of drafting against hand-made steps, and the published formulas."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evalsuite.analysis.speculation import Speculation, speculation, speculation_sentence

Rounds = list[list[int]]


def told(rounds: Rounds, tokens: int, *, seconds: float = 1.0, **more: Any) -> str:
    figures = {
        "gamma": 4,
        "bonus": 1,
        "exact": True,
        "temperature": 0.0,
        "tokens": tokens,
        "rounds": rounds,
        "seconds": seconds,
        **more,
    }
    return json.dumps({"data": {"speculation": figures}}, separators=(",", ":"))


def call(system: str, sample: int, role: str, member: str, **more: Any) -> dict[str, Any]:
    return {
        "response_key": f"{system}-{sample}",
        "system": system,
        "task": "t",
        "sample_id": str(sample),
        "repeat": 0,
        "role": role,
        "member": member,
        "phase": "answer",
        "status": "ok",
        "answer": None,
        "text": None,
        "output_tokens": 10,
        "machine_seconds": 0.1,
        "batch_size": 1,
        "recorded": False,
        "cached": False,
        **more,
    }


def figures(
    answers: list[tuple[Rounds, int]],
    *,
    alone: list[tuple[str, int, float]] = (),  # type: ignore[assignment]
    prefix: str = "",
    **more: Any,
) -> tuple[Speculation, ...]:
    """``answers`` are steps and tokens; ``alone`` text, tokens and seconds of the target's own."""
    calls = []
    for sample, (rounds, tokens) in enumerate(answers):
        mine = {"machine_seconds": 0.3, "answer": told(rounds, tokens, **more)}
        calls.append(call("drafted", sample, f"{prefix}draft", "small", **mine))
        calls.append(
            call("drafted", sample, f"{prefix}target", "large", text="same", machine_seconds=0.6)
        )
    own = [
        call("large", sample, "", "large", text=text, output_tokens=n, machine_seconds=seconds)
        for sample, (text, n, seconds) in enumerate(alone)
    ]
    responses = pd.DataFrame(
        {
            "key": f"drafted-{sample}",
            "task": "t",
            "cluster": str(sample),
        }
        for sample in range(len(answers))
    )
    frame = pd.DataFrame(calls)
    return speculation(responses, frame, pd.DataFrame([*calls, *own]))


def test_rates_by_hand() -> None:
    """Two answers: 12 drafts, 8 accepted; 10 judged, because two lie behind a rejected one."""
    (found,) = figures([([[4, 4], [4, 1]], 7), ([[4, 3]], 4)])
    assert (found.draft, found.verifier, found.gamma, found.n) == ("small", "large", 4, 2)
    assert (found.n_steps, found.n_drafted, found.n_accepted) == (3, 12, 8)
    assert found.acceptance is not None and found.acceptance.value == pytest.approx(8 / 12)
    assert found.acceptance_when_judged == pytest.approx(8 / 10)
    assert found.tokens_per_step is not None
    assert found.tokens_per_step.value == pytest.approx(11 / 3)
    # Leviathan et al. (2023), equation 1, at alpha 0.8 and gamma 4.
    assert found.expected_per_step == pytest.approx((1 - 0.8**5) / (1 - 0.8))
    assert (found.draft_seconds, found.verifier_seconds) == (pytest.approx(0.6), pytest.approx(1.2))
    # gamma c = 0.5: the draft's seconds over the target's.
    assert found.expected_speedup == pytest.approx((1 - 0.8**5) / (1 - 0.8) / 1.5)
    assert found.tokens_per_second is not None
    assert found.tokens_per_second.value == pytest.approx(11 / 2)
    assert found.alone is None
    assert "large alone was not timed" in speculation_sentence(found)


def test_the_expected_figure_is_what_independent_drafts_give() -> None:
    """Drafts that stand with probability 0.7, whatever came before: formula and simulation."""
    random = np.random.default_rng(0)
    rounds: Rounds = []
    for _ in range(20_000):
        stood = random.random(5) < 0.7
        rounds.append([5, int(np.argmin(stood)) if not stood.all() else 5])
    tokens = sum(accepted + 1 for _, accepted in rounds)
    (found,) = figures([(rounds, tokens)])
    assert found.acceptance_when_judged == pytest.approx(0.7, abs=0.01)
    assert found.tokens_per_step is not None
    assert found.expected_per_step == pytest.approx(found.tokens_per_step.value, abs=0.02)
    assert found.expected_per_step == pytest.approx((1 - 0.7**6) / 0.3, abs=0.05)
    # Accepted over drafted is another figure, and not the formula's alpha.
    assert found.acceptance is not None and found.acceptance.value < 0.5


def test_all_accepted_and_nothing_drafted() -> None:
    (perfect,) = figures([([[4, 4], [4, 4]], 10)])
    assert perfect.expected_per_step == 5
    (none,) = figures([([[0, 0], [0, 0]], 2)])
    assert none.acceptance is None and none.acceptance_when_judged is None
    assert none.tokens_per_step is not None and none.tokens_per_step.value == 1
    assert none.expected_per_step is None and none.expected_speedup is None
    assert "accepted" not in speculation_sentence(none)


def test_without_a_bonus_token() -> None:
    """3 of 4 judged stand: of 2 drafts (1 - 0.75^2) / 0.25 tokens are expected, not of 3 places."""
    (found,) = figures([([[2, 2], [2, 1]], 4)], bonus=0)
    assert found.expected_per_step == pytest.approx((1 - 0.75**2) / 0.25)


def test_speed_beside_the_target_alone_by_hand() -> None:
    """Ten answers of 10 tokens a second against 12.5: a speed-up of 0.8, and one other text."""
    alone = [("same" if sample else "other", 10, 0.8) for sample in range(10)]
    (found,) = figures([([[4, 4], [4, 4]], 10)] * 10, alone=alone)
    assert found.alone is not None and found.alone.speedup is not None
    assert (found.alone.system, found.alone.n, found.alone.batch_size) == ("large", 10, 1)
    assert found.alone.speedup.value == pytest.approx(0.8)
    assert (found.alone.n_greedy, found.alone.n_same_text) == (10, 9)
    words = speculation_sentence(found)
    assert "10 tokens a second, 0.80 times large alone" in words
    assert "same greedy text in 9 of 10" in words


@pytest.mark.parametrize("more", [{"temperature": 0.7}, {"exact": False}])
def test_only_greedy_exact_drafting_must_give_the_same_text(more: dict[str, Any]) -> None:
    (found,) = figures([([[4, 4]], 5)] * 3, alone=[("other", 5, 0.5)] * 3, **more)
    assert found.alone is not None
    assert (found.alone.n, found.alone.n_greedy) == (3, 0)
    assert "same greedy text" not in speculation_sentence(found)


def test_samples_are_paired() -> None:
    (found,) = figures([([[4, 4]], 5)] * 4, alone=[("same", 5, 0.5)] * 2)
    assert found.alone is not None and (found.n, found.alone.n) == (4, 2)


def test_intervals_are_over_samples() -> None:
    random = np.random.default_rng(1)
    answers = []
    for _ in range(30):
        accepted = int(random.integers(0, 5))
        answers.append(([[4, accepted]] * 3, 3 * (accepted + 1)))
    (found,) = figures(answers)
    rate, steps = found.acceptance, found.tokens_per_step
    assert rate is not None and rate.low is not None and rate.high is not None
    assert rate.low < rate.value < rate.high and rate.n == 30
    assert steps is not None and steps.low is not None and steps.high is not None
    assert steps.low < steps.value < steps.high


def test_inside_another_hybrid() -> None:
    alone = [("same", 5, 0.5)] * 2
    (found,) = figures([([[4, 4]], 5)] * 2, prefix="tier_1/", alone=alone)
    assert (found.draft_role, found.verifier) == ("tier_1/draft", "large")
    assert found.alone is None


def test_a_hybrid_that_drafts_nothing_has_no_figures() -> None:
    calls = pd.DataFrame([call("vote", 0, "member_1", "small", answer='{"text":"speculation"}')])
    responses = pd.DataFrame([{"key": "vote-0", "task": "t", "cluster": "0"}])
    assert speculation(responses, calls, calls) == ()
