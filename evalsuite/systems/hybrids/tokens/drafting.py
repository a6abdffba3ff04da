"""Rounds of drafting and verifying: the loop of speculative decoding and of what is built on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evalsuite.systems.decoding import Decoder, Generated, Row
from evalsuite.systems.hybrids.tokens.reader import Reader
from evalsuite.systems.hybrids.tokens.sampling import distribution, draw, generator_of

if TYPE_CHECKING:
    import torch

Judge = Callable[
    [Sequence[int], "torch.Tensor", "torch.Tensor", "torch.Generator | None"],
    tuple[int, int | None],
]
"""Drafts (k,), what they were drawn from (k, vocabulary), the verifier's logits (k + 1, vocabulary)
-> how many drafts stand, and the verifier's own token after them, None for none."""


@dataclass(frozen=True, kw_only=True)
class Drafted:
    """What was written, and each round's number of tokens that were drafted and that stood."""

    result: Generated = field(default_factory=Generated)
    rounds: list[tuple[int, int]] = field(default_factory=list)

    @property
    def proposed(self) -> int:
        """Tokens drafted over all rounds."""
        return sum(proposed for proposed, _ in self.rounds)

    @property
    def accepted(self) -> int:
        """Drafted tokens that stood."""
        return sum(accepted for _, accepted in self.rounds)


def write(
    draft: Reader | None, verifier: Reader, row: Row, *, gamma: int, bonus: int, judge: Judge
) -> Drafted:
    """Continue ``row`` in rounds: up to ``gamma`` tokens are drafted, then read by the verifier.

    A round's verdict is ``judge``'s. No round drafts more than the length limit leaves room for,
    ``bonus`` tokens of the verifier's after the drafts included, nor past an end token, a stop
    string or what the draft's context holds; without room, or without a ``draft``, the verifier
    goes on alone. ``logprobs`` are the verifier's own at temperature 1.
    """
    import torch

    done = Drafted()
    result = done.result
    generator = generator_of(row)
    while result.finish_reason is None:
        room = min(gamma, row.max_new_tokens - len(result.tokens) - bonus)
        drafts: list[int] = []
        q = torch.empty(0)
        if draft is not None:
            drafts, q = _drafts(draft, verifier.decoder, row, result.tokens, room, generator)
        at = len(result.tokens)
        logits = verifier.logits([*result.tokens, *drafts], keep=len(drafts) + 1)
        accepted, own = judge(drafts, q, logits, generator)
        logprobs = logits.log_softmax(dim=-1)
        stand = [*drafts[:accepted], *([] if own is None else [own])]
        for place, token in enumerate(stand):
            result.tokens.append(token)
            result.logprobs.append(float(logprobs[place, token]))
            if place == accepted:
                verifier.wrote(at + place, token)
            result.finish_reason = verifier.decoder.finish(row, result)
            if result.finish_reason is not None:
                break
        done.rounds.append((len(drafts), accepted))
    return done


def _drafts(
    draft: Reader,
    verifier: Decoder,
    row: Row,
    answer: Sequence[int],
    room: int,
    generator: torch.Generator | None,
) -> tuple[list[int], torch.Tensor]:
    """At most ``room`` tokens after ``answer``, and what each was drawn from (k, vocabulary)."""
    import torch

    context = draft.decoder.context
    if context is not None:
        room = min(room, context - draft.n_prompt - len(answer))
    ahead = Generated(tokens=list(answer))
    q: list[torch.Tensor] = []
    while len(q) < room:
        known = draft.logits(ahead.tokens)[0, : verifier.n_tokens]
        q.append(distribution(known, row.temperature))
        token = draw(q[-1], generator)
        draft.wrote(len(ahead.tokens), token)
        ahead.tokens.append(token)
        if verifier.finish(row, ahead) == "stop":
            break
    return ahead.tokens[len(answer) :], torch.stack(q) if q else torch.empty(0)


def figures(
    done: Drafted, row: Row, *, gamma: int, bonus: int, exact: bool, seconds: float
) -> dict[str, Any]:
    """What ``evalsuite.analysis.speculation`` reads; ``seconds`` are those of the whole job.

    ``exact`` says that the answer is, in distribution, the verifier's own.
    """
    return {
        "speculation": {
            "gamma": gamma,
            "bonus": bonus,
            "exact": exact,
            "temperature": row.temperature,
            "tokens": len(done.result.tokens),
            "rounds": [list(pair) for pair in done.rounds],
            "seconds": seconds,
        }
    }
