from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from evalsuite.errors import CallFailed, CallRejected, CallTransient
from evalsuite.records import Answer, Message, Request
from evalsuite.systems.hybrids.rerank import RerankSpec, read_order, windows

FAILURE = CallTransient("no answer within 1 s", kind="timeout")


def request(*texts: str, query: str = "best") -> Request:
    passages = [{"id": str(i), "title": "", "text": text} for i, text in enumerate(texts)]
    return Request(
        task="t",
        sample_id="1",
        inputs={"query": query, "passages": passages},
        messages=(Message(role="user", content="rank"),),
    )


class Ranker:
    """Ranks by the number in each candidate's text, highest first; says yes to those above 5."""

    def __init__(self, said: Callable[[str], Any] | None = None) -> None:
        self.said = said
        self.reasons: list[str] = []

    async def __call__(self, role: str, request: Request, *, reason: str) -> Answer:
        self.reasons.append(reason)
        text = request.messages[-1].content
        if self.said is not None:
            said = self.said(text)
            if isinstance(said, CallFailed):
                raise said
            return Answer(text=said)
        if request.choices:
            value = int(re.findall(r"value (\d+)", text)[0])
            return Answer(probabilities={"yes": value / 100, "no": 1 - value / 100})
        found = re.findall(r"\[(\d+)\] value (\d+)", text)
        best = sorted(found, key=lambda pair: -int(pair[1]))
        return Answer(text=" > ".join(f"[{place}]" for place, _ in best))

    async def step(self, name: str, asked: object, work: Callable[[], Any], *, reason: str) -> Any:
        self.reasons.append(reason)
        return work()


async def rank(spec: RerankSpec, asked: Request, ranker: Ranker | None = None) -> Any:
    ranker = ranker or Ranker()
    return await spec.respond(asked, ranker, None), ranker  # type: ignore[arg-type]


async def test_a_window_brings_the_best_to_the_front() -> None:
    texts = [f"value {value}" for value in (1, 2, 3, 4, 5, 9, 6, 7)]
    spec = RerankSpec(ranker="m", first_stage=None, window=4, stride=2)
    answer, ranker = await rank(spec, request(*texts))
    assert ranker.reasons == ["window 5-8 of 8", "window 3-6 of 8", "window 1-4 of 8"]
    # by hand: [5 9 6 7] -> [9 7 6 5]; [3 4 9 7] -> [9 7 4 3]; [1 2 9 7] -> [9 7 2 1]
    assert answer.data == {"ranking": [5, 7, 1, 0, 3, 2, 6, 4], "repaired": 0}
    assert answer.text.startswith("[6] > [8] > [2]")


async def test_the_first_stage_says_what_is_looked_at() -> None:
    texts = ("value 1 cat", "value 2 dog", "value 3 dog dog", "value 9 bird")
    spec = RerankSpec(ranker="m", depth=2)
    answer, ranker = await rank(spec, request(*texts, query="dog"))
    assert ranker.reasons == ["first stage", "window 1-2 of 2"]
    assert answer.data["ranking"][:2] == [2, 1] and sorted(answer.data["ranking"]) == [0, 1, 2, 3]


async def test_pointwise_orders_by_the_chance_of_yes() -> None:
    texts = [f"value {value}" for value in (10, 90, 40)]
    spec = RerankSpec(ranker="m", first_stage=None, mode="pointwise")
    answer, ranker = await rank(spec, request(*texts))
    assert answer.data == {"ranking": [1, 2, 0], "repaired": 0}
    assert ranker.reasons[0] == "candidate 1 of 3"


async def test_pointwise_verdicts_that_are_none_are_counted() -> None:
    def said(text: str) -> Any:
        return {"a": "no", "b": "hm", "c": "yes", "d": FAILURE}[text[9]]

    spec = RerankSpec(ranker="m", first_stage=None, mode="pointwise")
    answer, _ = await rank(spec, request("a", "b", "c", "d"), Ranker(said))
    assert answer.data == {"ranking": [2, 1, 3, 0], "repaired": 2}
    with pytest.raises(CallTransient):
        await rank(spec, request("d", "d"), Ranker(said))


async def test_a_listwise_failure_is_the_hybrids() -> None:
    with pytest.raises(CallTransient):
        await rank(RerankSpec(ranker="m"), request("a", "b"), Ranker(lambda text: FAILURE))
    with pytest.raises(CallRejected, match="no 'columns' to rank"):
        await rank(RerankSpec(ranker="m", candidates="columns"), request("a"))


async def test_long_candidates_are_cut_and_marked() -> None:
    seen: list[str] = []
    spec = RerankSpec(ranker="m", first_stage=None, max_candidate_words=2)
    await rank(spec, request("one two three", "four"), Ranker(lambda t: seen.append(t) or "[1]"))
    assert "[1] one two ...\n\n[2] four\n" in seen[0]


@pytest.mark.parametrize(
    ("text", "order", "repaired"),
    [
        ("[2] > [1] > [3]", [1, 0, 2], 0),
        ("2, 1", [1, 0, 2], 1),
        ("[2] > [2] > [9]", [1, 0, 2], 4),
        ("no idea", [0, 1, 2], 3),
        ("of 3 passages: [3] > [1] > [2]", [2, 0, 1], 0),
    ],
)
def test_reading_an_order(text: str, order: list[int], repaired: int) -> None:
    assert read_order(text, 3) == (order, repaired)


@given(st.text(), st.integers(1, 8))
def test_an_order_always_has_every_place_once(text: str, n: int) -> None:
    order, repaired = read_order(text, n)
    assert sorted(order) == list(range(n)) and repaired >= 0


@given(st.integers(1, 60), st.integers(2, 20), st.integers(1, 20))
def test_windows_leave_nobody_out(n: int, size: int, stride: int) -> None:
    spans = windows(n, size, min(stride, size))
    assert {place for start, end in spans for place in range(start, end)} == set(range(n))
    assert spans[-1][0] == 0 and spans[0][1] == n


def test_windows_must_overlap() -> None:
    with pytest.raises(ValidationError, match="leave candidates out"):
        RerankSpec(ranker="m", window=2, stride=3)
