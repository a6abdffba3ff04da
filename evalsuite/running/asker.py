"""What a hybrid acts by: its roles become systems of the run, under the path that led to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from evalsuite.records import Answer, Request, ToolCall
from evalsuite.systems.base import Joint, JointWork
from evalsuite.systems.price import Price

T = TypeVar("T")


class Traced(Protocol):
    """What keeps the calls: members by the names of their systems, roles by their whole path."""

    async def ask(self, name: str, request: Request, role: str = "", reason: str = "") -> Answer:
        """Ask a system."""
        ...

    async def jointly(self, names: Mapping[str, str], request: Request, work: JointWork) -> Answer:
        """Let local models work together."""
        ...

    async def tool(self, call: ToolCall, role: str, reason: str) -> str:
        """Run a tool of the task."""
        ...

    async def step(
        self,
        role: str,
        name: str,
        asked: object,
        work: Callable[[], Any],
        reason: str,
        price: Price | None,
    ) -> Any:
        """Do work of a hybrid's own."""
        ...


class Asker:
    """The ``Ask`` of one hybrid: its roles become systems, under the path that led to it."""

    def __init__(self, trace: Traced, members: Mapping[str, str], path: str) -> None:
        """``members`` are its roles; ``path`` is that of the hybrid itself, empty at the top."""
        self._trace = trace
        self._members = members
        self._path = path

    async def __call__(self, role: str, request: Request, *, reason: str) -> Answer:
        """Ask the member in ``role``."""
        return await self._trace.ask(self._members[role], request, self._below(role), reason)

    async def jointly(self, roles: Sequence[str], request: Request, work: JointWork) -> Answer:
        """Let the members in ``roles`` work together."""

        def below(decoders: Mapping[str, Any]) -> Joint:
            joint = work({role: decoders[self._below(role)] for role in roles})
            shares = {self._below(role): share for role, share in joint.shares.items()}
            return Joint(answer=joint.answer, shares=shares)

        names = {self._below(role): self._members[role] for role in roles}
        return await self._trace.jointly(names, request, below)

    async def tool(self, call: ToolCall, *, reason: str) -> str:
        """Run a tool of the task."""
        return await self._trace.tool(call, self._below("tool"), reason)

    async def step(
        self,
        name: str,
        asked: object,
        work: Callable[[], T],
        *,
        reason: str,
        price: Price | None = None,
    ) -> T:
        """Do work of the hybrid's own."""
        done: T = await self._trace.step(self._below(name), name, asked, work, reason, price)
        return done

    def _below(self, role: str) -> str:
        return f"{self._path}/{role}" if self._path else role
