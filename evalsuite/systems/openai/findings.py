"""What an endpoint lacks or gets wrong, found in its replies and said once; never made up for."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from evalsuite.records import Request
from evalsuite.systems.openai.options import OpenAIOptions
from evalsuite.systems.openai.wire import Reply, Usage

_LENGTHS = frozenset(("max_tokens", "max_completion_tokens", "max_output_tokens"))


class Findings:
    """The findings about one model at one endpoint.

    Each is said when it is first seen, with the figures of that reply. What one reply cannot
    show (a seed that is ignored) is not claimed.
    """

    def __init__(self, spec: OpenAIOptions, say: Callable[[str], None]) -> None:
        """``say`` tells the user (``Resources.say_once``)."""
        self._spec = spec
        self._say = say
        self._about = f"{spec.model} at {urlsplit(spec.base_url).netloc}"
        self._known: set[str] = set()
        self._served = {spec.model}
        self._limited_by_us = not _LENGTHS & spec.extra.keys()

    def tell(self, kind: str, text: str) -> None:
        """Say ``text`` about this model, unless something of that ``kind`` has been said."""
        if kind not in self._known:
            self._known.add(kind)
            self._say(f"{self._about}: {text}")

    def known(self, kind: str) -> bool:
        """Whether something of that ``kind`` has been said."""
        return kind in self._known

    def signed(self, reply: Reply) -> None:
        """Say so where another model signs the answer than the one that was asked."""
        if reply.model is not None and reply.model not in self._served:
            self._served.add(reply.model)
            self._say(f"{self._about}: the answers are signed {reply.model!r}")

    def look_at(self, request: Request, reply: Reply) -> None:
        """Find what is missing or wrong in ``reply``, save its token counts."""
        self.signed(reply)
        if self._spec.wants_logprobs and reply.token_logprobs is None and not reply.tool_calls:
            self.tell("logprobs", "log-probabilities were asked for; there are none in the answers")
        elif self._spec.top_logprobs and reply.token_logprobs and reply.top_logprobs is None:
            self.tell("top", "`top_logprobs` were asked for; only chosen tokens have a probability")
        if request.output_schema is not None and reply.text and reply.finish_reason != "length":
            self._look_at_json(reply.text)
        if reply.finish_reason is None:
            self.tell(
                "finish", "no finish_reason: a cut off answer cannot be told from a whole one"
            )
        if self._limited_by_us:
            self._look_at_length(request, reply)

    def without_counts(self) -> None:
        """Say that token counts are missing, and what becomes of them."""
        counted = self._spec.tokenizer is not None
        instead = (
            "they are counted here" if counted else "they are unknown; `tokenizer` counts them"
        )
        self.tell("usage", f"the answers come without token counts: {instead}")

    def usable(self, usage: Usage | None, reply: Reply) -> Usage:
        """The counts in ``usage`` that can be true.

        Reasoning that an endpoint leaves out of its output tokens and has in its total is added:
        it is billed as output.
        """
        if usage is None or usage.input_tokens is None or usage.output_tokens is None:
            self.without_counts()
            if usage is None:
                return Usage()
        read, made, thought = usage.input_tokens, usage.output_tokens, usage.reasoning_tokens
        cached = usage.cached_input_tokens
        if made == 0 and (reply.text or reply.tool_calls):
            self.tell("no output", "0 output tokens are claimed for an answer: not believed")
            made = None
        if read is not None and cached is not None and cached > read:
            self.tell("cached", f"{cached} cached of {read} input tokens are claimed: not believed")
            cached = None
        total = usage.total_tokens
        if read is not None and made is not None and total is not None and total > read + made:
            hidden = total - read - made
            self.tell(
                "hidden",
                f"{hidden} of {total} tokens are neither input nor output: "
                "taken for reasoning, which is output",
            )
            made, thought = made + hidden, hidden if thought is None else thought
        if made is not None and thought is not None and thought > made:
            self.tell("thought", f"{thought} reasoning of {made} output tokens: not believed")
            thought = None
        return Usage(read, cached, made, thought, total)

    def _look_at_json(self, text: str) -> None:
        try:
            msgspec.json.decode(text)
        except msgspec.DecodeError:
            self.tell("schema", "a JSON schema was asked for; the answer is not JSON")

    def _look_at_length(self, request: Request, reply: Reply) -> None:
        """Compare the finish reason with the number of tokens."""
        made = reply.usage.output_tokens if reply.usage else None
        most, reason = request.max_output_tokens, reply.finish_reason
        if made is None:
            return
        if reason == "length" and made < most:
            self.tell(
                "shorter",
                f"an answer was cut off after {made} tokens although {most} were allowed: "
                "the endpoint has a limit of its own",
            )
        elif reason == "stop" and made == most:
            self.tell(
                "unmarked",
                f"finish_reason 'stop' for an answer of exactly the {most} tokens allowed: "
                "it may be cut off",
            )
        if made > most:
            self.tell("longer", f"{made} output tokens although at most {most} were asked for")
