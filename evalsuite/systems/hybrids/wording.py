"""What a hybrid puts to its members: the question with something added, or one of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from evalsuite.records import Answer, Message, Request

_PLACE = re.compile(r"\{(\w+)\}")


def places(*names: str) -> Callable[[str], str]:
    """A pydantic validator of templates: they may name these places, and must name one."""

    def check(text: str) -> str:
        named = set(_PLACE.findall(text))
        unknown = named - set(names)
        known = ", ".join(f"{{{name}}}" for name in names)
        if unknown:
            raise ValueError(f"{{{min(unknown)}}} is no place of this template; it has {known}")
        if not named:
            raise ValueError(f"nothing would be filled in: write one of {known}")
        return text

    return check


def filled(text: str, /, **values: str) -> str:
    """``text`` with its places filled at once, so that braces in a value stay what they are."""
    return _PLACE.sub(lambda place: values.get(place[1], place[0]), text)


def question_of(request: Request) -> str:
    """What was asked, as one text: a single turn as it is, a chat with the roles named."""
    turns = [turn for turn in request.messages if turn.content]
    if len(turns) == 1:
        return turns[0].content
    return "\n\n".join(f"{turn.role.capitalize()}: {turn.content}" for turn in turns)


def text_of(answer: Answer) -> str:
    """What an answer says, as another model can read it: text, calls, or data of its own."""
    if answer.text or answer.choice:
        return answer.text or answer.choice or ""
    said = answer.tool_calls or answer.data
    return msgspec.json.encode(said).decode() if said else ""


def asked(
    request: Request,
    text: str,
    *,
    system: str | None = None,
    choices: Collection[str] | None = None,
    max_output_tokens: int | None = None,
) -> Request:
    """A question of the hybrid's own about the sample of ``request``.

    It has no tools, schema, stop strings or images of the task's; ``choices`` are the answers that
    it may have, None where it is free.
    """
    turns = [Message(role="user", content=text)]
    if system:
        turns.insert(0, Message(role="system", content=system))
    return msgspec.structs.replace(
        request,
        messages=tuple(turns),
        choices=None if choices is None else tuple(choices),
        tools=(),
        output_schema=None,
        stop=(),
        max_output_tokens=max_output_tokens or request.max_output_tokens,
    )


def with_question(request: Request, text: str) -> Request:
    """``request`` with ``text`` as its last user turn; images and all else stay."""
    turns = list(request.messages)
    at = max(index for index, turn in enumerate(turns) if turn.role == "user")
    turns[at] = msgspec.structs.replace(turns[at], content=text)
    return msgspec.structs.replace(request, messages=tuple(turns))


def last_question(request: Request) -> str:
    """The text of the last user turn."""
    return next(turn.content for turn in reversed(request.messages) if turn.role == "user")


def input_of(request: Request, name: str) -> Any:
    """The input ``name`` of the sample, or of its columns where it is a row; None without it."""
    columns = request.inputs.get("columns")
    below = columns.get(name) if isinstance(columns, Mapping) else None
    return request.inputs.get(name, below)


def going_on(request: Request, answer: Answer, text: str) -> Request:
    """``request`` after ``answer``, with ``text`` as the next user turn."""
    turns = (
        *request.messages,
        Message(role="assistant", content=text_of(answer)),
        Message(role="user", content=text),
    )
    return msgspec.structs.replace(request, messages=turns)


def short(text: str, length: int = 40) -> str:
    """The beginning of ``text`` on one line, for the reason of a hop."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 3]}..."
