"""The trusted side of the wall: starts a candidate, sends it arguments, reads plain values back.

Tests and expected outputs stay in this process. A candidate may lie, print or crash, but all it
can send is a value, so there is no verdict for it to forge.
"""

from __future__ import annotations

import json
import secrets
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evalsuite.scoring.sandbox import view
from evalsuite.scoring.sandbox.contract import (
    CandidateFailed,
    CannotCross,
    FailureKind,
    Limits,
    SandboxBroken,
    SandboxUnavailable,
    Tier,
)
from evalsuite.scoring.sandbox.inside.wire import NotPlain, decode, encode, may_change, update
from evalsuite.scoring.sandbox.launch import Keeper
from evalsuite.scoring.sandbox.remote import CandidateRaised, RemoteObject, raised
from evalsuite.scoring.sandbox.tiers import available_tier, required_tier

__all__ = [
    "Candidate",
    "CandidateFailed",
    "CannotCross",
    "Limits",
    "SandboxBroken",
    "SandboxUnavailable",
    "Tier",
    "available_tier",
    "required_tier",
]

_START_SECONDS = 60.0
_REPLIES_IN_ALL = 16  # times the size of one: what all replies together may come to
_MOST_ITEMS = 1_000_000


class Candidate:
    """A program behind the wall; a context manager, entered once, used by one thread.

    Entering starts the process and loads the program. What goes wrong on the candidate's side is
    CandidateFailed. A candidate that failed otherwise than by an exception is over: every further
    call fails in the same way. ``failure`` keeps it, and ``refused`` what could not be sent, also
    where a caller caught them.
    """

    def __init__(
        self,
        source: str,
        *,
        tier: Tier,
        limits: Limits | None = None,
        packages: Sequence[str] = (),
        objects: bool = False,
    ) -> None:
        """Nothing starts before the context is entered.

        Args:
            source: The program.
            tier: Where it runs.
            limits: For the whole of its life.
            packages: Installed packages that it may import beside the standard library.
            objects: Whether it may give objects that stay on its side; see
                :class:`~.remote.RemoteObject`. Else what is no built-in data is a failure.
        """
        self.tier = tier
        self._objects = objects
        self.failure: CandidateFailed | None = None
        self.refused: CannotCross | None = None
        self.cpu_seconds: float | None = None
        self.peak_memory_bytes: int | None = None
        self._source = source
        self._limits = limits or Limits()
        self._spec = view.for_functions(tier, packages)
        self._pending = bytearray()
        self._received = 0
        self._ready = False

    def __enter__(self) -> Candidate:
        """Start the process and load the program.

        Raises:
            SandboxBroken: If the walls could not be built.
            CandidateFailed: If the program does not load.
        """
        self._keeper = Keeper("function", spec=self._spec, limits=self._limits)
        self._channel = self._keeper.channel
        self._ended = False
        # Whatever goes wrong from here on, the process is ended.
        try:
            self._deadline = time.monotonic() + _START_SECONDS
            if self._read_line() != {"ready": True}:
                raise SandboxBroken("the sandbox did not start")
            self._ready = True
            self._deadline = time.monotonic() + self._limits.wall_seconds
            self.ask({"do": "load", "source": self._source})
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        """End the process and all that it started."""
        self._stop()

    # --- what callers ask for -------------------------------------------------------------------

    def call(
        self,
        function: str,
        args: Sequence[Any] = (),
        named: Mapping[str, Any] | None = None,
        *,
        update_args: bool = False,
    ) -> Any:
        """Call a function or class of the program.

        Args:
            function: Its name.
            args: Plain values, or objects that this candidate gave.
            named: Keyword arguments, likewise.
            update_args: Bring changes that the call made to lists, dicts, sets and bytearrays back
                into ``args``. Identities are kept within one argument, not between two.

        Returns:
            A plain value; an iterator that asks for items as they are needed; or, where these are
            allowed, a :class:`~.remote.RemoteObject`.

        Raises:
            CandidateFailed: If it gave no value. For an exception of the program it is also of
                that exception's nearest built-in class.
            CannotCross: If an argument is no plain data.
        """
        return self.call_on(None, function, args, named or {}, update_args=update_args)

    def call_on(
        self,
        number: int | None,
        name: str,
        args: Sequence[Any],
        named: Mapping[str, Any],
        *,
        update_args: bool = True,
    ) -> Any:
        """Call an object of the candidate, or its method ``name``; see :meth:`call`."""
        request = {
            "do": "call",
            "of": number,
            "name": name,
            "args": [self._sent(arg) for arg in args],
            "named": {key: self._sent(value) for key, value in named.items()},
            "show_changes": update_args and any(map(may_change, args)),
        }
        try:
            reply = self.ask(request)
        except CandidateRaised as error:
            self._update(args, error.changed)
            raise
        self._update(args, reply.get("changed", []))
        return self._value(reply.get("value"))

    def get(self, number: int | None, name: str) -> Any:
        """An attribute of an object of the candidate, or of its module."""
        return self._value(self.ask({"do": "get", "of": number, "name": name}).get("value"))

    def set(self, number: int, name: str, value: Any) -> None:
        """Set an attribute of an object of the candidate."""
        self.ask({"do": "set", "of": number, "name": name, "value": self._sent(value)})

    def items(self, number: int) -> Iterator[Any]:
        """Items of an iterator of the candidate, asked for one at a time."""
        for _ in range(_MOST_ITEMS):
            reply = self.ask({"do": "next", "of": number, "count": 1})
            values = reply.get("value")
            if not isinstance(values, list):
                raise self.fail("protocol", "unexpected reply")
            yield from map(self._value, values)
            if reply.get("over") is True:
                return
        raise self.fail("not_plain", f"an iterator of more than {_MOST_ITEMS:,} items")

    def fail(self, kind: FailureKind, message: str) -> CandidateFailed:
        """Record that this candidate is over; the first reason stays."""
        self.failure = self.failure or CandidateFailed(kind, message)
        return self.failure

    # --- values ---------------------------------------------------------------------------------

    def _sent(self, value: Any) -> Any:
        def known(kept: Any) -> int:
            self.refused = CannotCross(
                f"a {type(kept).__name__} cannot be given to a candidate: only plain built-in "
                "values cross, no functions and no objects"
            )
            raise self.refused

        if isinstance(value, RemoteObject):
            return value.reference_of(self)
        try:
            return encode(value, known)
        except (NotPlain, RecursionError) as error:
            raise CannotCross(f"an argument is nested too deeply: {error}") from None

    def _value(self, wire: Any) -> Any:
        try:
            return decode(wire, self._given)
        except (NotPlain, RecursionError) as error:
            raise self.fail("not_plain", str(error) or type(error).__name__) from None

    def _given(self, kind: str, content: Any) -> Any:
        if kind == "iterator":
            return self.items(int(content))
        number, name = content
        if not self._objects:
            raise NotPlain(f"an object of class {str(name)[:100]} is no plain data")
        return RemoteObject(self, int(number), str(name)[:100])

    def _update(self, args: Sequence[Any], changed: Any) -> None:
        for pair in changed if isinstance(changed, list) else ():
            if not (isinstance(pair, list) and len(pair) == 2 and pair[0] in range(len(args))):
                raise self.fail("protocol", "unexpected reply")
            update(args[pair[0]], self._value(pair[1]))

    # --- the channel ----------------------------------------------------------------------------

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request, wait for its reply.

        Raises:
            CandidateFailed: If there is none, or it tells of a failure.
        """
        if self.failure is not None:
            raise self.failure
        # A reply must name the request: what was written before it was asked answers nothing.
        request["id"] = secrets.token_hex(8)
        try:
            self._channel.settimeout(self._seconds_left())
            self._channel.sendall(json.dumps(request).encode() + b"\n")
        except TimeoutError:
            raise self._out_of_time() from None
        except OSError:
            raise self._died() from None
        reply = self._read_line()
        if not isinstance(reply, dict) or reply.get("id") != request["id"]:
            raise self.fail("protocol", "unexpected reply")
        if "failed" not in reply:
            return reply
        if reply["failed"] == "raised":
            raise raised(reply)
        if reply["failed"] in ("memory", "not_plain"):
            raise self.fail(reply["failed"], str(reply.get("message", ""))[:500])
        raise self.fail("protocol", "unknown failure")

    def _read_line(self) -> Any:
        searched = 0
        while (end := self._pending.find(b"\n", searched)) < 0:
            searched = len(self._pending)
            if searched > self._limits.reply_bytes:
                raise self.fail("not_plain", "the value is too large")
            try:
                self._channel.settimeout(self._seconds_left())
                chunk = self._channel.recv(1 << 16)
            except TimeoutError:
                raise self._out_of_time() from None
            except OSError:
                chunk = b""
            if not chunk:
                raise self._died()
            self._received += len(chunk)
            if self._received > _REPLIES_IN_ALL * self._limits.reply_bytes:
                raise self.fail("not_plain", "the values are too large")
            self._pending += chunk
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        try:
            return json.loads(line)
        except (ValueError, RecursionError):
            raise self.fail("protocol", "unreadable reply") from None

    def _seconds_left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    # --- the end --------------------------------------------------------------------------------

    def _stop(self) -> dict[str, Any]:
        """End the candidate; how it ended, as its keeper tells it. Only the first call does."""
        if self._ended:
            return {}
        self._ended = True
        self._keeper.stop()
        report, _ = self._keeper.report()
        self.cpu_seconds = report["cpu_seconds"]
        self.peak_memory_bytes = report["peak_memory_bytes"]
        return report

    def _out_of_time(self) -> CandidateFailed:
        if not self._ready:
            raise SandboxBroken(f"the sandbox did not start in {_START_SECONDS:.0f} seconds")
        if self._used_up(self._stop()):
            return self._timeout()
        return self.fail("busy", f"{self._limits.wall_seconds:.0f} s")

    def _died(self) -> CandidateFailed:
        report = self._stop()
        if not self._ready:
            raise SandboxBroken("the sandbox did not start: its process ended")
        if self._used_up(report):
            return self._timeout()
        if report.get("end") == "memory":
            return self.fail("memory", "")
        number = report.get("signal")
        return self.fail("died", signal.Signals(number).name if number else "it left")

    def _used_up(self, report: dict[str, Any]) -> bool:
        """A candidate that used up its processor time timed out, however it went down."""
        # The kernel counts in ticks, so the figure may end a little below the limit.
        used = report.get("cpu_seconds", 0.0) > 0.95 * self._limits.cpu_seconds
        return used or report.get("end") == "cpu"

    def _timeout(self) -> CandidateFailed:
        return self.fail("timeout", f"{self._limits.cpu_seconds:g} s of processor time")
