"""How sure a system was of an answer, from what came with it; no further model is asked."""

from __future__ import annotations

import math
from typing import Literal

from evalsuite.records import Answer, mean_logprob

Signal = Literal[
    "auto",
    "mean_logprob",
    "min_logprob",
    "sequence_logprob",
    "choice_probability",
    "choice_margin",
    "choice_entropy",
]


def confidence(answer: Answer, signal: Signal) -> float | None:
    """The value of ``signal`` for ``answer`` (higher is surer); None where it was not given.

    mean_logprob: mean natural log-probability of the generated tokens, the end token included.
    min_logprob: that of the least likely token.
    sequence_logprob: their sum; longer answers score lower.
    choice_probability: the probability of the chosen one of a closed set of answers.
    choice_margin: how far it is above that of the next one.
    choice_entropy: minus the entropy (nats) of the probabilities; 0 is all on one.
    auto: ``choice_probability`` where choices were scored, ``mean_logprob`` otherwise.

    A value that is not a number (a backend may give such log-probabilities) was not given.
    """
    value = _value(answer, signal)
    return None if value is None or math.isnan(value) else value


def signal_name(answer: Answer, signal: Signal) -> str:
    """Which signal ``auto`` stands for with this answer."""
    if signal != "auto":
        return signal
    return "choice_probability" if answer.probabilities else "mean_logprob"


def _value(answer: Answer, signal: Signal) -> float | None:
    if signal == "auto":
        signal = "choice_probability" if answer.probabilities else "mean_logprob"
    if signal in ("choice_probability", "choice_margin", "choice_entropy"):
        if not answer.probabilities:
            return None
        ranked = sorted(answer.probabilities.values(), reverse=True)
        if signal == "choice_margin":
            return ranked[0] - (ranked[1] if len(ranked) > 1 else 0.0)
        if signal == "choice_entropy":
            return sum(p * math.log(p) for p in ranked if p > 0)
        return ranked[0]
    logprobs = answer.token_logprobs
    if not logprobs:
        return None
    if signal == "mean_logprob":
        return mean_logprob(answer)
    return min(logprobs) if signal == "min_logprob" else sum(logprobs)
