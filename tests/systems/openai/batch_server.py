"""Files and batches, as a process of its own: ``python batch_server.py`` prints its port.

What it does with the next batches is set at ``POST /rules``; ``GET /state`` says what it saw. Each
line is answered with "about " and its last message, for 10 input and 5 output tokens.

Rules: ``hold`` (batches stay "in_progress" until it is false), ``ends`` (their last status),
``only`` (how many lines are answered, of a batch that ends early), ``lines`` (custom replies, by a
word of the prompt: a status and an error), ``errors`` (of a batch that fails its validation),
``most_running`` (batches beyond it fail with token_limit_exceeded), ``drop`` (parts of addresses;
what was asked is done, and the connection is lost before the reply), ``refuse`` (a status for
everything).
"""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

from aiohttp import web


class Server:
    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.rules: dict[str, Any] = {}
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.prompts: dict[str, list[str]] = {}
        self.answered: list[str] = []
        self.keys: set[str] = set()
        self.numbers = itertools.count(1)

    # -- what a test says and sees --------------------------------------------------------------

    async def set_rules(self, request: web.Request) -> web.Response:
        wanted = await request.json()
        if wanted.pop("reset", False):
            self.reset()
        self.rules |= wanted
        return web.json_response({})

    async def state(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                "batches": list(self.batches.values()),
                "prompts": list(self.prompts.values()),
                "answered": self.answered,
                "files": len(self.files),
                "keys": sorted(self.keys),
            }
        )

    # -- the API --------------------------------------------------------------------------------

    @web.middleware
    async def doing_as_told(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not request.path.startswith("/v1/"):
            return await handler(request)
        self.keys.add(request.headers.get("Authorization", ""))
        if "refuse" in self.rules:
            body = {"error": {"message": "not here"}}
            return web.json_response(body, status=self.rules["refuse"])
        reply = await handler(request)
        for part in list(self.rules.get("drop", [])):
            if part == f"{request.method} {request.path}":
                self.rules["drop"].remove(part)
                assert request.transport is not None
                request.transport.abort()
        return reply

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        file = form["file"]
        assert isinstance(file, web.FileField)
        name = f"file-{next(self.numbers)}"
        self.files[name] = file.file.read()
        return web.json_response({"id": name, "object": "file", "purpose": "batch"})

    async def create(self, request: web.Request) -> web.Response:
        body = await request.json()
        assert body["endpoint"] == "/v1/chat/completions"
        assert body["completion_window"] == "24h"
        if body["input_file_id"] not in self.files:
            fault = {"message": "No such File object", "code": "invalid_request"}
            return web.json_response({"error": fault}, status=400)
        lines = [json.loads(line) for line in self.files[body["input_file_id"]].splitlines()]
        name = f"batch_{next(self.numbers)}"
        self.prompts[name] = [line["body"]["messages"][-1]["content"] for line in lines]
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "status": "validating",
            "input_file_id": body["input_file_id"],
            "output_file_id": None,
            "error_file_id": None,
            "errors": None,
        }
        return web.json_response(self.batches[name])

    async def list_batches(self, request: web.Request) -> web.Response:
        """Two a page, newest first."""
        batches = list(self.batches.values())[::-1]
        if after := request.query.get("after"):
            names = [batch["id"] for batch in batches]
            batches = batches[names.index(after) + 1 :]
        return web.json_response({"data": batches[:2], "has_more": len(batches) > 2})

    async def look(self, request: web.Request) -> web.Response:
        batch = self.batches.get(request.match_info["name"])
        if batch is None:
            return web.json_response({"error": {"message": "No batch found"}}, status=404)
        self.advance(batch)
        return web.json_response(batch)

    async def content(self, request: web.Request) -> web.Response:
        return web.Response(body=self.files[request.match_info["name"]])

    # -- batches --------------------------------------------------------------------------------

    def advance(self, batch: dict[str, Any]) -> None:
        if batch["status"] == "validating":
            running = [b for b in self.batches.values() if b["status"] == "in_progress"]
            faults = self.rules.get("errors")
            if len(running) >= self.rules.get("most_running", 1000):
                message = "Enqueued token limit reached"
                faults = [{"code": "token_limit_exceeded", "message": message}]
            batch["status"] = "failed" if faults else "in_progress"
            batch["errors"] = {"object": "list", "data": faults} if faults else None
        elif batch["status"] == "in_progress" and not self.rules.get("hold"):
            self.finish(batch)

    def finish(self, batch: dict[str, Any]) -> None:
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        ends = self.rules.get("ends", "completed")
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for index, line in enumerate(lines[::-1]):  # in no particular order
            if index >= self.rules.get("only", len(lines)):
                if ends == "expired":
                    fault = {"code": "batch_expired", "message": "could not be executed in time"}
                    bad.append({"custom_id": line["custom_id"], "response": None, "error": fault})
                continue
            status, body = self.reply(line["body"])
            reply = {"status_code": status, "request_id": "r", "body": body}
            entry = {"id": "x", "custom_id": line["custom_id"], "response": reply, "error": None}
            (good if status == 200 else bad).append(entry)
        for kind, entries in (("output_file_id", good), ("error_file_id", bad)):
            if entries:
                batch[kind] = f"file-{next(self.numbers)}"
                text = "\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
                self.files[batch[kind]] = text.encode() + b"\n"
        batch["status"] = ends

    def reply(self, body: dict[str, Any]) -> tuple[int, Any]:
        prompt = body["messages"][-1]["content"]
        for word, replies in self.rules.get("lines", {}).items():
            if word in prompt and replies:
                status, content = replies.pop(0)
                return status, content
        self.answered.append(prompt)
        message = {"role": "assistant", "content": f"about {prompt}"}
        return 200, {
            "id": "c",
            "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
        }


async def main() -> None:
    server = Server()
    app = web.Application(client_max_size=2**26, middlewares=[server.doing_as_told])
    app.router.add_post("/rules", server.set_rules)
    app.router.add_get("/state", server.state)
    app.router.add_post("/v1/files", server.upload)
    app.router.add_get("/v1/files/{name}/content", server.content)
    app.router.add_post("/v1/batches", server.create)
    app.router.add_get("/v1/batches", server.list_batches)
    app.router.add_get("/v1/batches/{name}", server.look)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
