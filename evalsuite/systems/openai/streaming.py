"""Streamed replies: server-sent events put together to what a reply in one piece would be."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from evalsuite.errors import CallTransient
from evalsuite.systems.openai.chat import NoAnswerInIt, joined_parts
from evalsuite.systems.openai.failures import failure_within, malformed
from evalsuite.systems.openai.options import Api
from evalsuite.systems.openai.responses import OutputItem, ResponsesReply
from evalsuite.systems.openai.wire import (
    Logprobs,
    WireChoice,
    WireFunction,
    WireMessage,
    WireReply,
    WireToolCall,
)

_DONE = b"[DONE]"


class EventStream:
    """Splits bytes into the data of server-sent events (WHATWG HTML, section 9.2).

    Events may be cut anywhere, also inside a letter: they are put together as bytes. Comments
    (keep-alives) and other fields are passed over. Lines may end with LF, CRLF or CR.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that ``chunk`` completes."""
        text = self._rest + chunk
        if b"\r" in text:
            held = text.endswith(b"\r")  # an LF may follow in the next chunk
            text = text[: len(text) - held].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            text += b"\r" * held
        *lines, self._rest = text.split(b"\n")
        events = []
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                events.append(b"\n".join(self._data))
                self._data = []
        return events

    def end(self) -> list[bytes]:
        """The data of a last event that no blank line ended."""
        self._take(self._rest.rstrip(b"\r"))
        events = [b"\n".join(self._data)] if self._data else []
        self._rest, self._data = b"", []
        return events

    def _take(self, line: bytes) -> None:
        if line.startswith(b"\xef\xbb\xbf"):  # a byte order mark may come first
            line = line[3:]
        if line.startswith(b"data:"):
            self._data.append(line[6:] if line[5:6] == b" " else line[5:])


class Assembler(Protocol):
    """Puts the events of one answer together.

    ``done`` is True once the endpoint has said that nothing follows; ``whole`` once it has said
    how the answer ended, from when on a lost end loses nothing of it.
    """

    done: bool
    whole: bool

    def add(self, event: bytes) -> bool:
        """Take in one event; True where it brought a token (of text, thought or a tool call)."""
        ...

    def reply(self) -> WireReply | ResponsesReply:
        """What has come, as a reply in one piece."""
        ...


def assembler_for(api: Api) -> Assembler:
    """An assembler of the events of ``api``."""
    return ResponsesAssembler() if api == "responses" else ChunkAssembler(chat=api == "chat")


def cut_off() -> CallTransient:
    """The failure of a stream that ended before its answer did: never a short answer."""
    message = "the stream ended before the answer did"
    return CallTransient(message, kind="connection")


class ChunkAssembler:
    """Chunks of Chat Completions and of Completions."""

    def __init__(self, *, chat: bool) -> None:
        """``chat`` tells messages from plain text."""
        self.done = False
        self.whole = False
        self._chat = chat
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._refusal: list[str] = []
        self._calls: dict[int | str, WireToolCall] = {}
        self._logprobs = Logprobs()
        self._finish_reason: str | None = None
        self._model: str | None = None
        self._usage: Any = None

    def add(self, event: bytes) -> bool:
        """Take in one chunk. Raises what an error object in it means, and malformed_reply."""
        if event.strip() == _DONE:
            self.done = True
            return False
        try:
            chunk = _CHUNK.decode(event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise malformed(event.decode(errors="replace")) from None
        if chunk.error:
            raise failure_within(chunk.error)
        self._model = self._model or chunk.model
        self._usage = chunk.usage or self._usage
        try:
            return any([self._add_choice(choice) for choice in chunk.choices or ()])
        except NoAnswerInIt:
            raise malformed(event.decode(errors="replace")) from None

    def _add_choice(self, choice: WireChoice) -> bool:
        if choice.index:  # another answer that nobody asked for
            return False
        if choice.error:
            raise failure_within(choice.error)
        if choice.finish_reason:
            self._finish_reason, self.whole = choice.finish_reason, True
        if choice.logprobs is not None:
            self._add_logprobs(choice.logprobs)
        if choice.text:
            self._text.append(choice.text)
            return True
        return choice.delta is not None and self._add_delta(choice.delta)

    def _add_delta(self, delta: WireMessage) -> bool:
        thought = delta.reasoning_content or delta.reasoning
        if isinstance(delta.content, str) and delta.content:
            self._text.append(delta.content)
        elif delta.content:
            text, parts_thought = joined_parts(delta.content)
            self._text.append(text)
            thought = thought or parts_thought
        if isinstance(thought, str) and thought:
            self._reasoning.append(thought)
        if delta.refusal:
            self._refusal.append(delta.refusal)
        for call in delta.tool_calls or ():
            self._add_call(call)
        return bool(delta.content or thought or delta.refusal or delta.tool_calls)

    def _add_call(self, part: WireToolCall) -> None:
        """Add to the call that ``part`` continues: by index, else by id, else the last one."""
        last = next(reversed(self._calls), 0) if self._calls else 0
        key = part.index if part.index is not None else part.id or last
        known = self._calls.get(key)
        function = part.function or WireFunction()
        if known is None or known.function is None:
            self._calls[key] = WireToolCall(part.id, None, function)
            return
        known.id = known.id or part.id
        known.function.name = known.function.name or function.name
        if isinstance(function.arguments, str):
            known.function.arguments = (known.function.arguments or "") + function.arguments

    def _add_logprobs(self, part: Logprobs) -> None:
        for name in ("content", "tokens", "token_logprobs", "top_logprobs"):
            more = getattr(part, name)
            known = getattr(self._logprobs, name)
            if known is None:
                setattr(self._logprobs, name, more)
            elif more:
                known.extend(more)

    def reply(self) -> WireReply:
        """What has come."""
        text = "".join(self._text)
        choice = WireChoice(finish_reason=self._finish_reason, logprobs=self._logprobs)
        if self._chat:
            choice.message = WireMessage(
                content=text,
                refusal="".join(self._refusal) or None,
                reasoning="".join(self._reasoning) or None,
                tool_calls=list(self._calls.values()) or None,
            )
        else:
            choice.text = text
        return WireReply(choices=[choice], model=self._model, usage=self._usage)


class ResponsesEvent(msgspec.Struct):
    """An event of a streamed reply of the Responses API; its last one holds the whole reply."""

    type: str = ""
    response: ResponsesReply | None = None
    item: OutputItem | None = None
    error: Any = None
    code: str | None = None
    message: str | None = None


_CHUNK = msgspec.json.Decoder(WireReply)
_EVENT = msgspec.json.Decoder(ResponsesEvent)
_LAST = frozenset(("response.completed", "response.incomplete", "response.failed"))


class ResponsesAssembler:
    """Events of the Responses API."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.done = False
        self.whole = False
        self._items: list[OutputItem] = []
        self._reply = ResponsesReply()

    def add(self, event: bytes) -> bool:
        """Take in one event. Raises what an error in it means, and malformed_reply."""
        if event.strip() == _DONE:
            self.done = True
            return False
        try:
            said = _EVENT.decode(event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise malformed(event.decode(errors="replace")) from None
        if said.type == "error" or said.error:
            raise failure_within(said.error or {"code": said.code, "message": said.message})
        if said.type == "response.output_item.done" and said.item is not None:
            self._items.append(said.item)
        if said.type in _LAST and said.response is not None:
            self._reply = said.response
            self.done = self.whole = True
        return said.type.endswith(".delta")

    def reply(self) -> ResponsesReply:
        """The reply that the last event held; its items as they came where it holds none."""
        if not self._reply.output and self._items:
            self._reply.output = self._items
        return self._reply
