"""Decompose, retrieve, read: sub-questions find the passages that a reader then answers from.

"Collab-RAG: Boosting Retrieval-Augmented Generation for Complex Question Answering via White-Box
and Black-Box LLM Collaboration", 2025: a small model decomposes the question, each sub-question
retrieves its three best passages, and a large model reads and answers, sub-question after
sub-question. Without a decomposer it is plain retrieve and read.

The reason of a hop: "decompose", "passages for 'Where ...'", "sub-question 1 of 2", "2 of 3
sub-questions answered, 5 passages" or "no sub-question in '...'".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from pydantic import Field, field_validator

from evalsuite.errors import CallFailed, CallRejected
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec
from evalsuite.systems.hybrids.wording import (
    asked,
    filled,
    input_of,
    last_question,
    places,
    short,
    text_of,
    with_question,
)
from evalsuite.systems.retrieval import Retriever

_DECOMPOSE = (
    "Break the question into at most {most} simpler questions, each of which can be answered from "
    "one passage. Write one a line and nothing else; refer to the answer of the first as #1, of "
    "the second as #2.\n\nQuestion: {question}"
)
_STEP = "{passages}\n\nAnswer in a few words.\n\nQuestion: {question}"
_READ = "{passages}\n\n{notes}{question}"
_BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d+[.):])?\s*(?P<text>\S.*?)\s*$")
_REFERENCE = re.compile(r"#(\d+)")


class RetrieveReadSpec(HybridSpec):
    """A reader with retrieval, and a decomposer where wanted.

    reader: the system that answers, and that answers the sub-questions.
    decomposer: the system that breaks the question up; None asks with the question as it is.
    retriever: how passages are ranked, see ``evalsuite.systems.retrieval``.
    top_k: passages for the question or for each sub-question.
    most_sub_questions: how many are taken of those that the decomposer writes.
    answer_steps: have the reader answer each sub-question, so that later ones may refer to it as
        #1; False retrieves for all of them and reads once.
    question, passages: the inputs of the task that hold the question and the passages, a list of
        ``{"title", "text"}``.
    max_step_tokens: longest answer to a sub-question, and longest decomposition.
    decompose_prompt, step_prompt, read_prompt: templates with {question}, {most}, {passages} and
        {notes} (the sub-questions with their answers). {question} of the last one is the task's own
        prompt: ask a variant without passages ("closed_book").

    ``data`` of the answer says what was "retrieved" (titles, best first, each once) and which
    "sub_questions" were asked, so that a task can score the recall of its support.
    """

    hybrid: Literal["retrieve_read"] = "retrieve_read"
    reader: str
    decomposer: str | None = None
    retriever: Retriever = Retriever()
    top_k: int = Field(3, ge=1)
    most_sub_questions: int = Field(4, ge=1, le=20)
    answer_steps: bool = True
    question: str = "question"
    passages: str = "passages"
    max_step_tokens: int = Field(128, ge=1)
    decompose_prompt: str = _DECOMPOSE
    step_prompt: str = _STEP
    read_prompt: str = _READ

    _decompose_places = field_validator("decompose_prompt")(places("question", "most"))
    _step_places = field_validator("step_prompt")(places("question", "passages"))
    _read_places = field_validator("read_prompt")(places("question", "passages", "notes"))

    def roles(self) -> Mapping[str, str]:
        """The roles "reader" and, where there is one, "decomposer"."""
        decomposer = {"decomposer": self.decomposer} if self.decomposer else {}
        return {**decomposer, "reader": self.reader}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The reader's answer from what was retrieved."""
        work = _Work(self, request, ask, _passages_of(request, self.passages))
        question = str(input_of(request, self.question) or last_question(request))
        asking, reason = await self._sub_questions(question, request, ask)
        for number, sub_question in enumerate(asking, start=1):
            await work.step(sub_question, number, len(asking))
        if not asking:
            await work.retrieve(question)
        text = filled(
            self.read_prompt,
            passages=work.shown(work.found),
            notes=work.notes(),
            question=last_question(request),
        )
        if asking:
            answered = f"{len(work.answers)} of {len(asking)} sub-questions answered"
            reason = answered if self.answer_steps else f"{len(asking)} sub-questions"
        answer = await ask(
            "reader",
            with_question(request, text),
            reason=f"{reason + ', ' if reason else ''}{len(work.found)} passages",
        )
        told = {"retrieved": [work.titles[i] for i in work.found], "sub_questions": asking}
        return msgspec.structs.replace(answer, data={**_mapping(answer.data), **told})

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """The decomposer once; the reader once, and once a sub-question."""
        if self.decomposer is None:
            return {"reader": (1, 1)}
        steps = self.most_sub_questions if self.answer_steps else 0
        return {"decomposer": (1, 1), "reader": (1, 1 + steps)}

    async def _sub_questions(
        self, question: str, request: Request, ask: Ask
    ) -> tuple[list[str], str]:
        """The decomposer's questions; none, and why, where it fails or writes none."""
        if self.decomposer is None:
            return [], ""
        text = filled(self.decompose_prompt, question=question, most=str(self.most_sub_questions))
        wanted = asked(request, text, max_output_tokens=self.max_step_tokens)
        try:
            said = text_of(await ask("decomposer", wanted, reason="decompose"))
        except CallFailed as failure:
            return [], f"decomposer failed ({failure.kind})"
        found = read_questions(said)[: self.most_sub_questions]
        return found, "" if found else f"no sub-question in {short(said)!r}"


@dataclass
class _Work:
    """What has been found and answered so far for one request."""

    spec: RetrieveReadSpec
    request: Request
    ask: Ask
    texts: Sequence[tuple[str, str]]
    found: list[int] = field(default_factory=list)
    answers: dict[int, tuple[str, str]] = field(default_factory=dict)

    @property
    def titles(self) -> list[str]:
        return [title for title, _ in self.texts]

    async def retrieve(self, query: str) -> list[int]:
        """The passages for ``query``, which are added to those found before."""
        texts = [f"{title}\n{text}" for title, text in self.texts]
        retriever, k = self.spec.retriever, self.spec.top_k
        best = await self.ask.step(
            "retriever",
            [retriever.name, query, texts, k],
            lambda: retriever.best(query, texts, k),
            reason=f"passages for {short(query)!r}",
        )
        self.found += [index for index in best if index not in self.found]
        return best

    async def step(self, sub_question: str, number: int, of: int) -> None:
        """Retrieve for a sub-question and, where wanted, have it answered."""
        query = self._with_answers(sub_question)
        best = await self.retrieve(query)
        if not self.spec.answer_steps:
            return
        text = filled(self.spec.step_prompt, passages=self.shown(best), question=query)
        wanted = asked(self.request, text, max_output_tokens=self.spec.max_step_tokens)
        try:
            said = await self.ask("reader", wanted, reason=f"sub-question {number} of {of}")
        except CallFailed:
            return
        self.answers[number] = (query, short(text_of(said), 200))

    def _with_answers(self, sub_question: str) -> str:
        def answer(reference: re.Match[str]) -> str:
            known = self.answers.get(int(reference[1]))
            return reference[0] if known is None else known[1]

        return _REFERENCE.sub(answer, sub_question)

    def shown(self, indices: Sequence[int]) -> str:
        return "\n\n".join("\n".join(filter(None, self.texts[index])) for index in indices)

    def notes(self) -> str:
        if not self.answers:
            return ""
        lines = [f"{question} {answer}" for question, answer in self.answers.values()]
        return "\n".join(lines) + "\n\n"


def read_questions(text: str) -> list[str]:
    """The questions in a list, one a line, without bullets and numbers; other lines are left out.

    A line is a question if it ends in a question mark or refers to an earlier answer.
    """
    found = []
    for line in text.splitlines():
        match = _BULLET.match(line)
        said = match["text"] if match else ""
        if said.endswith("?") or _REFERENCE.search(said):
            found.append(said)
    return list(dict.fromkeys(found))


def _passages_of(request: Request, name: str) -> list[tuple[str, str]]:
    """Title and text of the passages of a request; CallRejected where there are none."""
    given = input_of(request, name)
    if not isinstance(given, list) or not given:
        raise CallRejected(
            f"the sample has no {name!r} to retrieve from", kind="no_passages", billed=False
        )
    return [
        (str(one.get("title", "")), str(one.get("text", "")))
        if isinstance(one, Mapping)
        else ("", str(one))
        for one in given
    ]


def _mapping(data: Any) -> dict[str, Any]:
    return dict(data) if isinstance(data, Mapping) else {}
