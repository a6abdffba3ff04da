"""Fallback: the next member is asked only where the one before failed, was late or talked nonsense.

The pattern of heterogeneous agents: small by default, validators, large as fallback ("Small
Language Models for Agentic Systems: A Survey of Architectures, Capabilities, and Deployment
Trade-offs", 2025). Unlike a cascade, it asks what can be seen of an answer, not how sure it was.

The reason of a hop: "first", "member_1 failed (server_error)", "member_1 not done after 2 s" or
"member_1 invalid (json: ...)".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from evalsuite.errors import CallFailed
from evalsuite.records import Answer, Request
from evalsuite.systems.base import Ask, Fitted, HybridSpec
from evalsuite.systems.hybrids.left_behind import leave_behind
from evalsuite.systems.hybrids.validity import Check, check_pattern, problem_of


class FallbackSpec(HybridSpec):
    """Members in order of preference.

    members: names of systems; the first usable answer is taken. The last one's answer is taken
        whatever it is, and where the last one fails, so does the fallback.
    valid: what an answer must be, see ``evalsuite.systems.hybrids.validity``.
    matches: regular expression that its text must match somewhere.
    timeout_seconds: how long a member may take. A late call goes on and is paid for; its answer
        is not used.
    """

    hybrid: Literal["fallback"] = "fallback"
    members: tuple[str, ...] = Field(min_length=2)
    valid: tuple[Check, ...] = ("not_empty",)
    matches: str | None = None
    timeout_seconds: float | None = Field(None, gt=0)

    _compiles = field_validator("matches")(check_pattern)

    def roles(self) -> Mapping[str, str]:
        """The roles "member_1", "member_2" and so on."""
        return {f"member_{i}": name for i, name in enumerate(self.members, start=1)}

    async def respond(self, request: Request, ask: Ask, fitted: Fitted | None) -> Answer:
        """The first usable answer."""
        reason = "first"
        *early, last = self.roles()
        for role in early:
            hop = asyncio.create_task(ask(role, request, reason=reason))
            await asyncio.wait({hop}, timeout=self.timeout_seconds)
            if not hop.done():
                leave_behind(hop)
                reason = f"{role} not done after {self.timeout_seconds:g} s"
                continue
            try:
                answer = hop.result()
            except CallFailed as failure:
                reason = f"{role} failed ({failure.kind})"
                continue
            problem = await problem_of(answer, request, self.valid, self.matches)
            if problem is None:
                return answer
            reason = f"{role} invalid ({problem})"
        return await ask(last, request, reason=reason)

    def hops(self) -> Mapping[str, tuple[int, int | None]]:
        """The first member always, each further one at most once."""
        return {role: (int(role == "member_1"), 1) for role in self.roles()}
