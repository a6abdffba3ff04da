"""What checks may do with a candidate: as with the function itself, through the wall."""

from __future__ import annotations

import types
import unittest
from typing import Any

import pytest

from evalsuite.scoring.sandbox import available_tier
from evalsuite.scoring.sandbox.contract import CandidateFailed
from evalsuite.scoring.sandbox.host import Candidate
from evalsuite.scoring.sandbox.remote import CandidateRaised, RemoteObject

TIER = available_tier()


def behind(source: str, *, objects: bool = False) -> Candidate:
    return Candidate(source, tier=TIER, objects=objects)


# --- arguments that are changed in place --------------------------------------------------------


def test_changed_arguments_are_changed_here_too() -> None:
    source = """
def f(rows, table, seen, data, untouched):
    rows.sort()
    rows[0].append("x")
    table["new"] = rows[0]
    del table["old"]
    seen.add(3)
    data.extend(b"!")
"""
    inner = [1]
    rows, table, seen, data = [[2], inner], {"old": 1, "kept": [5]}, {1}, bytearray(b"a")
    kept, untouched = table["kept"], [[7]]
    with behind(source) as candidate:
        candidate.call("f", [rows, table, seen, data, untouched], update_args=True)
    assert rows == [[1, "x"], [2]]
    assert table == {"kept": [5], "new": [1, "x"]} and table["kept"] is kept
    assert (seen, data, untouched) == ({1, 3}, bytearray(b"a!"), [[7]])


def test_without_being_asked_arguments_stay() -> None:
    rows = [3, 1]
    with behind("def f(rows):\n    rows.sort()\n    return rows") as candidate:
        assert candidate.call("f", [rows]) == [1, 3]
    assert rows == [3, 1]


def test_inner_lists_keep_their_identity() -> None:
    inner = [1]
    outer = (inner, 5)
    with behind("def f(pair):\n    pair[0].append(2)") as candidate:
        candidate.call("f", [outer], update_args=True)
    assert inner == [1, 2] and outer[0] is inner


# --- exceptions ---------------------------------------------------------------------------------

RAISES = """
class Negative(ValueError):
    pass
def f(kind, *args):
    raise (Negative if kind == "Negative" else getattr(__import__("builtins"), kind))(*args)
"""


def test_exceptions_are_of_their_builtin_class() -> None:
    case = unittest.TestCase()
    with behind(RAISES) as candidate:
        for name in ("ValueError", "KeyError", "OSError", "StopIteration", "AssertionError"):
            with pytest.raises(getattr(__import__("builtins"), name)):
                candidate.call("f", [name, "why"])
        with case.assertRaisesRegex(ValueError, "^why$"):
            candidate.call("f", ["Negative", "why"])
        with pytest.raises(LookupError) as caught:
            candidate.call("f", ["KeyError", "a", 2])
        assert caught.value.args == ("a", 2)
        assert isinstance(caught.value, CandidateRaised) and caught.value.kind == "raised"
        with pytest.raises(UnicodeError):
            candidate.call("f", ["UnicodeDecodeError", "utf-8", b"x", 0, 1, "bad"])


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt", "GeneratorExit"])
def test_no_candidate_leaves_or_interrupts_this_side(name: str) -> None:
    with behind(RAISES) as candidate, pytest.raises(CandidateFailed) as caught:
        candidate.call("f", [name])
    assert not isinstance(caught.value, SystemExit | KeyboardInterrupt | GeneratorExit)


def test_an_exception_that_lies_about_itself_is_only_text() -> None:
    source = """
class Odd(ValueError):
    def __str__(self): raise SystemExit
    args = property(lambda self: [print])
Odd.__name__ = "x" * 10_000
def f():
    raise Odd
"""
    with behind(source) as candidate, pytest.raises(ValueError) as caught:
        candidate.call("f")
    assert len(str(caught.value)) < 3000


# --- generators ---------------------------------------------------------------------------------


def test_generators_are_asked_item_by_item() -> None:
    source = """
asked = []
def f():
    n = 0
    while True:
        asked.append(n)
        yield n
        n += 1
def g():
    return len(asked)
def h():
    return map(str, [1, 2]), zip("a", [1])
"""
    with behind(source) as candidate:
        endless = candidate.call("f")
        assert isinstance(endless, types.GeneratorType)
        assert [next(endless) for _ in range(5)] == [0, 1, 2, 3, 4]
        assert candidate.call("g") == 5
        texts, pairs = candidate.call("h")
        assert (list(texts), list(pairs), list(texts)) == (["1", "2"], [("a", 1)], [])


def test_a_generator_that_raises_and_one_that_never_ends() -> None:
    with behind("def f():\n    yield 1\n    raise KeyError('x')") as candidate:
        items = candidate.call("f")
        assert next(items) == 1
        with pytest.raises(KeyError):
            next(items)
    endless = behind("def f():\n    while True: yield 'x' * 1_000_000")
    with endless as candidate, pytest.raises(CandidateFailed, match="too large"):
        list(candidate.call("f"))


# --- objects ------------------------------------------------------------------------------------

STACK = """
class Stack:
    size = 0
    def __init__(self, items=()):
        self.items = list(items)
    def push(self, item):
        self.items.append(item)
        return self
    def pop(self):
        return self.items.pop()
    def __len__(self):
        return len(self.items)
    def __getitem__(self, at):
        return self.items[at]
    def __iter__(self):
        return iter(self.items)
    def __contains__(self, item):
        return item in self.items
    def __add__(self, other):
        return Stack(self.items + other.items)
    def __eq__(self, other):
        return True
    def __bool__(self):
        return True
    def __str__(self):
        return f"Stack{self.items}"
def join(one, other):
    return one + other
"""


def test_objects_keep_their_state_on_their_side() -> None:
    with behind(STACK, objects=True) as candidate:
        stack = candidate.call("Stack", [[1]])
        assert isinstance(stack, RemoteObject) and repr(stack) == "<Stack of the candidate>"
        stack.push(2).push([3])
        assert (len(stack), stack[0], stack.items, str(stack)) == (
            3,
            1,
            [1, 2, [3]],
            "Stack[1, 2, [3]]",
        )
        assert (stack.pop(), list(stack), 2 in stack, 9 in stack) == ([3], [1, 2], True, False)
        stack.size = 7
        assert stack.size == 7
        assert list(candidate.call("join", [stack, stack])) == [1, 2, 1, 2]
        assert list(stack + stack) == [1, 2, 1, 2]
        with pytest.raises(AttributeError):
            stack.absent  # noqa: B018
        with pytest.raises(IndexError):
            stack[99]


def test_functions_that_are_returned_can_be_called() -> None:
    with behind("def f(x):\n    return lambda y: x + y", objects=True) as candidate:
        assert candidate.call("f", [2])(3) == 5


@pytest.mark.parametrize(
    "decide",
    [
        lambda x: x == 5,
        lambda x: x != 5,
        lambda x: x < 5,
        lambda x: bool(x),
        lambda x: hash(x),
        lambda x: [x] == [5],
        lambda x: x in [5],
    ],
)
def test_an_object_decides_nothing(decide: Any) -> None:
    with behind(STACK, objects=True) as candidate:
        stack = candidate.call("Stack")
        with pytest.raises(CandidateFailed, match="where plain data is needed"):
            decide(stack)
        assert candidate.failure is not None


def test_objects_of_another_candidate_and_of_nobody() -> None:
    with (
        behind(STACK, objects=True) as one,
        behind(STACK, objects=True) as other,
        pytest.raises(ValueError, match="another candidate"),
    ):
        other.call("join", [one.call("Stack"), one.call("Stack")])
    with behind(STACK) as candidate, pytest.raises(CandidateFailed, match="Stack is no plain data"):
        candidate.call("Stack")
