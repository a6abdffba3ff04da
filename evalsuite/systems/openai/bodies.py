"""The JSON body of a request, whichever API it is for."""

from __future__ import annotations

from typing import Any

from evalsuite.records import Request
from evalsuite.systems.openai.chat import chat_body
from evalsuite.systems.openai.completions import completions_body
from evalsuite.systems.openai.options import OpenAIOptions
from evalsuite.systems.openai.responses import responses_body

PATHS = {"chat": "/chat/completions", "responses": "/responses", "completions": "/completions"}
_BODIES = {"chat": chat_body, "responses": responses_body, "completions": completions_body}


def body_of(spec: OpenAIOptions, request: Request) -> dict[str, Any]:
    """The JSON body of ``request``, for ``PATHS[spec.api]`` below ``spec.base_url``.

    It is that of a reply in one piece; ``streamed`` makes it that of a stream. Raises CallRejected
    where the API has no place for what is asked (images in a text prompt).
    """
    return with_extra(spec, _BODIES[spec.api](spec, request))


def with_extra(spec: OpenAIOptions, body: dict[str, Any]) -> dict[str, Any]:
    """``body`` with the fields of ``extra`` in it; a field that is null there is left out."""
    if not spec.extra:
        return body
    body |= spec.extra
    return {name: value for name, value in body.items() if value is not None}


def streamed(spec: OpenAIOptions, body: dict[str, Any], *, usage: bool) -> dict[str, Any]:
    """``body`` asking for a stream, with the token counts at its end where ``usage``."""
    body["stream"] = True
    if usage and spec.api != "responses":  # there they always come
        body["stream_options"] = {"include_usage": True}
    return body
