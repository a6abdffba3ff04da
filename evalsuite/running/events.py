"""What a run tells whoever watches it, as it happens."""

from __future__ import annotations

from typing import Literal

import msgspec

EventKind = Literal["begin", "fit", "pair", "answer", "scoring", "scored", "note", "stopping"]


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something a person watching would want to know. Told from several threads, often.

    begin: the run has ``n`` answers to give in all (practice apart); ``billed_usd`` and
    ``input_tokens`` are what earlier sessions took from its budgets. fit: ``system`` is being
    prepared for ``task``. pair: ``n`` answers of ``system`` on ``task`` are wanted, from now on.
    answer: one is there, with ``phase``, ``error_kind`` if the system failed, ``reused`` if it is
    from an earlier session, ``seconds`` (None where it was not felt), ``calls`` made for it, what
    they were billed (``billed_usd``, None: unknown) and their tokens, and how many requests are
    ``in_flight`` of how many the endpoint takes now (``limit``). scoring: ``n`` answers go to the
    scorers. scored: one has been, ``success`` None where it is unknown. note, stopping: read
    ``text``.
    """

    kind: EventKind
    at: float
    task: str = ""
    system: str = ""
    n: int = 0
    phase: Literal["answer", "fit"] = "answer"
    reused: bool = False
    error_kind: str | None = None
    success: bool | None = None
    seconds: float | None = None
    calls: int = 0
    cached_calls: int = 0
    retries: int = 0
    billed_usd: float | None = 0.0
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    in_flight: int = 0
    limit: int = 0
    text: str = ""
