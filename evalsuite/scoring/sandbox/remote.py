"""What the trusted side holds of objects that stay with the candidate.

An object is only a number here. Its methods run in the candidate, and what they return is plain.
It can never be compared, hashed or asked whether it is true: its class is the candidate's, so its
answer would be the candidate's verdict on itself.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn, Protocol

from evalsuite.scoring.sandbox.contract import CandidateFailed
from evalsuite.scoring.sandbox.inside.wire import NotPlain, decode

_TEXT = 2000


class Owner(Protocol):
    """What has the objects: a :class:`~.host.Candidate`."""

    def call_on(
        self, number: int | None, name: str, args: Sequence[Any], named: Mapping[str, Any]
    ) -> Any:
        """Call a method of an object, or the object itself where ``name`` is empty."""

    def get(self, number: int | None, name: str) -> Any:
        """An attribute."""

    def set(self, number: int, name: str, value: Any) -> None:
        """Set an attribute."""

    def items(self, number: int) -> Iterator[Any]:
        """The items of an iterator, one at a time."""

    def fail(self, kind: Any, message: str) -> CandidateFailed:
        """The candidate is done with; the error to raise."""


class RemoteObject:
    """An object of a candidate: an instance with state, a class, a function that it returned."""

    __slots__ = ("_candidate", "_class_name", "_number")

    def __init__(self, candidate: Owner, number: int, class_name: str) -> None:
        """Made by :class:`~.host.Candidate` alone."""
        object.__setattr__(self, "_candidate", candidate)
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_class_name", class_name)

    def reference_of(self, candidate: Owner) -> dict[str, Any]:
        """What crosses when the object is given back to its candidate."""
        if candidate is not self._candidate:
            raise ValueError("an object of another candidate")
        return {"object": [self._number]}

    def __repr__(self) -> str:
        """For people; asks nobody."""
        return f"<{self._class_name} of the candidate>"

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Call it in the candidate."""
        return self._candidate.call_on(self._number, "", args, named)

    def __getattr__(self, name: str) -> Any:
        """Its attribute: plain data, or a method as another such object."""
        if name.startswith("__"):
            raise AttributeError(name)
        return self._candidate.get(self._number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set its attribute in the candidate."""
        self._candidate.set(self._number, name, value)

    def __iter__(self) -> Iterator[Any]:
        """Its items, asked for one at a time."""
        items = self._candidate.call_on(self._number, "__iter__", (), {})
        yield from self._candidate.items(items._number) if type(items) is RemoteObject else items

    def __contains__(self, item: Any) -> bool:
        """Whether the candidate says that it holds ``item``."""
        return self._candidate.call_on(self._number, "__contains__", (item,), {}) is True

    def _refuse(self, *_: object) -> NoReturn:
        """Nothing of a candidate's class decides anything here."""
        raise self._candidate.fail(
            "not_plain", f"an object of class {self._class_name} where plain data is needed"
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __hash__ = _refuse


def _forwarded(name: str) -> Any:
    def method(self: RemoteObject, *args: Any) -> Any:
        return self._candidate.call_on(self._number, name, args, {})

    return method


# Special methods are looked up on the class, never through __getattr__.
_FORWARDED = (
    "len", "str", "next", "getitem", "setitem", "delitem", "enter", "exit", "neg", "abs",
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul",
    "radd", "rsub", "rmul", "rtruediv", "rfloordiv", "rmod", "rpow", "rmatmul",
)  # fmt: skip
for _name in _FORWARDED:
    setattr(RemoteObject, f"__{_name}__", _forwarded(f"__{_name}__"))


class CandidateRaised(CandidateFailed):
    """An exception of the program; the subclass that is raised is also of its built-in class."""

    def __init__(self, message: str) -> None:
        """``message`` is the exception's name and text."""
        super().__init__("raised", message)
        self.changed: Any = None  # arguments that the call changed before it raised, as they came


def raised(reply: dict[str, Any]) -> CandidateRaised:
    """The exception that a reply tells of, to be raised here.

    ``except ValueError`` and ``assertRaises`` catch it where the program raised a ValueError or a
    class derived from it. What is no ordinary Exception there (SystemExit, say) is none here.
    """
    name, message = str(reply.get("type"))[:200], str(reply.get("message"))[:_TEXT]
    error = _class_of(name, reply.get("bases"))(f"{name}: {message}")
    try:
        error.args = tuple(decode(reply.get("args"))) or (message,)
    except (NotPlain, TypeError, RecursionError):
        error.args = (message,)
    error.changed = reply.get("changed")
    return error


def _class_of(name: str, bases: Any) -> type[CandidateRaised]:
    for base in bases if isinstance(bases, list) else []:
        found = getattr(builtins, base, None) if isinstance(base, str) else None
        if isinstance(found, type) and issubclass(found, Exception) and found is not Exception:
            # These insist on arguments of their own.
            found = UnicodeError if issubclass(found, UnicodeError) else found
            found = RuntimeError if issubclass(found, ExceptionGroup) else found
            return type(name, (CandidateRaised, found), {})
    return CandidateRaised
