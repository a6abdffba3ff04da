"""Plain built-in values as JSON-able data: all that ever crosses the wall.

Lists, strings, booleans, None and usual numbers stand for themselves; anything else is a one-entry
mapping from the name of its type to its content. Subclasses of built-in types lose everything but
their content, so no method of a candidate comes along.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Iterable
from typing import Any

Wire = None | bool | int | float | str | list[Any] | dict[str, Any]
Keep = Callable[[Any], int]
"""Puts an object that stays on its side into a table; gives its number there."""

_SAFE_INTEGER = 2**63
_ITERATOR_MODULES = ("builtins", "itertools")
_SCALARS = {int, float, str, bool, type(None)}
_LONG = 16  # from here on it pays to look at a list as a whole


class NotPlain(Exception):
    """A value that is not made of built-in data, or is nested too deeply."""


# --- out ----------------------------------------------------------------------------------------


def encode(value: Any, keep: Keep | None = None) -> Wire:
    """What crosses for ``value``.

    Args:
        value: Any value.
        keep: Takes objects that are no built-in data; a reference crosses in their place.

    Raises:
        NotPlain: For what is no built-in data, if there is no ``keep``.
        RecursionError: If it is nested too deeply.
    """
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        # JSON carries lone surrogates as escapes, so every Python string survives.
        return str.__str__(value)
    if isinstance(value, int):
        number = int.__int__(value)
        return number if -_SAFE_INTEGER < number < _SAFE_INTEGER else {"int": hex(number)}
    if isinstance(value, float):
        real = float.__float__(value)
        return real if real - real == 0 else {"float": repr(real)}
    if isinstance(value, list):
        return _encode_items(list.__iter__(value), list.__len__(value), keep)
    if isinstance(value, tuple):
        return {"tuple": _encode_items(tuple.__iter__(value), tuple.__len__(value), keep)}
    if isinstance(value, dict):
        pairs: Iterable[tuple[Any, Any]] = dict.items(value)
        return {"dict": [[encode(key, keep), encode(item, keep)] for key, item in pairs]}
    if isinstance(value, set):
        return {"set": [encode(item, keep) for item in set.__iter__(value)]}
    if isinstance(value, frozenset):
        return {"frozenset": [encode(item, keep) for item in frozenset.__iter__(value)]}
    return _encode_rare(value, keep)


def _encode_items(items: Any, count: int, keep: Keep | None) -> list[Any]:
    """Items of a sequence; long ones of plain scalars without looking at each in turn."""
    plain = list(items)
    if count > _LONG and set(map(type, plain)) <= _SCALARS:
        integers = [item for item in plain if type(item) is int]
        reals = [item for item in plain if type(item) is float]
        if all(map(math.isfinite, reals)) and (
            not integers or (min(integers) > -_SAFE_INTEGER and max(integers) < _SAFE_INTEGER)
        ):
            return plain
    return [encode(item, keep) for item in plain]


def _encode_rare(value: Any, keep: Keep | None) -> Wire:
    if isinstance(value, bytes):
        return {"bytes": bytes.hex(value)}
    if isinstance(value, bytearray):
        return {"bytearray": bytearray.hex(value)}
    if isinstance(value, complex):
        real, imaginary = complex.__complex__(value).real, complex.__complex__(value).imag
        return {"complex": [encode(real), encode(imaginary)]}
    if type(value) is range:
        return {"range": [encode(value.start), encode(value.stop), encode(value.step)]}
    if type(value) is type({}.keys()):
        return encode(set(value), keep)
    if value is Ellipsis:
        return {"ellipsis": None}
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.generic):
        return encode(value.item(), keep)
    kind = type(value)
    if keep is None:
        raise NotPlain(f"an object of class {kind.__name__} is no plain data")
    if hasattr(kind, "__next__") and kind.__module__ in _ITERATOR_MODULES:
        return {"iterator": keep(value)}
    return {"object": [keep(value), str(kind.__name__)]}


# --- in -----------------------------------------------------------------------------------------


def decode(wire: Any, given: Callable[[str, Any], Any] | None = None) -> Any:
    """The value that :func:`encode` wrote. Whatever comes in, only built-in data comes out.

    Args:
        wire: What came over the channel.
        given: Makes something of a reference: its kind ("object", "iterator") and its content.

    Raises:
        NotPlain: If the message is malformed.
        RecursionError: If it is nested too deeply.
    """
    if isinstance(wire, list):
        if len(wire) > _LONG and set(map(type, wire)) <= _SCALARS:
            return wire
        return [decode(item, given) for item in wire]
    if not isinstance(wire, dict):
        return wire
    if len(wire) != 1:
        raise NotPlain("malformed value")
    ((kind, content),) = wire.items()
    try:
        return _decode_tagged(kind, content, given)
    except (TypeError, ValueError, AttributeError, OverflowError, LookupError) as error:
        raise NotPlain(f"malformed {kind}") from error


def _decode_tagged(kind: str, content: Any, given: Callable[[str, Any], Any] | None) -> Any:
    match kind:
        case "int":
            return int(content, 16)
        case "float":
            return float(content)
        case "tuple":
            return tuple(decode(content, given))
        case "dict":
            pairs = [(decode(key, given), decode(item, given)) for key, item in content]
            return _spread(dict, pairs, [key for key, _ in pairs])
        case "set" | "frozenset":
            items = [decode(item, given) for item in content]
            return _spread(set if kind == "set" else frozenset, items, items)
        case "bytes":
            return bytes.fromhex(content)
        case "bytearray":
            return bytearray.fromhex(content)
        case "complex":
            real, imaginary = content
            return complex(decode(real), decode(imaginary))
        case "range":
            return range(*decode(content))
        case "ellipsis":
            return ...
    if given is not None and kind in ("object", "iterator"):
        return given(kind, content)
    raise NotPlain(f"unknown kind of value {kind!r}")


def _spread(make: Callable[[Any], Any], items: list[Any], keys: Collection[Any]) -> Any:
    """A set or dict; refused if its keys collide, since it would then take hours to build."""
    if len(keys) > 1000 and len(set(map(hash, keys))) < len(keys) // 4:
        raise NotPlain("keys that collide")
    return make(items)


# --- arguments that were changed in place -------------------------------------------------------


def may_change(value: Any) -> bool:
    """Whether a call can change this argument: a list, dict, set or bytearray, or one inside."""
    if isinstance(value, tuple):
        return any(map(may_change, value))
    return isinstance(value, list | dict | set | bytearray)


def update(old: Any, new: Any) -> Any:
    """``old`` with the content of ``new``: the same objects wherever their type is still the same.

    Returns:
        ``old`` itself if it could be changed in place, else what has to stand in its place.
    """
    if type(old) is not type(new):
        return new
    if isinstance(old, list):
        both = [update(*pair) for pair in zip(old, new, strict=False)]
        old[:] = both + new[len(both) :]
        return old
    if isinstance(old, tuple) and len(old) == len(new):
        parts = [update(*pair) for pair in zip(old, new, strict=True)]
        return old if all(map(_is, parts, old)) else tuple(parts)
    if isinstance(old, dict):
        items = {key: update(old[key], item) if key in old else item for key, item in new.items()}
        old.clear()
        old.update(items)
        return old
    if isinstance(old, set):
        old.clear()
        old.update(new)
        return old
    if isinstance(old, bytearray):
        old[:] = new
        return old
    return new


def _is(one: Any, other: Any) -> bool:
    return one is other
