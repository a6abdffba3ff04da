from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evalsuite.errors import CallFailed, CallRejected, CallTransient
from evalsuite.records import Answer, Message, Request
from evalsuite.systems.hybrids.retrieve_read import RetrieveReadSpec, read_questions

FAILURE = CallTransient("no answer within 1 s", kind="timeout")
PASSAGES = [
    {"title": "Tower", "text": "The iron tower was designed by Ada Steel."},
    {"title": "Ada Steel", "text": "Ada Steel was born in Gravelton."},
    {"title": "Gravelton", "text": "Gravelton lies on the river Mire."},
    {"title": "Cats", "text": "Cats sleep a lot."},
]
REQUEST = Request(
    task="t",
    sample_id="1",
    inputs={"question": "Where was the designer of the iron tower born?", "passages": PASSAGES},
    messages=(Message(role="user", content="Question: Where?\nAnswer shortly."),),
    max_output_tokens=9,
)


class Asker:
    """Members by role, hops and what they were asked."""

    def __init__(self, **members: Callable[[Request], Any]) -> None:
        self.members = members
        self.hops: list[tuple[str, str]] = []
        self.asked: list[Request] = []

    async def __call__(self, role: str, request: Request, *, reason: str) -> Answer:
        self.hops.append((role, reason))
        self.asked.append(request)
        said = self.members[role](request)
        if isinstance(said, CallFailed):
            raise said
        return Answer(text=said)

    async def step(self, name: str, asked: object, work: Callable[[], Any], *, reason: str) -> Any:
        self.hops.append((name, reason))
        return work()


async def respond(spec: RetrieveReadSpec, request: Request = REQUEST, **members: Any) -> Any:
    ask = Asker(**members)
    return await spec.respond(request, ask, None), ask  # type: ignore[arg-type]


async def test_without_a_decomposer_it_retrieves_and_reads() -> None:
    answer, ask = await respond(RetrieveReadSpec(reader="r", top_k=2), reader=lambda r: "Gravelton")
    assert answer.text == "Gravelton"
    assert answer.data == {"retrieved": ["Tower", "Ada Steel"], "sub_questions": []}
    assert ask.hops[-1] == ("reader", "2 passages")
    asked = ask.asked[0].messages[-1].content
    assert asked.startswith("Tower\nThe iron tower") and asked.endswith("Answer shortly.")
    assert ask.asked[0].max_output_tokens == 9


async def test_sub_questions_are_answered_in_turn_and_refer_to_each_other() -> None:
    def reader(request: Request) -> str:
        text = request.messages[-1].content
        if "Who designed the iron tower?" in text and "Where was" not in text:
            return "Ada Steel"
        return "Gravelton"

    spec = RetrieveReadSpec(reader="r", decomposer="d", top_k=1)
    said = "1. Who designed the iron tower?\n2) Where was #1 born?\nThat is all."
    answer, ask = await respond(spec, decomposer=lambda r: said, reader=reader)
    assert answer.data == {
        "retrieved": ["Tower", "Ada Steel"],
        "sub_questions": ["Who designed the iron tower?", "Where was #1 born?"],
    }
    assert ask.hops == [
        ("decomposer", "decompose"),
        ("retriever", "passages for 'Who designed the iron tower?'"),
        ("reader", "sub-question 1 of 2"),
        ("retriever", "passages for 'Where was Ada Steel born?'"),
        ("reader", "sub-question 2 of 2"),
        ("reader", "2 of 2 sub-questions answered, 2 passages"),
    ]
    last = ask.asked[-1].messages[-1].content
    assert "Where was Ada Steel born? Gravelton\n" in last


async def test_reading_once_retrieves_for_all_sub_questions() -> None:
    spec = RetrieveReadSpec(reader="r", decomposer="d", top_k=1, answer_steps=False)
    answer, ask = await respond(
        spec, decomposer=lambda r: "What do cats do?\nWhat lies on the Mire?", reader=lambda r: "x"
    )
    assert answer.data["retrieved"] == ["Cats", "Gravelton"]
    assert ask.hops[-1] == ("reader", "2 sub-questions, 2 passages")


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("I cannot.", "no sub-question in 'I cannot.', 1 passages"),
        (FAILURE, "decomposer failed (timeout), 1 passages"),
    ],
)
async def test_without_sub_questions_the_question_itself_is_asked(said: Any, reason: str) -> None:
    spec = RetrieveReadSpec(reader="r", decomposer="d", top_k=1)
    answer, ask = await respond(spec, decomposer=lambda r: said, reader=lambda r: "x")
    assert ask.hops[-1] == ("reader", reason)
    assert answer.data["retrieved"] == ["Tower"]


async def test_a_sub_question_that_fails_is_seen_in_the_reason() -> None:
    calls = iter([FAILURE, "Gravelton", "done"])
    spec = RetrieveReadSpec(reader="r", decomposer="d", top_k=1)
    _, ask = await respond(
        spec, decomposer=lambda r: "Who?\nWhere was #1 born?", reader=lambda r: next(calls)
    )
    assert ask.hops[-1] == ("reader", "1 of 2 sub-questions answered, 2 passages")
    assert ("retriever", "passages for 'Where was #1 born?'") in ask.hops


async def test_a_sample_without_passages_is_a_failure() -> None:
    bare = Request(task="t", sample_id="1", inputs={}, messages=REQUEST.messages)
    with pytest.raises(CallRejected, match="no 'passages'") as caught:
        await respond(RetrieveReadSpec(reader="r"), bare, reader=lambda r: "x")
    assert caught.value.kind == "no_passages"


def test_reading_a_list_of_questions() -> None:
    text = "Sure:\n- Who is it?\n* Who is it?\n(3) Where was #1 born\n\n4. A fact."
    assert read_questions(text) == ["Who is it?", "Where was #1 born"]
