"""Retrieve and rerank: a cheap ranking of everything, then a model looks at the best of it.

Listwise with a sliding window from the end to the front: RankGPT, Sun et al., 2023, "Is ChatGPT
Good at Search?", arXiv:2304.09542 (windows of 20, steps of 10). Pointwise by P(relevant): the way
of monoT5 and of small rerankers ("ProRank", 2025). A small retriever with a large reranker is also
the way of Magneto (schema matching, 2024).

The reason of a hop: "first stage", "candidate 3 of 20", "window 11-30 of 30".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field, field_validator, model_validator

from evalsuite.errors import CallFailed, CallRejected
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec
from evalsuite.systems.hybrids.wording import (
    asked,
    filled,
    input_of,
    last_question,
    places,
    text_of,
)
from evalsuite.systems.hybrids.yes_or_no import NO, YES, read_verdict
from evalsuite.systems.retrieval import Retriever

_POINT = (
    "Passage: {candidate}\n\nQuery: {query}\n\nDoes the passage answer the query? Answer yes or no."
)
_LIST = (
    "{candidates}\n\nQuery: {query}\n\nRank the {n} passages above by how relevant they are to the "
    "query, the most relevant first. Answer with their numbers, as [2] > [1], and nothing else."
)
_NUMBER = re.compile(r"\[(\d+)\]")
_BARE = re.compile(r"\d+")


class RerankSpec(HybridSpec):
    """A first stage that ranks all candidates and a model that ranks the best ones again.

    ranker: the system that ranks.
    first_stage: how all candidates are ranked, see ``evalsuite.systems.retrieval``; None keeps the
        order in which they are given.
    depth: how many of the best are ranked again; the others keep their place behind them.
    mode: "listwise" asks for an order of several at once, "pointwise" for yes or no to each.
    window, stride: of the listwise mode: how many at a time, and how far the window moves.
    query, candidates: the inputs of the task that hold the query and the candidates, a list of
        texts or of ``{"title", "text"}``.
    max_candidate_words: of a candidate's text that are shown; None shows all.
    max_ranking_tokens: longest answer of the listwise mode.
    point_prompt, list_prompt: templates with {query}, {candidate}, {candidates} and {n}.

    The answer's text is the order as the task numbered them, "[2] > [1]", and ``data`` has it as
    indices from 0. What a listwise answer leaves out keeps its order behind what it names; numbers
    that are none of the window's are not counted; both are in ``data`` as "repaired".
    """

    hybrid: Literal["rerank"] = "rerank"
    ranker: str
    first_stage: Retriever | None = Retriever()
    depth: int = Field(20, ge=1)
    mode: Literal["listwise", "pointwise"] = "listwise"
    window: int = Field(20, ge=2)
    stride: int = Field(10, ge=1)
    query: str = "query"
    candidates: str = "passages"
    max_candidate_words: int | None = Field(300, ge=1)
    max_ranking_tokens: int = Field(256, ge=1)
    point_prompt: str = _POINT
    list_prompt: str = _LIST

    _point_places = field_validator("point_prompt")(places("query", "candidate"))
    _list_places = field_validator("list_prompt")(places("query", "candidates", "n"))

    @model_validator(mode="after")
    def _windows_overlap(self) -> RerankSpec:
        if self.stride > self.window:
            raise ValueError("`stride` above `window` would leave candidates out")
        return self

    def roles(self) -> Mapping[str, str]:
        """The role "ranker"."""
        return {"ranker": self.ranker}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The candidates in order."""
        texts = self._texts(request)
        query = str(input_of(request, self.query) or last_question(request))
        order = await self._first(query, texts, ask)
        head, tail = order[: self.depth], order[self.depth :]
        if self.mode == "pointwise":
            head, repaired = await self._pointwise(request, ask, query, texts, head)
        else:
            head, repaired = await self._listwise(request, ask, query, texts, head)
        ranked = [*head, *tail]
        return Answer(
            text=" > ".join(f"[{index + 1}]" for index in ranked),
            data={"ranking": ranked, "repaired": repaired},
            finish_reason="stop",
        )

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """A call a candidate or a window, as far as there are candidates."""
        if self.mode == "pointwise":
            return {"ranker": (1, self.depth)}
        return {"ranker": (1, len(windows(self.depth, self.window, self.stride)))}

    async def _first(self, query: str, texts: Sequence[str], ask: Ask) -> list[int]:
        first = self.first_stage
        if first is None:
            return list(range(len(texts)))
        return await ask.step(
            "first_stage",
            [first.name, query, list(texts)],
            lambda: first.best(query, texts),
            reason="first stage",
        )

    async def _pointwise(
        self, request: Request, ask: Ask, query: str, texts: Sequence[str], order: list[int]
    ) -> tuple[list[int], int]:
        """By P(yes); a candidate without a verdict counts as an even chance, and as repaired."""

        async def chance(number: int, index: int) -> float | None:
            text = filled(self.point_prompt, query=query, candidate=texts[index])
            wanted = asked(request, text, choices=(YES, NO), max_output_tokens=16)
            reason = f"candidate {number} of {len(order)}"
            return read_verdict(await ask("ranker", wanted, reason=reason)).p_yes

        hops = (chance(number, index) for number, index in enumerate(order, start=1))
        found = await asyncio.gather(*hops, return_exceptions=True)
        chances = [_chance(value) for value in found]
        if all(isinstance(value, CallFailed) for value in found):
            raise next(value for value in found if isinstance(value, CallFailed))
        known = [0.5 if value is None else value for value in chances]
        best = sorted(range(len(order)), key=lambda at: -known[at])  # equals keep their order
        return [order[at] for at in best], sum(value is None for value in chances)

    async def _listwise(
        self, request: Request, ask: Ask, query: str, texts: Sequence[str], order: list[int]
    ) -> tuple[list[int], int]:
        """Window after window, the last one first, so that the best can come all the way up."""
        repaired, n = 0, len(order)
        for start, end in windows(n, self.window, self.stride):
            inside = order[start:end]
            shown = "\n\n".join(f"[{at}] {texts[i]}" for at, i in enumerate(inside, start=1))
            text = filled(self.list_prompt, query=query, candidates=shown, n=str(len(inside)))
            wanted = asked(request, text, max_output_tokens=self.max_ranking_tokens)
            reason = f"window {start + 1}-{end} of {n}"
            said = text_of(await ask("ranker", wanted, reason=reason))
            places_named, wrong = read_order(said, len(inside))
            repaired += wrong
            order[start:end] = [inside[place] for place in places_named]
        return order, repaired

    def _texts(self, request: Request) -> list[str]:
        given = input_of(request, self.candidates)
        if not isinstance(given, list) or not given:
            raise CallRejected(
                f"the sample has no {self.candidates!r} to rank", kind="no_candidates", billed=False
            )
        return [self._shown(one) for one in given]

    def _shown(self, candidate: object) -> str:
        text = str(candidate)
        if isinstance(candidate, Mapping):
            parts = (str(candidate.get(name) or "") for name in ("title", "text"))
            text = "\n".join(filter(None, parts))
        words = text.split()
        most = self.max_candidate_words
        if most is None or len(words) <= most:
            return text
        return " ".join(words[:most]) + " ..."


def windows(n: int, size: int, stride: int) -> list[tuple[int, int]]:
    """The windows over ``n`` places, the last one first; the first place is always in the last."""
    spans, end = [], n
    while True:
        start = max(0, end - size)
        spans.append((start, end))
        if start == 0:
            return spans
        end -= stride


def read_order(text: str, n: int) -> tuple[list[int], int]:
    """The order of ``n`` places that a text gives, all of them, and how many had to be repaired.

    Numbers count from 1 and stand in brackets, or alone where there are no brackets. A number twice
    or out of range is not counted; a place that is not named keeps its order behind the others.
    """
    numbers = _NUMBER.findall(text) or _BARE.findall(text)
    named: list[int] = []
    wrong = 0
    for number in numbers:
        place = int(number[:9]) - 1
        if 0 <= place < n and place not in named:
            named.append(place)
        else:
            wrong += 1
    missing = [place for place in range(n) if place not in named]
    return named + missing, wrong + len(missing)


def _chance(value: float | BaseException | None) -> float | None:
    """What a pointwise hop gave; a failed one gave nothing, and a bug is not swallowed."""
    if isinstance(value, BaseException):
        if not isinstance(value, CallFailed):
            raise value
        return None
    return value
