"""How sure a system was of an answer, from what came with it; no further model is asked."""

from __future__ import annotations

from typing import Literal

from evalsuite.records import Answer, mean_logprob

Signal = Literal["auto", "mean_logprob", "min_logprob", "sequence_logprob", "choice_probability"]


def confidence(answer: Answer, signal: Signal) -> float | None:
    """The value of ``signal`` for ``answer`` (higher is surer); None where it was not given.

    mean_logprob: mean natural log-probability of the generated tokens, the end token included.
    min_logprob: that of the least likely token.
    sequence_logprob: their sum; longer answers score lower.
    choice_probability: the probability of the chosen one of a closed set of answers.
    auto: ``choice_probability`` where choices were scored, ``mean_logprob`` otherwise.
    """
    logprobs = answer.token_logprobs
    if signal in ("auto", "choice_probability"):
        if answer.probabilities:
            return max(answer.probabilities.values())
        return mean_logprob(answer) if signal == "auto" else None
    if not logprobs:
        return None
    if signal == "mean_logprob":
        return mean_logprob(answer)
    return min(logprobs) if signal == "min_logprob" else sum(logprobs)
