"""What was asked and said, as the messages of the conventions for generative AI."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

UNKNOWN_FINISH = "unknown"
"""The conventions require a reason why a model stopped; runs do not keep one."""


def asked_messages(messages: str | None) -> dict[str, str]:
    """The prompt of a sample, which is JSON text, as an attribute; nothing where there is none."""
    if messages is None:
        return {}
    turns = [_turn(turn) for turn in json.loads(messages)]
    return {"gen_ai.input.messages": _json(turns)} if turns else {}


def said_messages(row: Mapping[str, Any]) -> dict[str, str]:
    """What a row of answers or calls says, as an attribute; nothing where it says nothing."""
    parts: list[dict[str, Any]] = []
    if row.get("reasoning"):
        parts.append({"type": "reasoning", "content": row["reasoning"]})
    if row.get("text") is not None:
        parts.append({"type": "text", "content": row["text"]})
    if row.get("tool_calls"):
        parts += _wanted(json.loads(row["tool_calls"]))
    if not parts:
        return {}
    said = {"role": "assistant", "parts": parts, "finish_reason": UNKNOWN_FINISH}
    return {"gen_ai.output.messages": _json([said])}


def _turn(turn: Mapping[str, Any]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [_image(image) for image in turn.get("images", ())]
    if turn["role"] == "tool":
        result = {"type": "tool_call_response", "response": turn["content"]}
        parts.append({**result, "id": turn.get("tool_call_id")})
    elif turn["content"]:
        parts.append({"type": "text", "content": turn["content"]})
    parts += _wanted(turn.get("tool_calls", ()))
    return {"role": turn["role"], "parts": parts}


def _wanted(calls: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Calls of tools that a model wants made; arguments stay the text that it wrote."""
    return [
        {
            "type": "tool_call",
            "id": call.get("id"),
            "name": call["name"],
            "arguments": call["arguments"],
        }
        for call in calls
    ]


def _image(address: str) -> dict[str, Any]:
    if not address.startswith("data:"):
        return {"type": "uri", "modality": "image", "uri": address}
    head, _, content = address.partition(",")
    kind = head.removeprefix("data:").partition(";")[0]
    return {"type": "blob", "modality": "image", "mime_type": kind or None, "content": content}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
