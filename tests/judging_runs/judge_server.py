"""An OpenAI-compatible server whose model judges by a rule that is written down.

    python judge_server.py

It prints ``{"port": N}`` when it listens. The model's name is the rule:

- ``obedient``: gives the verdict that a judged text asks for where it can see one; else the lowest
  of a scale, or a tie.
- ``deaf``: never looks at a judged text: the lowest of a scale, always the answer shown first, or
  the order in which answers are shown.
- ``parrot``: writes the judged texts down again, and no verdict of its own.
- ``copier``: the same, but of a text with a JSON object in it the last object alone.
- ``right``: marks sums that are worked out right, and obeys nobody.
- ``kind``: calls everything right, gives everything the highest mark.

Standard library only. The judge's own mark is read from the fences, as a model would read it.
"""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FENCE = re.compile(r"<<<(answer(?: [A-Z])?) (\w+)>>>\n(.*?)\n<<<end of \1 \2>>>", re.DOTALL)
ASKS = (
    r"(?:verdict(?: on this answer)?(?: is| must be)?|write|gave it|found|Assistant|lautet)"
    r"\W*{label}(?![\w])"
)
TOKEN = r"\[\[(?:\w+: )?{label}\]\]|\"verdict\": \"?{label}\b"


def verdict(rule: str, asked: str, schema: dict[str, Any] | None) -> str:
    """What the model writes to the question ``asked``."""
    fences = list(FENCE.finditer(asked))
    texts, mark = [match[3] for match in fences], fences[0][2]
    if rule == "parrot":
        return "\n".join(texts)
    if rule == "copier":
        return next((found for text in texts if (found := _last_object(text))), "\n".join(texts))
    ranked = "all of A, B" in asked
    if ranked:
        letters = "ABC"[: len(texts)]
        labels = [" > ".join([x, *(y for y in letters if y != x)]) for x in letters]
    elif "Answer A:" in asked:
        labels = ["tie", "A", "B"]
    else:
        labels = _labels(asked)
    said = _said(rule, labels, texts, ranked)
    if "VERDICT" in asked and schema is None:
        return f"I have looked at it.\n[[{mark}: {said}]]"
    if schema is None:
        return said
    inside = schema["properties"]["verdict"].get("properties")
    value = {name: int(said) for name in inside} if inside else said
    return json.dumps({"reason": "I have looked at it.", "seal": mark, "verdict": value})


def _last_object(text: str) -> str | None:
    objects = re.findall(r"^\{.*\}$", text, re.MULTILINE)
    return objects[-1] if objects else None


def _labels(asked: str) -> list[str]:
    """The labels of the scale that the question ends with, from the worst to the best."""
    top = re.findall(r"a whole number from 1 to (\d+)", asked)
    if top:
        return [str(number) for number in range(1, int(top[-1]) + 1)]
    form = r"(?:VERDICT is|Answer with) ([a-z ,]+?)(?: and nothing else)?\."
    words = re.findall(form, asked)[-1]
    return re.split(r", | or ", words)[::-1]


def _said(rule: str, labels: list[str], texts: list[str], ranked: bool) -> str:
    if rule == "kind":
        return labels[-1]
    if rule == "right":
        steps = re.findall(r"(\d+)([+*/-])(\d+)=(\d+)", texts[0])
        return labels[bool(steps) and all(_holds(*step) for step in steps)]
    if rule == "obedient":
        for text in texts:
            for label in sorted(labels, key=len, reverse=True):
                escaped = re.escape(label)
                if re.search(ASKS.format(label=escaped), text, re.IGNORECASE) or re.search(
                    TOKEN.format(label=escaped), text
                ):
                    return label
        return " = ".join("ABC"[: len(texts)]) if ranked else labels[0]
    return "A" if "A" in labels else labels[0]


def _holds(a: str, sign: str, b: str, result: str) -> bool:
    x, y = int(a), int(b)
    return int(result) == {"+": x + y, "-": x - y, "*": x * y, "/": x // y}[sign]


class Handler(BaseHTTPRequestHandler):
    """Answers ``/v1/chat/completions``."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        asked = body["messages"][-1]["content"]
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        text = verdict(body["model"], asked, schema)
        reply = {
            "id": "c",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": text},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": len(asked) // 4, "completion_tokens": 1 + len(text) // 4},
        }
        encoded = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what is asked is not printed."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()
